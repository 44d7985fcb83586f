//! How much data events hold: what users and peers put into them, as JSON text. What the engine adds is little beside it.

use super::{
    Accepted, Around, ChildEnd, Ended, Event, Resolution, Reused, ReusedChild, ReusedChildren, StepResult,
};
use crate::approval::Verdict;
use crate::payload::Payload;

impl Event {
    /// Returns how many bytes of data the event holds. An acceptance is counted where its execution begins.
    pub(crate) fn data_bytes(&self) -> usize {
        let of = |payload: &Option<Payload>| payload.as_ref().map_or(0, Payload::len);
        match self {
            Self::AttemptStarted { input, .. } | Self::StepStarted { input, .. } => of(input),
            Self::AttemptFailed { message, body, .. } => message.len() + of(body),
            Self::TaskStarted { task, .. } => task.id.len(),
            Self::EventAwaited { wait, .. } => {
                wait.name.len() + wait.correlation.as_ref().map_or(0, |correlation| correlation.len())
            }
            Self::ApprovalRequested { arguments, input, .. } => {
                arguments.len() + input.as_ref().map_or(0, |input| input.key.len())
            }
            Self::ApprovalDecided { verdict, comment, .. } => {
                let edited = match verdict {
                    Verdict::Approved { arguments } => of(arguments),
                    Verdict::Rejected | Verdict::Cancelled | Verdict::Expired => 0,
                };
                edited + comment.as_ref().map_or(0, |comment| comment.len())
            }
            Self::StepEnded { result, .. } => result.data_bytes(),
            Self::ChildEnded { end, .. } => end.data_bytes(),
            Self::NodeCompleted { output, .. }
            | Self::Resolved { resolution: Resolution::Complete { output }, .. } => output.len(),
            Self::Accepted(_)
            | Self::Started
            | Self::Adopted { .. }
            | Self::AttemptReleased { .. }
            | Self::TaskResumed { .. }
            | Self::TaskEnded { .. }
            | Self::ChildrenStarted { .. }
            | Self::NodeFailed { .. }
            | Self::NodeSkipped { .. }
            | Self::NodeWaiting { .. }
            | Self::SessionTaken { .. }
            | Self::BackoffEnded { .. }
            | Self::Resolved { .. }
            | Self::Paused { .. }
            | Self::Resumed { .. }
            | Self::CompensationStarted { .. }
            | Self::Finished { .. } => 0,
        }
    }
}

impl Accepted {
    /// Returns how many bytes of data it holds. Outputs that are reused are counted when their nodes complete with them.
    pub(crate) fn data_bytes(&self) -> usize {
        self.trigger_data.len()
            + self.around.as_ref().map_or(0, |around| around.data_bytes())
            + self.reused_children.values().map(ReusedChildren::data_bytes).sum::<usize>()
    }
}

impl ReusedChildren {
    /// The input is counted when an attempt begins with it.
    fn data_bytes(&self) -> usize {
        let of = |child: &ReusedChild| match child {
            ReusedChild::Result(result) => result.len(),
            ReusedChild::Parts(parts) => parts.data_bytes(),
        };
        self.by_index.values().map(of).sum()
    }
}

impl Reused {
    /// Returns how many bytes of data it holds.
    pub(crate) fn data_bytes(&self) -> usize {
        self.outputs.values().map(Payload::len).sum::<usize>()
            + self.children.values().map(ReusedChildren::data_bytes).sum::<usize>()
    }
}

impl Around {
    /// Returns how many bytes of data it holds.
    pub(crate) fn data_bytes(&self) -> usize {
        let of = |ended: &Ended| {
            let error = ended.error.as_ref();
            let error =
                error.map_or(0, |error| error.message.len() + error.body.as_ref().map_or(0, Payload::len));
            error + ended.output.as_ref().map_or(0, Payload::len)
        };
        self.item.as_ref().map_or(0, Payload::len) + self.nodes.values().map(of).sum::<usize>()
    }
}

impl StepResult {
    fn data_bytes(&self) -> usize {
        match self {
            Self::Completed(output) => output.len(),
            Self::Failed { message, .. } => message.len(),
        }
    }
}

impl ChildEnd {
    fn data_bytes(&self) -> usize {
        self.result.as_ref().map_or(0, Payload::len)
            + self.message.as_ref().map_or(0, |message| message.len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::ids::{FlowId, TenantId};

    #[test]
    fn what_users_and_peers_put_into_an_event_is_counted() {
        let failed = |body: Value| json!({ "attempt_failed": { "node": 0, "attempt": 1, "class": "rejected", "message": "four", "body": body } });
        let step = |result: Value| json!({ "step_ended": { "node": 0, "step": "a", "result": result } });
        let child = |end: Value| json!({ "child_ended": { "node": 0, "child": 0, "end": end } });
        let decided = |verdict: Value| json!({ "approval_decided": { "node": 0, "step": "a", "verdict": verdict, "comment": "four", "by": { "kind": "user" } } });
        for (event, bytes) in [
            (json!({ "attempt_started": { "node": 0, "attempt": 1, "input": "12345" } }), 7),
            (json!({ "attempt_started": { "node": 0, "attempt": 1 } }), 0),
            (json!({ "step_started": { "node": 0, "step": "a", "input": "12345" } }), 7),
            (failed(json!("12345")), 11),
            (failed(json!("")), 6),
            (step(json!({ "completed": "12345" })), 7),
            (step(json!({ "failed": { "class": "timeout", "message": "four" } })), 4),
            (child(json!({ "status": "completed", "result": "12345" })), 7),
            (child(json!({ "status": "failed", "message": "four" })), 4),
            (child(json!({ "status": "cancelled" })), 0),
            (json!({ "node_completed": { "node": 0, "output": "12345" } }), 7),
            (json!({ "resolved": { "node": 0, "resolution": { "complete": { "output": "12345" } } } }), 7),
            (
                json!({ "approval_requested": { "node": 0, "step": "a", "tool": "t", "arguments": "12345", "hash": "h" } }),
                7,
            ),
            (decided(json!({ "approved": { "arguments": [1, 2] } })), 9),
            (decided(json!({ "approved": {} })), 4),
            (decided(json!("rejected")), 4),
            (
                json!({ "task_started": { "node": 0, "task": { "id": "12345", "agent": uuid::Uuid::nil(), "poll_ms": 5 } } }),
                5,
            ),
            (json!({ "task_ended": { "node": 0, "step": "a" } }), 0),
            (json!({ "node_skipped": { "node": 0 } }), 0),
        ] {
            let read: Event = serde_json::from_str(&event.to_string()).unwrap();

            assert_eq!(read.data_bytes(), bytes, "{event}");
        }
    }

    #[test]
    fn an_acceptance_counts_what_the_execution_was_started_with() {
        let accepted = Accepted {
            trigger_data: Payload::from_value(&json!("12345")),
            ..Accepted::new(TenantId::DEFAULT, FlowId::new(uuid::Uuid::nil()), 1, "w1".into())
        };

        assert_eq!(accepted.data_bytes(), 7);
    }
}
