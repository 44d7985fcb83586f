//! The ids of an execution in distributed traces (W3C Trace Context).
//!
//! They follow from what they name, so a call can say which span it belongs to long before that span is exported, and a
//! process that goes on after a crash says the same.

use sha2::{Digest, Sha256};

use crate::ids::{ExecutionId, NodeIndex, StepKey};
use crate::trace_parent::{TraceOf, TraceParent};
use crate::work::{Task, Work};

/// The bits of an execution's id that are random, or a hash: those behind the variant.
const RANDOM_BITS: u32 = 62;

/// What is a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span<'a> {
    /// An execution.
    Execution,
    /// A node in it.
    Node(NodeIndex),
    /// An attempt of the node, by its number.
    Attempt(NodeIndex, u32),
    /// A call of the attempt.
    Call(NodeIndex, u32, &'a StepKey),
}

impl TraceParent {
    /// Returns a span of an execution as the parent of another execution, which is a part of the same trace.
    #[must_use]
    pub fn below(self, execution: ExecutionId, span: Span<'_>) -> Self {
        Self { span: span_id(execution, span), ..self }
    }
}

/// Returns the id of an execution's trace: that of its caller, if it continues one, else the execution's own. It is never 0.
pub fn trace_id(execution: ExecutionId, caller: Option<&TraceParent>) -> u128 {
    caller.map_or_else(|| execution.uuid().as_u128(), |caller| caller.trace)
}

/// Returns the id of a span, which is never 0.
pub fn span_id(execution: ExecutionId, span: Span<'_>) -> u64 {
    let name = match span {
        Span::Execution => "execution".to_owned(),
        Span::Node(node) => format!("node {}", node.0),
        Span::Attempt(node, attempt) => format!("attempt {} {attempt}", node.0),
        Span::Call(node, attempt, step) => format!("call {} {attempt} {step}", node.0),
    };
    let hash = Sha256::new().chain_update(execution.uuid().as_bytes()).chain_update(name).finalize();
    let bytes = hash.first_chunk().expect("a SHA-256 hash has 32 bytes");
    u64::from_be_bytes(*bytes).max(1)
}

/// Which executions are traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Of the random numbers of ids, how many.
    kept: u64,
}

impl Sampling {
    /// Returns the sampling of this share of all executions, from 0 to 1.
    pub fn of(share: f64) -> Self {
        let all = 2_f64.powi(RANDOM_BITS.cast_signed());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 2^62")]
        let kept = (share.clamp(0.0, 1.0) * all) as u64;
        Self { kept }
    }

    /// Returns whether an execution is traced: the same in every process. `caller` says whether its caller's trace is kept, if
    /// it continues one.
    pub fn keeps(self, execution: ExecutionId, caller: Option<bool>) -> bool {
        if let Some(is_sampled) = caller {
            return is_sampled;
        }
        let (_, low) = execution.uuid().as_u64_pair();
        low & ((1 << RANDOM_BITS) - 1) < self.kept
    }

    /// Returns the header `traceparent` of a call; `None` if it belongs to no trace.
    pub fn traceparent(self, work: &Work) -> Option<TraceParent> {
        if work.trace == TraceOf::Nothing {
            return None;
        }
        let caller = work.trace.caller();
        let (node, attempt) = (work.node, work.attempt.number());
        let span = match work.task {
            // Its attempt is the call.
            Task::HttpRequest | Task::Message(_) | Task::Code(_) | Task::Echo => Span::Attempt(node, attempt),
            Task::Skill { .. }
            | Task::Turn(_)
            | Task::Summary(_)
            | Task::Tool { .. }
            | Task::Judge(_)
            | Task::ListTools { .. }
            | Task::CancelTask { .. } => Span::Call(node, attempt, &work.step),
        };
        Some(TraceParent {
            trace: trace_id(work.execution, caller),
            span: span_id(work.execution, span),
            is_sampled: self.keeps(work.execution, caller.map(|caller| caller.is_sampled)),
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ID: ExecutionId = ExecutionId::new(Uuid::from_u128(0x0198_0000_0000_7000_8123_4567_89ab_cdef));

    #[test]
    fn ids_are_the_same_each_time_and_different_from_each_other() {
        let (node, step) = (NodeIndex(1), StepKey::new("turn:1"));
        let spans = [
            Span::Execution,
            Span::Node(node),
            Span::Node(NodeIndex(11)),
            Span::Attempt(node, 1),
            Span::Attempt(node, 11),
            Span::Call(node, 1, &StepKey::ONLY),
            Span::Call(node, 1, &step),
            Span::Call(node, 2, &step),
        ];

        let mut ids: Vec<u64> = spans.iter().map(|span| span_id(ID, *span)).collect();

        assert_eq!(ids, spans.map(|span| span_id(ID, span)));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), spans.len());
        assert_eq!(
            format!("{:032x}", trace_id(ID, None)),
            "0198000000007000812345678 9abcdef".replace(' ', "")
        );
    }

    #[test]
    fn a_share_of_executions_is_traced() {
        let ids = (0..2_000_u32).map(|number| ID.child(NodeIndex(0), number)).collect::<Vec<_>>();
        for (share, expected) in [(0.0, 0..=0), (0.25, 400..=600), (1.0, 2_000..=2_000), (7.0, 2_000..=2_000)]
        {
            let kept = ids.iter().filter(|id| Sampling::of(share).keeps(**id, None)).count();
            assert!(expected.contains(&kept), "{kept} of {share}");
        }
        for (share, is_sampled) in [(0.0, true), (1.0, false)] {
            assert_eq!(Sampling::of(share).keeps(ID, Some(is_sampled)), is_sampled, "the caller has decided");
        }
    }
}
