//! `steadflow apply`, `export` and `diff`: flows and agents as files.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Folder, Run, Server, flow};

const CHILD: &str = "01936000-0000-7000-8000-0000000000c1";
const PARENT: &str = "01936000-0000-7000-8000-0000000000c2";
const AGENT: &str = "01936000-0000-7000-8000-0000000000a1";

fn child() -> Value {
    let mut child = flow(&[json!({ "id": "a", "type": "action", "action": "echo", "input": { "n": 1.50 } })]);
    child["id"] = json!(CHILD);
    child["name"] = json!("Child");
    child["status"] = json!("active");
    child["folder"] = json!("billing/refunds");
    child
}

/// Its name comes before that of the flow which it starts.
fn parent() -> Value {
    let mut parent = flow(&[
        json!({ "id": "sub", "type": "subflow", "flow_id": CHILD, "input": {} }),
        json!({ "id": "ask", "type": "agent", "agent_id": AGENT, "skill": "score", "input": {} }),
    ]);
    parent["id"] = json!(PARENT);
    parent["name"] = json!("A parent");
    parent
}

fn agent() -> Value {
    json!({ "id": AGENT, "name": "Risk", "agent_type": "http", "skills": ["score"],
            "config": { "endpoint": "https://risk.example.org", "api_key": "${secrets.RISK}" } })
}

/// A folder with the files `flows/child.json`, `flows/a-parent.json` and `flows/risk.json`.
fn files() -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("flows")).expect("a folder can be made");
    folder.write("flows/child.json", child());
    folder.write("flows/a-parent.json", parent());
    folder.write("flows/risk.json", agent());
    folder.write("flows/package.json", json!({ "private": true }));
    folder
}

fn on(server: &Server, folder: &Folder, arguments: &[&str]) -> Run {
    folder.run(&[arguments, &["--server", &server.base]].concat())
}

/// Returns the flows and agents of a server, by their names.
fn stored(server: &Server, folder: &Folder) -> (Vec<Value>, Vec<Value>) {
    let list = |what| {
        let list = on(server, folder, &[what, "list", "--json"]).expect(0).json();
        let mut list = list.as_array().expect("a list").clone();
        list.sort_by_key(|entry| entry["name"].to_string());
        list
    };
    (list("flows"), list("agents"))
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn what_is_applied_is_exported_and_changes_nothing_again() {
    let (folder, work) = (files(), Folder::new());
    let server = Server::start(&work, &[]);

    let dry = on(&server, &folder, &["apply", "flows", "--dry-run"]).expect(0);
    assert_eq!(stored(&server, &folder), (vec![], vec![]));
    assert_eq!(dry.stdout.matches("would create ").count(), 3, "{}", dry.stdout);
    let applied = on(&server, &folder, &["apply", "flows"]).expect(0);
    let again = on(&server, &folder, &["apply", "flows"]).expect(0);
    let exported = on(&server, &folder, &["export", "flows"]).expect(0);
    on(&server, &folder, &["export", "new"]).expect(0);
    let same = on(&server, &folder, &["apply", "new", "--json"]).expect(0).json();

    let order: Vec<&str> = applied.stdout.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(order, ["flows/risk.json", "flows/child.json", "flows/a-parent.json"], "{}", applied.stdout);
    assert!(applied.stderr.contains("flows/package.json: neither a flow nor an agent"), "{}", applied.stderr);
    assert_eq!((again.stdout.as_str(), exported.stdout.as_str()), ("", ""), "{}", again.stderr);
    assert!(again.stderr.ends_with("3 unchanged.\n"), "{}", again.stderr);
    let results = same["results"].as_array().expect("a list");
    assert!(results.len() == 3 && results.iter().all(|one| one["result"] == "unchanged"), "{same:#}");
    let text =
        std::fs::read_to_string(folder.path().join("new/flows/billing/refunds/child.json")).expect("a file");
    assert!(text.contains("\"input\": { \"n\": 1.5 }") && !text.contains("retry_count"), "{text}");
    // Another server, on which the same flows have other ids: what refers to them refers to those.
    let (flows, agents) = stored(&server, &folder);
    assert_ne!(flows[1]["id"], json!(CHILD));
    assert_eq!(flows[0]["flow_definition"]["nodes"][0]["flow_id"], flows[1]["id"]);
    assert_eq!(flows[0]["flow_definition"]["nodes"][1]["agent_id"], agents[0]["id"]);
    assert_eq!((&flows[1]["status"], &flows[1]["folder"]), (&json!("active"), &json!("billing/refunds")));
    on(&server, &folder, &["diff", "flows"]).expect(0);
}

#[test]
fn a_fault_in_one_of_three_files_changes_nothing() {
    let (folder, work) = (files(), Folder::new());
    let server = Server::start(&work, &[]);
    let mut faulty = child();
    faulty["flow_definition"]["nodes"][0]["input"] = json!("${b.x}");
    folder.write("flows/child.json", serde_json::to_string_pretty(&faulty).expect("it can be written"));

    let refused = on(&server, &folder, &["apply", "flows"]).expect(2);
    folder.write("flows/child.json", "{\n  \"name\": }");
    let broken = on(&server, &folder, &["apply", "flows"]).expect(2);

    assert!(
        refused
            .stderr
            .contains("flows/child.json:9: /flow_definition/nodes/0/input: `${b.x}`: there is no node `b`"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.ends_with("Nothing was changed: 1 error.\n"), "{}", refused.stderr);
    assert!(broken.stderr.contains("flows/child.json:2: not JSON: "), "{}", broken.stderr);
    assert_eq!(stored(&server, &folder), (vec![], vec![]));
}

#[test]
fn changes_are_shown_saved_as_versions_and_written_back() {
    let (folder, work) = (files(), Folder::new());
    let server = Server::start(&work, &[]);
    on(&server, &folder, &["apply", "flows"]).expect(0);
    let path = folder.path().join("flows/child.json");
    let mut changed = read(&path);
    changed["retry_on_failure"] = json!(true);
    changed["retry_count"] = json!(4);
    folder.write("flows/child.json", &changed);

    let diff = on(&server, &folder, &["diff", "flows"]).expect(1);
    let applied = on(&server, &folder, &["apply", "flows/child.json"]).expect(0);
    let versions = on(&server, &folder, &["flows", "diff", "Child", "--from", "1"]).expect(1);
    folder.write("flows/child.json", child());
    on(&server, &folder, &["flows", "pause", "Child"]).expect(0);
    let exported = on(&server, &folder, &["export", "flows"]).expect(0);
    let unchanged = on(&server, &folder, &["apply", "flows"]).expect(0);

    assert!(diff.stdout.contains("+  \"retry_count\": 4,"), "{}", diff.stdout);
    assert!(!diff.stdout.contains("a-parent"), "{}", diff.stdout);
    assert!(applied.stdout.contains(", version 1 → 2: retry_on_failure, retry_count"), "{}", applied.stdout);
    assert!(versions.stdout.starts_with("--- version 1\n+++ version 2\n"), "{}", versions.stdout);
    assert!(exported.stdout.starts_with("changed  flows/child.json"), "{}", exported.stdout);
    let back = read(&path);
    assert_eq!(
        (&back["id"], &back["retry_count"], &back["status"]),
        (&json!(CHILD), &json!(4), &json!("active"))
    );
    assert!(unchanged.stderr.contains("the flow stays paused"), "{}", unchanged.stderr);
    assert_eq!(stored(&server, &folder).0[1]["status"], "paused");
    on(&server, &folder, &["flows", "resume", "Child"]).expect(0);
    on(&server, &folder, &["flows", "apply", "flows/a-parent.json", "--prune"]).expect(0);
    assert_eq!(stored(&server, &folder).0[1]["status"], "archived");
}

#[test]
fn a_secret_of_an_agent_is_neither_exported_nor_lost() {
    let (folder, work) = (Folder::new(), Folder::new());
    let server = Server::start(&work, &[]);
    let mut secret = agent();
    secret["config"]["api_key"] = json!("sk-very-secret");
    folder.write("risk.json", &secret);

    let applied = on(&server, &folder, &["agents", "apply", "risk.json"]).expect(0);
    let again = on(&server, &folder, &["agents", "apply", "risk.json"]).expect(0);
    let exported = on(&server, &folder, &["agents", "export", "agents"]).expect(0);
    let path = folder.path().join("agents/risk.json");
    let mut masked = read(&path);
    masked["description"] = json!("Says how risky a vendor is.");
    folder.write("agents/risk.json", &masked);
    let kept = on(&server, &folder, &["apply", "agents"]).expect(0);
    let elsewhere = Server::start(&Folder::new(), &[]);
    let refused = on(&elsewhere, &folder, &["apply", "agents"]).expect(2);

    assert!(applied.stdout.starts_with("created "), "{}", applied.stdout);
    assert!(
        again.stdout.is_empty() && again.stderr.contains("/config/api_key: this value is secret"),
        "{}",
        again.stderr
    );
    assert_eq!(masked["config"]["api_key"], "••••");
    assert!(exported.stderr.contains("were not exported"), "{}", exported.stderr);
    assert!(kept.stdout.contains("version 1 → 2: description"), "{}", kept.stdout);
    assert!(
        refused.stderr.contains("/config/api_key: this stands for a value that was not exported"),
        "{}",
        refused.stderr
    );
}
