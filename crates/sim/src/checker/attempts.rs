//! The rules of attempts: A1 to A4, A6, A7, and when a timer may fire.

use std::time::Duration;

use steadflow_core::event::Event;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::{Node, OnInterrupt};
use steadflow_core::ids::{Attempt, NodeIndex};
use steadflow_core::status::Wait;
use steadflow_core::timestamp::Timestamp;

use super::Verdict;
use super::story::{AttemptStory, Sight, Story};

impl Story {
    pub(super) fn attempt_started(
        &mut self,
        node: NodeIndex,
        attempt: Attempt,
        sight: &Sight<'_>,
    ) -> Verdict {
        let is_replaced = sight.replaced.contains(&node);
        let story = &self.nodes[node.at()];
        if story.attempts.is_empty() && story.wait.is_none() && !is_replaced {
            self.begins(node)?;
        }
        let story = &self.nodes[node.at()];
        // It only fails, by what was decided.
        let is_decided = story.wait == Some(Wait::Approval) && story.parts.approvals.are_decided();
        let is_over = matches!(story.wait, Some(Wait::Event { .. })) && story.gave_up(sight.at);
        if !is_replaced && !is_decided {
            self.is_running()?;
        }
        let stop_at = self.stop_at(node, sight.at);
        let story = &mut self.nodes[node.at()];
        if story.end.is_some() {
            return Err("R1: an attempt of a node that has ended".into());
        }
        if attempt.number() as usize != story.attempts.len() + 1 {
            return Err("A1: an attempt out of order".into());
        }
        if story.attempts.last().is_some_and(|last| !last.has_ended) {
            return Err("A1: an attempt began before the last one was over".into());
        }
        story.wait.take_if(|wait| *wait == Wait::Slot || is_replaced || is_decided || is_over);
        if story.wait.is_some() {
            return Err("A4: an attempt of a node that waits for something else".into());
        }
        if story.retry_at.take().is_some_and(|due| sight.at < due) && !is_replaced {
            return Err("T2: an attempt began before its backoff was over".into());
        }
        story.attempts.push(AttemptStory {
            stop_at,
            has_ended: false,
            was_released: false,
            was_interrupted: false,
            had_progress: false,
        });
        // One that only fails, because its node has lost its session, is none of the budget.
        if is_replaced { Ok(()) } else { self.budget_holds(node) }
    }

    fn stop_at(&self, node: NodeIndex, at: Timestamp) -> Option<Timestamp> {
        let own = self.node(node).attempt_timeout.map(|timeout| at.plus(timeout));
        own.into_iter().chain(self.deadline()).min()
    }

    fn node(&self, node: NodeIndex) -> &Node {
        self.graph().node(node)
    }

    fn counted(&self, node: NodeIndex) -> impl Iterator<Item = &AttemptStory> {
        let story = &self.nodes[node.at()];
        story.attempts[story.spent..].iter().filter(|attempt| !attempt.was_released)
    }

    /// Returns whether the counted attempt before the last was interrupted too, and no call has ended since.
    fn was_interrupted_before(&self, node: NodeIndex) -> bool {
        let story = &self.nodes[node.at()];
        let attempts = &story.attempts[story.spent..];
        let earlier = &attempts[..attempts.len().saturating_sub(1)];
        let Some(before) = earlier.iter().rposition(|attempt| !attempt.was_released) else { return false };
        attempts[before].was_interrupted && !attempts[before + 1..].iter().any(|attempt| attempt.had_progress)
    }

    fn budget_holds(&self, node: NodeIndex) -> Verdict {
        let count = self.node(node).retry.count;
        let was_interrupted = self.counted(node).any(|attempt| attempt.was_interrupted);
        let allowed = 1 + if was_interrupted { count.max(1) } else { count } as usize;
        let used = self.counted(node).count();
        if used > allowed {
            return Err(format!("A3: attempt {used} of a budget of {allowed}"));
        }
        Ok(())
    }

    pub(super) fn attempt_failed(&mut self, event: &Event, sight: &Sight<'_>) -> Verdict {
        let Event::AttemptFailed { node, attempt, class, message, retry_at, .. } = event else {
            return Ok(());
        };
        self.is_under_way(*node, *attempt)?;
        self.has_cause(*node, *attempt, *class, message, sight)?;
        if let Some(retry_at) = *retry_at {
            self.may_retry(*node, *attempt, *class, retry_at, sight)?;
        }
        let story = &mut self.nodes[node.at()];
        story.parts.turns.lose(*class == ErrorClass::Timeout);
        story.parts.drop_calls(sight.at);
        story.retry_at = *retry_at;
        if let Some(last) = story.attempts.last_mut() {
            last.has_ended = true;
            last.was_interrupted = *class == ErrorClass::Interrupted;
        }
        Ok(())
    }

    pub(super) fn attempt_released(
        &mut self,
        node: NodeIndex,
        attempt: Attempt,
        sight: &Sight<'_>,
    ) -> Verdict {
        self.is_under_way(node, attempt)?;
        let is_kept = sight.is_adoption && self.nodes[node.at()].parts.only_awaits_tasks();
        if !sight.is_stopping && !is_kept {
            return Err("A3: an attempt was handed back by a worker that goes on".into());
        }
        let story = &mut self.nodes[node.at()];
        story.parts.drop_calls(sight.at);
        story.retry_at = Some(sight.at);
        if let Some(last) = story.attempts.last_mut() {
            last.has_ended = true;
            last.was_released = true;
        }
        Ok(())
    }

    fn is_under_way(&self, node: NodeIndex, attempt: Attempt) -> Verdict {
        let story = &self.nodes[node.at()];
        let is_last = attempt.number() as usize == story.attempts.len();
        if is_last && story.attempts.last().is_some_and(|last| !last.has_ended) {
            return Ok(());
        }
        Err("A1: an attempt ended that is not under way".into())
    }

    /// An attempt fails by what its peer said, by its timeout, by a crash, or by what the engine itself refuses.
    fn has_cause(
        &self,
        node: NodeIndex,
        attempt: Attempt,
        class: ErrorClass,
        message: &str,
        sight: &Sight<'_>,
    ) -> Verdict {
        let message = said_by_peer(message);
        let is_said = |failure: &Failure| failure.class == class && failure.message == message;
        if self.answers(node, attempt, sight).any(is_said)
            || self.nodes[node.at()].parts.failed_by(class, message)
        {
            return Ok(());
        }
        let stop_at = self.nodes[node.at()].attempts.last().and_then(|last| last.stop_at);
        match class {
            ErrorClass::Interrupted if sight.is_adoption => Ok(()),
            ErrorClass::Timeout if self.nodes[node.at()].gave_up(sight.at) => self.has_looked(node, sight),
            ErrorClass::Timeout if stop_at.is_some_and(|stop_at| stop_at <= sight.at) => Ok(()),
            ErrorClass::Budget if self.nodes[node.at()].parts.turns.are_over() => Ok(()),
            ErrorClass::Budget if self.spending.is_limited() => Ok(()),
            ErrorClass::Budget if message.starts_with("The budget of the agent ") => Ok(()),
            // A family whose flow does not exist is not configured.
            ErrorClass::Expression | ErrorClass::OutputTooLarge | ErrorClass::Configuration => Ok(()),
            ErrorClass::Replaced if self.nodes[node.at()].session.is_some() => Ok(()),
            ErrorClass::Replaced if self.nodes[node.at()].turn_moved => Ok(()),
            ErrorClass::Timeout
            | ErrorClass::Interrupted
            | ErrorClass::Connection
            | ErrorClass::RateLimited
            | ErrorClass::Unavailable
            | ErrorClass::Rejected
            | ErrorClass::Tool
            | ErrorClass::ModelOutput
            | ErrorClass::Guardrail
            | ErrorClass::Validation
            | ErrorClass::Script
            | ErrorClass::Budget
            | ErrorClass::Cancelled
            | ErrorClass::Replaced
            | ErrorClass::Internal => Err("R1: no peer and no child said so".into()),
        }
    }

    fn may_retry(
        &self,
        node: NodeIndex,
        attempt: Attempt,
        class: ErrorClass,
        retry_at: Timestamp,
        sight: &Sight<'_>,
    ) -> Verdict {
        if !class.is_retried_by_default() {
            return Err(format!("A7: {class} is retried"));
        }
        if class == ErrorClass::Interrupted && self.node(node).on_interrupt == OnInterrupt::Ask {
            return Err("A4: retried by itself although the node asks".into());
        }
        if class == ErrorClass::Interrupted && self.was_interrupted_before(node) {
            return Err("A3: goes on by itself although the process died twice while it ran".into());
        }
        let policy = &self.node(node).retry;
        let nth = i32::try_from(self.counted(node).count()).unwrap_or(i32::MAX);
        let seconds = policy.initial_interval.as_secs_f64() * policy.backoff_coefficient.powi(nth - 1);
        let longest = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(policy.max_interval);
        let shortest = longest.mul_f64(1.0 - policy.jitter);
        let waited = retry_at.since(sight.at);
        let said = self.answers(node, attempt, sight).filter(|failure| failure.class == class);
        // The next attempt begins with the first model, whatever the last one asks for.
        let is_heard = !self.nodes[node.at()].parts.turns.is_other;
        let asked =
            said.filter_map(|failure| failure.retry_after.filter(|_| is_heard)).max().unwrap_or_default();
        // Moments are whole microseconds.
        let slack = Duration::from_micros(1);
        if waited + slack < shortest || waited + slack < asked || waited > longest.max(asked) + slack {
            return Err(format!(
                "A6: a backoff of {waited:?}, not {shortest:?} to {longest:?}, asked {asked:?}"
            ));
        }
        Ok(())
    }
}

/// Returns what the peer of a failed attempt said, without what is added of other models.
fn said_by_peer(message: &str) -> &str {
    message.split_once(" This was ").map_or(message, |(said, _)| said)
}
