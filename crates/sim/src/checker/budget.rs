//! The budget of an execution: what calls used that ended, and what is reserved for all others, never passes it.

use std::collections::BTreeMap;

use steadflow_core::event::{Event, StepResult};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{NodeIndex, StepKey};
use steadflow_core::session::is_summary;
use steadflow_core::usage::Usage;

use super::Verdict;
use super::turns::is_turn;

/// What an execution used of its budget.
#[derive(Debug)]
pub(super) struct Spending {
    max: Option<u64>,
    used: u64,
    open: BTreeMap<(NodeIndex, StepKey), u64>,
}

impl Spending {
    pub(super) const fn new(max: Option<u64>) -> Self {
        Self { max, used: 0, open: BTreeMap::new() }
    }

    /// Returns whether a call may be refused: how large a question is, follows from all that was said before.
    pub(super) const fn is_limited(&self) -> bool {
        self.max.is_some()
    }

    fn taken(&self) -> u64 {
        self.used + self.open.values().sum::<u64>()
    }

    /// Takes in the next event.
    pub(super) fn take(&mut self, event: &Event) -> Verdict {
        let Some(max) = self.max else { return Ok(()) };
        match event {
            Event::AttemptStarted { node, reserved: Some(reserved), .. } => {
                self.open.insert((*node, StepKey::ONLY), reserved.tokens);
            }
            Event::StepStarted { node, step, reserved, .. } => match reserved {
                Some(reserved) => {
                    self.open.insert((*node, step.clone()), reserved.tokens);
                }
                None if is_turn(step) || is_summary(step) => {
                    return Err("B2: nothing of the budget is reserved".into());
                }
                None => {}
            },
            Event::StepEnded { node, step, unspent: true, .. } => {
                self.open.remove(&(*node, step.clone()));
            }
            Event::StepEnded { node, step, result, usage, .. } => {
                let is_all = match result {
                    StepResult::Completed(_) => true,
                    StepResult::Failed { class, .. } => *class == ErrorClass::ModelOutput,
                };
                self.end(*node, step, usage.as_deref(), is_all);
            }
            Event::NodeCompleted { node, usage, .. } => {
                self.end(*node, &StepKey::ONLY, usage.as_deref(), true);
                self.lose(*node);
            }
            Event::AttemptFailed { node, unspent: true, .. } => {
                self.open.remove(&(*node, StepKey::ONLY));
                self.lose(*node);
            }
            Event::CompensationStarted { .. } => {
                let open: Vec<NodeIndex> = self.open.keys().map(|(node, _)| *node).collect();
                open.into_iter().for_each(|node| self.lose(node));
            }
            Event::AttemptFailed { node, .. } | Event::AttemptReleased { node, .. } => self.lose(*node),
            Event::Accepted(_)
            | Event::Started
            | Event::Adopted { .. }
            | Event::TaskStarted { .. }
            | Event::TaskResumed { .. }
            | Event::TaskEnded { .. }
            | Event::AttemptStarted { .. }
            | Event::ApprovalRequested { .. }
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
            | Event::Resumed { .. }
            | Event::Finished { .. } => {}
        }
        if self.taken() > max {
            return Err(format!("B2: {} tokens are used or reserved, of {max}", self.taken()));
        }
        Ok(())
    }

    fn end(&mut self, node: NodeIndex, step: &StepKey, usage: Option<&Usage>, is_all: bool) {
        let Some(reserved) = self.open.remove(&(node, step.clone())) else { return };
        let said = usage.map_or(0, |usage| usage.input_tokens + usage.output_tokens);
        self.used += if is_all && said > 0 { said } else { reserved.max(said) };
    }

    fn lose(&mut self, node: NodeIndex) {
        let of_node = self.open.extract_if(.., |(open, _), _| *open == node);
        self.used += of_node.map(|(_, reserved)| reserved).sum::<u64>();
    }
}
