//! Nodes as JSON text.

use super::{AttemptView, ChildCounts, NodeView, WaitingFor};
use crate::views::text::{Text, Write, write_object};

impl Write for NodeView<'_> {
    fn write(&self, text: &mut Text) {
        write_object!(self to text: id, node_id, node_name, node_type, status, retry_attempt, max_attempts, skill_used,
            agent_id, agent_version, input_data, output_data, error_message, error_class, started_at, completed_at,
            duration_ms, next_retry_at, waiting_for, waiting_until, reused, edited, compensates, usage, children, attempts);
    }
}

impl Write for AttemptView<'_> {
    fn write(&self, text: &mut Text) {
        write_object!(self to text: number, started_at, ended_at, duration_ms, error_class, error_message, backoff_ms,
            next_retry_at, worker, released, usage);
    }
}

impl Write for ChildCounts {
    fn write(&self, text: &mut Text) {
        write_object!(self to text: items, reused, total, running, completed, failed, cancelled);
    }
}

impl Write for WaitingFor {
    fn write(&self, text: &mut Text) {
        text.by_serde(self);
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use steadflow_core::execution::NodeStatus;
    use steadflow_core::failure::ErrorClass;
    use steadflow_core::ids::AgentId;
    use steadflow_core::payload::Payload;
    use steadflow_core::timestamp::Timestamp;
    use steadflow_core::usage::UsageSum;
    use uuid::Uuid;

    use super::*;
    use crate::views::shown::Shown;
    use crate::views::usage::UsageView;
    use crate::views::wire::Time;

    fn at(micros: i64) -> Time {
        Timestamp::from_micros(micros).into()
    }

    fn json(text: &str) -> Option<Shown<'static>> {
        Some(Shown::Whole(Cow::Owned(Payload::parse(text.into()).unwrap())))
    }

    fn usage(output_tokens: u64) -> UsageView {
        UsageSum { output_tokens, ..UsageSum::default() }.into()
    }

    fn pending() -> NodeView<'static> {
        NodeView {
            id: Uuid::from_u128(7),
            node_id: "a",
            node_name: "",
            node_type: "echo",
            status: NodeStatus::Pending.into(),
            retry_attempt: 0,
            max_attempts: u32::MAX,
            skill_used: None,
            agent_id: None,
            agent_version: None,
            input_data: None,
            output_data: None,
            error_message: None,
            error_class: None,
            started_at: None,
            completed_at: None,
            duration_ms: None,
            next_retry_at: None,
            waiting_for: None,
            waiting_until: None,
            reused: false,
            edited: false,
            compensates: None,
            usage: usage(u64::MAX),
            children: None,
            attempts: Vec::new(),
        }
    }

    fn attempt(number: u32, started_at: i64) -> AttemptView<'static> {
        AttemptView {
            number,
            started_at: at(started_at),
            ended_at: Some(at(started_at + 999_999)),
            duration_ms: Some(1_000),
            error_class: Some(ErrorClass::RateLimited.into()),
            error_message: Some("said \"no\"\n\u{7f}\u{1} ü \\ 🦀".into()),
            backoff_ms: Some(0),
            next_retry_at: Some(at(started_at + 1_000_000)),
            worker: "w-1",
            released: true,
            usage: usage(2),
        }
    }

    fn full() -> NodeView<'static> {
        NodeView {
            node_name: "Say \"it\"",
            status: NodeStatus::Failed.into(),
            skill_used: Some("translate"),
            agent_id: Some(AgentId::new(Uuid::max())),
            agent_version: Some(3),
            input_data: json("[1, 19.90]"),
            output_data: json("{\"b\" : null}"),
            error_message: Some("".into()),
            error_class: Some(ErrorClass::Internal.into()),
            started_at: Some(at(0)),
            completed_at: Some(at(-1)),
            duration_ms: Some(0),
            next_retry_at: Some(at(1_795_773_600_000_001)),
            waiting_for: Some(WaitingFor::Decision),
            waiting_until: Some(at(Timestamp::MAX.as_micros())),
            reused: true,
            edited: true,
            compensates: Some("b \"c\""),
            children: Some(ChildCounts {
                items: Some(9),
                reused: 1,
                total: 8,
                running: 1,
                completed: 5,
                failed: 2,
                cancelled: 0,
            }),
            attempts: vec![
                attempt(1, 1_795_773_600_000_001),
                attempt(2, 1_795_773_600_250_000),
                attempt(3, 0),
            ],
            ..pending()
        }
    }

    #[test]
    fn text_is_what_serde_writes() {
        let views = vec![pending(), full(), pending()];

        let mut text = Text::with_capacity(0);
        views.write(&mut text);

        assert_eq!(text.into_string(), serde_json::to_string(&views).unwrap());
    }
}
