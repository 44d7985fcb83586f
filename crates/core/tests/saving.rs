//! What is found in a flow document when it is saved, before anything runs.

use serde_json::{Value, json};
use steadflow_core::flow::Flow;
use steadflow_core::limits::Limits;

#[test]
fn an_id_that_has_to_be_quoted_is_named_once() {
    let message = |id: &str, text: &str| {
        let first = json!({ "id": id, "type": "action", "action": "transform", "input": 1 });
        let second = json!({ "id": "t", "type": "action", "action": "transform", "input": text });
        let edges = json!([{ "from": id, "to": "t" }]);
        let document =
            json!({ "name": "F", "flow_definition": { "nodes": [first, second], "edges": edges } });
        faults(&document)
    };

    insta::assert_snapshot!(
        [
            message("fetch-data", "${fetch-data.v}"),
            message("fetch-data", "${fetch-data.v ~ other.x}"),
            message("1711528914102", "${1711528914102.v}"),
            message("1711528914102", "${1711528914102.v.w > 1}"),
        ]
        .join("\n"),
        @r#"
        /flow_definition/nodes/1/input: `${fetch-data.v}`: there is no node `fetch`; the output of node `fetch-data` is `nodes["fetch-data"].output`
        /flow_definition/nodes/1/input: `${fetch-data.v ~ other.x}`: there is no node `fetch`; the output of node `fetch-data` is `nodes["fetch-data"].output`
        /flow_definition/nodes/1/input: `${fetch-data.v ~ other.x}`: there is no node `other`; a field of the trigger data is `trigger_data.other`
        /flow_definition/nodes/1/input: `${1711528914102.v}`: 1711528914102 is a number, which has no fields; of a node with this id, it is `nodes["1711528914102"].output.v`
        /flow_definition/nodes/1/input: `${1711528914102.v.w > 1}`: 1711528914102 is a number, which has no fields; of a node with this id, it is `nodes["1711528914102"].output.v`
        "#
    );
}

#[test]
fn a_count_may_be_written_with_a_fraction_of_zero() {
    let document: Value = serde_json::from_str(
        r#"{ "name": "F", "retry_on_failure": true, "retry_count": 2.0, "max_concurrent_executions": 1e1,
             "flow_definition": { "nodes": [{ "id": "a", "type": "action", "action": "echo" }] } }"#,
    )
    .unwrap();

    let flow = Flow::parse(&document, &Limits::DEFAULT).unwrap();

    assert_eq!((flow.settings.retry_count, flow.settings.max_concurrent_executions), (2, Some(10)));
    assert_eq!(flow.graph.nodes[0].retry.count, 2);
}

#[test]
fn a_count_with_a_fraction_is_refused() {
    let document = json!({ "name": "F", "retry_count": 2.5, "flow_definition": { "nodes": [{ "id": "a", "type": "merge" }] } });

    assert_eq!(faults(&document), "/retry_count: `retry_count` must be a whole number from 0 to 10, not 2.5");
}

fn faults(document: &Value) -> String {
    let faults = Flow::parse(document, &Limits::DEFAULT).expect_err("it has a fault");
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn of_many_cycles_twenty_are_reported_and_of_a_long_one_its_beginning() {
    let document = |nodes: usize, edges: Vec<Value>| {
        let nodes: Vec<Value> =
            (0..nodes).map(|at| json!({ "id": format!("n{at}"), "type": "merge" })).collect();
        json!({ "name": "F", "flow_definition": { "nodes": nodes, "edges": edges } })
    };
    let edge = |from: usize, to: usize| json!({ "from": format!("n{from}"), "to": format!("n{to}") });
    let pairs = (0..21).flat_map(|pair| [edge(2 * pair, 2 * pair + 1), edge(2 * pair + 1, 2 * pair)]);
    let ring = |length: usize| {
        faults(&document(length, (0..length).map(|at| edge(at, (at + 1) % length)).collect()))
    };

    let reported = faults(&document(42, pairs.collect()));
    assert_eq!(reported.matches("closes a cycle").count(), 20);
    assert_eq!(ring(50).matches('…').count(), 0);
    assert_eq!(ring(51).matches('…').count(), 1);
}

#[test]
fn a_node_reads_every_node_before_it_and_none_beside_it() {
    let reading = |reader: usize, read: usize| {
        let node = |at: usize| {
            let input = if at == reader { format!("${{n{read}}}") } else { String::new() };
            json!({ "id": format!("n{at}"), "type": "action", "action": "transform", "input": input })
        };
        // Two chains: nodes of even numbers, and of odd ones.
        let edges = (2..200).map(|at| json!({ "from": format!("n{}", at - 2), "to": format!("n{at}") }));
        json!({ "name": "F", "flow_definition": {
            "nodes": (0..200).map(node).collect::<Vec<_>>(), "edges": edges.collect::<Vec<_>>(),
        } })
    };

    for (reader, read) in [(198, 0), (198, 64), (198, 196), (128, 126), (199, 1), (199, 65), (199, 197)] {
        assert_eq!(Flow::parse(&reading(reader, read), &Limits::DEFAULT).err(), None, "{reader}, {read}");
    }
    for (reader, read) in [(198, 1), (198, 63), (198, 197), (199, 0), (199, 64), (199, 198), (128, 130)] {
        assert!(faults(&reading(reader, read)).contains("cannot have run before"), "{reader}, {read}");
    }
}
