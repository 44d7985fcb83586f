//! Child executions: how a node starts them, processes their ends, and cancels them.

use super::decide::Decider;
use super::failed::shortened;
use super::{Execution, ExecutionStatus, NewExecution, Pinned, Rejected};
use crate::caller::{Actor, ActorKind};
use crate::event::{Accepted, ChildEnd, ChildStart, Event, Parent};
use crate::failure::{ErrorClass, Failure};
use crate::ids::NodeIndex;
use crate::inbox::{Sending, Signal};
use crate::node::Resumed;
use crate::payload::Payload;
use crate::step::ChildRecord;
use crate::trace::Span;

impl Decider<'_> {
    /// Starts child executions within the attempt under way, which begins with them if there is none.
    pub(super) fn start_children(&mut self, node: NodeIndex, starts: Vec<ChildStart>) {
        let first = self.execution.node(node).children.len();
        let bytes: usize = starts.iter().map(|start| start.trigger_data.len()).sum();
        let children = self.check_room(first + starts.len(), bytes).and_then(|()| {
            let numbers = (first..).filter_map(|number| u32::try_from(number).ok());
            starts.iter().zip(numbers).map(|(start, number)| self.child(node, number, start)).collect()
        });
        let children: Vec<NewExecution> = match children {
            Ok(children) => children,
            Err(failure) => return self.fail(node, failure, None),
        };
        self.start_attempt(node, None, None);
        self.emit(Event::ChildrenStarted { node, children: starts });
        // They are written with it, in their own acceptances.
        self.decision.spent.bytes += bytes;
        self.decision.children.extend(children);
    }

    /// Refuses more children of a node than there may be, too much data for those that begin, and children below the
    /// lowest level.
    fn check_room(&self, children: usize, bytes: usize) -> Result<(), Failure> {
        let limits = &self.flow.limits;
        let too_many = |what: String| Err(Failure::new(ErrorClass::Configuration, what));
        if children > limits.children_max {
            return too_many(format!(
                "The node starts {children} executions; the limit is {}",
                limits.children_max
            ));
        }
        if bytes > limits.children_bytes_max {
            return Err(Failure::new(
                ErrorClass::OutputTooLarge,
                format!(
                    "The node starts executions with {bytes} bytes of data at once; the limit is {}",
                    limits.children_bytes_max
                ),
            ));
        }
        let depth = self.execution.depth() + 1;
        if depth > limits.child_depth_max {
            return too_many(format!(
                "The execution would be {depth} levels deep; the limit is {}",
                limits.child_depth_max
            ));
        }
        Ok(())
    }

    fn child(&self, node: NodeIndex, number: u32, start: &ChildStart) -> Result<NewExecution, Failure> {
        let execution = &*self.execution;
        let pinned = execution.pinned_for(start)?;
        let accepted = Accepted {
            flow: start.flow,
            version: pinned.flow.version,
            trigger_data: start.trigger_data.clone(),
            triggered_by: "parent".into(),
            actor: execution.as_parent(),
            parent: Some(Box::new(Parent {
                execution: execution.id,
                node,
                child: number,
                depth: execution.depth() + 1,
                body: start.body.clone(),
                deadline: execution.deadline,
            })),
            retry_of: None,
            reused: std::collections::BTreeMap::new(),
            regenerates: None,
            trace: execution.trace_below(Span::Node(node)),
            worker: std::sync::Arc::clone(&execution.worker),
            ..(*execution.accepted).clone()
        };
        Ok(NewExecution { id: execution.id.child(node, number), pinned, accepted })
    }

    /// Processes the end of a child.
    pub(super) fn child_ended(&mut self, node: NodeIndex, child: u32, end: ChildEnd) -> Result<(), Rejected> {
        let at = usize::try_from(child).unwrap_or(usize::MAX);
        let known = self.execution.nodes.get(node.at()).and_then(|node| node.children.get(at));
        if !known.is_some_and(ChildRecord::is_open) {
            return Err(Rejected::StaleChild);
        }
        self.emit(Event::ChildEnded { node, child, end: end.clone() });
        self.resume(node, Resumed::Child { child, end }, None);
        Ok(())
    }

    /// Cancels the children of `node` that have not ended. Their ends are ignored.
    pub(super) fn cancel_children(&mut self, node: NodeIndex) {
        let execution = &*self.execution;
        if execution.node(node).children.is_empty() {
            return;
        }
        let open = execution.node(node).children.iter().zip(0..).filter(|(child, _)| child.is_open());
        let cancel = |number| Sending {
            to: execution.id.child(node, number),
            signal: Signal::Cancel {
                message: "Cancelled with the execution that started this one".into(),
                by: execution.as_parent(),
            },
        };
        let cancels: Vec<Sending> = open.map(|(_, number)| cancel(number)).collect();
        for cancel in cancels {
            match self.decision.children.iter().position(|child| child.id == cancel.to) {
                // The same decision was about to start it: it is not accepted.
                Some(place) => drop(self.decision.children.remove(place)),
                None => self.decision.signals.push(cancel),
            }
        }
    }

    /// Sends the end of this execution to the one that started it.
    pub(super) fn report_to_parent(&mut self) {
        let execution = &*self.execution;
        let Some(parent) = &execution.accepted.parent else { return };
        let end = execution.end_for_parent();
        let signal = Signal::ChildEnded { node: parent.node, child: parent.child, end };
        self.decision.signals.push(Sending { to: parent.execution, signal });
    }
}

impl Execution {
    /// Returns how many executions are above this one.
    pub fn depth(&self) -> u16 {
        self.accepted.parent.as_ref().map_or(0, |parent| parent.depth)
    }

    /// Returns how it ended, as its parent reads it. A result that no node may return is a failure there.
    fn end_for_parent(&self) -> ChildEnd {
        let limits = &self.flow.limits;
        let result = self.result();
        if let Some(bytes) =
            result.as_ref().map(Payload::len).filter(|bytes| *bytes > limits.output_bytes_max)
        {
            let Failure { class, message, .. } = Failure::output_too_large(bytes, limits.output_bytes_max);
            let (status, message) = (ExecutionStatus::Failed, Some(message.into()));
            return ChildEnd { status, result: None, message, class: Some(class) };
        }
        let error = self.error.as_ref();
        let shown = |message: &str| shortened(message.to_owned(), limits.error_message_chars_max).into();
        ChildEnd {
            status: self.status,
            result,
            message: error.map(|error| shown(&error.message)),
            class: error.and_then(|error| error.class),
        }
    }

    fn as_parent(&self) -> Actor {
        Actor { kind: ActorKind::Parent, id: Some(self.id.to_string().into()) }
    }

    /// Returns the versions that a child is pinned to.
    fn pinned_for(&self, start: &ChildStart) -> Result<Pinned, Failure> {
        let own = (start.flow == self.accepted.flow).then_some(&self.flow);
        let flow = own.or_else(|| self.child_flows.as_ref()?.get(&start.flow));
        let flow = flow.cloned().ok_or_else(|| {
            let message = format!("There was no flow {} when this execution was accepted", start.flow);
            Failure::new(ErrorClass::Configuration, message)
        })?;
        Ok(Pinned { flow, children: self.child_flows.clone(), agents: self.agents.clone() })
    }
}
