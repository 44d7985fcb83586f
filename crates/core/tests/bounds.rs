//! What an execution may take in all: steps of evaluations, and bytes of data. A decision that has taken its share ends,
//! and the execution goes on with the next.

use std::sync::Arc;

use crate::support::{self, Play, accepted};
use serde_json::{Value, json};
use steadflow_core::event::{Accepted, Event};
use steadflow_core::execution::{
    Decision, Effect, Execution, ExecutionStatus, FlowVersion, Input, NewExecution, Stopped, TimerReason,
};
use steadflow_core::failure::ErrorClass;
use steadflow_core::flow::Flow;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::work::{CallKey, Outcome};
use uuid::Uuid;

/// Limits under which each decision ends after one node.
const CUT: Limits = Limits { decision_bytes: 1, ..Limits::DEFAULT };

fn transform(id: &str, input: Value) -> Value {
    json!({ "id": id, "type": "action", "action": "transform", "input": input })
}

/// A flow of `nodes`, each of which leads to the next.
fn chain(nodes: &[Value]) -> Value {
    let edge = |pair: &[Value]| json!({ "from": pair[0]["id"], "to": pair[1]["id"] });
    json!({ "name": "Bounds", "flow_definition": { "nodes": nodes, "edges": nodes.windows(2).map(edge).collect::<Vec<_>>() } })
}

/// Starts an execution of `flow` with `trigger_data`.
fn start(flow: &Value, limits: Limits, trigger_data: &Value) -> Play {
    let flow = Flow::parse(flow, &Limits::DEFAULT).unwrap_or_else(|faults| panic!("{faults:?}"));
    let flow_id = FlowId::new(Uuid::from_u128(1));
    let version = FlowVersion::new(TenantId::DEFAULT, flow_id, 1, flow, limits);
    Play::of(Arc::new(version), Accepted { trigger_data: Payload::from_value(trigger_data), ..accepted() })
}

/// Gives the execution its turns until nothing follows by itself.
fn go_on(play: &mut Play) -> usize {
    let is_cut = |play: &Play| matches!(play.execution.next_timer(), Some((_, TimerReason::Cut)));
    (0..1_000).take_while(|_| is_cut(play) && play.put(Input::Tick).is_ok()).count()
}

fn replayed(play: &Play) -> Execution {
    let id = ExecutionId::new(Uuid::from_u128(7));
    Execution::replay(id, play.execution.flow().clone(), play.journal.clone()).expect("the journal is whole")
}

fn error(play: &Play) -> (Option<ErrorClass>, String) {
    let error = play.execution.error().expect("the execution failed");
    (error.class, error.message.to_string())
}

#[test]
fn a_decision_that_has_taken_its_share_leaves_the_rest_to_the_next() {
    let nodes: Vec<Value> =
        (0..5).map(|at| transform(&format!("n{at}"), json!({ "k": "${trigger_data.k}" }))).collect();
    let flow = chain(&nodes);
    let mut play = start(&flow, CUT, &json!({ "k": 7 }));

    // A crash between two of them loses nothing: what follows is derived from the journal.
    while let Some((_, TimerReason::Cut)) = play.execution.next_timer() {
        let stored = replayed(&play);
        assert_eq!(stored.next_timer(), play.execution.next_timer());
        assert!(play.execution.is_cut() && stored.is_cut());
        play.execution = stored;
        play.put(Input::Tick).expect("it is due");
    }

    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
    assert!(!play.execution.is_cut());
    assert_eq!(play.journal.len(), 5);
    assert_eq!(play.execution.result(), start(&flow, Limits::DEFAULT, &json!({ "k": 7 })).execution.result());
}

#[test]
fn a_decision_that_has_spent_its_steps_leaves_the_rest_to_the_next() {
    let nodes: Vec<Value> =
        (0..5).map(|at| transform(&format!("n{at}"), json!("${trigger_data.k + 1}"))).collect();
    let decisions = |decision_fuel: u64| {
        let limits = Limits { decision_fuel, ..Limits::DEFAULT };
        let mut play = start(&chain(&nodes), limits, &json!({ "k": 7 }));
        go_on(&mut play);
        (play.execution.status(), play.journal.len())
    };

    assert_eq!(decisions(1), (ExecutionStatus::Completed, 5));
    assert_eq!(decisions(Limits::DEFAULT.decision_fuel), (ExecutionStatus::Completed, 1));
}

#[test]
fn what_a_decision_left_waits_while_the_execution_is_paused() {
    let mut play = start(&chain(&[transform("a", json!(1)), transform("b", json!(2))]), CUT, &json!({}));
    let by = steadflow_core::caller::Actor::USER;

    play.put(Input::Pause { by: by.clone() }).expect("it runs");
    play.put(Input::Tick).expect("a tick changes nothing");
    let while_paused = (play.execution.next_timer(), play.execution.is_cut(), play.journal.len());
    play.put(Input::Resume { by }).expect("it is paused");
    go_on(&mut play);

    assert_eq!(while_paused, (None, false, 2));
    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
}

#[test]
fn of_what_is_due_each_decision_takes_its_share() {
    let limits = Limits { decision_fuel: 1, ..Limits::DEFAULT };
    let delays = |at: usize| json!({ "id": format!("d{at}"), "type": "delay", "delay_seconds": 1 });
    let edges = |at: usize| json!({ "from": format!("d{at}"), "to": "e", "condition": "trigger_data.k > 1" });
    let end = json!({ "id": "e", "type": "merge", "join": "any" });
    let flow = json!({ "name": "Bounds", "flow_definition": {
        "nodes": (0..3).map(delays).chain([end]).collect::<Vec<_>>(),
        "edges": (0..3).map(edges).collect::<Vec<_>>(),
    } });
    let mut play = start(&flow, limits, &json!({ "k": 1 }));

    let ended = [1.0, 1.0, 1.0].map(|seconds| {
        play.at(seconds);
        play.execution.nodes().iter().filter(|node| node.output.is_some()).count()
    });

    assert_eq!(ended, [1, 2, 3]);
    go_on(&mut play);
    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
}

#[test]
fn of_what_a_pause_held_back_each_decision_takes_its_share() {
    let rounds = |id: &str| json!({ "id": id, "type": "test_rounds", "input": "${trigger_data.k}" });
    let mut flow = chain(&[rounds("a"), rounds("b")]);
    flow["flow_definition"]["edges"] = json!([]);
    let mut play = start(&flow, Limits { decision_bytes: 10, ..Limits::DEFAULT }, &json!({ "k": "12345" }));
    go_on(&mut play);
    let by = steadflow_core::caller::Actor::USER;
    play.put(Input::Pause { by: by.clone() }).expect("it runs");
    for key in play.work.iter().map(|work| work.key()).collect::<Vec<_>>() {
        let outcome = Outcome::completed(Payload::null());
        play.put(Input::StepEnded { call: key, outcome }).expect("it is under way");
    }

    play.put(Input::Resume { by }).expect("it is paused");

    assert_eq!(play.work.len(), 4, "two calls of one node");
    assert_eq!((go_on(&mut play), play.work.len()), (1, 6));
}

#[test]
fn a_decision_that_was_acted_on_makes_room_for_the_next() {
    let mut play = start(&chain(&[transform("a", json!(1)), transform("b", json!(2))]), CUT, &json!({}));
    let mut decision = Decision::default();
    play.execution.decide(Input::Tick, support::START, &mut decision).expect("it goes on");
    assert!(!decision.is_empty() && decision.is_full(&CUT));

    let call = CallKey {
        execution: play.execution.id(),
        node: steadflow_core::ids::NodeIndex(0),
        attempt: steadflow_core::ids::Attempt::FIRST,
        step: steadflow_core::ids::StepKey::ONLY,
    };
    let signal = steadflow_core::inbox::Signal::Resume { by: steadflow_core::caller::Actor::USER };
    decision.signals.push(steadflow_core::inbox::Sending { to: play.execution.id(), signal });
    decision.effects.push(Effect::StopStep(call, Stopped::Unwanted));
    let pinned = play.execution.flow().clone().into();
    decision.children.push(NewExecution { id: play.execution.id(), pinned, accepted: accepted() });

    decision.clear();

    assert!(decision.is_empty() && !decision.is_full(&CUT));
    assert_eq!((decision.signals.len(), decision.effects.len(), decision.children.len()), (0, 0, 0));
}

#[test]
fn what_fills_an_execution_to_its_last_byte_is_kept() {
    let flow = chain(&[transform("a", json!("${trigger_data}")), transform("b", json!(1))]);
    let held = |execution_bytes_max: usize| {
        let play = start(&flow, Limits { execution_bytes_max, ..Limits::DEFAULT }, &json!("four"));
        (play.execution.status(), play.execution.data_bytes())
    };

    assert_eq!(held(13), (ExecutionStatus::Completed, 13));
    assert_eq!(held(12), (ExecutionStatus::Failed, 13));
}

#[test]
fn what_the_last_call_returned_counts_at_once() {
    let rounds = json!({ "id": "a", "type": "test_rounds", "input": 1 });
    let mut play =
        start(&chain(&[rounds]), Limits { execution_bytes_max: 100, ..Limits::DEFAULT }, &json!(1));
    let outcome = Outcome::completed(Payload::from_value(&json!("x".repeat(100))));

    play.put(Input::StepEnded { call: play.work[0].key(), outcome }).expect("it is under way");

    assert_eq!(play.execution.status(), ExecutionStatus::Failed);
    assert_eq!(play.work.len(), 1, "no other call begins");
}

#[test]
fn the_edges_that_leave_a_node_have_steps_of_their_own() {
    let sums = ["(trigger_data | sum)"; 5].join("+");
    let nodes = [transform("a", json!(format!("${{{sums}}}"))), transform("b", json!(1))];
    let items = json!((0..100).collect::<Vec<u32>>());
    let status = |node_fuel: u64, condition: &str| {
        let mut flow = chain(&nodes);
        flow["flow_definition"]["edges"][0]["condition"] = json!(condition);
        start(&flow, Limits { node_fuel, ..Limits::DEFAULT }, &items).execution.status()
    };
    let enough = (1..100).map(|hundreds| hundreds * 100);
    let enough = enough.clone().find(|fuel| status(*fuel, "1 > 0") == ExecutionStatus::Completed);

    assert_eq!(status(enough.expect("it ends") + 100, &format!("{sums} > 0")), ExecutionStatus::Completed);
}

#[test]
fn an_execution_that_holds_too_much_fails_before_it_holds_more() {
    let limits = Limits { execution_bytes_max: 3 << 20, ..Limits::DEFAULT };
    let nodes: Vec<Value> =
        (0..999).map(|at| transform(&format!("n{at}"), json!("${trigger_data}"))).collect();
    let trigger_data = json!("x".repeat(1_000_000));

    let mut play = start(&chain(&nodes), limits, &trigger_data);
    go_on(&mut play);

    let (class, message) = error(&play);
    assert_eq!(class, Some(ErrorClass::OutputTooLarge));
    assert!(message.starts_with("The execution holds more than 3 MiB of data: "), "{message}");
    assert!(play.execution.data_bytes() < (3 << 20) + 1_000_003);
    assert_eq!(replayed(&play).data_bytes(), play.execution.data_bytes());
}

#[test]
fn a_record_has_a_share_of_data_and_what_one_node_adds() {
    let nodes: Vec<Value> =
        (0..12).map(|at| transform(&format!("n{at}"), json!("${trigger_data}"))).collect();
    let mut play = start(&chain(&nodes), Limits::DEFAULT, &json!("x".repeat(1_000_000)));

    go_on(&mut play);

    assert_eq!(play.execution.status(), ExecutionStatus::Completed);
    let bytes_of = |record| serde_json::to_string(record).expect("it can be written").len();
    let largest = play.journal.iter().map(bytes_of).max();
    assert!(largest.is_some_and(|bytes| bytes < Limits::DEFAULT.decision_bytes + 2_000_000), "{largest:?}");
}

#[test]
fn all_expressions_of_a_node_share_their_steps() {
    let limits = Limits { node_fuel: 2_000, ..Limits::DEFAULT };
    let sums: Vec<String> = (0..50).map(|_| "${trigger_data.items | sum}".to_owned()).collect();
    let items: Vec<u32> = (0..100).collect();

    let play = start(&chain(&[transform("sums", json!(sums))]), limits, &json!({ "items": items }));
    let few = start(&chain(&[transform("sums", json!(sums[..5]))]), limits, &json!({ "items": items }));

    let (class, message) = error(&play);
    assert_eq!(class, Some(ErrorClass::Expression));
    assert!(message.contains("takes more than 2000 steps in all"), "{message}");
    assert_eq!(few.execution.status(), ExecutionStatus::Completed);
}

#[test]
fn a_large_value_is_walked_and_read_once_for_all_expressions_of_a_node() {
    let fields: Vec<String> =
        (0..2_000).map(|at| format!("${{trigger_data.list | length}} ${{trigger_data.f{at}}}")).collect();
    let mut trigger_data: serde_json::Map<String, Value> =
        (0..2_000).map(|at| (format!("f{at}"), json!(at))).collect();
    trigger_data.insert("list".into(), json!(vec!["text of forty characters or so, at least"; 10_000]));

    let play = start(&chain(&[transform("all", json!(fields))]), Limits::DEFAULT, &trigger_data.into());

    assert_eq!(play.execution.status(), ExecutionStatus::Completed, "{:?}", play.execution.error());
    let result = play.execution.result().expect("it completed").to_value().expect("it is JSON");
    assert_eq!((&result[0], &result[1_999]), (&json!("10000 0"), &json!("10000 1999")));
}

#[test]
fn the_edges_that_leave_a_node_share_their_steps() {
    let limits = Limits { node_fuel: 300, ..Limits::DEFAULT };
    let targets: Vec<Value> = (0..20).map(|at| transform(&format!("t{at}"), json!(at))).collect();
    let edges: Vec<Value> = (0..20)
        .map(|at| json!({ "from": "first", "to": format!("t{at}"), "condition": "first.items | sum > 3" }))
        .collect();
    let mut flow = chain(&[transform("first", json!({ "items": [1, 2, 3, 4, 5, 6, 7, 8, 9] }))]);
    flow["flow_definition"]["nodes"].as_array_mut().expect("it is a list").extend(targets);
    flow["flow_definition"]["edges"] = json!(edges);

    let play = start(&flow, limits, &json!({}));

    let (class, message) = error(&play);
    assert_eq!(class, Some(ErrorClass::Expression));
    assert!(message.contains("takes more than 300 steps in all"), "{message}");
}

#[test]
fn many_large_outputs_are_not_put_together_only_to_be_refused() {
    let limits = Limits { output_bytes_max: 100, ..Limits::DEFAULT };
    // What is put together has the ids of the nodes too.
    for (chars, bytes) in [(60, 124), (48, 111)] {
        let text = "x".repeat(chars);
        let merge = json!({ "id": "both", "type": "merge" });
        let mut flow = chain(&[transform("a", json!(text)), transform("b", json!(text)), merge]);
        flow["flow_definition"]["edges"] =
            json!([{ "from": "a", "to": "both" }, { "from": "b", "to": "both" }]);

        let (class, message) = error(&start(&flow, limits, &json!({})));

        assert_eq!(class, Some(ErrorClass::OutputTooLarge));
        let wanted = format!("The output has {bytes} bytes; a node may return at most 100");
        assert!(message.contains(&wanted), "{message}");
    }
}

#[test]
fn children_are_started_with_a_bounded_amount_of_data() {
    let family = |limits| {
        let family = json!({ "id": "family", "type": "test_family", "flow_id": Uuid::from_u128(1), "children": 3, "at_once": 3 });
        start(&chain(&[family]), limits, &json!({ "k": 1 }))
    };

    let started =
        |children_bytes_max| family(Limits { children_bytes_max, ..Limits::DEFAULT }).children.len();

    assert_eq!([started(1), started(7), started(20), started(21)], [1, 1, 2, 3]);
}

#[test]
fn what_children_are_started_with_counts_towards_the_decision() {
    let family = |id: &str| json!({ "id": id, "type": "test_family", "flow_id": Uuid::from_u128(1), "children": 3, "at_once": 3 });
    let mut both = chain(&[family("a"), family("b")]);
    both["flow_definition"]["edges"] = json!([]);
    let children = |decision_bytes| {
        let limits = Limits { decision_bytes, ..Limits::DEFAULT };
        start(&both, limits, &json!({ "k": 1 })).children.len()
    };

    assert_eq!([children(21), children(22)], [3, 6], "the data of three children has 21 bytes");
}

#[test]
fn a_result_that_no_node_may_return_is_a_failure_for_the_parent() {
    let mut both = chain(&[transform("a", json!("x".repeat(30))), transform("b", json!("y".repeat(30)))]);
    both["flow_definition"]["edges"] = json!([]);
    let parent = steadflow_core::event::Parent {
        execution: ExecutionId::new(Uuid::from_u128(9)),
        node: steadflow_core::ids::NodeIndex(0),
        child: 0,
        depth: 1,
        body: None,
        subflow: None,
        index: 0,
        within: Vec::new(),
        deadline: None,
        is_encrypted: false,
    };
    let end = |output_bytes_max: usize| {
        let limits = Limits { output_bytes_max, ..Limits::DEFAULT };
        let parsed = Flow::parse(&both, &Limits::DEFAULT).expect("it is a flow");
        let flow_id = FlowId::new(Uuid::from_u128(1));
        let version = FlowVersion::new(TenantId::DEFAULT, flow_id, 1, parsed, limits);
        let accepted = Accepted { parent: Some(Box::new(parent.clone())), ..accepted() };
        let mut decision = Decision::default();
        let id = ExecutionId::new(Uuid::from_u128(7));
        let mut child = Execution::accept(id, Arc::new(version), accepted, support::START, &mut decision);
        child.decide(Input::Start, support::START, &mut decision).expect("it starts");
        let steadflow_core::inbox::Signal::ChildEnded { end, .. } = decision.signals.remove(0).signal else {
            panic!("the parent learns of the end")
        };
        (child.status(), end.status, end.class)
    };

    assert_eq!(end(75), (ExecutionStatus::Completed, ExecutionStatus::Completed, None));
    assert_eq!(
        end(74),
        (ExecutionStatus::Completed, ExecutionStatus::Failed, Some(ErrorClass::OutputTooLarge))
    );
}

#[test]
fn an_adoption_evaluates_for_a_few_nodes_at_most() {
    let limits = Limits { node_fuel: 200, ..Limits::DEFAULT };
    let calls: Vec<Value> = (0..40)
        .map(|at| {
            let retry = json!({ "enabled": true, "count": 2, "do_not_retry_on": ["interrupted"] });
            json!({ "id": format!("c{at}"), "type": "action", "action": "echo", "retry": retry })
        })
        .collect();
    let edges: Vec<Value> = (0..40)
        .map(|at| {
            let condition = "trigger_data.items | sum > 3";
            json!({ "from": format!("c{at}"), "to": "handler", "on": "error", "condition": condition })
        })
        .collect();
    let mut flow = chain(&calls);
    flow["flow_definition"]["nodes"]
        .as_array_mut()
        .expect("it is a list")
        .push(transform("handler", json!(1)));
    flow["flow_definition"]["edges"] = json!(edges);
    let items: Vec<u32> = (0..60).collect();
    let mut play = start(&flow, limits, &json!({ "items": items }));

    play.put(Input::Adopt { worker: "w2".into() }).expect("it runs");

    let failed = play.journal.last().expect("it adopted").2.iter();
    let handled =
        failed.filter(|event| matches!(event, Event::NodeFailed { not_taken, .. } if not_taken.is_empty()));
    assert!((1..10).contains(&handled.count()));
    assert_eq!(play.execution.status(), ExecutionStatus::Failed);
}

#[test]
fn the_memory_of_a_flow_grows_with_what_is_in_it() {
    let with = |input: Value| chain(&[transform("a", input)]);
    let condition = |text: &str| {
        let mut flow = chain(&[transform("a", json!("")), transform("b", json!(""))]);
        flow["flow_definition"]["edges"][0]["condition"] = json!(text);
        flow
    };
    let mut described = with(json!(""));
    described["description"] = json!("x".repeat(10_000));
    let long = "x".repeat(10_000);
    let (path, computed) = ("${trigger_data.a}", "${1 + trigger_data.a * 2}");
    let pattern = "${trigger_data.a | regex_find('a+b')}";

    for (less, more, at_least, at_most) in [
        (with(json!("")), described, 10_000, 10_000),
        (with(json!("")), with(json!(long)), 30_000, 30_000),
        (with(json!("")), with(json!(path)), 200, 500),
        (with(json!([path])), with(json!([path, path])), 200, 500),
        (with(json!(path)), with(json!(computed)), 1_000, 10_000),
        (with(json!([computed])), with(json!([computed, computed])), 1_000, 10_000),
        (with(json!(computed)), with(json!(pattern)), 32_768, 50_000),
        (condition("trigger_data.a"), condition("1 + trigger_data.a * 2"), 1_000, 10_000),
        (with(json!("")), condition("trigger_data.a"), 300, 3_000),
    ] {
        let bytes = |flow: &Value| Flow::parse(flow, &Limits::DEFAULT).expect("it is a flow").bytes();
        let grown = bytes(&more) - bytes(&less);
        assert!((at_least..=at_most).contains(&grown), "{grown} bytes more for {more}");
    }
}
