//! Cancelling, pausing and resuming executions, and what a person can do to one node.

use serde_json::{Value, json};

use crate::support::{Api, NO_ID, echo, failing, flow, hanging, node, readable};

const CONTROLS: [&str; 3] = ["cancel", "pause", "resume"];

/// A node whose first attempt fails, and whose second is due in ten minutes.
fn backing_off(id: &str) -> Value {
    let mut node = failing(id, 1, 1);
    node["retry"]["initial_interval_seconds"] = json!(600);
    node
}

/// A node that asks a person when its one attempt has failed.
fn asking(id: &str) -> Value {
    let mut node = echo(id, json!({ "fails": 1 }));
    node["on_exhausted"] = json!("ask");
    node
}

/// Starts a flow of `node` and gives the execution as soon as the node waits.
async fn waiting(api: &Api, node: Value) -> String {
    let id = api.start(&api.flow_of(&[node]).await).await;
    let waits = |execution: &Value| {
        let node = &execution["node_executions"][0];
        !node["next_retry_at"].is_null() || !node["waiting_for"].is_null()
    };
    api.when(&id, waits).await;
    id
}

#[tokio::test(start_paused = true)]
async fn cancelling_stops_what_is_in_flight_and_what_never_began() {
    let api = Api::new().await;
    let flow = api.create_flow(&flow("Review", &[hanging("a"), echo("b", json!({}))], &[("a", "b")])).await;
    let id = api.start(&flow).await;

    let answer = api.press(&format!("executions/{id}/cancel")).await.expect(200);

    insta::assert_snapshot!(readable(&answer), @r#"
    {
      "execution_id": "[id 1]",
      "status": "cancelled",
      "ending_as": null,
      "message": "Execution cancelled"
    }
    "#);
    let cancelled = api.execution(&id).await;
    assert_eq!(cancelled["error_message"], "Cancelled by a user");
    assert_eq!(node(&cancelled, "a")["status"], "cancelled");
    assert_eq!(node(&cancelled, "b")["status"], "cancelled");
    assert!(cancelled["duration_ms"].is_number() && cancelled["result"].is_null());
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_backoffs_delays_decisions_and_pauses() {
    let api = Api::new().await;
    let delay = json!({ "id": "a", "type": "delay", "delay_seconds": 600 });

    for node in [backing_off("a"), delay, asking("a")] {
        let id = waiting(&api, node.clone()).await;
        let paused = waiting(&api, node).await;
        api.press(&format!("executions/{paused}/pause")).await.expect(200);

        for id in [id, paused] {
            assert_eq!(
                api.press(&format!("executions/{id}/cancel")).await.expect(200)["status"],
                "cancelled"
            );
            let node = &api.execution(&id).await["node_executions"][0];
            assert_eq!((&node["status"], &node["next_retry_at"]), (&json!("cancelled"), &Value::Null));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_new_starts_while_paused_and_everything_once_resumed() {
    let api = Api::new().await;
    let nodes = [backing_off("a"), echo("b", json!({ "done": true }))];
    let flow = api.create_flow(&flow("Review", &nodes, &[("a", "b")])).await;
    let id = api.start(&flow).await;
    api.when(&id, |execution| execution["retrying"] == true).await;

    let paused = api.press(&format!("executions/{id}/pause")).await.expect(200);
    tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
    let later = api.execution(&id).await;
    let resumed = api.press(&format!("executions/{id}/resume")).await.expect(200);

    insta::assert_snapshot!(readable(&paused), @r#"
    {
      "execution_id": "[id 1]",
      "status": "paused",
      "ending_as": null,
      "message": "Execution paused"
    }
    "#);
    assert_eq!((&later["status"], &node(&later, "a")["attempts"][1]), (&json!("paused"), &Value::Null));
    assert_eq!(resumed["message"], "Execution resumed");
    assert_eq!(api.ended(&id).await["result"], json!({ "done": true }));
}

#[tokio::test(start_paused = true)]
async fn deadline_goes_on_while_paused() {
    let api = Api::new().await;
    let mut document = flow("Review", &[hanging("a")], &[]);
    document["timeout_seconds"] = json!(60);
    let id = api.start(&api.create_flow(&document).await).await;

    api.press(&format!("executions/{id}/pause")).await.expect(200);
    let ended = api.ended(&id).await;

    assert_eq!(ended["status"], "failed");
    assert_eq!(ended["error_message"], "Flow execution timed out after 60 seconds");
}

#[tokio::test(start_paused = true)]
async fn pausing_twice_and_resuming_what_is_not_held_are_conflicts() {
    let api = Api::new().await;
    let id = api.start(&api.flow_of(&[hanging("a")]).await).await;
    let press = async |what: &str| api.press(&format!("executions/{id}/{what}")).await;

    let not_held = press("resume").await;
    press("pause").await.expect(200);
    let held = press("pause").await;

    insta::assert_snapshot!(not_held.problem(), @"409 wrong-status: The execution is running, which does not allow this.");
    insta::assert_snapshot!(held.problem(), @"409 wrong-status: The execution is paused, which does not allow this.");
    assert_eq!(api.execution(&id).await["status"], "paused");
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_does_not_change() {
    let api = Api::new().await;
    let ended = api.run(&api.flow_of(&[echo("a", json!({}))]).await).await;
    let id = ended["id"].as_str().unwrap();

    for what in CONTROLS {
        let answer = api.press(&format!("executions/{id}/{what}")).await;
        assert_eq!(
            answer.problem(),
            "409 execution-finished: The execution is completed, and what has ended does not change."
        );
    }
    assert_eq!(api.execution(id).await, ended);
}

#[tokio::test(start_paused = true)]
async fn executions_that_are_not_there_cannot_be_controlled() {
    let api = Api::new().await;

    for what in CONTROLS {
        let unknown = api.press(&format!("executions/{NO_ID}/{what}")).await;
        assert_eq!(unknown.problem(), "404 no-such-execution: There is no execution [id 1].");
        api.press(&format!("executions/all/{what}")).await.expect(400);
    }
}

#[tokio::test(start_paused = true)]
async fn retry_now_ends_a_backoff_at_once() {
    let api = Api::new().await;
    let id = waiting(&api, backing_off("a")).await;

    let answer = api.press(&format!("executions/{id}/nodes/a/retry-now")).await.expect(200);

    assert_eq!(answer["message"], "Backoff ended");
    let ended = api.ended(&id).await;
    assert_eq!((&ended["status"], &ended["recovered"]), (&json!("completed"), &json!(true)));
    assert!(ended["duration_ms"].as_u64().unwrap() < 1_000, "{}", ended["duration_ms"]);
}

#[tokio::test(start_paused = true)]
async fn retry_now_needs_a_node_in_a_backoff() {
    let api = Api::new().await;
    let running = api.start(&api.flow_of(&[hanging("a")]).await).await;
    let ended = api.run(&api.flow_of(&[echo("a", json!({}))]).await).await;
    let retry = async |id: &str, node: &str| {
        api.press(&format!("executions/{id}/nodes/{node}/retry-now")).await.problem()
    };

    insta::assert_snapshot!(retry(&running, "a").await, @"409 not-waiting: The node is not waiting for this. Look at the execution: it may have gone on by itself.");
    insta::assert_snapshot!(retry(&running, "b").await, @"404 no-such-node: The execution has no node `b`.");
    insta::assert_snapshot!(retry(ended["id"].as_str().unwrap(), "a").await, @"409 execution-finished: The execution is completed, and what has ended does not change.");
    insta::assert_snapshot!(retry(NO_ID, "a").await, @"404 no-such-execution: There is no execution [id 1].");
}

#[tokio::test(start_paused = true)]
async fn person_decides_what_becomes_of_a_node_that_asks() {
    let api = Api::new().await;
    let decide = async |decision: Value| {
        let id = waiting(&api, asking("a")).await;
        assert_eq!(api.execution(&id).await["node_executions"][0]["waiting_for"], "decision");
        api.post(&format!("executions/{id}/nodes/a/decide"), &decision).await.expect(200);
        api.ended(&id).await
    };

    let completed = decide(json!({ "decision": "complete", "output": { "paid": true } })).await;
    let empty = decide(json!({ "decision": "complete" })).await;
    let failed = decide(json!({ "decision": "fail", "message": "The vendor is gone" })).await;
    let retried = decide(json!({ "decision": "retry" })).await;

    assert_eq!((&completed["status"], &completed["result"]), (&json!("completed"), &json!({ "paid": true })));
    assert_eq!((&empty["status"], &empty["result"]), (&json!("completed"), &Value::Null));
    assert_eq!(failed["status"], "failed");
    insta::assert_snapshot!(failed["error_message"].as_str().unwrap(), @"Node `a` failed after 1 attempt: The vendor is gone");
    assert_eq!((&retried["status"], &retried["recovered"]), (&json!("completed"), &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn decisions_that_say_too_much_or_nothing_change_nothing() {
    let api = Api::new().await;
    let id = waiting(&api, asking("a")).await;
    let mut problems = Vec::new();

    for decision in [
        json!({}),
        json!({ "decision": "skip" }),
        json!({ "decision": "retry", "output": 1 }),
        json!({ "decision": "complete", "message": "done" }),
        json!({ "decision": "fail", "output": 1 }),
        json!({ "decision": "fail", "message": "x".repeat(2_001) }),
        json!({ "decision": "complete", "output": "x".repeat(1024 * 1024) }),
    ] {
        problems.push(api.post(&format!("executions/{id}/nodes/a/decide"), &decision).await.problem());
    }

    insta::assert_snapshot!(problems.join("\n"), @"
    400 invalid-body: The body does not fit: missing field `decision` at line 1 column 2.
      : missing field `decision`
    400 invalid-body: The body does not fit: unknown variant `skip`, expected one of `retry`, `complete`, `fail` at line 1 column 18.
      /decision: unknown variant `skip`, expected one of `retry`, `complete`, `fail`
    400 invalid-body: `retry` takes neither `output` nor `message`.
      : `retry` takes neither `output` nor `message`
    400 invalid-body: `complete` takes no `message`.
      /message: `complete` takes no `message`
    400 invalid-body: `fail` takes no `output`.
      /output: `fail` takes no `output`
    400 invalid-body: `message` has more than 2000 characters.
      /message: `message` has more than 2000 characters
    400 invalid-body: `output` is larger than the limit of 1048576 bytes.
      /output: `output` is larger than the limit of 1048576 bytes
    ");
    assert_eq!(api.execution(&id).await["node_executions"][0]["waiting_for"], "decision");
}

#[tokio::test(start_paused = true)]
async fn node_that_asks_nothing_takes_no_decision() {
    let api = Api::new().await;
    let id = waiting(&api, backing_off("a")).await;

    let answer = api.post(&format!("executions/{id}/nodes/a/decide"), &json!({ "decision": "retry" })).await;

    insta::assert_snapshot!(answer.problem(), @"409 not-waiting: The node is not waiting for this. Look at the execution: it may have gone on by itself.");
}
