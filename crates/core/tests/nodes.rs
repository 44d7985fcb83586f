//! What nodes read, what is recorded of them, and what a journal may say of them.

use crate::support::{Play, START, accepted, version};
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::event::{Accepted, ChildEnd, Event, Record, Resolution, StepResult};
use steadflow_core::execution::{EdgeState, Execution, ExecutionStatus, Input, Rejected};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{AgentId, Attempt, ExecutionId, NodeId, NodeIndex, StepKey};
use steadflow_core::limits::Limits;
use steadflow_core::node::HttpInput;
use steadflow_core::payload::Payload;
use steadflow_core::work::Task;

const NODE: NodeIndex = NodeIndex(0);

fn flow(nodes: &[Value]) -> Value {
    let edges: Vec<Value> =
        nodes.windows(2).map(|pair| json!({ "from": pair[0]["id"], "to": pair[1]["id"] })).collect();
    json!({ "name": "Nodes", "flow_definition": { "nodes": nodes, "edges": edges } })
}

fn echo(settings: Value) -> Value {
    let mut node = json!({ "id": "a", "type": "action", "action": "echo" });
    node.as_object_mut().expect("an object").append(&mut settings.as_object().expect("an object").clone());
    node
}

fn failure(message: &str) -> Failure {
    Failure::new(ErrorClass::Connection, message)
}

#[test]
fn what_started_the_flow_passes_through_trigger_and_merge() {
    let nodes = [json!({ "id": "start", "type": "trigger" }), json!({ "id": "join", "type": "merge" })];

    let play = Play::new(&flow(&nodes));

    let outputs: Vec<_> = play.execution.nodes().iter().map(|node| node.output.clone()).collect();
    let data = Some(Payload::from_value(&json!({ "k": 1 })));
    assert_eq!(outputs, [data.clone(), data]);
}

#[test]
fn the_edges_of_a_condition_ask_for_what_it_gives() {
    let transform = |id: &str| json!({ "id": id, "type": "action", "action": "transform", "input": 1 });
    let ran = |limit: i64| {
        let condition =
            json!({ "id": "is", "type": "condition", "condition": format!("trigger_data.k > {limit}") });
        let nodes = [echo(json!({})), condition, transform("yes"), transform("no"), transform("behind")];
        let edges = [
            json!({ "from": "a", "to": "is" }),
            json!({ "from": "is", "to": "yes", "condition": true }),
            json!({ "from": "is", "to": "no", "condition": false }),
            json!({ "from": "no", "to": "behind" }),
        ];
        let flow = json!({ "name": "Nodes", "flow_definition": { "nodes": nodes, "edges": edges } });
        let mut play = Play::new(&flow);
        play.completes("a", json!(1));
        let ran: Vec<bool> = play.execution.nodes().iter().map(|node| node.output.is_some()).collect();
        assert_eq!(play.execution.status(), ExecutionStatus::Completed);
        (ran, play.execution.edges().iter().map(|edge| *edge == EdgeState::Taken).collect::<Vec<_>>())
    };

    // What is behind a node that is skipped is skipped too.
    assert_eq!(ran(0), (vec![true, true, true, false, false], vec![true, true, false, false]));
    assert_eq!(ran(1), (vec![true, true, false, true, true], vec![true, false, true, true]));
}

#[test]
fn an_agent_is_called_in_the_version_that_the_execution_is_pinned_to() {
    let agent = AgentId::new(uuid::Uuid::from_u128(5));
    let node = json!({ "id": "a", "type": "agent", "agent_id": agent.to_string(), "skill": "s" });
    let mut accepted = accepted();
    accepted.agents.insert(agent, 7);

    let play = Play::of(version(&flow(&[node])), accepted);

    let Task::Skill { agent_id, version, skill } = &play.work[0].task else { panic!("it calls a skill") };
    assert_eq!((*agent_id, *version, &**skill), (agent, Some(7), "s"));
}

#[test]
fn the_input_that_is_shown_of_a_node_without_attempts_is_the_constant_one() {
    let shown = |input: Value| {
        let version = version(&flow(&[echo(json!({ "input": input }))]));
        version.flow.graph.node(NODE).kind.room().shown_input(None).cloned()
    };

    assert_eq!(shown(json!({ "k": 1 })), Some(Payload::from_value(&json!({ "k": 1 }))));
    assert_eq!(shown(json!("${trigger_data.k}")), None);
}

#[test]
fn the_input_that_is_shown_of_a_transform_is_its_output() {
    let output = Payload::from_value(&json!(1));
    for (input, shown) in [(json!(2), json!(2)), (json!("${trigger_data.k}"), json!(1))] {
        let transform = json!({ "id": "a", "type": "action", "action": "transform", "input": input });
        let version = version(&flow(&[transform]));

        let room = version.flow.graph.node(NODE).kind.room();

        assert_eq!(room.shown_input(Some(&output)), Some(&Payload::from_value(&shown)));
    }
}

#[test]
fn what_any_kind_reads_must_be_there() {
    let action = |action: &str, input: Value| json!({ "type": "action", "action": action, "input": input });
    let agent_id = uuid::Uuid::from_u128(5).to_string();
    for (node, pointer) in [
        (
            json!({ "type": "agent", "agent_id": agent_id, "skill": "s", "input": { "x": "${gone.x}" } }),
            "input/x",
        ),
        (json!({ "type": "condition", "condition": "gone.x" }), "condition"),
        (json!({ "type": "switch", "cases": [{ "name": "a", "condition": "gone.x" }] }), "cases/0/condition"),
        (json!({ "type": "delay", "delay_seconds": "${gone.x}" }), "delay_seconds"),
        (json!({ "type": "delay", "until": "${gone.x}" }), "until"),
        (action("http_request", json!({ "url": "https://x.example/${gone.x}" })), "input/url"),
        (action("transform", json!(["${gone.x}"])), "input/0"),
        (action("echo", json!("${gone.x}")), "input"),
        (action("fail", json!({ "message": "${gone.x}" })), "input/message"),
    ] {
        let mut node = node;
        node["id"] = json!("a");

        let faults = Flow::parse(&flow(&[node]), &Limits::DEFAULT).expect_err("no node has that name");

        let [fault] = &*faults else { panic!("{faults:?}") };
        assert_eq!(fault.pointer, format!("/flow_definition/nodes/0/{pointer}"));
        assert!(fault.message.contains("there is no node `gone`"), "{fault}");
    }
}

#[test]
fn the_example_of_a_flow_is_that_of_its_trigger() {
    let example = |nodes: &[Value]| version(&flow(nodes)).flow.graph.trigger_example().cloned();
    let trigger = json!({ "id": "start", "type": "trigger", "example": { "k": 1 } });

    assert_eq!(example(&[echo(json!({}))]), None);
    assert_eq!(example(&[trigger, echo(json!({}))]), Some(Payload::from_value(&json!({ "k": 1 }))));
}

#[test]
fn values_in_a_request_are_encoded_as_its_url_and_its_form_need_it() {
    for (content_type, body) in [
        ("application/x-www-form-urlencoded; charset=utf-8", "a=%C3%A4%26b"),
        ("text/plain", "a=ä&b"),
        ("application/json", "a=ä&b"),
    ] {
        let input = json!({
            "url": "https://x.example/${'ä&b'}",
            "headers": { "Content-Type": content_type }, "body": "a=${'ä&b'}",
        });
        let request = json!({ "id": "a", "type": "action", "action": "http_request", "input": input });

        let play = Play::new(&flow(&[request]));

        let input = play.work[0].input.to_value().expect("it is JSON");
        assert_eq!((&input["url"], &input["body"]), (&json!("https://x.example/%C3%A4%26b"), &json!(body)));
    }
}

#[test]
fn a_request_says_who_calls_once() {
    for (auth, headers, is_read) in [
        (json!(null), json!({ "Authorization": "x" }), true),
        (json!({ "type": "bearer", "token": "t" }), json!({ "Accept": "x" }), true),
        (json!({ "type": "bearer", "token": "t" }), json!({ "AUTHORIZATION": "x" }), false),
    ] {
        let input = json!({ "url": "https://x.example", "auth": auth, "headers": headers });

        assert_eq!(HttpInput::read(&input).is_ok(), is_read, "{input}");
    }
}

#[test]
fn only_nodes_that_take_attempts_and_do_not_reuse_an_output_have_one() {
    let transform = json!({ "id": "a", "type": "action", "action": "transform", "input": 1 });
    let attempts = |node: Value, reused: &[(&str, Value)]| {
        let mut accepted = accepted();
        accepted.reused =
            reused.iter().map(|(id, output)| (NodeId::new(*id), Payload::from_value(output))).collect();
        let play = Play::of(version(&flow(&[node])), accepted);
        assert_eq!(play.execution.status(), ExecutionStatus::Completed);
        play.execution.node(NODE).attempts.len()
    };

    assert_eq!(attempts(transform.clone(), &[]), 1);
    assert_eq!(attempts(transform, &[("a", json!(2))]), 0);
    assert_eq!(attempts(json!({ "id": "a", "type": "merge" }), &[]), 0);
    let mut called = Play::new(&flow(&[echo(json!({}))]));
    called.completes("a", json!(1));
    assert_eq!(called.execution.node(NODE).attempts.len(), 1);
}

#[test]
fn what_does_not_fit_is_rejected_with_the_reason() {
    let mut play = Play::new(&flow(&[echo(json!({}))]));
    let (by, node) = (Actor::USER, NodeId::new("b"));
    let unknown = Input::RetryNow { node: node.clone(), by: by.clone() };
    let running = Rejected::WrongStatus(ExecutionStatus::Running);

    assert_eq!(play.put(Input::Start), Err(running.clone()));
    assert_eq!(play.put(Input::Resume { by }), Err(running));
    play.completes("a", json!(1));

    assert_eq!(play.put(Input::Start), Err(Rejected::Finished(ExecutionStatus::Completed)));
    assert_eq!(play.put(unknown), Err(Rejected::NoSuchNode(node)));
}

#[test]
fn a_retry_by_a_person_grants_all_retries_once_more() {
    let settings = json!({ "on_exhausted": "ask", "retry": { "enabled": true, "count": 1 } });
    let mut play = Play::new(&flow(&[echo(settings)]));
    play.fails("a", failure("one")).at(1.0).fails("a", failure("two"));
    assert!(play.execution.node(NODE).next_retry_at().is_none(), "it asks");

    play.resolves("a", Resolution::Retry).fails("a", failure("three"));

    assert!(play.execution.node(NODE).next_retry_at().is_some(), "one more is left");
}

#[test]
fn a_retry_by_a_person_begins_with_the_resume() {
    let settings = json!({ "on_exhausted": "ask", "retry": { "enabled": false } });
    let mut play = Play::new(&flow(&[echo(settings)]));
    play.fails("a", failure("one")).put_any(Input::Pause { by: Actor::USER });

    play.resolves("a", Resolution::Retry);
    assert_eq!(play.work.len(), 1);
    play.put_any(Input::Resume { by: Actor::USER });

    assert_eq!(play.work.len(), 2);
}

#[test]
fn a_person_says_why_a_node_fails() {
    let settings = json!({ "on_exhausted": "ask", "retry": { "enabled": false } });
    let mut play = Play::new(&flow(&[echo(settings)]));
    play.fails("a", failure("one"));

    play.resolves("a", Resolution::Fail { message: "The vendor is closed".into() });

    assert_eq!(play.execution.status(), ExecutionStatus::Failed);
    assert_eq!(play.execution.node(NODE).error_message.as_deref(), Some("The vendor is closed"));
}

#[test]
fn the_result_is_what_the_last_nodes_gave_that_ran() {
    let transform =
        |id: &str, input: Value| json!({ "id": id, "type": "action", "action": "transform", "input": input });
    let edge = |from: &str, to: &str| json!({ "from": from, "to": to });
    let result = |nodes: &[Value], edges: &[Value]| {
        let flow = json!({ "name": "Nodes", "flow_definition": { "nodes": nodes, "edges": edges } });
        let play = Play::new(&flow);
        assert_eq!(play.execution.status(), ExecutionStatus::Completed);
        play.execution.result().map(|result| result.as_str().to_owned())
    };
    let (a, b) = (transform("a", json!(1)), transform("b", json!(2)));

    assert_eq!(result(&[a.clone(), b.clone()], &[edge("a", "b")]).as_deref(), Some("2"));
    assert_eq!(result(&[a.clone(), b.clone()], &[]).as_deref(), Some(r#"{"a":1,"b":2}"#));
    let never = json!({ "from": "a", "to": "b", "condition": "1 > 2" });
    assert_eq!(result(&[a, b], &[never]).as_deref(), Some("1"));
    let mut running = Play::new(&flow(&[echo(json!({}))]));
    assert_eq!(running.execution.node(NODE).waiting_for(), None, "its call is under way");
    assert_eq!(running.execution.current_node(), Some(NODE));
    assert!(running.execution.result().is_none() && !running.execution.is_retrying());
    assert_eq!((running.execution.created_at(), running.execution.started_at()), (START, Some(START)));
    running.completes("a", json!(3));
    assert_eq!(running.execution.result(), Some(Payload::from_value(&json!(3))));
    assert_eq!((running.execution.completed_at(), running.execution.current_node()), (Some(START), None));
}

/// What is wrong with a journal of a node with several calls that says `events` after its start.
fn refusal(events: &[Event]) -> Option<&'static str> {
    let node = json!({ "id": "think", "type": "test_rounds" });
    let accepted = Event::Accepted(Box::new(accepted()));
    let first = Record(1, START, vec![accepted, Event::Started]);
    let journal = vec![first, Record(2, START, events.to_vec())];
    let id = ExecutionId::new(uuid::Uuid::from_u128(7));
    Execution::replay(id, version(&flow(&[node])), journal).err().map(|corrupt| corrupt.reason)
}

#[test]
fn a_journal_that_no_execution_can_have_written_is_refused() {
    let attempt = Event::AttemptStarted { node: NODE, attempt: Attempt::FIRST, input: None, reserved: None };
    let begun = |key| Event::StepStarted {
        node: NODE,
        step: StepKey::new(key),
        input: None,
        stop_at: None,
        tokens: None,
        tool: None,
        reserved: None,
    };
    let ended = |key| Event::StepEnded {
        node: NODE,
        step: StepKey::new(key),
        result: StepResult::Completed(Payload::null()),
        usage: None,
        unspent: false,
    };
    let child = ChildEnd { status: ExecutionStatus::Completed, result: None, message: None, class: None };
    let child = Event::ChildEnded { node: NODE, child: 0, end: child };
    let skipped = |node| Event::NodeSkipped { node };
    let released = Event::AttemptReleased { node: NODE, attempt: Attempt::FIRST };
    let started = [attempt.clone(), begun("first")];

    assert_eq!(refusal(&[&started[..], &[begun("second"), ended("second"), ended("first")]].concat()), None);
    assert_eq!(refusal(&[begun("first")]), Some("a call or a child began outside an attempt"));
    let not_under_way = Some("a call ended that was not under way");
    assert_eq!(refusal(&[attempt.clone(), ended("first")]), not_under_way);
    assert_eq!(refusal(&[&started[..], &[ended("second")]].concat()), not_under_way);
    assert_eq!(refusal(&[&started[..], &[ended("first"), ended("first")]].concat()), not_under_way);
    assert_eq!(refusal(&[attempt, child]), Some("a child ended that was not under way"));
    assert_eq!(refusal(&[released]), Some("an attempt ended that was not under way"));
    assert_eq!(refusal(&[skipped(NODE), skipped(NODE)]), Some("a node goes on after its end"));
    let unknown = Some("it names a node that the flow version does not have");
    assert_eq!(refusal(&[skipped(NodeIndex(1))]), unknown);
    assert_eq!(refusal(&[Event::Accepted(Box::new(accepted()))]), Some("it was accepted twice"));
}

#[test]
fn a_journal_with_a_gap_and_one_without_a_beginning_are_refused() {
    let replayed = |journal: Vec<Record>| {
        let id = ExecutionId::new(uuid::Uuid::from_u128(7));
        let execution = Execution::replay(id, version(&flow(&[echo(json!({}))])), journal);
        execution.map(|execution| execution.seq()).map_err(|corrupt| (corrupt.seq, corrupt.reason))
    };
    let first = || Record(1, START, vec![Event::Accepted(Box::<Accepted>::new(accepted()))]);
    let started = |seq| Record(seq, START, vec![Event::Started]);

    assert_eq!(replayed(vec![first(), started(2)]), Ok(2));
    assert_eq!(replayed(vec![first(), started(3)]), Err((3, "a record is missing or duplicated")));
    assert_eq!(replayed(vec![first(), started(1)]), Err((1, "a record is missing or duplicated")));
    assert_eq!(replayed(vec![started(1)]), Err((1, "it does not begin with an acceptance")));
    assert_eq!(replayed(Vec::new()), Err((0, "it is empty")));
}
