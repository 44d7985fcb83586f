//! Nodes that are tried by themselves.

use serde_json::{Value, json};

use super::*;
use crate::work::Task;

#[test]
fn work_gets_what_its_template_makes_of_the_pinned_outputs() {
    let call = json!({
        "id": "call", "type": "action", "action": "http_request", "timeout_seconds": 5,
        "input": { "url": "https://a.test/${fetch.id}", "headers": { "Authorization": "${secrets.KEY}" } },
    });
    let pinned = pinned(&[("fetch", json!({ "id": 7 })), ("other", json!(1))]);

    let trial = trial(&[source("fetch"), call], &pinned, "call");

    let Step::Work(work) = trial.step else { panic!("a call is work") };
    assert_eq!((&work.task, work.node_id.as_str()), (&Task::HttpRequest, "call"));
    assert_eq!(
        work.input.as_str(),
        r#"{"url":"https://a.test/7","headers":{"Authorization":"${secrets.KEY}"}}"#
    );
    assert_eq!(trial.input, Some(work.input));
    assert_eq!(work.secrets[0].pointer, "/headers/Authorization");
    assert_eq!(work.stop_at, Some(NOW.plus(Duration::from_secs(5))));
}

#[test]
fn work_may_take_two_minutes_whatever_the_node_says() {
    let echo_with = |timeout: Value| {
        let node = json!({ "id": "echo", "type": "action", "action": "echo", "timeout_seconds": timeout });
        trial(&[source("fetch"), node], &pinned(&[]), "echo").step
    };

    for timeout in [json!(null), json!(3600)] {
        let Step::Work(work) = echo_with(timeout) else { panic!("an echo is dispatched") };
        assert_eq!(work.stop_at, Some(NOW.plus(Duration::from_secs(120))));
    }
}

#[test]
fn nodes_without_work_answer_at_once() {
    let known = |node: Value| known(&[source("fetch"), node], &pinned(&[("fetch", json!({ "risk": 80 }))]));

    insta::assert_snapshot!(
        [
            known(json!({ "id": "n", "type": "condition", "condition": "fetch.risk > 70" })),
            known(json!({ "id": "n", "type": "delay", "delay_seconds": 86_400 })),
            known(json!({ "id": "n", "type": "delay", "until": "2001-01-01T00:00:00Z" })),
            known(json!({ "id": "n", "type": "action", "action": "transform", "input": "${fetch.risk + 1}" })),
            known(json!({ "id": "n", "type": "merge" })),
            known(json!({ "id": "n", "type": "trigger" })),
        ]
        .join("\n"),
        @r#"
    {"condition_result":true}
    {"waited_until":"2027-01-16T08:00:00.000000Z"}
    {"waited_until":"2027-01-15T08:00:00.000000Z"}
    81
    {"risk":80}
    {"vendor":"ACME"}
    "#
    );
}

#[test]
fn join_of_several_pinned_outputs_is_an_object_of_them() {
    let join = json!({ "id": "n", "type": "merge" });
    let nodes = [source("a"), source("b"), source("c"), join];

    let output = known(&nodes, &pinned(&[("a", json!(1)), ("c", json!("x"))]));

    assert_eq!(output, r#"{"a":1,"c":"x"}"#);
}

#[test]
fn what_is_not_pinned_is_named_with_what_to_do() {
    let echo = json!({ "id": "n", "type": "action", "action": "echo", "input": { "risk": "${fetch.risk}" } });
    let handler =
        json!({ "id": "n", "type": "action", "action": "echo", "input": "${nodes.fetch.error.class}" });
    let join = json!({ "id": "n", "type": "merge" });
    let transform =
        json!({ "id": "n", "type": "action", "action": "transform", "input": "${fetch.risk | default(0)}" });

    insta::assert_snapshot!(
        [echo, handler, join, transform].map(|node| known(&[source("fetch"), node], &pinned(&[]))).join("\n"),
        @r"
    expression: `${fetch.risk}`: node `fetch` has no output here; pin one for it
    expression: `${nodes.fetch.error.class}`: node `fetch` has no error here; only outputs can be pinned
    expression: nothing reaches this node: pin an output of `fetch`
    0
    "
    );
}

#[test]
fn missing_field_is_named_with_those_that_are_there() {
    let echo = json!({ "id": "n", "type": "action", "action": "echo", "input": { "risk": "${fetch.risk}" } });

    let failed = known(&[source("fetch"), echo], &pinned(&[("fetch", json!({ "score": 1, "name": "x" }))]));

    insta::assert_snapshot!(failed, @"expression: `${fetch.risk}`: `fetch` has no field `risk`; it has `score`, `name`");
}

#[test]
fn output_that_no_node_may_give_back_is_a_failure() {
    let limits = Limits { output_bytes_max: 8, ..Limits::DEFAULT };
    let nodes = [source("fetch"), json!({ "id": "n", "type": "merge" })];
    let placed = placed(&nodes, "n");

    let trial = Trial::begin(&placed, &pinned(&[("fetch", json!("long enough"))]), &limits, NOW);

    assert_eq!(answer(trial.step), "output_too_large: The output has 13 bytes; a node may return at most 8");
}

#[test]
fn faults_elsewhere_in_the_graph_do_not_matter() {
    let definition = json!({
        "nodes": [
            { "id": "broken", "type": "action", "action": "htp_request" },
            { "id": "n", "type": "action", "action": "echo", "input": "${fetch}" },
            { "id": "fetch", "type": "trigger" },
            7,
        ],
        "edges": [{ "from": "fetch", "to": "n" }, { "from": "n", "to": "gone" }, { "from": "n", "to": "n" }],
    });

    let placed = PlacedNode::parse(&definition, "n", &Limits::DEFAULT).unwrap().unwrap();

    assert_eq!((placed.index.at(), placed.sources), (1, vec![NodeId::new("fetch")]));
    assert!(PlacedNode::parse(&definition, "gone", &Limits::DEFAULT).unwrap().is_none());
}

#[test]
fn faults_of_the_node_itself_do() {
    let definition = json!({
        "nodes": [
            { "id": "broken", "type": "action", "action": "htp_request" },
            { "id": "n", "type": "action", "action": "echo", "input": "${ftch.id}", "timeout_seconds": 0 },
            { "id": "n", "type": "merge" },
            { "id": "fetch", "type": "trigger" },
        ],
    });

    let faults = PlacedNode::parse(&definition, "n", &Limits::DEFAULT).unwrap_err();

    let answers: Vec<String> =
        faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.message)).collect();
    insta::assert_snapshot!(answers.join("\n"), @"
    /flow_definition/nodes/1/timeout_seconds `timeout_seconds` must be a number of seconds, more than 0 and at most 316224000, not 0
    /flow_definition/nodes/2/id node 1 already has the id `n`; ids are unique in a flow
    /flow_definition/nodes/1/input `${ftch.id}`: there is no node `ftch`; did you mean `fetch`?
    ");
}

#[test]
fn an_output_may_be_as_large_as_the_limit() {
    let output = Payload::from_value(&json!("12345"));
    let within = |output_bytes_max| {
        let limits = Limits { output_bytes_max, ..Limits::DEFAULT };
        within_limit(output.clone(), &limits).is_ok()
    };

    assert!(within(7) && !within(6));
}

#[test]
fn a_switch_chooses_its_default_only_where_an_edge_asks_for_it() {
    let case = json!({ "name": "one", "condition": "trigger_data.vendor == 'Other'" });
    let nodes = [json!({ "id": "n", "type": "switch", "cases": [case] }), source("to")];
    let chosen = |case: &str| {
        let edges = [json!({ "from": "n", "to": "to", "condition": case })];
        let definition = json!({ "nodes": nodes, "edges": edges });
        let placed = PlacedNode::parse(&definition, "n", &Limits::DEFAULT).unwrap().unwrap();
        answer(Trial::begin(&placed, &pinned(&[]), &Limits::DEFAULT, NOW).step)
    };

    assert_eq!(chosen("default"), r#"{"case":"default"}"#);
    assert!(chosen("one").contains("no edge that leaves it asks for `default`"), "{}", chosen("one"));
}

#[test]
fn all_that_a_node_evaluates_shares_its_steps() {
    let limits = Limits { node_fuel: 2_000, ..Limits::DEFAULT };
    let items: Vec<u32> = (0..100).collect();
    let pinned = pinned(&[("fetch", json!({ "items": items }))]);
    let tried = |count: usize| {
        let case = |at| json!({ "name": format!("c{at}"), "condition": "fetch.items | sum < 0" });
        let cases: Vec<Value> = (0..count).map(case).collect();
        let nodes = [source("fetch"), json!({ "id": "n", "type": "switch", "cases": cases })];
        answer(Trial::begin(&placed(&nodes, "n"), &pinned, &limits, NOW).step)
    };

    assert!(tried(2).contains("No case of the switch holds"), "{}", tried(2));
    assert!(tried(50).contains("takes more than 2000 steps in all"), "{}", tried(50));
}

#[test]
fn an_agent_is_tried_in_its_current_version() {
    let agent = Uuid::from_u128(5).to_string();
    let nodes = [json!({ "id": "n", "type": "agent", "agent_id": agent, "skill": "s" })];

    let Step::Work(work) = trial(&nodes, &pinned(&[]), "n").step else { panic!("it makes a call") };

    let Task::Skill { version, .. } = work.task else { panic!("it asks for a skill") };
    assert_eq!(version, None);
}

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn source(id: &str) -> Value {
    json!({ "id": id, "type": "action", "action": "echo" })
}

fn pinned(outputs: &[(&str, Value)]) -> Pinned {
    let outputs = outputs.iter().map(|(id, output)| (NodeId::new(*id), Payload::from_value(output)));
    Pinned {
        tenant: TenantId::DEFAULT,
        execution: ExecutionId::new(Uuid::from_u128(1)),
        trigger_data: Payload::from_value(&json!({ "vendor": "ACME" })),
        context_id: None,
        context_type: None,
        outputs: outputs.collect(),
    }
}

/// Places the last of `nodes`, to which all others lead unless it starts the flow.
fn placed(nodes: &[Value], id: &str) -> PlacedNode {
    let to = nodes.last().filter(|node| node["type"] != "trigger");
    let from = nodes.iter().take(nodes.len() - 1);
    let edges: Vec<Value> = to
        .map_or_else(Vec::new, |to| from.map(|from| json!({ "from": from["id"], "to": to["id"] })).collect());
    let definition = json!({ "nodes": nodes, "edges": edges });
    let placed = PlacedNode::parse(&definition, id, &Limits::DEFAULT);
    placed.expect("the node has no faults").expect("the node is there")
}

fn trial(nodes: &[Value], pinned: &Pinned, id: &str) -> Trial {
    Trial::begin(&placed(nodes, id), pinned, &Limits::DEFAULT, NOW)
}

/// What the node `n` answers at once.
fn known(nodes: &[Value], pinned: &Pinned) -> String {
    answer(trial(nodes, pinned, "n").step)
}

fn answer(step: Step) -> String {
    match step {
        Step::Known(Ok(output)) => output.as_str().to_owned(),
        Step::Known(Err(failure)) => format!("{}: {}", failure.class, failure.message),
        Step::Work(_) => "work".to_owned(),
    }
}
