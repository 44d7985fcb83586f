//! Visits what users and peers put into events: values and messages.

use std::sync::Arc;

use super::{
    Accepted, Around, ChildEnd, Event, PlannedEnd, Resolution, Reused, ReusedChild, ReusedChildren,
    StepResult,
};
use crate::approval::Verdict;
use crate::ids::{NodeId, NodeIndex};
use crate::payload::Payload;

/// Which value of an execution it is.
#[derive(Clone, Copy, Debug)]
pub enum Slot<'e> {
    /// What it was started with.
    TriggerData,
    /// The input of a node.
    Input(NodeIndex),
    /// The output of a node.
    Output(NodeIndex),
    /// The output of a node that need not be in its graph: of one around it, or of the execution that it retries.
    OutputOf(&'e NodeId),
    /// The item that a body runs for.
    Item,
    /// The result of a child of a node.
    ChildResult(NodeIndex),
    /// Another one.
    Other,
}

/// Visits a value.
type Visit<'v> = &'v mut dyn FnMut(Slot<'_>, &mut Payload);
/// Visits a message.
type VisitText<'v> = &'v mut dyn FnMut(&mut Arc<str>);

impl Event {
    /// Visits all values that it holds.
    pub fn each_value(&mut self, visit: Visit<'_>) {
        match self {
            Self::Accepted(accepted) => accepted.each_value(visit),
            Self::AttemptStarted { node, input, .. } => given(input, Slot::Input(*node), visit),
            Self::StepStarted { input, .. } => given(input, Slot::Other, visit),
            Self::AttemptFailed { body, .. } => given(body, Slot::Other, visit),
            Self::StepEnded { result: StepResult::Completed(output), .. } => visit(Slot::Other, output),
            Self::ApprovalRequested { arguments, .. } => visit(Slot::Other, arguments),
            Self::ApprovalDecided { verdict, .. } => match verdict {
                Verdict::Approved { arguments } => given(arguments, Slot::Other, visit),
                Verdict::Rejected | Verdict::Cancelled | Verdict::Expired => {}
            },
            Self::ChildEnded { node, end: ChildEnd { result, .. }, .. } => {
                given(result, Slot::ChildResult(*node), visit);
            }
            Self::NodeCompleted { node, output, .. } => visit(Slot::Output(*node), output),
            Self::Resolved { node, resolution: Resolution::Complete { output }, .. } => {
                visit(Slot::Output(*node), output);
            }
            Self::Started
            | Self::Adopted { .. }
            | Self::AttemptReleased { .. }
            | Self::StepEnded { .. }
            | Self::TaskStarted { .. }
            | Self::TaskResumed { .. }
            | Self::TaskEnded { .. }
            | Self::ChildrenStarted { .. }
            | Self::NodeFailed { .. }
            | Self::NodeSkipped { .. }
            | Self::NodeWaiting { .. }
            | Self::EventAwaited { .. }
            | Self::SessionTaken { .. }
            | Self::BackoffEnded { .. }
            | Self::Resolved { .. }
            | Self::Paused { .. }
            | Self::Resumed { .. }
            | Self::CompensationStarted { .. }
            | Self::Finished { .. } => {}
        }
    }

    /// Visits all messages that it holds: what peers said, what people wrote, and what was made of both.
    pub fn each_message(&mut self, visit: VisitText<'_>) {
        match self {
            Self::AttemptFailed { message, gave_up, .. } => {
                visit(message);
                gave_up.iter_mut().for_each(visit);
            }
            Self::StepEnded { result: StepResult::Failed { message, .. }, .. }
            | Self::Resolved { resolution: Resolution::Fail { message }, .. } => visit(message),
            Self::ApprovalDecided { comment, .. } => comment.iter_mut().for_each(visit),
            Self::ChildEnded { end: ChildEnd { message, .. }, .. } | Self::Finished { message, .. } => {
                message.iter_mut().for_each(visit);
            }
            Self::CompensationStarted { end, .. } => {
                let PlannedEnd { message, .. } = &mut **end;
                message.iter_mut().for_each(visit);
            }
            Self::Accepted(accepted) => accepted.each_message(visit),
            Self::Started
            | Self::Adopted { .. }
            | Self::AttemptStarted { .. }
            | Self::AttemptReleased { .. }
            | Self::StepStarted { .. }
            | Self::StepEnded { .. }
            | Self::TaskStarted { .. }
            | Self::TaskResumed { .. }
            | Self::TaskEnded { .. }
            | Self::ApprovalRequested { .. }
            | Self::ChildrenStarted { .. }
            | Self::NodeCompleted { .. }
            | Self::NodeFailed { .. }
            | Self::NodeSkipped { .. }
            | Self::NodeWaiting { .. }
            | Self::EventAwaited { .. }
            | Self::SessionTaken { .. }
            | Self::BackoffEnded { .. }
            | Self::Resolved { .. }
            | Self::Paused { .. }
            | Self::Resumed { .. } => {}
        }
    }
}

impl Accepted {
    fn each_value(&mut self, visit: Visit<'_>) {
        visit(Slot::TriggerData, &mut self.trigger_data);
        if let Some(around) = &mut self.around {
            around.each_value(visit);
        }
        for (id, output) in &mut self.reused {
            visit(Slot::OutputOf(id), output);
        }
        for children in self.reused_children.values_mut() {
            children.each_value(visit);
        }
    }

    fn each_message(&mut self, visit: VisitText<'_>) {
        let ended = self.around.iter_mut().flat_map(|around| around.nodes.values_mut());
        ended.filter_map(|ended| ended.error.as_mut()).for_each(|error| visit(&mut error.message));
    }
}

impl Around {
    fn each_value(&mut self, visit: Visit<'_>) {
        given(&mut self.item, Slot::Item, visit);
        for (id, ended) in &mut self.nodes {
            given(&mut ended.output, Slot::OutputOf(id), visit);
            if let Some(error) = &mut ended.error {
                given(&mut error.body, Slot::Other, visit);
            }
        }
    }
}

impl ReusedChildren {
    fn each_value(&mut self, visit: Visit<'_>) {
        given(&mut self.input, Slot::Other, visit);
        for child in self.by_index.values_mut() {
            match child {
                ReusedChild::Result(result) => visit(Slot::Other, result),
                ReusedChild::Parts(parts) => parts.each_value(visit),
            }
        }
    }
}

impl Reused {
    fn each_value(&mut self, visit: Visit<'_>) {
        for (id, output) in &mut self.outputs {
            visit(Slot::OutputOf(id), output);
        }
        for children in self.children.values_mut() {
            children.each_value(visit);
        }
    }
}

fn given(value: &mut Option<Payload>, slot: Slot<'_>, visit: Visit<'_>) {
    if let Some(value) = value {
        visit(slot, value);
    }
}
