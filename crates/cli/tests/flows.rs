//! `steadflow flows`, and `executions` of many at once.

use serde_json::{Value, json};

use crate::support::{Folder, Run, Server, flow};

fn named(name: &str, action: &str, input: &Value) -> Value {
    let mut document = flow(&[json!({ "id": "a", "type": "action", "action": action, "input": input })]);
    document["name"] = json!(name);
    document["status"] = json!("active");
    document
}

/// A server with a flow that completes, one that fails and one that waits.
fn served() -> (Folder, Server) {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    folder
        .write("completes.json", named("Completes", "echo", &json!({ "vendor": "${trigger_data.vendor}" })));
    folder.write("fails.json", named("Fails", "fail", &json!({ "message": "No such vendor" })));
    let mut waits = flow(&[json!({ "id": "d", "type": "delay", "delay_seconds": 3_600 })]);
    waits["name"] = json!("Waits");
    folder.write("waits.json", waits);
    folder.run(&["apply", "--server", &server.base]).expect(0);
    (folder, server)
}

fn on(server: &Server, folder: &Folder, arguments: &[&str]) -> Run {
    folder.run(&[arguments, &["--server", &server.base]].concat())
}

#[test]
fn a_flow_is_listed_shown_and_run_by_its_name() {
    let (folder, server) = served();

    let list = on(&server, &folder, &["flows", "list", "--status", "active"]).expect(0).stdout;
    let shown = on(&server, &folder, &["flows", "show", "Completes"]).expect(0).stdout;
    let ran =
        on(&server, &folder, &["flows", "run", "Completes", "--trigger", r#"{"vendor": 1.50}"#]).expect(0);
    let failed = on(&server, &folder, &["flows", "run", "Fails"]).expect(1);
    let unknown = on(&server, &folder, &["flows", "run", "Nothing"]).expect(1);
    on(&server, &folder, &["flows", "pause", "Completes"]).expect(0);
    let paused = on(&server, &folder, &["flows", "run", "Completes"]).expect(1);
    let draft = on(&server, &folder, &["flows", "pause", "Waits"]).expect(1);

    assert!(list.contains("Completes") && list.contains("Fails") && !list.contains("Waits"), "{list}");
    assert!(shown.contains("Completes · ") && shown.contains("action echo"), "{shown}");
    assert_eq!(ran.stdout, "{\"vendor\":1.50}\n");
    assert!(ran.stderr.contains("attempt started"), "{}", ran.stderr);
    assert!(failed.stdout.is_empty() && failed.stderr.contains("No such vendor"), "{}", failed.stderr);
    assert!(unknown.stderr.contains("no flow with the ID or the name `Nothing`"), "{}", unknown.stderr);
    assert!(paused.stderr.contains("The flow is paused"), "{}", paused.stderr);
    assert!(
        draft.stderr.contains("The flow Waits is draft, and only one that is active"),
        "{}",
        draft.stderr
    );
}

#[test]
fn executions_that_fit_a_filter_are_retried_once_and_cancelled() {
    let (folder, server) = served();
    for _ in 0..3 {
        on(&server, &folder, &["flows", "run", "Fails"]).expect(1);
        on(&server, &folder, &["flows", "run", "Waits", "--no-wait"]).expect(0);
    }
    let retry = ["executions", "retry", "--filter", "flow=Fails", "--filter", "since=1h", "--from", "failed"];
    let json = |arguments: &[&str]| on(&server, &folder, &[arguments, &["--json"]].concat()).expect(0).json();

    let dry = json(&[&retry[..], &["--dry-run"]].concat());
    let one = json(&[&retry[..], &["--limit", "1"]].concat());
    let rest = on(&server, &folder, &retry).expect(0);
    let none = on(&server, &folder, &["executions", "retry", "--filter", "node=b"]).expect(0);
    let waiting = json(&["executions", "cancel", "--filter", "flow=Waits", "--dry-run"]);
    let cancelled = json(&["executions", "cancel", "--filter", "flow=Waits"]);
    let listed = json(&["executions", "list", "--filter", "status=cancelled", "--filter", "flow=Waits"]);
    let wrong = on(&server, &folder, &["executions", "retry", "--filter", "status=running"]).expect(1);
    let unknown = on(&server, &folder, &["executions", "cancel", "--filter", "colour=red"]).expect(2);

    assert_eq!((&dry["matched"], &dry["retried"]), (&json!(3), &json!(3)));
    assert!(dry["items"][0]["new_execution_id"].is_null(), "{dry:#}");
    assert_eq!((&one["retried"], one["items"].as_array().map(Vec::len)), (&json!(1), Some(1)));
    assert_eq!(none.stderr, "0 executions retried.\n");
    assert!(rest.stderr.contains(" executions retried"), "{}", rest.stderr);
    assert_eq!(
        (&waiting["cancelled"], &cancelled["cancelled"], &cancelled["skipped"]),
        (&json!(3), &json!(3), &json!(0))
    );
    assert_eq!(listed.as_array().map(Vec::len), Some(3));
    assert!(wrong.stderr.contains("`filter.status` must have some of failed, cancelled"), "{}", wrong.stderr);
    assert!(
        unknown.stderr.contains("there is no `colour` to filter by; there are flow, status"),
        "{}",
        unknown.stderr
    );
}
