//! What happens within attempts, as transcripts: calls with keys of their own, and child executions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Play, START, accepted, version, with_limits};
use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::caller::{Actor, ActorKind};
use steadflow_core::event::{Accepted, ChildEnd, Event, Parent, StepResult};
use steadflow_core::execution::{
    Decision, Execution, ExecutionStatus, FlowVersion, Input, NewExecution, Pinned, RetryMode,
};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{Attempt, ExecutionId, NodeId, NodeIndex, StepKey};
use steadflow_core::inbox::Signal;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::step::ChildState;
use steadflow_core::usage::Usage;
use steadflow_core::work::{CallKey, Outcome};

fn rounds(settings: Value) -> Value {
    flow(settings, &json!({ "id": "think", "type": "test_rounds", "input": "${trigger_data.k}" }))
}

fn flow(mut settings: Value, node: &Value) -> Value {
    settings["name"] = "Parts".into();
    settings["flow_definition"] = json!({ "nodes": [node] });
    settings
}

fn retrying() -> Value {
    json!({ "retry_on_failure": true, "retry_count": 2 })
}

fn ends(play: &mut Play, attempt: u32, step: &str, outcome: Outcome) {
    let attempt = steadflow_core::ids::Attempt::numbered(attempt);
    let (execution, node) = (play.execution.id(), play.index("think"));
    let call = CallKey { execution, node, attempt, step: StepKey::new(step) };
    let _ = play.put(Input::StepEnded { call, outcome });
}

fn gives(play: &mut Play, attempt: u32, step: &str, output: Value) {
    ends(play, attempt, step, Outcome::completed(Payload::from_value(&output)));
}

#[test]
fn calls_of_an_attempt_follow_each_other_and_run_side_by_side() {
    let mut play = Play::new(&rounds(json!({})));

    gives(&mut play, 1, "first", json!(1));
    gives(&mut play, 1, "second:1", json!(3));
    gives(&mut play, 1, "second:1", json!("twice"));
    gives(&mut play, 1, "second:0", json!(2));
    gives(&mut play, 1, "third", json!(4));

    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     think attempt 1 starts
    0s     think call first starts
    0s       → begin think 1 first
    0s     think call first gives 1
    0s     think call second:0 starts
    0s     think call second:1 starts
    0s       → begin think 1 second:0
    0s       → begin think 1 second:1
    0s     think call second:1 gives 3
    0s     rejected: the attempt is no longer running
    0s     think call second:0 gives 2
    0s     think call third starts
    0s       → begin think 1 third
    0s     think call third gives 4
    0s     think completes with [1,2,3,4]
    0s     finished: completed
    ");
}

#[test]
fn the_only_call_of_an_attempt_is_none_of_several() {
    let mut play = Play::new(&rounds(json!({})));
    let (execution, node) = (play.execution.id(), play.index("think"));
    let call = CallKey { execution, node, attempt: Attempt::FIRST, step: StepKey::ONLY };
    play.story();

    let answer = play.put(Input::StepEnded { call, outcome: Outcome::completed(Payload::null()) });

    assert!(answer.is_err(), "{}", play.story());
}

#[test]
fn a_later_attempt_goes_on_behind_the_last_call_that_ended() {
    let mut play = Play::new(&rounds(retrying()));
    gives(&mut play, 1, "first", json!(1));
    gives(&mut play, 1, "second:0", json!(2));
    play.story();

    ends(&mut play, 1, "second:1", Outcome::failed(Failure::new(ErrorClass::Connection, "no")));
    play.at(1.0);
    gives(&mut play, 2, "second:1", json!(3));
    gives(&mut play, 2, "third", json!(4));

    assert_snapshot!(play.story(), @"
    0s     think call second:1 fails (connection: no)
    0s     think attempt 1 fails (connection: no), next at 1s
    1s     think attempt 2 starts
    1s     think call second:1 starts
    1s       → begin think 2 second:1
    1s     think call second:1 gives 3
    1s     think call third starts
    1s       → begin think 2 third
    1s     think call third gives 4
    1s     think completes with [1,2,3,4]
    1s     finished: completed
    ");
}

#[test]
fn a_crash_repeats_only_the_calls_that_were_under_way() {
    let mut play = Play::new(&rounds(retrying()));
    gives(&mut play, 1, "first", json!(1));
    gives(&mut play, 1, "second:1", json!(3));
    play.story();

    let _ = play.put(Input::Adopt { worker: "w2".into() });
    gives(&mut play, 1, "second:0", json!("late"));
    play.at(1.0);

    assert_snapshot!(play.story(), @"
    0s     adopted by w2
    0s     think attempt 1 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown), next at 1s
    0s     rejected: the attempt is no longer running
    1s     think attempt 2 starts
    1s     think call second:0 starts
    1s       → begin think 2 second:0
    ");
    let keys: Vec<String> = play.work.iter().map(|work| work.idempotency_key()).collect();
    assert_eq!(keys.iter().filter(|key| key.ends_with("second:0")).count(), 2);
}

#[test]
fn a_call_that_ended_between_two_crashes_shows_that_the_node_is_not_their_cause() {
    let mut play = Play::new(&rounds(retrying()));
    gives(&mut play, 1, "first", json!(1));
    let _ = play.put(Input::Adopt { worker: "w2".into() });
    play.at(1.0);
    gives(&mut play, 2, "second:0", json!(2));
    play.story();

    let _ = play.put(Input::Adopt { worker: "w3".into() });
    play.at(10.0);
    let _ = play.put(Input::Adopt { worker: "w4".into() });

    assert_snapshot!(play.story(), @"
    1s     adopted by w3
    1s     think attempt 2 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown), next at 3s
    10s    think attempt 3 starts
    10s    think call second:1 starts
    10s      → begin think 3 second:1
    10s    adopted by w4
    10s    think attempt 3 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown)
    10s    think fails
    10s    finished: failed
    ");
}

#[test]
fn a_call_that_ended_before_two_crashes_does_not_excuse_the_one_that_both_made() {
    let mut play = Play::new(&rounds(json!({ "retry_on_failure": true, "retry_count": 5 })));
    gives(&mut play, 1, "first", json!(1));
    gives(&mut play, 1, "second:0", json!(2));
    let _ = play.put(Input::Adopt { worker: "w2".into() });
    play.at(1.0);
    play.story();

    let _ = play.put(Input::Adopt { worker: "w3".into() });

    assert_snapshot!(play.story(), @"
    1s     adopted by w3
    1s     think attempt 2 fails (interrupted: The process stopped during this attempt; whether its work was done is unknown)
    1s     think fails
    1s     finished: failed
    ");
}

#[test]
fn calls_under_way_are_stopped_when_another_one_fails_the_attempt() {
    let mut play = Play::new(&rounds(json!({})));
    gives(&mut play, 1, "first", json!(1));
    play.story();

    ends(&mut play, 1, "second:0", Outcome::failed(Failure::new(ErrorClass::Rejected, "never")));

    assert_snapshot!(play.story(), @"
    0s     think call second:0 fails (rejected: never)
    0s     think attempt 1 fails (rejected: never)
    0s     think fails
    0s     finished: failed
    0s       → stop think 1 second:1
    ");
}

#[test]
fn an_attempt_that_is_handed_back_repeats_the_calls_that_were_under_way() {
    let mut play = Play::new(&rounds(json!({})));
    gives(&mut play, 1, "first", json!(1));
    gives(&mut play, 1, "second:0", json!(2));
    play.story();

    let _ = play.put(Input::Release);
    play.at(1.0);

    assert_snapshot!(play.story(), @"
    0s     think attempt 1 is handed back
    0s       → stop think 1 second:1
    1s     think attempt 2 starts
    1s     think call second:1 starts
    1s       → begin think 2 second:1
    ");
}

#[test]
fn no_call_begins_while_the_execution_is_paused() {
    let mut play = Play::new(&rounds(json!({})));
    let _ = play.put(Input::Pause { by: Actor::USER });
    play.story();

    gives(&mut play, 1, "first", json!(1));
    assert_snapshot!(play.story(), @"0s     think call first gives 1");

    let _ = play.put(Input::Resume { by: Actor::USER });
    assert_snapshot!(play.story(), @"
    0s     resumed
    0s     think call second:0 starts
    0s     think call second:1 starts
    0s       → begin think 1 second:0
    0s       → begin think 1 second:1
    ");
}

#[test]
fn usage_of_calls_is_counted_once_with_their_attempt() {
    let mut play = Play::new(&rounds(json!({})));
    let usage = Some(Arc::new(Usage { input_tokens: 3, output_tokens: 4, ..Usage::default() }));

    for step in ["first", "second:0", "second:1", "third"] {
        ends(&mut play, 1, step, Outcome { usage: usage.clone(), ..Outcome::completed(Payload::null()) });
    }

    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
    assert_eq!((play.execution.usage().input_tokens, play.execution.usage().output_tokens), (12, 16));
}

/// A flow that starts `children` of a flow with one node, two at a time.
fn family(settings: Value, children: u32) -> (Pinned, Accepted) {
    family_with(settings, json!({ "children": children }), &[])
}

/// The same with these keys of its node, beside other nodes.
fn family_with(settings: Value, mut node: Value, others: &[Value]) -> (Pinned, Accepted) {
    let child = version(&json!({
        "name": "Child", "flow_definition": { "nodes": [{ "id": "work", "type": "action", "action": "echo" }] },
    }));
    let flow_id = steadflow_core::ids::FlowId::new(uuid::Uuid::from_u128(2));
    let child = Arc::new(FlowVersion::new(child.tenant, flow_id, 3, child.flow.clone(), child.limits));
    for (key, value) in [("id", "all"), ("type", "test_family"), ("flow_id", &child.flow_id.to_string())] {
        node[key] = json!(value);
    }
    node["at_once"] = json!(2);
    let flows = BTreeMap::from([(child.flow_id, child.version)]);
    let children = Some(Arc::new(BTreeMap::from([(child.flow_id, child)])));
    let mut document = flow(settings, &node);
    document["flow_definition"]["nodes"].as_array_mut().expect("a list").extend_from_slice(others);
    let pinned = Pinned { flow: version(&document), children, agents: None, cipher: None };
    (pinned, Accepted { flows, ..accepted() })
}

fn completed(result: Value) -> ChildEnd {
    let result = Some(Payload::from_value(&result));
    ChildEnd { status: ExecutionStatus::Completed, result, message: None, class: None }
}

fn failed(message: &str) -> ChildEnd {
    let (class, message) = (Some(ErrorClass::Connection), Some(message.into()));
    ChildEnd { status: ExecutionStatus::Failed, result: None, message, class }
}

fn child_ends(play: &mut Play, child: u32, end: ChildEnd) {
    let node = play.index("all");
    let _ = play.put(Input::ChildEnded { node, child, end });
}

#[test]
fn children_run_some_at_a_time_and_each_end_counts_once() {
    let (pinned, accepted) = family(json!({}), 3);
    let mut play = Play::of(pinned, accepted);

    child_ends(&mut play, 1, completed(json!("b")));
    child_ends(&mut play, 1, completed(json!("again")));
    child_ends(&mut play, 0, completed(json!("a")));
    child_ends(&mut play, 2, completed(json!("c")));

    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     all attempt 1 starts
    0s     all starts 2 children
    0s     all has the end of child 1: completed
    0s     all starts 1 children
    0s     rejected: the node does not wait for this child
    0s     all has the end of child 0: completed
    0s     all has the end of child 2: completed
    0s     all completes with ["a","b","c"]
    0s     finished: completed
    "#);
}

#[test]
fn a_child_that_fails_ends_the_attempt_and_its_siblings_and_the_next_attempt_starts_what_is_missing() {
    let (pinned, accepted) = family(retrying(), 3);
    let mut play = Play::of(pinned, accepted);
    child_ends(&mut play, 0, completed(json!("a")));
    play.story();

    child_ends(&mut play, 1, failed("no"));
    play.at(1.0);
    child_ends(&mut play, 2, completed(json!("late")));
    child_ends(&mut play, 3, completed(json!("b")));
    child_ends(&mut play, 4, completed(json!("c")));

    assert_snapshot!(play.story(), @r#"
    0s     all has the end of child 1: failed
    0s     all attempt 1 fails (connection: A child is failed: no), next at 1s
    0s       → send 5686 cancel: Cancelled with the execution that started this one
    1s     all attempt 2 starts
    1s     all starts 2 children
    1s     rejected: the node does not wait for this child
    1s     all has the end of child 3: completed
    1s     all has the end of child 4: completed
    1s     all completes with ["a","b","c"]
    1s     finished: completed
    "#);
}

/// The copy that follows an execution for a reader keeps what happened, without the values.
#[test]
fn what_calls_and_children_returned_is_shed() {
    let mut calls = Play::new(&rounds(json!({})));
    gives(&mut calls, 1, "first", json!("large"));
    ends(&mut calls, 1, "second:0", Outcome::failed(Failure::new(ErrorClass::Connection, "no")));
    let (pinned, accepted) = family(json!({}), 2);
    let mut children = Play::of(pinned, accepted);
    child_ends(&mut children, 0, completed(json!("large")));
    let shed = |play: &mut Play| {
        play.execution.shed([NodeIndex(0)], |_, _| None);
        play.execution.node(NodeIndex(0)).clone()
    };

    let (steps, children) = (shed(&mut calls).steps, shed(&mut children).children().clone());

    assert_eq!(steps[0].result, Some(StepResult::Completed(Payload::null())));
    assert_eq!(steps[0].input, None);
    assert!(matches!(&steps[1].result, Some(StepResult::Failed { message, .. }) if &**message == "no"));
    let end = ChildEnd { result: None, ..completed(json!("large")) };
    assert_eq!(children.get(0).unwrap().state, ChildState::Ended(end));
    assert_eq!(children.get(1).unwrap().state, ChildState::Running);
}

#[test]
fn null_is_still_a_value_after_it_was_stored() {
    let (node, null) = (NodeIndex(0), Some(Payload::null()));
    let events = [
        Event::ChildEnded { node, child: 0, end: completed(Value::Null) },
        Event::AttemptStarted { node, attempt: Attempt::FIRST, input: null.clone(), reserved: None },
        Event::StepStarted {
            node,
            step: StepKey::new("first"),
            input: null,
            stop_at: None,
            tokens: None,
            tool: None,
            reserved: None,
        },
        Event::ChildEnded { node, child: 1, end: failed("no") },
    ];

    let stored = serde_json::to_string(&events).unwrap();

    assert_eq!(serde_json::from_str::<Vec<Event>>(&stored).unwrap(), events, "{stored}");
}

#[test]
fn a_crash_does_not_touch_children() {
    let (pinned, accepted) = family(json!({}), 2);
    let mut play = Play::of(pinned, accepted);
    play.story();

    let _ = play.put(Input::Adopt { worker: "w2".into() });
    child_ends(&mut play, 0, completed(json!("a")));

    assert_snapshot!(play.story(), @"
    0s     adopted by w2
    0s     all has the end of child 0: completed
    ");
    assert!(!play.execution.has_call_in_flight());
    assert_eq!(play.execution.waiting_for().map(|wait| wait.as_str()), Some("child"));
}

#[test]
fn a_cancel_and_a_timeout_go_down_to_children() {
    let (pinned, accepted) = family(json!({ "timeout_seconds": 5 }), 2);
    let mut timed_out = Play::of(pinned.clone(), accepted.clone());
    let mut cancelled = Play::of(pinned, accepted);
    timed_out.story();
    cancelled.story();

    timed_out.at(5.0);
    let _ = cancelled.put(Input::Cancel { message: "Enough".into(), by: Actor::USER });

    assert_snapshot!(timed_out.story(), @"
    5s     finished: failed
    5s       → send eb24 cancel: Cancelled with the execution that started this one
    5s       → send face cancel: Cancelled with the execution that started this one
    ");
    assert_snapshot!(cancelled.story(), @"
    0s     finished: cancelled
    0s       → send eb24 cancel: Cancelled with the execution that started this one
    0s       → send face cancel: Cancelled with the execution that started this one
    ");
    let children = &cancelled.execution.nodes()[0].children();
    assert!(children.iter().all(|child| child.state == ChildState::Abandoned));
}

#[test]
fn a_child_knows_its_parent_inherits_its_deadline_and_reports_its_end() {
    let (pinned, accepted) = family(json!({ "timeout_seconds": 60 }), 1);
    let mut parent = Play::of(pinned, accepted);
    let NewExecution { id, pinned, accepted } = parent.children.remove(0);
    let deadline = parent.execution.deadline();
    let above = Parent {
        execution: parent.execution.id(),
        node: NodeIndex(0),
        child: 0,
        depth: 1,
        body: None,
        subflow: Some(NodeId::new("all")),
        index: 0,
        within: vec![parent.execution.accepted().flow],
        deadline,
        is_encrypted: false,
    };
    let wanted = Accepted {
        flow: pinned.flow.flow_id,
        version: 3,
        triggered_by: "parent".into(),
        actor: accepted.actor.clone(),
        parent: Some(Box::new(above)),
        ..parent.execution.accepted().clone()
    };
    assert_eq!(accepted, wanted);
    assert_eq!(accepted.actor.kind, ActorKind::Parent);

    let mut decision = Decision::default();
    let mut child = Execution::accept(id, pinned, accepted, START, &mut decision);
    child.decide(Input::Start, START, &mut decision).expect("it starts");
    assert_eq!(child.deadline(), parent.execution.deadline());
    let mut decision = Decision::default();
    child.decide(Input::Tick, child.deadline().expect("it has one"), &mut decision).expect("it is due");

    assert_eq!(child.status(), ExecutionStatus::Failed);
    let reported = &decision.signals[0];
    assert_eq!(reported.to, parent.execution.id());
    let Signal::ChildEnded { child: 0, end, .. } = &reported.signal else { panic!("{reported:?}") };
    assert_eq!(
        end.message.as_deref(),
        Some("Stopped at the deadline of the execution that started this one")
    );
}

#[test]
fn a_child_starts_with_what_its_node_gives_it_where_its_parent_runs() {
    let (pinned, accepted) = family_with(json!({}), json!({ "children": 3, "trigger_data": "given" }), &[]);
    let mut play = Play::of(pinned, accepted);

    play.put(Input::Adopt { worker: "w2".into() }).expect("it runs");
    child_ends(&mut play, 0, completed(json!("a")));

    let given: Vec<(&str, &str)> = play
        .children
        .iter()
        .map(|child| (child.accepted.trigger_data.as_str(), &*child.accepted.worker))
        .collect();
    assert_eq!(given, [("\"given\"", "w1"), ("\"given\"", "w1"), ("\"given\"", "w2")]);
}

#[test]
fn a_child_starts_from_nothing_that_its_parent_reuses_or_retries() {
    let (pinned, accepted) = family(json!({}), 1);
    let retried = Accepted {
        retry_of: Some(ExecutionId::new(uuid::Uuid::from_u128(9))),
        reused: BTreeMap::from([(NodeId::new("work"), Payload::null())]),
        ..accepted
    };

    let child = Play::of(pinned, retried).children.remove(0).accepted;

    assert_eq!((child.retry_of, child.reused), (None, BTreeMap::new()));
}

#[test]
fn a_child_says_whose_deadline_ended_it() {
    let message = |seconds: u64| {
        let flow = version(&rounds(json!({ "timeout_seconds": seconds })));
        let (execution, node) = (ExecutionId::new(uuid::Uuid::from_u128(9)), NodeIndex(0));
        let deadline = Some(START.plus(Duration::from_secs(60)));
        let parent = Parent {
            execution,
            node,
            child: 0,
            depth: 1,
            body: None,
            subflow: None,
            index: 0,
            within: Vec::new(),
            deadline,
            is_encrypted: false,
        };
        let mut child = Play::of(flow, Accepted { parent: Some(Box::new(parent)), ..accepted() });
        child.at(60.0);
        child.execution.error().map(|error| error.message.to_string())
    };

    assert_eq!(message(30).as_deref(), Some("Flow execution timed out after 30 seconds"));
    let of_parent = "Stopped at the deadline of the execution that started this one";
    assert_eq!(message(90).as_deref(), Some(of_parent));
}

#[test]
fn a_child_that_the_same_decision_would_start_and_cancel_is_not_started() {
    let fails = json!({ "id": "b", "type": "action", "action": "fail", "input": { "message": "no" } });
    let (pinned, accepted) = family_with(json!({}), json!({ "children": 1 }), &[fails]);

    let mut play = Play::of(pinned, accepted);

    assert_eq!(play.children.len(), 0);
    assert_snapshot!(play.story(), @"
    0s     accepted
    0s     started
    0s     all attempt 1 starts
    0s     all starts 1 children
    0s     b attempt 1 starts
    0s     b attempt 1 fails (internal: no)
    0s     b fails
    0s     finished: failed
    ");
}

#[test]
fn as_many_children_as_there_may_be_start_and_no_more() {
    let status = |children: u32| {
        let (mut pinned, accepted) = family(json!({}), children);
        let limits = Limits { children_max: 3, ..Limits::DEFAULT };
        pinned.flow = Arc::new(with_limits(&pinned.flow, limits));
        let mut play = Play::of(pinned, accepted);
        for child in 0..children {
            child_ends(&mut play, child, completed(json!(child)));
        }
        play.execution.error().map(|error| error.message.to_string())
    };

    assert_eq!(status(3), None);
    let message = "Node `all` failed after 1 attempt: The node starts 4 executions; the limit is 3";
    assert_eq!(status(4).as_deref(), Some(message));
}

#[test]
fn more_levels_than_there_may_be_fail_the_node() {
    let shown = |depth: u16| {
        let (pinned, mut accepted) = family(json!({}), 1);
        let (execution, node) = (ExecutionId::new(uuid::Uuid::from_u128(9)), NodeIndex(0));
        let above = Parent {
            execution,
            node,
            child: 0,
            depth,
            body: None,
            subflow: None,
            index: 0,
            within: Vec::new(),
            deadline: None,
            is_encrypted: false,
        };
        accepted.parent = Some(Box::new(above));
        Play::of(pinned, accepted).shown()
    };

    assert_snapshot!(shown(15), @"
    running
    all: running
    ");
    assert_snapshot!(shown(16), @"
    failed: Node `all` failed after 1 attempt: The execution would be 17 levels deep; the limit is 16
    all: failed, The execution would be 17 levels deep; the limit is 16
    ");
}

#[test]
fn a_flow_that_did_not_exist_at_acceptance_fails_the_node() {
    let (pinned, accepted) = family(json!({}), 1);

    let play = Play::of(Pinned { children: None, ..pinned }, accepted);

    assert_snapshot!(play.shown(), @"
    failed: Node `all` failed after 1 attempt: There was no flow 00000000-0000-0000-0000-000000000002 when this execution was accepted
    all: failed, There was no flow 00000000-0000-0000-0000-000000000002 when this execution was accepted
    ");
}

#[test]
fn the_retry_of_a_child_has_no_parent() {
    let failing = flow(
        json!({}),
        &json!({ "id": "a", "type": "action", "action": "fail", "input": { "message": "no" } }),
    );
    let execution = ExecutionId::new(uuid::Uuid::from_u128(9));
    let parent = Parent {
        execution,
        node: NodeIndex(0),
        child: 0,
        depth: 1,
        body: None,
        subflow: None,
        index: 0,
        within: Vec::new(),
        deadline: None,
        is_encrypted: false,
    };
    let of_parent = Accepted { parent: Some(Box::new(parent)), ..accepted() };
    let play = Play::of(version(&failing), of_parent);
    assert_eq!(play.execution.status(), ExecutionStatus::Failed);

    let plan = play.execution.retry_plan(RetryMode::FromStart, &version(&failing));
    let retried = play.execution.retried(plan, None, Actor::USER, "w2".into());

    assert_eq!(retried.parent, None, "its end would be reported to the parent a second time");
    assert_eq!(retried.retry_of, Some(play.execution.id()));
}
