//! Which turns of a node end, read from the journal of its execution.

use steadflow_core::event::{Event, Record, StepResult};
use steadflow_core::ids::{Attempt, NodeIndex, StepKey};
use steadflow_core::transcript;

use crate::views::message::TurnStatus;

/// Reads the turns of a node: a call of the model of a skill with tools, or an attempt that is the only call itself.
#[derive(Debug)]
pub(super) struct Turns {
    node: NodeIndex,
    attempt: Attempt,
    /// The one that is under way.
    open: Option<StepKey>,
}

/// A turn that has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) attempt: Attempt,
    pub(super) step: StepKey,
    pub(super) status: TurnStatus,
}

impl Ended {
    pub(super) fn is_completed(&self) -> bool {
        self.status == TurnStatus::Completed
    }
}

impl Turns {
    pub(super) const fn new(node: NodeIndex) -> Self {
        Self { node, attempt: Attempt::FIRST, open: None }
    }

    /// Returns the turns that end with a record.
    pub(super) fn read(&mut self, Record(_, _, events): &Record) -> Vec<Ended> {
        let is_ours = |event: &&Event| {
            event.node() == Some(self.node)
                || matches!(event, Event::CompensationStarted { .. } | Event::Finished { .. })
        };
        let ours: Vec<&Event> = events.iter().filter(is_ours).collect();
        ours.into_iter().filter_map(|event| self.apply(event)).collect()
    }

    /// Returns whether this turn is under way.
    pub(super) fn is_open(&self, attempt: Attempt, step: &StepKey) -> bool {
        self.attempt == attempt && self.open.as_ref() == Some(step)
    }

    fn apply(&mut self, event: &Event) -> Option<Ended> {
        match event {
            Event::AttemptStarted { attempt, .. } => {
                (self.attempt, self.open) = (*attempt, Some(StepKey::ONLY));
                None
            }
            Event::StepStarted { step, .. } => {
                self.has_calls();
                if transcript::is_turn(step) {
                    self.open = Some(step.clone());
                }
                None
            }
            Event::ApprovalRequested { .. } => {
                self.has_calls();
                None
            }
            Event::StepEnded { step, result, .. } => self.end(
                |open| open == step,
                match result {
                    StepResult::Completed(_) => TurnStatus::Completed,
                    StepResult::Failed { .. } => TurnStatus::Failed,
                },
            ),
            Event::AttemptFailed { .. } => {
                let is_failed = self.open == Some(StepKey::ONLY);
                self.end(|_| true, if is_failed { TurnStatus::Failed } else { TurnStatus::Stopped })
            }
            Event::AttemptReleased { .. } | Event::CompensationStarted { .. } | Event::Finished { .. } => {
                self.end(|_| true, TurnStatus::Stopped)
            }
            Event::NodeCompleted { .. } => self.end(|open| *open == StepKey::ONLY, TurnStatus::Completed),
            Event::Accepted(_)
            | Event::Started
            | Event::Adopted { .. }
            | Event::TaskStarted { .. }
            | Event::TaskResumed { .. }
            | Event::TaskEnded { .. }
            | Event::ApprovalDecided { .. }
            | Event::ChildrenStarted { .. }
            | Event::ChildEnded { .. }
            | Event::NodeFailed { .. }
            | Event::NodeSkipped { .. }
            | Event::NodeWaiting { .. }
            | Event::EventAwaited { .. }
            | Event::SessionTaken { .. }
            | Event::BackoffEnded { .. }
            | Event::Resolved { .. }
            | Event::Paused { .. }
            | Event::Resumed { .. } => None,
        }
    }

    /// An attempt that has calls is none itself.
    fn has_calls(&mut self) {
        self.open.take_if(|open| *open == StepKey::ONLY);
    }

    fn end(&mut self, is_it: impl FnOnce(&StepKey) -> bool, status: TurnStatus) -> Option<Ended> {
        let step = self.open.take_if(|open| is_it(open))?;
        Some(Ended { attempt: self.attempt, step, status })
    }
}
