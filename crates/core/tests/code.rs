//! Code nodes in documents.

use serde_json::{Value, json};
use steadflow_core::flow::{Fault, Flow};
use steadflow_core::limits::Limits;

fn faults(node: Value) -> Vec<String> {
    let mut code = json!({ "id": "sum", "type": "code", "source": "return `${input.a}`" });
    code.as_object_mut().expect("it is one").extend(node.as_object().expect("it is one").clone());
    let document = json!({ "name": "Code", "flow_definition": { "nodes": [code], "edges": [] } });
    let faults = Flow::parse(&document, &Limits::DEFAULT).err().unwrap_or_default();
    let line = |Fault { pointer, message }| {
        format!("{} {message}", pointer.trim_start_matches("/flow_definition/nodes/0"))
    };
    faults.into_iter().map(line).collect()
}

#[test]
fn code_has_a_length_and_a_time() {
    assert_eq!(faults(json!({ "cpu_ms": 30_000, "source": "x".repeat(65_536) })), [""; 0]);
    insta::assert_snapshot!(faults(json!({ "cpu_ms": 30_001, "source": "x".repeat(65_537) })).join("\n"), @r"
    /source `source` has 65537 characters; at most 65536 are allowed
    /cpu_ms `cpu_ms` must be a whole number from 10 to 30000, not 30001
    ");
    insta::assert_snapshot!(faults(json!({ "cpu_ms": 9, "source": " " })).join("\n"), @r"
    /source `source` must not be empty
    /cpu_ms `cpu_ms` must be a whole number from 10 to 30000, not 9
    ");
    insta::assert_snapshot!(faults(json!({ "source": null, "input": "${secrets.KEY}" })).join("\n"), @r"
    /source Write the code
    /input the input of code cannot use secrets, because what it returns is stored and shown
    ");
}
