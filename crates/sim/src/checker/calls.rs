//! The calls of an attempt that makes several: each begins once, and ends as its peer answered.

use steadflow_core::event::{Event, StepResult};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{Attempt, NodeIndex, StepKey};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::usage::Usage;
use steadflow_core::work::CallKey;

use super::Verdict;
use super::parts::StepStory;
use super::story::{Sight, Story};
use super::turns::{can_fail_its_attempt, is_turn};

impl Story {
    pub(super) fn step_started(&mut self, node: NodeIndex, event: &Event, at: Timestamp) -> Verdict {
        let Event::StepStarted { step, input, tokens, tool, stop_at, .. } = event else { return Ok(()) };
        self.is_running()?;
        self.is_attempted(node)?;
        self.summary_is_settled(node, step)?;
        let parts = &mut self.nodes[node.at()].parts;
        parts.others.begins(step, tool.as_ref());
        parts.stops.extend(stop_at.map(|stop_at| (step.clone(), stop_at.max(at))));
        parts.may_begin(step, *tokens)?;
        let input = input.as_ref();
        parts.is_approved(step, input)?;
        match parts.steps.insert(step.clone(), StepStory::Open) {
            Some(StepStory::Failed(class, _)) if !can_fail_its_attempt(step, class) => {
                Err(format!("A5: call {step} begins again although the model is told what it said"))
            }
            None | Some(StepStory::Failed(..)) => Ok(()),
            Some(StepStory::Open | StepStory::Completed(_)) => {
                Err(format!("A5: call {step} begins again although it is under way or has completed"))
            }
        }
    }

    pub(super) fn step_ended(
        &mut self,
        node: NodeIndex,
        step: &StepKey,
        (result, usage): (&StepResult, Option<&Usage>),
        sight: &Sight<'_>,
    ) -> Verdict {
        let is_paused = self.status == ExecutionStatus::Paused;
        if let Some(ended) = self.nodes[node.at()].parts.flow_ended(step, result, sight.at) {
            return self.has_ended(node, step, ended);
        }
        if is_turn(step) {
            let parts = &mut self.nodes[node.at()].parts;
            parts.turns.end(Some(usage.map_or(0, |used| used.output_tokens)));
            parts.turns.has_ended(step, result);
        }
        let attempt = self.is_attempted(node)?;
        let call = CallKey { execution: self.id, node, attempt, step: step.clone() };
        let answer = sight.peers.get(&call);
        let parts = &mut self.nodes[node.at()].parts;
        parts.needs_flow(step, result)?;
        let is_answered = matches!(answer, Some(Ok(_)));
        let refused = if is_answered { parts.flow_refused(step, result, is_paused) } else { None };
        if let Some(ended) = refused.or_else(|| parts.ran_out(step, result, sight.at)) {
            return self.has_ended(node, step, ended);
        }
        let ended = match (result, answer) {
            (StepResult::Completed(output), Some(Ok(answer))) if output == answer => {
                StepStory::Completed(output.clone())
            }
            (StepResult::Failed { class, message, .. }, Some(Err(failure)))
                if failure.class == *class && failure.message == **message =>
            {
                StepStory::Failed(*class, message.to_string())
            }
            _ => return Err(format!("R1: the peer of call {call} answered {answer:?}")),
        };
        self.has_ended(node, step, ended)
    }

    fn has_ended(&mut self, node: NodeIndex, step: &StepKey, ended: StepStory) -> Verdict {
        if let Some(last) = self.nodes[node.at()].attempts.last_mut() {
            last.had_progress = true;
        }
        match self.nodes[node.at()].parts.steps.insert(step.clone(), ended) {
            Some(StepStory::Open) => Ok(()),
            _ => Err(format!("A1: call {step} ended that is not under way")),
        }
    }

    pub(super) fn is_attempted(&self, node: NodeIndex) -> Result<Attempt, String> {
        let attempts = &self.nodes[node.at()].attempts;
        let number = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        match attempts.last() {
            Some(last) if !last.has_ended => Ok(Attempt::numbered(number)),
            _ => Err("A1: a part of an attempt that is not under way".into()),
        }
    }
}
