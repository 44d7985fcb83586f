//! `steadflow import`.

use serde_json::json;

use crate::support::Folder;

fn workflow(nodes: &[serde_json::Value]) -> serde_json::Value {
    let names: Vec<&str> = nodes.iter().map(|node| node["name"].as_str().expect("it has one")).collect();
    let link = |to: &str| json!({ "main": [[{ "node": to, "type": "main", "index": 0 }]] });
    let connections: serde_json::Map<String, serde_json::Value> =
        names.windows(2).map(|pair| (pair[0].to_owned(), link(pair[1]))).collect();
    json!({ "name": "Orders", "nodes": nodes, "connections": connections })
}

fn start() -> serde_json::Value {
    json!({ "name": "Start", "type": "n8n-nodes-base.manualTrigger" })
}

fn code(source: &str) -> serde_json::Value {
    json!({ "name": "Code", "type": "n8n-nodes-base.code", "typeVersion": 2, "parameters": { "jsCode": source } })
}

#[test]
fn a_workflow_that_maps_runs_as_it_did() {
    let folder = Folder::new();
    folder.write("a.json", workflow(&[start(), code("return [{ json: { sum: $json.a + 1 } }];")]));

    folder.run(&["import", "a.json", "--out", "flows"]).expect(0);

    folder.run(&["validate", "flows/orders.json"]).expect(0);
    let run = folder.run(&["run", "flows/orders.json", "--trigger", r#"{"a": 41}"#]).expect(0);
    assert_eq!(run.stdout, "{\"sum\":42}\n");
}

#[test]
fn what_does_not_map_is_listed_and_fails_by_name() {
    let folder = Folder::new();
    let nodes = [start(), code("return 1 +;"), json!({ "name": "Tell", "type": "n8n-nodes-base.slack" })];
    folder.write("a.json", workflow(&nodes));

    let import = folder.run(&["import", "a.json", "--out", "flows"]).expect(3);

    insta::assert_snapshot!(import.stdout, @r"
    a.json: n8n, 3 nodes, 1 mapped, 2 listed
      wrote flows/orders.json
      a.json:/nodes/2: `Tell`: there is no node for it here (n8n-nodes-base.slack). Call the API of the service with an `http_request`, a tool of an MCP server, or an agent of your own.
      a.json:/nodes/1: `Code`: it does not fit: SyntaxError: unexpected token in expression: ';' (line 6, column 11) (node). Build this node in the studio.
      a.json:: note: n8n runs a node once for each item that it is given; here it runs once. Where a request or code returns a list, put what follows into a `map` (items).
    ");
    folder.run(&["validate", "flows/orders.json"]).expect(0);
    let run = folder.run(&["run", "flows/orders.json"]).expect(1);
    assert!(run.stderr.contains("Not imported: `Code`"), "{}", run.stderr);
}

#[test]
fn files_that_cannot_be_read_are_named_and_the_others_imported() {
    let folder = Folder::new();
    folder.write("a.json", workflow(&[start()]));
    folder.write("b.json", "{\"nodes\": 1, \"nodes\": 2}");

    let run = folder.run(&["import", "b.json", "a.json", "missing.json", "--json"]).expect(1);

    let answers: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(answers[0]["error"].as_str().unwrap().contains("the key `nodes` appears twice"));
    assert_eq!(answers[1]["written"], json!(["./orders.json"]));
    assert_eq!(answers[1]["report"]["nodes"], json!(1));
    assert!(answers[2]["error"].as_str().unwrap().contains("No such file"));
}

#[test]
fn a_file_is_not_replaced_by_its_own_document() {
    let folder = Folder::new();
    folder.write("orders.json", workflow(&[start()]));

    let run = folder.run(&["import", "orders.json"]).expect(1);

    assert!(run.stderr.contains("choose another folder with `--out`"), "{}", run.stderr);
}
