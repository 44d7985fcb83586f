//! What follows a failed attempt: another one, a question, or the end of the node.

use std::sync::Arc;
use std::time::Duration;

use super::decide::{Decider, End};
use super::messages;
use crate::event::Event;
use crate::failure::{ErrorClass, Failure};
use crate::flow::{EdgeCondition, EdgeTrigger, OnExhausted, OnInterrupt};
use crate::ids::{Attempt, EdgeIndex, ExecutionId, NodeIndex};
use crate::status::Wait;
use crate::timestamp::Timestamp;
use crate::usage::Usage;

/// What the retry policy decides after a failure.
enum Verdict {
    /// Another attempt, at this time.
    Retry { at: Timestamp, retries_left: u32 },
    /// None; and why, where the policy does not make that obvious.
    GiveUp { reason: Option<String> },
}

impl Decider<'_> {
    /// Records that the running attempt of `node` failed, and what follows from it.
    pub(super) fn attempt_failed(&mut self, node: NodeIndex, failure: Failure, usage: Option<Arc<Usage>>) {
        let Some(attempt) = self.execution.node(node).running_attempt() else { return };
        let verdict = self.verdict(node, attempt, &failure);
        let (retry_at, retries_left, gave_up) = match verdict {
            Verdict::Retry { at, retries_left } => (Some(at), retries_left, None),
            Verdict::GiveUp { reason } => (None, 0, reason),
        };
        let asks = self.asks(node, failure.class);
        if !self.execution.node(node).has_open_flow() {
            self.cancel_children(node);
        }
        let unspent = self.execution.is_unspent(&failure);
        self.emit(Event::AttemptFailed {
            node,
            attempt,
            class: failure.class,
            message: shortened(failure.message, self.flow.limits.error_message_chars_max).into(),
            status: failure.status,
            body: failure.body,
            retry_at,
            retries_left,
            gave_up: gave_up.map(Into::into),
            usage,
            unspent,
        });
        if retry_at.is_none() {
            if asks {
                self.emit(Event::NodeWaiting { node, wait: Wait::Decision });
            } else {
                self.node_failed(node);
            }
        }
    }

    /// Returns whether another attempt would follow if the one under way failed so.
    pub(super) fn is_retried(&self, node: NodeIndex, failure: &Failure) -> bool {
        let attempt = self.execution.node(node).running_attempt();
        attempt.is_some_and(|attempt| matches!(self.verdict(node, attempt, failure), Verdict::Retry { .. }))
    }

    fn verdict(&self, index: NodeIndex, attempt: Attempt, failure: &Failure) -> Verdict {
        let node = self.node(index);
        if failure.class == ErrorClass::Replaced {
            return Verdict::GiveUp { reason: None };
        }
        let interrupted = failure.class == ErrorClass::Interrupted;
        if interrupted && node.on_interrupt == OnInterrupt::Ask {
            return Verdict::GiveUp {
                reason: Some("The node asks before it runs again (`on_interrupt`).".into()),
            };
        }
        if interrupted && self.execution.node(index).was_interrupted_before() {
            return Verdict::GiveUp { reason: Some(messages::INTERRUPTED_TWICE.into()) };
        }
        let retries_left = self.retries_left(index, interrupted);
        // A policy that names what it retries was not written with our own crashes in mind.
        let retried = if interrupted { !node.retry.refuses(failure) } else { node.retry.retries(failure) };
        if retries_left == 0 || !retried {
            let reason = (!retried && node.retry.count > 0).then(|| {
                format!("Not retried: errors of class `{}` are not, by this node's policy.", failure.class)
            });
            return Verdict::GiveUp { reason };
        }
        let fraction = fraction(self.execution.id, index, attempt);
        let nth = self.execution.node(index).counted_attempts().count();
        let nth = Attempt::numbered(u32::try_from(nth).unwrap_or(u32::MAX));
        let backoff = node.retry.delay_after(nth, fraction);
        let Some(asked) = failure.retry_after.filter(|asked| *asked > backoff) else {
            return Verdict::Retry { at: self.now.plus(backoff), retries_left };
        };
        match self.too_long(asked, node.retry.max_interval) {
            Some(reason) => Verdict::GiveUp { reason: Some(reason) },
            None => Verdict::Retry { at: self.now.plus(asked), retries_left },
        }
    }

    /// How many attempts may still follow the one that just failed.
    fn retries_left(&self, index: NodeIndex, interrupted: bool) -> u32 {
        let count = self.node(index).retry.count;
        // A restart of ours fails no flow: without retries, one interrupted attempt is repeated.
        let allowed = if interrupted { count.max(1) } else { count };
        let used = self.execution.node(index).counted_attempts().count();
        (allowed + 1).saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// Says why a peer's `Retry-After` cannot be waited out, if so.
    fn too_long(&self, asked: Duration, max_interval: Duration) -> Option<String> {
        let seconds = asked.as_secs_f64();
        if asked > max_interval {
            let max = max_interval.as_secs_f64();
            return Some(format!(
                "Not retried: the peer asked to wait {seconds} seconds, longer than max_interval_seconds ({max})."
            ));
        }
        let deadline = self.execution.deadline?;
        (self.now.plus(asked) >= deadline).then(|| {
            format!("Not retried: the peer asked to wait {seconds} seconds, past the execution's deadline ({deadline}).")
        })
    }

    fn asks(&self, node: NodeIndex, class: ErrorClass) -> bool {
        let node = self.node(node);
        (node.on_exhausted == OnExhausted::Ask && class != ErrorClass::Replaced)
            || (class == ErrorClass::Interrupted && node.on_interrupt == OnInterrupt::Ask)
    }

    /// Ends a node that failed for good. Its error edges handle that; without one that holds, the execution ends.
    pub(super) fn node_failed(&mut self, node: NodeIndex) {
        self.begin_metering();
        let graph = &self.flow.flow.graph;
        let handlers =
            || graph.outgoing[node.at()].iter().filter(|edge| graph.edge(**edge).on == EdgeTrigger::Error);
        let not_taken: Vec<EdgeIndex> =
            handlers().copied().filter(|&edge| !self.error_edge_holds(node, edge)).collect();
        let is_handled = not_taken.len() < handlers().count();
        self.end_metering();
        self.cancel_tasks(node);
        self.cancel_children(node);
        self.leave_session(node);
        self.emit(Event::NodeFailed { node, not_taken });
        // One that could not undo another does not keep the others from that.
        if is_handled || self.execution.is_compensated() {
            return self.open_successors(node);
        }
        let failed = self.execution.node(node);
        let class = failed.error_class;
        let message = messages::node_failed(self.node(node), failed);
        self.finish(End::failed(message, class, Some(node)));
    }

    /// An error edge whose condition cannot be evaluated handles nothing: the failure itself is what people must see.
    fn error_edge_holds(&self, from: NodeIndex, edge: EdgeIndex) -> bool {
        match &self.flow.flow.graph.edge(edge).condition {
            None => true,
            Some(EdgeCondition::Is(_) | EdgeCondition::Case(_)) => false,
            Some(EdgeCondition::Holds(condition)) => {
                let scope = self.scope_after(from, condition.references());
                self.holds(condition, scope).unwrap_or(false)
            }
        }
    }
}

pub(super) fn shortened(mut message: String, chars_max: usize) -> String {
    if let Some((end, _)) = message.char_indices().nth(chars_max) {
        message.truncate(end);
        message.push('…');
    }
    message
}

/// A number from 0 to 1 that follows from the ids (splitmix64), so that a replay and a simulation get the same.
fn fraction(execution: ExecutionId, node: NodeIndex, attempt: Attempt) -> f64 {
    let (high, low) = execution.uuid().as_u64_pair();
    let mut mixed = high ^ low.rotate_left(32) ^ (u64::from(node.0) << 32) ^ u64::from(attempt.number());
    mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let fraction = u32::try_from(mixed >> 32).unwrap_or(u32::MAX);
    f64::from(fraction) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn fractions_are_spread_over_executions_nodes_and_attempts() {
        let of = |execution: u128, node, attempt| {
            let execution = ExecutionId::new(Uuid::from_u128(execution));
            fraction(execution, NodeIndex(node), Attempt::numbered(attempt))
        };
        let all: [Vec<f64>; 4] = [
            (0..1_000).map(|number| of(number, 1, 1)).collect(),
            (0..1_000).map(|number| of(number << 80, 1, 1)).collect(),
            (0..1_000).map(|number| of(7, number, 1)).collect(),
            (0..1_000).map(|number| of(7, 1, number + 1)).collect(),
        ];

        for fractions in all {
            let mean = fractions.iter().sum::<f64>() / 1_000.0;
            let different: BTreeSet<u64> = fractions.iter().map(|fraction| fraction.to_bits()).collect();
            assert!((0.45..0.55).contains(&mean), "{mean}");
            assert!(different.len() > 990 && fractions.iter().all(|fraction| (0.0..=1.0).contains(fraction)));
            assert!(fractions.iter().any(|fraction| *fraction < 0.01));
            assert!(fractions.iter().any(|fraction| *fraction > 0.99));
        }
    }
}
