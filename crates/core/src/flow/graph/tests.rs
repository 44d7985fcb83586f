//! Graphs that are refused, and why.

use serde_json::{Value, json};

use crate::flow::{Flow, Graph};
use crate::limits::Limits;

#[test]
fn edges_that_lead_nowhere_or_twice_are_refused() {
    let document = flow(
        &["scan", "score", "notify"],
        json!([
            { "from": "scan", "to": "score" },
            { "from": "scan", "to": "score", "condition": null },
            { "from": "scan", "to": "score", "on": "error" },
            { "from": "scan", "to": "score", "condition": "scan.ok" },
            { "from": "score", "to": "score" },
            { "from": "scroe", "to": "notify" },
            { "from": "score", "to": "publish" },
            { "to": "notify", "on": "failure" },
            { "from": "score", "to": "notify", "condition": true },
            { "from": "score", "to": "notify", "condition": "score.x >" },
            7,
            { "from": "scan", "to": "score" },
        ]),
    );

    insta::assert_snapshot!(faults(&document), @r#"
    /flow_definition/edges/5/from there is no node `scroe`; did you mean `score`?
    /flow_definition/edges/6/to there is no node `publish`
    /flow_definition/edges/7/from an edge needs `from`: the id of a node
    /flow_definition/edges/7/on `on` must be one of `completed`, `error`, not "failure"
    /flow_definition/edges/8/condition plain true or false asks for a condition node's result, and this edge follows none
    /flow_definition/edges/9/condition `${score.x >}`: unexpected end of input, expected expression
    /flow_definition/edges/10 an object is needed here, not 7
    /flow_definition/edges/1 this edge is the same as edge 0
    /flow_definition/edges/4 an edge leads from `score` to itself
    /flow_definition/edges/11 this edge is the same as edge 0
    "#);
}

#[test]
fn a_cycle_is_named_whole() {
    let document = flow(
        &["a", "b", "c", "d", "e"],
        json!([
            { "from": "a", "to": "b" },
            { "from": "b", "to": "c" },
            { "from": "c", "to": "b" },
            { "from": "c", "to": "d" },
            { "from": "d", "to": "a" },
            { "from": "d", "to": "e" },
        ]),
    );

    insta::assert_snapshot!(faults(&document), @"
    /flow_definition/edges/2 this edge closes a cycle: b → c → b
    /flow_definition/edges/4 this edge closes a cycle: a → b → c → d → a
    ");
}

#[test]
fn ids_are_unique_and_triggers_come_first() {
    let document = json!({ "name": "x", "flow_definition": {
        "nodes": [
            { "id": "a", "type": "trigger" }, { "id": "b", "type": "merge" }, { "id": "b", "type": "merge" },
        ],
        "edges": [{ "from": "b", "to": "a" }],
    }});

    insta::assert_snapshot!(faults(&document), @"
    /flow_definition/nodes/2/id node 1 already has the id `b`; ids are unique in a flow
    /flow_definition/edges/0/to a trigger starts the flow, so no edge can lead to it
    ");
}

#[test]
fn names_of_nodes_that_cannot_have_run_are_refused() {
    let document = json!({ "name": "x", "flow_definition": {
        "nodes": [
            echo("first", json!({ "later": ["${second.x}"], "self": "${first.x}" })),
            echo("second", json!({ "fine": "${first.x} ${nodes.first.error.class}", "typo": "${frist.x}" })),
            echo("beside", json!("${second.x}")),
            { "id": "check", "type": "condition", "condition": { "type": "equals", "field": "beside.x", "value": "${gone}" } },
        ],
        "edges": [
            { "from": "first", "to": "second" },
            { "from": "first", "to": "beside", "condition": "first.x > 1 and second.x > 1" },
            { "from": "second", "to": "check", "on": "error", "condition": "nodes.second.error.class == 'timeout' and first.x" },
        ],
    }});

    insta::assert_snapshot!(faults(&document), @"
    /flow_definition/nodes/0/input/later/0 `${second.x}`: `second` cannot have run before `first`: no edges lead from it to there
    /flow_definition/nodes/0/input/self `${first.x}`: a node cannot read its own output
    /flow_definition/nodes/1/input/typo `${frist.x}`: there is no node `frist`; did you mean `first`?
    /flow_definition/nodes/2/input `${second.x}`: `second` cannot have run before `beside`: no edges lead from it to there
    /flow_definition/nodes/3/condition/field `${beside.x}`: `beside` cannot have run before `check`: no edges lead from it to there
    /flow_definition/nodes/3/condition/value `${gone}`: there is no node `gone`; a field of the trigger data is `trigger_data.gone`
    /flow_definition/edges/1/condition `${first.x > 1 and second.x > 1}`: `second` cannot have run before `first`: no edges lead from it to there
    ");
}

#[test]
fn an_execution_starts_at_the_triggers_or_else_where_no_edge_leads() {
    let edges = json!([{ "from": "b", "to": "c" }]);
    let plain = graph(&flow(&["a", "b", "c"], edges.clone()));
    let mut document = flow(&["a", "b", "c"], edges);
    document["flow_definition"]["nodes"][1]["type"] = json!("trigger");
    let triggered = graph(&document);

    let ids = |graph: &Graph| -> Vec<String> {
        graph.starts.iter().map(|index| graph.node(*index).id.to_string()).collect()
    };

    assert_eq!(ids(&plain), ["a", "b"]);
    assert_eq!(ids(&triggered), ["b"]);
    assert_eq!((plain.outgoing[1].len(), plain.incoming[2].len(), plain.incoming[1].len()), (1, 1, 0));
}

#[test]
fn a_thousand_nodes_in_a_chain_are_accepted() {
    let ids: Vec<String> = (0..1_000).map(|number| format!("n{number}")).collect();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let edges: Vec<Value> = ids.windows(2).map(|pair| json!({ "from": pair[0], "to": pair[1] })).collect();

    let graph = graph(&flow(&names, json!(edges)));

    assert_eq!((graph.edges.len(), graph.starts.len()), (999, 1));
}

#[test]
fn agents_that_nodes_ask_are_listed_once() {
    let ask =
        |id: &str, agent: &str| json!({ "id": id, "type": "agent", "agent_id": agent, "skill": "score" });
    let (first, second) = ("018f3a5e-0000-7000-8000-000000000001", "018f3a5e-0000-7000-8000-000000000002");
    let nodes = json!([ask("a", second), ask("b", first), ask("c", second), echo("d", json!(1))]);

    let graph = graph(&json!({ "name": "x", "flow_definition": { "nodes": nodes, "edges": [] } }));

    let agents: Vec<String> = graph.agents.iter().map(ToString::to_string).collect();
    assert_eq!(agents, [first, second]);
}

fn flow(ids: &[&str], edges: Value) -> Value {
    let nodes: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "type": "parallel" })).collect();
    json!({ "name": "x", "flow_definition": { "nodes": nodes, "edges": edges } })
}

fn echo(id: &str, input: Value) -> Value {
    json!({ "id": id, "type": "action", "action": "echo", "input": input })
}

fn graph(document: &Value) -> Graph {
    Flow::parse(document, &Limits::DEFAULT).unwrap().graph
}

fn faults(document: &Value) -> String {
    let faults = Flow::parse(document, &Limits::DEFAULT).expect_err("the document has faults");
    faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.message)).collect::<Vec<_>>().join("\n")
}
