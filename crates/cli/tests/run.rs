//! `steadflow run`.

use std::io::{BufRead, BufReader, Read};

use serde_json::{Value, json};

use crate::support::{Folder, flow, signal};

fn echo(input: Value) -> Value {
    json!({ "id": "a", "type": "action", "action": "echo", "input": input })
}

/// A flow that returns the trigger data.
fn mirror() -> Value {
    flow(&[echo(json!("${trigger_data}"))])
}

#[test]
fn result_goes_to_standard_output_and_messages_to_standard_error() {
    let folder = Folder::new();
    folder.write("flow.json", mirror());

    let run = folder.run(&["run", "flow.json", "--trigger", "{\"vendor\": \"ACME\"}"]).expect(0);

    assert_eq!(run.stdout, "{\"vendor\": \"ACME\"}\n");
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stderr);
    assert!(
        lines[0].starts_with("a  completed after ") && lines[1].starts_with("completed after "),
        "{lines:?}"
    );
}

#[test]
fn warnings_go_to_standard_error_and_do_not_stop_the_run() {
    let folder = Folder::new();
    let call = json!({ "id": "b", "type": "action", "action": "http_request", "input": {
        "url": "http://127.0.0.1:9/", "headers": { "Authorization": "Bearer ${secrets.NOT_SET}" } } });
    let odd = json!({ "id": "a", "type": "trigger", "agenticConfig": {} });
    let mut document = flow(&[odd, call]);
    document["flow_definition"]["edges"] = json!([{ "from": "a", "to": "b", "condition": "a.size == 1" }]);
    folder.write("run.json", json!({ "flow": document, "agents": [] }));

    let run = folder.run(&["run", "run.json", "--trigger", "{\"size\": 2}"]).expect(0);

    let warnings: Vec<&str> = run.stderr.lines().filter(|line| line.contains("warning")).collect();
    insta::assert_snapshot!(warnings.join("\n"), @"
    run.json:1: /flow/flow_definition/nodes/0/agenticConfig: warning: `agenticConfig` is kept, but a node of this kind does not read it
    run.json:1: /flow/flow_definition/nodes/1/input/headers/Authorization: warning: there is no secret `NOT_SET`, so the node fails unless it is added before
    ");
}

#[test]
fn flow_and_trigger_data_come_from_files_and_pipes() {
    let folder = Folder::new();
    folder.write("order.json", "{\"order\": 4711}");

    let from_file = folder.run_on(&["run", "-", "--trigger", "@order.json"], &mirror().to_string()).expect(0);
    let from_nowhere = folder.run_on(&["run", "-"], &mirror().to_string()).expect(0);

    assert_eq!(from_file.json(), json!({ "order": 4711 }));
    assert_eq!(from_nowhere.json(), json!({}));
}

#[test]
fn trigger_data_is_the_example_of_the_trigger_unless_it_is_given() {
    let folder = Folder::new();
    let start = json!({ "id": "start", "type": "trigger", "example": { "amount": 1 } });
    folder.write("flow.json", flow(&[start, echo(json!("${trigger_data}"))]));
    folder.write("exact.json", "{\"name\": \"x\", \"flow_definition\": {\"nodes\": [{\"id\": \"start\", \"type\": \"trigger\", \"example\": {\"amount\": 19.90, \"id\": 1234567890123456789}}]}}");

    let example = folder.run(&["run", "flow.json"]).expect(0);
    let given = folder.run(&["run", "flow.json", "--trigger", "{\"amount\": 2}"]).expect(0);
    let exact = folder.run(&["run", "exact.json"]).expect(0);

    assert_eq!(example.json(), json!({ "amount": 1 }));
    assert!(
        example.stderr.starts_with("Trigger data: the flow's example, {\"amount\":1}\n"),
        "{}",
        example.stderr
    );
    assert_eq!(given.json(), json!({ "amount": 2 }));
    assert!(
        exact.stdout.contains("19.90") && exact.stdout.contains("1234567890123456789"),
        "{}",
        exact.stdout
    );
}

#[test]
fn the_demo_service_opens_no_other_port_of_this_machine() {
    let folder = Folder::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let call = |id: &str, url: &str| json!({ "id": id, "type": "action", "action": "http_request", "input": { "url": url } });
    folder.write("flow.json", flow(&[call("peer", "http://demo-peer/ok"), call("other", &url)]));

    let run = folder.run(&["run", "flow.json"]).expect(1);

    assert!(
        run.stderr.starts_with("`http://demo-peer` is the demo service, which runs on 127.0.0.1:"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("peer   completed"), "{}", run.stderr);
    assert!(run.stderr.contains("(other) failed") || run.stderr.contains("`other` failed"), "{}", run.stderr);
}

#[test]
fn failure_is_exit_status_1_with_the_reason_and_no_result() {
    let folder = Folder::new();
    let fails =
        json!({ "id": "a", "type": "action", "action": "fail", "input": { "message": "No such vendor" } });
    folder.write("flow.json", flow(&[fails]));

    let run = folder.run(&["run", "flow.json"]).expect(1);

    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("a  attempt 1 failed after "), "{}", run.stderr);
    assert!(run.stderr.contains("\nNode `a` failed after 1 attempt: No such vendor\n"), "{}", run.stderr);
}

#[test]
fn undoing_that_waits_for_a_person_is_stopped() {
    let folder = Folder::new();
    let mut charge = echo(json!("c1"));
    (charge["id"], charge["compensate_with"]) = (json!("charge"), json!("refund"));
    let ship =
        json!({ "id": "ship", "type": "action", "action": "fail", "input": { "message": "no carrier" } });
    let refund = json!({ "id": "refund", "type": "action", "action": "http_request", "on_exhausted": "ask",
                         "input": { "url": "http://127.0.0.1:1/" } });
    let edges = json!([{ "from": "charge", "to": "ship" }]);
    folder.write(
        "saga.json",
        json!({ "name": "Saga", "flow_definition": { "nodes": [charge, ship, refund], "edges": edges } }),
    );

    let run = folder.run(&["run", "saga.json"]).expect(1);

    assert!(run.stderr.contains("waits for a person's decision"), "{}", run.stderr);
    assert!(
        run.stderr.contains("Undoing was stopped (Stopped by a user). Not undone: `charge`"),
        "{}",
        run.stderr
    );
}

#[test]
fn retries_are_shown_as_they_happen() {
    let folder = Folder::new();
    let mut fails = json!({ "id": "a", "type": "action", "action": "fail", "input": { "message": "Busy" } });
    fails["retry"] = json!({ "enabled": true, "count": 1, "initial_interval_seconds": 0.05 });
    folder.write("flow.json", flow(&[fails]));

    let run = folder.run(&["run", "flow.json"]).expect(1);

    assert!(run.stderr.contains("; attempt 2 in 50 ms\n"), "{}", run.stderr);
    assert!(run.stderr.contains("\nAttempt 1: Busy\nAttempt 2: Busy\n"), "{}", run.stderr);
}

#[test]
fn invalid_document_is_exit_status_2() {
    let folder = Folder::new();
    folder.write("faulty.json", flow(&[json!({ "id": "a", "type": "acton" })]));

    let faulty = folder.run(&["run", "faulty.json"]).expect(2);
    let missing = folder.run(&["run", "missing.json"]).expect(2);
    let timeout = folder.run_on(&["run", "-", "--timeout=-1"], &mirror().to_string()).expect(2);

    insta::assert_snapshot!(faulty.stderr, @r#"faulty.json:1: /flow_definition/nodes/0/type: `type` must be one of `trigger`, `agent`, `condition`, `switch`, `approval`, `delay`, `wait_event`, `parallel`, `merge`, `map`, `loop`, `subflow`, `action`, `code`, not "acton"; did you mean `action`?"#);
    insta::assert_snapshot!(missing.stderr, @"missing.json: No such file or directory (os error 2)");
    insta::assert_snapshot!(timeout.stderr, @"-:1: /timeout_seconds: `timeout_seconds` must be a number of seconds, more than 0 and at most 316224000, not -1.0");
}

#[test]
fn unreadable_trigger_data_starts_nothing() {
    let folder = Folder::new();
    folder.write("flow.json", mirror());

    let no_json = folder.run(&["run", "flow.json", "--trigger", "vendor=ACME"]).expect(1);
    let no_file = folder.run(&["run", "flow.json", "--trigger", "@order.json"]).expect(1);

    insta::assert_snapshot!(no_json.stderr, @"steadflow: The trigger data is not JSON: `vendor=ACME`: expected value at line 1 column 1");
    insta::assert_snapshot!(no_file.stderr, @"steadflow: Could not read the trigger data in order.json: No such file or directory (os error 2)");
}

#[test]
fn timeout_on_the_command_line_applies() {
    let folder = Folder::new();
    folder.write("flow.json", flow(&[json!({ "id": "a", "type": "delay", "delay_seconds": 3_600 })]));

    let run = folder.run(&["run", "flow.json", "--timeout", "0.2"]).expect(1);

    assert!(run.stderr.ends_with("\nFlow execution timed out after 0.2 seconds\n"), "{}", run.stderr);
}

#[test]
fn ctrl_c_cancels_and_is_exit_status_130() {
    let folder = Folder::new();
    folder.write("flow.json", flow(&[json!({ "id": "a", "type": "delay", "delay_seconds": 3_600 })]));
    let mut process = folder.start(&["run", "flow.json"]);
    let mut log = BufReader::new(process.stderr.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    assert!(line.starts_with("a  waits until "), "{line}");

    signal(process.id(), "INT");
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();

    assert_eq!(process.wait().unwrap().code(), Some(130));
    assert!(rest.contains("\ncancelled after "), "{rest}");
    assert!(rest.ends_with("\nCancelled by a user\n"), "{rest}");
}

#[test]
fn this_machine_cannot_be_called_unless_it_is_allowed() {
    let folder = Folder::new();
    let call = json!({
        "id": "a", "type": "action", "action": "http_request", "input": { "url": "http://127.0.0.1:9/" },
    });
    folder.write("flow.json", flow(&[call]));

    let run = folder.run(&["run", "flow.json"]).expect(1);
    let allowed = folder.run(&["run", "flow.json", "--egress-allow", "127.0.0.1"]).expect(1);
    let no_list = folder.run(&["run", "flow.json", "--egress-allow", "10.0.0.0/99"]).expect(1);

    assert!(run.stderr.contains("(configuration)"), "{}", run.stderr);
    assert!(allowed.stderr.contains("(connection)"), "{}", allowed.stderr);
    insta::assert_snapshot!(no_list.stderr, @"steadflow: The setting `egress_allow` is not valid: `10.0.0.0/99` is neither an IP address, a network like 10.1.0.0/16 nor a host name, with or without a port");
}

#[test]
fn execution_is_stored_in_the_given_database() {
    let folder = Folder::new();
    folder.write("flow.json", mirror());
    let run = ["run", "flow.json", "--database", "sqlite:kept.db"];

    folder.run(&run).expect(0);
    folder.run(&run).expect(0);

    folder.run(&["doctor", "--database", "sqlite:kept.db"]).expect(0);
    let database = rusqlite::Connection::open(folder.path().join("kept.db")).unwrap();
    let count: u32 = database.query_row("SELECT count(*) FROM executions", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 2);
}

#[test]
fn nothing_is_stored_without_a_database() {
    let folder = Folder::new();
    folder.write("flow.json", mirror());

    folder.run(&["run", "flow.json"]).expect(0);

    let files: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["flow.json"]);
}

#[test]
fn numbers_of_the_trigger_data_come_out_as_they_are_written() {
    let folder = Folder::new();
    folder.write("flow.json", mirror());
    let text = r#"{"b":[1.0E+2,19.90,-0,1e-7],"a":123456789012345678901234567890.5,"\u00e9":"\/"}"#;

    let run = folder.run(&["run", "flow.json", "--trigger", text]).expect(0);
    let negative = folder.run(&["run", "flow.json", "--trigger", "-1.50E+3"]).expect(0);

    assert_eq!(run.stdout, format!("{text}\n"));
    assert_eq!(negative.stdout, "-1.50E+3\n");
}

#[cfg(target_os = "linux")]
#[test]
fn local_commands_are_those_of_a_settings_file_that_is_named() {
    let folder = Folder::new();
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/server.py");
    folder.write("steadflow.toml", format!("[mcp.test]\ncommand = [\"/usr/bin/python3\", \"{server}\"]"));
    let id = "01936000-0000-7000-8000-0000000000a1";
    let agent = json!({ "id": id, "name": "Tools", "agent_type": "mcp", "config": { "command": "test" }, "skills": ["echo"] });
    let node = json!({ "id": "a", "type": "agent", "agent_id": id, "skill": "echo", "input": { "n": 1 } });
    folder.write("run.json", json!({ "flow": flow(&[node]), "agents": [agent] }));

    let found = folder.run(&["run", "run.json"]).expect(2);
    let named = folder.run(&["run", "run.json", "--config", "steadflow.toml"]).expect(0);
    let checked = folder.run(&["validate", "run.json"]).expect(0);

    insta::assert_snapshot!(found.stderr, @"
    settings  ./steadflow.toml
    run.json:1: /agents/0/config/command: there is no local command `test`. `run` knows those of a settings file that is named with `--config`, as `[mcp.test]`
    ");
    assert_eq!(named.json()["arguments"], json!({ "n": 1 }), "{}", named.stderr);
    assert!(checked.stdout.contains("valid"), "{}", checked.stdout);
}
