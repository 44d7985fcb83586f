//! What limits an execution: of several times the earliest one, and sizes up to the last byte.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Play, START, accepted, version, with_limits};
use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::event::Parent;
use steadflow_core::execution::{ExecutionStatus, FlowVersion};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{ExecutionId, NodeIndex};
use steadflow_core::limits::Limits;
use steadflow_core::timestamp::Timestamp;

/// A flow of one node that fails after `flow_seconds`.
fn flow(node: Value, flow_seconds: Option<u64>) -> Value {
    json!({ "name": "Limits", "retry_count": 0, "timeout_seconds": flow_seconds, "flow_definition": { "nodes": [node] } })
}

fn after(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

/// A version of a flow of one node, whose limits are `limits`.
fn limited(node: Value, limits: Limits) -> Arc<FlowVersion> {
    let version = version(&flow(node, None));
    Arc::new(with_limits(&version, limits))
}

#[test]
fn an_attempt_is_stopped_at_the_earlier_of_its_own_timeout_and_the_deadline() {
    let stop_at = |own: Option<u64>, of_flow: Option<u64>| {
        let echo = json!({ "id": "a", "type": "action", "action": "echo", "timeout_seconds": own });
        let play = Play::new(&flow(echo, of_flow));
        assert_eq!(play.execution.next_timer().map(|(at, _)| at), play.work[0].stop_at);
        play.work[0].stop_at
    };

    assert_eq!(stop_at(Some(5), Some(60)), Some(after(5)));
    assert_eq!(stop_at(Some(60), Some(5)), Some(after(5)));
    assert_eq!(stop_at(Some(5), None), Some(after(5)));
    assert_eq!(stop_at(None, Some(5)), Some(after(5)));
    assert_eq!(stop_at(None, None), None);
}

#[test]
fn a_child_ends_at_the_earlier_of_its_own_deadline_and_its_parents() {
    let deadline = |own: Option<u64>, of_parent: Option<u64>| {
        let parent = Parent {
            execution: ExecutionId::new(uuid::Uuid::from_u128(9)),
            node: NodeIndex(0),
            child: 0,
            depth: 1,
            body: None,
            subflow: None,
            index: 0,
            within: Vec::new(),
            deadline: of_parent.map(after),
            is_encrypted: false,
        };
        let mut accepted = accepted();
        accepted.parent = Some(Box::new(parent));
        let echo = json!({ "id": "a", "type": "action", "action": "echo" });
        Play::of(version(&flow(echo, own)), accepted).execution.deadline()
    };

    assert_eq!(deadline(Some(5), Some(60)), Some(after(5)));
    assert_eq!(deadline(Some(60), Some(5)), Some(after(5)));
    assert_eq!(deadline(None, Some(5)), Some(after(5)));
    assert_eq!(deadline(None, None), None);
}

/// Plays a node whose attempt and whose calls may take so many seconds, until its first call is stopped.
fn play_rounds(attempt: u64, step: u64) -> Play {
    let node = json!({ "id": "think", "type": "test_rounds",
                       "timeout_seconds": attempt, "step_timeout_seconds": step });
    let mut play = Play::new(&flow(node, None));
    assert_eq!(play.work[0].stop_at, Some(after(attempt.min(step))));
    assert_eq!(play.execution.next_timer().map(|(at, _)| at), play.work[0].stop_at);
    play.story();
    play.at(4.999).at(5.0);
    play
}

#[test]
fn a_call_is_stopped_at_the_earlier_of_its_own_limit_and_the_attempts() {
    assert_snapshot!(play_rounds(60, 5).story(), @"
    5s     think call first fails (timeout: Call `first` timed out after 5 seconds)
    5s     think attempt 1 fails (timeout: Call `first` timed out after 5 seconds)
    5s     think fails
    5s     finished: failed
    5s       → stop think 1 first
    ");
    assert_snapshot!(play_rounds(5, 60).story(), @"
    5s     think attempt 1 fails (timeout: Attempt timed out after 5 seconds)
    5s     think fails
    5s     finished: failed
    5s       → stop think 1 first
    ");
}

#[test]
fn a_wait_until_now_is_over_at_once() {
    let status = |until: Timestamp| {
        let delay = json!({ "id": "a", "type": "delay", "until": until.to_string() });
        Play::new(&flow(delay, None)).execution.status()
    };

    assert_eq!(status(START), ExecutionStatus::Completed);
    assert_eq!(status(START.plus(Duration::from_micros(1))), ExecutionStatus::Running);
}

#[test]
fn an_output_of_the_largest_size_is_kept_and_a_larger_one_fails_the_node() {
    let limits = Limits { output_bytes_max: 8, ..Limits::DEFAULT };
    let transform = |input| json!({ "id": "a", "type": "action", "action": "transform", "input": input });
    let echo = json!({ "id": "a", "type": "action", "action": "echo" });
    let of_echo = |output| {
        let mut play = Play::of(limited(echo.clone(), limits), accepted());
        play.completes("a", output);
        play.execution.status()
    };
    let of_transform = |output| Play::of(limited(transform(output), limits), accepted());

    assert_eq!(of_transform(json!("sixsix")).execution.status(), ExecutionStatus::Completed);
    assert_eq!(of_echo(json!("sixsix")), ExecutionStatus::Completed);
    assert_eq!(of_echo(json!("sevenly")), ExecutionStatus::Failed);
    assert_snapshot!(of_transform(json!("sevenly")).shown(), @"
    failed: Node `a` failed after 1 attempt: The output has 9 bytes; a node may return at most 8
    a: failed, The output has 9 bytes; a node may return at most 8
    ");
}

#[test]
fn a_message_of_the_largest_size_is_kept_and_a_longer_one_is_shortened() {
    let limits = Limits { error_message_chars_max: 3, ..Limits::DEFAULT };
    let message = |text: &str| {
        let echo = json!({ "id": "a", "type": "action", "action": "echo" });
        let mut play = Play::of(limited(echo, limits), accepted());
        play.fails("a", Failure::new(ErrorClass::Rejected, text));
        play.execution.nodes()[0].error_message.as_deref().map(str::to_owned)
    };

    assert_eq!(message("äöü").as_deref(), Some("äöü"));
    assert_eq!(message("äöüß").as_deref(), Some("äöü…"));
}
