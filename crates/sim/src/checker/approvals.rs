//! Calls that wait for approval: none begins without it, and each is decided on once.

use std::collections::BTreeMap;
use std::sync::Arc;

use steadflow_core::approval::{Verdict as Said, hash_of};
use steadflow_core::ids::{NodeIndex, StepKey};
use steadflow_core::payload::Payload;

use super::Verdict;
use super::parts::StepStory;
use super::story::Story;

/// The approvals of one node.
#[derive(Debug, Default)]
pub(super) struct Approvals(BTreeMap<StepKey, (Arc<str>, Option<Said>)>);

impl Approvals {
    /// Returns a call that waits, with the hash of its arguments.
    pub(super) fn open(&self) -> Option<(StepKey, Arc<str>)> {
        let (step, (hash, _)) = self.0.iter().find(|(_, (_, said))| said.is_none())?;
        Some((step.clone(), Arc::clone(hash)))
    }

    /// A call begins.
    pub(super) fn allow(&self, step: &StepKey) -> Verdict {
        match self.0.get(step) {
            None | Some((_, Some(Said::Approved { .. }))) => Ok(()),
            Some((_, said)) => Err(format!("P1: call {step} begins, and what was decided on it is {said:?}")),
        }
    }
}

impl Story {
    pub(super) fn approval_requested(
        &mut self,
        node: NodeIndex,
        step: &StepKey,
        arguments: &Payload,
        hash: &Arc<str>,
    ) -> Verdict {
        let parts = &mut self.nodes[node.at()].parts;
        if hash_of(arguments) != *hash || parts.steps.contains_key(step) {
            return Err(format!("P2: the approval of {step} is not that of a call to come"));
        }
        match parts.approvals.0.insert(step.clone(), (Arc::clone(hash), None)) {
            None => Ok(()),
            Some(_) => Err(format!("P2: the approval of {step} is asked for twice")),
        }
    }

    pub(super) fn approval_decided(
        &mut self,
        node: NodeIndex,
        step: &StepKey,
        said: &Said,
        comment: Option<&str>,
    ) -> Verdict {
        let parts = &mut self.nodes[node.at()].parts;
        match parts.approvals.0.get_mut(step) {
            Some((_, open @ None)) => *open = Some(said.clone()),
            Some((_, Some(_))) | None => return Err(format!("P2: {step} is decided on and does not wait")),
        }
        if let Some(failure) = said.failure(comment) {
            parts.steps.insert(step.clone(), StepStory::Failed(failure.class, failure.message));
        }
        Ok(())
    }
}
