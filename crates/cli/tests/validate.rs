//! `steadflow validate`.

use serde_json::json;

use crate::support::{Folder, flow};

fn faulty() -> serde_json::Value {
    let mut document = flow(&[json!({ "id": "a", "type": "action", "action": "echo", "input": "${b.x}" })]);
    document["retry_count"] = json!(11);
    document
}

#[test]
fn valid_documents_are_listed_with_their_size() {
    let folder = Folder::new();
    let nodes = [json!({ "id": "a", "type": "trigger" }), json!({ "id": "b", "type": "merge" })];
    folder.write("two.json", flow(&nodes));
    folder.write("one.json", flow(&nodes[..1]));

    let run = folder.run(&["validate", "two.json", "one.json"]).expect(0);

    assert_eq!(run.stdout, "two.json: valid, 2 nodes, 1 edge\none.json: valid, 1 node, 0 edges\n");
    assert_eq!(run.stderr, "");
}

#[test]
fn all_errors_of_all_files_are_listed_with_pointers() {
    let folder = Folder::new();
    folder.write("good.json", flow(&[json!({ "id": "a", "type": "trigger" })]));
    folder.write("faulty.json", faulty());
    folder.write("broken.json", "{\"name\": }");
    folder.write("list.json", "[]");

    let files = ["validate", "faulty.json", "good.json", "broken.json", "list.json", "missing.json"];
    let run = folder.run(&files).expect(2);

    insta::assert_snapshot!(run.stdout, @"
    faulty.json:1: /retry_count: `retry_count` must be a whole number from 0 to 10, not 11
    faulty.json:1: /flow_definition/nodes/0/input: `${b.x}`: there is no node `b`; a field of the trigger data is `trigger_data.b`
    good.json: valid, 1 node, 0 edges
    broken.json:1: not JSON: expected value at line 1 column 10
    list.json:1: an object is needed here, not a list
    missing.json: No such file or directory (os error 2)
    ");
}

#[test]
fn standard_input_is_a_dash() {
    let folder = Folder::new();

    let good =
        folder.run_on(&["validate", "-"], &flow(&[json!({ "id": "a", "type": "trigger" })]).to_string());
    let faulty = folder.run_on(&["validate", "-"], &faulty().to_string());

    assert_eq!(good.expect(0).stdout, "-: valid, 1 node, 0 edges\n");
    assert!(faulty.expect(2).stdout.starts_with("-:1: /retry_count: "));
}

#[test]
fn agents_of_a_run_document_are_checked_with_their_flow() {
    let folder = Folder::new();
    let agent = "01936000-0000-7000-8000-0000000000a1";
    let node = json!({ "id": "a", "type": "agent", "agent_id": agent, "skill": "sing" });
    let agents = json!([{
        "id": agent, "name": "Risk", "agent_type": "http",
        "config": { "endpoint": "https://risk.example.org" }, "skills": ["score"],
    }, { "name": "Nobody" }]);
    folder.write("run.json", json!({ "flow": flow(&[node]), "agents": agents }));

    let run = folder.run(&["validate", "run.json"]).expect(2);

    insta::assert_snapshot!(run.stdout, @"
    run.json:1: /agents/1/id: `id` must be a UUID
    run.json:1: /agents/1/agent_type: an agent needs `agent_type`: one of `llm`, `http`, `mcp`
    run.json:1: /agents/1/config: an agent needs `config`: an object
    run.json:1: /agents/1/skills: an agent needs `skills`: a list of skills
    run.json:1: /flow/flow_definition/nodes/0/skill: the agent has no skill `sing`; it has score
    ");
}

#[test]
fn warnings_do_not_make_a_file_invalid() {
    let folder = Folder::new();
    let node = json!({ "id": "a", "type": "trigger", "agenticConfig": {} });
    folder.write("odd.json", flow(std::slice::from_ref(&node)));
    folder.write("run.json", json!({ "flow": flow(&[node]), "agents": [] }));

    let run = folder.run(&["validate", "odd.json", "run.json"]).expect(0);

    insta::assert_snapshot!(run.stdout, @"
    odd.json:1: /flow_definition/nodes/0/agenticConfig: warning: `agenticConfig` is kept, but a node of this kind does not read it
    odd.json: valid, 1 node, 0 edges
    run.json:1: /flow/flow_definition/nodes/0/agenticConfig: warning: `agenticConfig` is kept, but a node of this kind does not read it
    run.json: valid, 1 node, 0 edges
    ");
}

#[test]
fn missing_file_argument_is_an_error() {
    let run = Folder::new().run(&["validate"]).expect(2);

    assert!(run.stderr.contains("<FILE>..."), "{}", run.stderr);
}
