//! What the journal stores: all that an event says, and nothing that goes without saying.

use std::sync::Arc;

use serde_json::{Value, json};
use steadflow_core::approval::{AwaitedInput, Verdict};
use steadflow_core::budget::Amount;
use steadflow_core::caller::Actor;
use steadflow_core::event::{ChildEnd, ChildInput, ChildStart, Event, Parent, Resolution, StepResult};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{AgentId, Attempt, EdgeIndex, ExecutionId, FlowId, NodeId, NodeIndex, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::status::{ExecutionStatus, Wait};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::usage::Usage;
use uuid::Uuid;

const NODE: NodeIndex = NodeIndex(3);
const LATER: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// What a call used of which everything is known.
fn used() -> Usage {
    Usage {
        input_tokens: 7,
        cached_input_tokens: 3,
        cache_write_tokens: 2,
        output_tokens: 9,
        cost: Some(0.25),
        currency: Some("EUR".parse().expect("a currency")),
        agent_id: Some(AgentId::new(Uuid::from_u128(5))),
        model: Some("m".into()),
        duration_ms: Some(840),
    }
}

fn payload(value: Value) -> Option<Payload> {
    Some(Payload::from_value(&value))
}

fn key() -> StepKey {
    StepKey::new("first")
}

fn failed(retries_left: u32, usage: Option<Usage>) -> Event {
    Event::AttemptFailed {
        node: NODE,
        attempt: Attempt::FIRST,
        class: ErrorClass::Connection,
        message: "refused".into(),
        status: (retries_left > 0).then_some(503),
        body: payload(json!(null)).filter(|_| retries_left > 0),
        retry_at: (retries_left > 0).then_some(LATER),
        retries_left,
        gave_up: (retries_left > 0).then(|| "enough".into()),
        usage: usage.map(Arc::new),
        unspent: retries_left > 0,
    }
}

fn completed(reused: bool, usage: Option<Usage>) -> Event {
    let not_taken = if reused { vec![EdgeIndex(1)] } else { Vec::new() };
    Event::NodeCompleted {
        node: NODE,
        output: Payload::null(),
        not_taken,
        usage: usage.map(Arc::new),
        reused,
    }
}

fn decided(verdict: Verdict) -> Event {
    Event::ApprovalDecided { node: NODE, step: key(), verdict, comment: Some("fine".into()), by: Actor::USER }
}

fn approval_requested(asked: Option<&str>) -> Event {
    let agent = AgentId::new(Uuid::from_u128(5));
    let call = StepKey::new("tool:1:0");
    let input = asked.map(|key| Box::new(AwaitedInput { call: call.clone(), key: key.into(), agent }));
    Event::ApprovalRequested {
        node: NODE,
        step: call,
        tool: "look".into(),
        arguments: Payload::from_value(&json!({ "k": 1 })),
        hash: "sha256:0".into(),
        expires_at: Some(LATER),
        input,
    }
}

#[test]
fn an_event_is_read_as_it_was_written() {
    let end = ChildEnd {
        status: ExecutionStatus::Failed,
        result: payload(json!(null)),
        message: Some("no".into()),
        class: Some(ErrorClass::Timeout),
    };
    let start = ChildStart {
        flow: Some(FlowId::new(Uuid::from_u128(2))),
        index: 0,
        step: None,
        given: ChildInput::default(),
    };
    let failure = StepResult::Failed { class: ErrorClass::Rejected, message: "no".into(), status: Some(404) };
    let events = [
        failed(0, None),
        failed(2, Some(used())),
        completed(false, None),
        completed(true, Some(used())),
        Event::AttemptStarted {
            node: NODE,
            attempt: Attempt::numbered(2),
            input: payload(json!(null)),
            reserved: Some(Box::new(Amount { tokens: 7, cost: 0.0 })),
        },
        Event::StepStarted {
            node: NODE,
            step: key(),
            input: payload(json!({ "k": 1 })),
            stop_at: Some(LATER),
            tokens: Some(500),
            tool: Some("look".into()),
            reserved: Some(Box::new(Amount { tokens: 7, cost: 0.1 })),
        },
        Event::StepEnded {
            node: NODE,
            step: key(),
            result: failure,
            usage: Some(Arc::new(used())),
            unspent: true,
        },
        approval_requested(None),
        approval_requested(Some("k")),
        Event::TaskResumed { node: NODE, step: key() },
        decided(Verdict::Cancelled),
        decided(Verdict::Approved { arguments: payload(json!({ "k": 2 })) }),
        decided(Verdict::Approved { arguments: None }),
        decided(Verdict::Rejected),
        Event::ChildrenStarted { node: NODE, children: vec![start] },
        Event::ChildEnded { node: NODE, child: 1, end },
        Event::NodeWaiting { node: NODE, wait: Wait::Delay { until: LATER } },
        Event::Resolved { node: NODE, resolution: Resolution::Retry, by: Actor::USER },
        Event::Finished {
            status: ExecutionStatus::Cancelled,
            message: Some("enough".into()),
            class: Some(ErrorClass::Internal),
            node: Some(NODE),
            by: Some(Actor::USER),
        },
    ];

    for event in events {
        let stored = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&stored).unwrap(), event, "{stored}");
    }
}

#[test]
fn what_goes_without_saying_is_not_stored() {
    let keys = |event: &Event| {
        let stored = serde_json::to_value(event).unwrap();
        let event = stored.as_object().unwrap().values().next().unwrap();
        event.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let usage = serde_json::to_value(Usage { output_tokens: 9, ..Usage::default() }).unwrap();

    assert_eq!(keys(&failed(0, None)), ["node", "attempt", "class", "message"]);
    assert_eq!(keys(&completed(false, None)), ["node", "output"]);
    assert_eq!(usage, json!({ "output_tokens": 9 }));
}

#[test]
fn what_was_stored_before_more_was_counted_is_read() {
    let stored = json!({ "input_tokens": 7, "output_tokens": 9, "cost": 0.25 });

    let usage: Usage = serde_json::from_value(stored.clone()).unwrap();

    let known = Usage { input_tokens: 7, output_tokens: 9, cost: Some(0.25), ..Usage::default() };
    assert_eq!(usage, known);
    assert_eq!(serde_json::to_value(usage).unwrap(), stored);
}

#[test]
fn a_wait_is_read_by_its_name_and_end() {
    let delays = [Wait::Delay { until: LATER }, Wait::Retry { at: LATER }];
    let waits = delays.into_iter().chain([Wait::Decision, Wait::Approval, Wait::Slot, Wait::Child]);

    for wait in waits {
        assert_eq!(Wait::named(wait.as_str(), wait.until()), Some(wait));
    }
    assert_eq!(Wait::named("delay", None), None);
    assert_eq!(Wait::named("decision", Some(LATER)), None);
}

#[test]
fn a_parent_is_read_as_it_was_written() {
    let parent = Parent {
        execution: ExecutionId::new(Uuid::from_u128(7)),
        node: NODE,
        child: 2,
        depth: 3,
        body: Some(NodeId::new("body")),
        subflow: None,
        index: 0,
        within: Vec::new(),
        deadline: Some(LATER),
        is_encrypted: false,
    };

    let stored = serde_json::to_string(&parent).unwrap();

    assert_eq!(serde_json::from_str::<Parent>(&stored).unwrap(), parent);
}
