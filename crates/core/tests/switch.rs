//! Switches: which case decides, which edges follow it, and what is refused.

use crate::support::Play;
use serde_json::{Value, json};
use steadflow_core::flow::Flow;
use steadflow_core::limits::Limits;

#[test]
fn the_first_case_that_holds_decides() {
    let cases = |first: &str, second: &str| json!([{ "name": "one", "condition": first }, { "name": "two", "condition": second }]);

    let shown = [
        cases("trigger_data.k == 1", "trigger_data.k > 0"),
        cases("trigger_data.k == 2", "trigger_data.k > 0"),
        cases("trigger_data.k == 2", "trigger_data.k == 3"),
        cases("trigger_data.k == 1", "trigger_data.gone"),
        json!([
            { "name": "one", "condition": { "type": "greater_than", "field": "trigger_data.k", "value": 1 } },
            { "name": "two", "condition": { "type": "exists", "field": "trigger_data.k" } },
        ]),
    ]
    .map(|cases| outcome(&flow(cases, &[edge("one"), edge("two"), edge("default")])));

    insta::assert_snapshot!(shown.join("\n"), @r#"
    {"case":"one"} to one
    {"case":"two"} to two
    {"case":"default"} to default
    {"case":"one"} to one
    {"case":"two"} to two
    "#);
}

#[test]
fn a_condition_that_cannot_be_evaluated_fails_the_node() {
    let cases = json!([{ "name": "one", "condition": "trigger_data.gone" }]);

    let play = Play::new(&flow(cases, &[edge("one"), edge("default")]));

    insta::assert_snapshot!(play.shown(), @"
    failed: Node `route` failed after 1 attempt: `${trigger_data.gone}`: `trigger_data` has no field `gone`; it has `k`
    route: failed, `${trigger_data.gone}`: `trigger_data` has no field `gone`; it has `k`
    one: cancelled
    default: cancelled
    ");
}

#[test]
fn without_a_match_and_an_edge_for_it_the_node_fails_and_its_error_edge_follows() {
    let cases = || json!([{ "name": "one", "condition": "trigger_data.k > 1" }]);
    let on_error = json!({ "from": "route", "to": "two", "on": "error" });

    let failed = Play::new(&flow(cases(), &[edge("one")])).shown();
    let handled = outcome(&flow(cases(), &[edge("one"), on_error]));

    insta::assert_snapshot!(failed.lines().next().unwrap(), @"failed: Node `route` failed after 1 attempt: No case of the switch holds, and no edge that leaves it asks for `default`");
    assert_eq!(handled, "none to two");
}

#[test]
fn an_edge_may_ask_by_an_expression_or_for_nothing_too() {
    let always = json!({ "from": "route", "to": "two" });
    let asking = json!({ "from": "route", "to": "default", "condition": "route.case == 'one' and trigger_data.k == 1" });
    let cases = json!([{ "name": "one", "condition": "true" }]);

    assert_eq!(
        outcome(&flow(cases, &[edge("one"), always, asking])),
        r#"{"case":"one"} to one, two, default"#
    );
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let case = |name: &str| json!({ "name": name, "condition": "trigger_data.k > 1" });
    let faults = |cases: Value, edges: &[Value]| {
        let faults = Flow::parse(&flow(cases, edges), &Limits::DEFAULT).expect_err("it has a fault");
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let mut late = edge("one");
    late["on"] = json!("error");

    let all = [
        faults(Value::Null, &[edge("one")]),
        faults(json!([]), &[]),
        faults(json!([case("one"), case("one"), case("default")]), &[]),
        faults(json!([{ "name": "one" }, { "condition": "1 +" }]), &[edge("default")]),
        faults(json!([{ "name": "one", "condition": "gone.x", "then": 1 }]), &[]),
        faults(
            json!([case("one"), case("very low")]),
            &[edge("on"), edge("other"), json!({ "from": "route", "to": "one", "condition": true })],
        ),
        faults(json!([case("one")]), &[late]),
    ];

    insta::assert_snapshot!(all.join("\n"), @r#"
    /flow_definition/nodes/0/cases: a switch needs `cases`: a list of cases, each with a `name` and a `condition`
    /flow_definition/nodes/0/cases: `cases` must have at least one entry
    /flow_definition/nodes/0/cases/1/name: `one` is another case; give this case another name
    /flow_definition/nodes/0/cases/2/name: `default` is what holds where no case does; give this case another name
    /flow_definition/nodes/0/cases/0/condition: a case needs `condition`: a condition such as `"score.risk > 70"`
    /flow_definition/nodes/0/cases/1/name: a case needs `name`: a string of at most 200 characters
    /flow_definition/nodes/0/cases/1/condition: `${1 +}`: unexpected end of input, expected expression
    /flow_definition/nodes/0/cases/0/then: there is no key `then` here; there are `name`, `condition`
    /flow_definition/nodes/0/cases/0/condition: `${gone.x}`: there is no node `gone`; a field of the trigger data is `trigger_data.gone`
    /flow_definition/edges/0/condition: `route` has no case `on`; did you mean `one`?
    /flow_definition/edges/1/condition: `route` has no case `other`; it has `one`, `very low`, `default`
    /flow_definition/edges/2/condition: plain true or false asks for a condition node's result, and this edge follows none
    /flow_definition/edges/0/condition: this edge follows a failure, after which no case is chosen
    "#);
}

#[test]
fn a_switch_has_a_number_of_cases() {
    let faults = |count: usize| {
        let cases: Value =
            (0..count).map(|at| json!({ "name": format!("c{at}"), "condition": "true" })).collect();
        Flow::parse(&flow(cases, &[]), &Limits::DEFAULT).err().unwrap_or_default()
    };

    assert_eq!(faults(100), []);
    insta::assert_snapshot!(faults(101)[0], @"/flow_definition/nodes/0/cases: `cases` has 101 entries; at most 100 are allowed");
}

/// Returns a flow that begins with the switch `route`, with the nodes that `edges` lead to.
fn flow(cases: Value, edges: &[Value]) -> Value {
    let mut nodes = vec![json!({ "id": "route", "type": "switch", "cases": cases })];
    for edge in edges {
        if nodes.iter().all(|node| node["id"] != edge["to"]) {
            nodes.push(json!({ "id": edge["to"], "type": "action", "action": "transform", "input": 1 }));
        }
    }
    json!({ "name": "Route", "flow_definition": { "nodes": nodes, "edges": edges } })
}

/// Returns an edge that asks for `case` and leads to the node of that name.
fn edge(case: &str) -> Value {
    json!({ "from": "route", "to": case, "condition": case })
}

/// Returns the output of the switch, and the nodes that its edges led to.
fn outcome(flow: &Value) -> String {
    let play = Play::new(flow);
    let nodes = play.execution.nodes();
    let output = nodes[0].output.as_ref().map_or("none", |output| output.as_str());
    let graph = play.execution.graph();
    let reached = graph.nodes.iter().zip(nodes).skip(1).filter(|(_, node)| node.output.is_some());
    let reached: Vec<&str> = reached.map(|(node, _)| node.id.as_str()).collect();
    format!("{output} to {}", reached.join(", "))
}
