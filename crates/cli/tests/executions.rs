//! `steadflow executions`, against a running server.

use serde_json::{Value, json};

use crate::support::{Folder, Server, flow};

const NO_ID: &str = "01900000-0000-7000-8000-00000000dead";

/// A server whose database holds a completed, a failed and a cancelled execution, oldest first.
struct Bench {
    folder: Folder,
    server: Server,
}

impl Bench {
    fn new() -> Self {
        let folder = Folder::new();
        let action = |action: &str, input: Value| json!({ "id": "a", "type": "action", "action": action, "input": input });
        let mut asks = action("fail", json!({ "message": "Out of money" }));
        asks["on_exhausted"] = json!("ask");
        folder.write("completes.json", flow(&[action("echo", json!({ "vendor": "ACME" }))]));
        folder.write("fails.json", flow(&[action("fail", json!({ "message": "No such vendor" }))]));
        folder.write("asks.json", flow(&[asks]));
        for (file, code) in [("completes.json", 0), ("fails.json", 1), ("asks.json", 1)] {
            folder.run(&["run", file, "--database", "sqlite:steadflow.db"]).expect(code);
        }
        let server = Server::start(&folder, &[]);
        Self { folder, server }
    }

    /// Runs a command that succeeds, and returns its output as JSON.
    fn json(&self, arguments: &[&str]) -> Value {
        self.server.executions(&self.folder, &[&["--json"], arguments].concat()).expect(0).json()
    }

    /// Runs a command, and returns its output.
    fn text(&self, arguments: &[&str], code: i32) -> String {
        self.server.executions(&self.folder, arguments).expect(code).stdout
    }

    /// Returns the id of the only execution with this status.
    fn id(&self, status: &str) -> String {
        let rows = self.json(&["list", "--status", status]);
        assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows:#}");
        rows[0]["id"].as_str().expect("a row has an id").to_owned()
    }
}

#[test]
fn list_is_a_table_of_the_newest_first() {
    let bench = Bench::new();

    let all = bench.text(&["list"], 0);
    let failed = bench.text(&["list", "--status", "failed"], 0);
    let found = bench.text(&["list", "--search", "no such"], 0);
    let newest = bench.json(&["list", "--limit", "1"]);
    let none = bench.text(&["list", "--status", "paused"], 0);

    let lines: Vec<&str> = all.lines().collect();
    let head: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(head, ["id", "flow", "status", "created", "duration", "attempts", "error"]);
    for (line, status) in [(2, "cancelled"), (3, "failed"), (4, "completed")] {
        assert!(lines[line].contains("Review") && lines[line].contains(status), "{all}");
    }
    assert_eq!((failed.matches("Review").count(), found.matches("Review").count()), (1, 1));
    assert!(failed.contains("Node `a` failed after 1 attempt"), "{failed}");
    assert_eq!(newest[0]["status"], "cancelled");
    assert_eq!(none, "No executions.\n");
}

#[test]
fn list_can_be_limited_to_one_flow() {
    let bench = Bench::new();
    let failed = &bench.json(&["list", "--status", "failed"])[0];

    let rows = bench.json(&["list", "--flow", failed["flow_id"].as_str().unwrap()]);

    assert_eq!(rows, json!([failed]));
}

#[test]
fn execution_is_shown_with_its_nodes_and_its_error() {
    let bench = Bench::new();
    let (completed, failed) = (bench.id("completed"), bench.id("failed"));

    let good = bench.text(&["show", &completed], 0);
    let bad = bench.text(&["show", &failed], 0);
    let json = bench.json(&["show", &failed]);

    assert!(good.starts_with(&format!("{completed} completed · Review · version 1 · ")), "{good}");
    assert!(good.ends_with("\nresult: {\"vendor\":\"ACME\"}\n"), "{good}");
    assert!(bad.ends_with("\nNode `a` failed after 1 attempt: No such vendor\n"), "{bad}");
    assert_eq!((&json["id"], &json["status"]), (&json!(failed), &json!("failed")));
}

#[test]
fn a_long_result_is_shown_in_part_and_printed_whole_on_demand() {
    let folder = Folder::new();
    let long = json!({ "text": "é".repeat(200_000) });
    let node = json!({ "id": "a/b", "type": "action", "action": "echo", "input": long });
    folder.write("long.json", flow(&[node]));
    folder.run(&["run", "long.json", "--database", "sqlite:steadflow.db"]).expect(0);
    let server = Server::start(&folder, &[]);
    let rows = server.executions(&folder, &["--json", "list"]).expect(0).json();
    let id = rows[0]["id"].as_str().expect("a row has an id");
    let show = |arguments: &[&str], code| {
        server.executions(&folder, &[&["show", id], arguments].concat()).expect(code)
    };

    let shown = show(&[], 0).stdout;

    assert!(shown.len() < 3_000, "{} bytes", shown.len());
    assert!(shown.contains("\nresult: {\"text\":\"éé"), "{shown}");
    let hint = format!(
        "\nThis is the beginning of 400011 bytes. All of it: steadflow executions show {id} --value result\n"
    );
    assert!(shown.ends_with(&hint), "{shown}");
    for value in ["result", "a/b/input", "a/b/output"] {
        assert_eq!(show(&["--value", value], 0).json(), long, "{value}");
    }
    assert_eq!(show(&["--value", "trigger-data"], 0).stdout, "{}\n");
    assert_eq!(show(&["--value", "none/output"], 1).stderr, "steadflow: The execution has no node `none`.\n");
    assert!(
        show(&["--value", "all"], 2).stderr.contains("use result, trigger-data, NODE/input or NODE/output")
    );
}

#[test]
fn retry_prints_the_new_execution_and_the_same_key_starts_only_one() {
    let bench = Bench::new();
    let failed = bench.id("failed");

    let new = bench.text(&["retry", &failed, "--idempotency-key", "k"], 0);
    let same = bench.text(&["retry", &failed, "--idempotency-key", "k"], 0);
    let from_failed = bench.json(&["retry", &failed, "--from", "failed"]);

    assert_eq!(same, new);
    assert_eq!(bench.json(&["show", new.trim_end()])["retry_of"], json!(failed));
    assert_eq!(from_failed["retry_of"], json!(failed));
    assert_ne!(from_failed["new_execution_id"].as_str(), Some(new.trim_end()));
}

#[test]
fn fork_prints_the_new_execution_with_what_was_given() {
    let bench = Bench::new();
    let completed = bench.id("completed");
    let refused = |arguments: &[&str]| {
        let arguments = [&["fork", &completed], arguments].concat();
        bench.server.executions(&bench.folder, &arguments).expect(1).stderr
    };

    let output = r#"a={"n":1.50}"#;
    let new = bench.text(&["fork", &completed, "--node", "a", "--output", output, "--trigger", "7"], 0);
    let new = bench.server.executions(&bench.folder, &["--json", "watch", new.trim_end()]).expect(0);

    let ended = new.stdout;
    assert!(ended.contains(r#""fork_node_id":"a""#) && ended.contains(r#"{"n":1.50}"#), "{ended}");
    assert_eq!(refused(&["--node", "b"]), "steadflow: Nothing was started. The execution has no node `b`.\n");
    assert_eq!(
        refused(&["--node", "a", "--output", "a=1", "--output", "a=2"]),
        "steadflow: `--output` is given twice for node `a`. Give one output for each node.\n"
    );
    let broken =
        bench.server.executions(&bench.folder, &["fork", &completed, "--node", "a", "--output", "a"]);
    assert!(broken.expect(2).stderr.contains("use NODE=JSON or NODE=@FILE"));
}

#[test]
fn waiting_execution_is_cancelled_once() {
    let bench = Bench::new();
    let waiting = bench.text(&["retry", &bench.id("cancelled")], 0);

    let cancelled = bench.text(&["cancel", waiting.trim_end()], 0);
    let again = bench.server.executions(&bench.folder, &["cancel", waiting.trim_end()]).expect(1);

    assert_eq!(cancelled, "Execution cancelled\n");
    insta::assert_snapshot!(again.stderr, @"steadflow: The execution is cancelled, and what has ended does not change.");
}

#[test]
fn watch_ends_with_the_execution_and_returns_its_outcome() {
    let bench = Bench::new();

    let completed = bench.text(&["watch", &bench.id("completed")], 0);
    let failed = bench.text(&["watch", &bench.id("failed")], 1);
    let cancelled =
        bench.server.executions(&bench.folder, &["--json", "watch", &bench.id("cancelled")]).expect(1);

    let begins = completed.lines().next().unwrap_or_default();
    assert!(begins.ends_with("Z  accepted by user"), "{completed}");
    assert!(completed.contains("Z  finished completed\n"), "{completed}");
    assert!(completed.contains(" completed · Review"), "{completed}");
    assert!(failed.contains("No such vendor"), "{failed}");
    assert_eq!(cancelled.json()["status"], "cancelled");
}

#[test]
fn problems_of_the_server_are_shown() {
    let bench = Bench::new();
    let refused = |arguments: &[&str]| bench.server.executions(&bench.folder, arguments).expect(1).stderr;

    insta::assert_snapshot!(refused(&["show", NO_ID]), @"steadflow: There is no execution 01900000-0000-7000-8000-00000000dead.");
    insta::assert_snapshot!(refused(&["retry", &bench.id("completed")]), @"steadflow: Cannot retry execution with status: completed");
    insta::assert_snapshot!(refused(&["list", "--status", "great"]), @"steadflow: The query is not valid: `status` must be some of pending, running, paused, completed, failed, cancelled.");
    insta::assert_snapshot!(refused(&["list", "--limit", "1001"]), @"steadflow: The query is not valid: `limit` must be a whole number from 1 to 1000.");
}

#[test]
fn invalid_ids_are_refused_without_a_request() {
    let run = Folder::new().run(&["executions", "show", "latest"]).expect(2);

    insta::assert_snapshot!(run.stderr, @r"
    error: invalid value 'latest' for '<ID>': invalid character: found `l` at 0

    For more information, try '--help'.
    ");
}

#[test]
fn missing_server_is_reported_with_what_to_do() {
    let folder = Folder::new();

    let missing = folder.run(&["executions", "list", "--server", "http://127.0.0.1:1/"]).expect(1);
    let no_url = folder.run(&["executions", "list", "--server", "127.0.0.1:8080"]).expect(1);

    assert!(
        missing.stderr.starts_with(
            "steadflow: Could not connect to a server at http://127.0.0.1:1. Start one with `steadflow serve`, or use --server"
        ),
        "{}",
        missing.stderr
    );
    insta::assert_snapshot!(no_url.stderr, @"steadflow: `127.0.0.1:8080` is not the URL of a server. Use one such as http://127.0.0.1:8080.");
}

#[test]
fn server_is_taken_from_the_option_the_environment_and_the_file_in_this_order() {
    let bench = Bench::new();
    let list = |file: &str, variable: &str, flag: &[&str]| {
        bench.folder.write("steadflow.toml", format!("server = \"{file}\""));
        let mut command = bench.folder.command(&[&["executions", "list"], flag].concat());
        if !variable.is_empty() {
            command.env("STEADFLOW_SERVER", variable);
        }
        command.output().unwrap().status.code()
    };
    let (here, nowhere) = (bench.server.base.as_str(), "http://127.0.0.1:1");

    assert_eq!(list(here, "", &[]), Some(0));
    assert_eq!(list(nowhere, here, &[]), Some(0));
    assert_eq!(list(nowhere, nowhere, &["--server", here]), Some(0));
    assert_eq!(list(here, nowhere, &[]), Some(1));
}
