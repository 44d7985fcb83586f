//! Forks: a new execution from a completed node of another one on, and what one would do.

use serde_json::{Value, json};

use crate::support::{Api, NO_ID, echo, flow, hanging, list, node, readable, text};

/// A flow that fails in `c` unless the output of `b` says `{"fails": 0}`.
fn three_nodes(of_b: Value) -> Value {
    let b = json!({ "id": "b", "type": "action", "action": "transform", "input": of_b });
    let nodes = [echo("a", json!({ "made_by": "${execution.id}" })), b, echo("c", json!("${b}"))];
    flow("Review", &nodes, &[("a", "b"), ("b", "c")])
}

/// An execution of it that has failed, and its flow.
async fn failed(api: &Api) -> (String, Value) {
    let id = api.create_flow(&three_nodes(json!({ "fails": 1 }))).await;
    let body = json!({ "context_id": "V-7", "trigger_data": { "k": 1 } });
    let execution = api.post(&format!("flows/{id}/execute?wait=5"), &body).await.expect(200);
    assert_eq!(
        (&execution["status"], &node(&execution, "b")["status"]),
        (&json!("failed"), &json!("completed"))
    );
    (id, execution)
}

fn fork_of(execution: &Value) -> String {
    format!("executions/{}/fork", text(&execution["id"]))
}

#[tokio::test(start_paused = true)]
async fn failed_execution_is_forked_with_an_output_that_lets_it_complete() {
    let api = Api::new().await;
    let (_, old) = failed(&api).await;

    let body = json!({ "node_id": "b", "outputs": { "b": { "fails": 0 } } });
    let answer = api.post(&fork_of(&old), &body).await;

    let location = answer.header("location").map(str::to_owned);
    let answer = answer.expect(201);
    insta::assert_snapshot!(readable(&answer), @r#"
    {
      "execution_id": "[id 1]",
      "status": "pending",
      "flow_id": "[id 2]",
      "message": "Execution fork started",
      "forked_from": "[id 3]"
    }
    "#);
    let id = text(&answer["execution_id"]);
    assert_eq!(location.as_deref(), Some(format!("/api/v1/studio/executions/{id}").as_str()));
    let new = api.ended(&id).await;
    assert_eq!((&new["status"], &new["result"]), (&json!("completed"), &json!({ "fails": 0 })));
    assert_eq!((&new["forked_from"], &new["fork_node_id"]), (&old["id"], &json!("b")));
    assert_eq!((&new["retry_of"], &new["triggered_by"]), (&Value::Null, &json!("fork")));
    for key in ["context_id", "context_type", "trigger_data", "flow_id", "flow_version"] {
        assert_eq!(new[key], old[key], "{key}");
    }
    let marks = |id| (node(&new, id)["reused"] == json!(true), node(&new, id)["edited"] == json!(true));
    assert_eq!(["a", "b", "c"].map(marks), [(true, false), (true, true), (false, false)]);
    assert_eq!(node(&new, "a")["output_data"], node(&old, "a")["output_data"]);
    let now = api.execution(&text(&old["id"])).await;
    assert_eq!((&now["forks"], &now["retried_by"]), (&json!([id]), &json!([])));
    assert_eq!(
        (&now["seq"], &now["node_executions"]),
        (&old["seq"], &old["node_executions"]),
        "it did not change"
    );
    let listed = api.get(&format!("executions?forked_from={}", text(&old["id"]))).await.expect(200);
    assert_eq!(
        (list(&listed).len(), &listed[0]["id"], &listed[0]["forked_from"]),
        (1, &new["id"], &old["id"])
    );
    let journal = api.get(&format!("executions/{id}/journal")).await.expect(200);
    let accepted = &journal[0];
    assert_eq!((&accepted["fork_node_id"], &accepted["edited"]), (&json!("b"), &json!(["b"])), "{accepted}");
}

#[tokio::test(start_paused = true)]
async fn running_and_completed_executions_are_forked_too() {
    let api = Api::new().await;
    let id = api.create_flow(&flow("Waits", &[echo("a", json!(1)), hanging("b")], &[("a", "b")])).await;
    let running = api.start(&id).await;
    let running = api.when(&running, |execution| node(execution, "b")["status"] == "running").await;
    let completed = api.run(&api.flow_of(&[echo("only", json!("${trigger_data}"))]).await).await;

    let of_running = api.post(&fork_of(&running), &json!({ "node_id": "a" })).await.expect(201);
    let body = json!({ "node_id": "only", "trigger_data": null });
    let of_completed = api.post(&fork_of(&completed), &body).await.expect(201);

    let id = text(&of_running["execution_id"]);
    let new = api.when(&id, |execution| node(execution, "b")["status"] == "running").await;
    assert_eq!(node(&new, "a")["reused"], false);
    let new = api.ended(&text(&of_completed["execution_id"])).await;
    assert_eq!((&new["trigger_data"], &new["result"]), (&Value::Null, &Value::Null));
    assert_eq!(api.execution(&text(&running["id"])).await["status"], "running");
}

#[tokio::test(start_paused = true)]
async fn the_same_key_forks_once() {
    let api = Api::new().await;
    let (_, old) = failed(&api).await;
    let fork = async |body: &str| api.post_with(&fork_of(&old), &[("idempotency-key", "fork")], body).await;

    let first = fork(r#"{"node_id":"a"}"#).await.expect(201);
    let again = fork(r#"{"node_id":"a"}"#).await.expect(201);
    let other = fork(r#"{"node_id":"b"}"#).await;

    assert_eq!(first["execution_id"], again["execution_id"]);
    assert_eq!(other.status, 422);
    assert!(other.problem().starts_with("422 idempotency-key-reused"));
    assert_eq!(api.counts().await, (1, 2));
}

#[tokio::test(start_paused = true)]
async fn the_plan_of_a_fork_names_what_the_current_version_has_changed() {
    let api = Api::new().await;
    let (flow, old) = failed(&api).await;
    let plan = async |query: &str| {
        let plan = api.get(&format!("executions/{}/fork-plan?{query}", text(&old["id"]))).await.expect(200);
        json!([plan["flow_version"], plan["run"], plan["reuse"], plan["differing"]]).to_string()
    };
    let same = plan("node_id=b").await;

    api.patch(&format!("flows/{flow}"), &three_nodes(json!({ "fails": 0 }))).await.expect(200);

    assert_eq!(same, r#"[1,["b","c"],["a"],[]]"#);
    assert_eq!(plan("node_id=b&flow_version=same").await, same);
    assert_eq!(plan("node_id=b&flow_version=current").await, r#"[2,["b","c"],["a"],[]]"#);
    let body = json!({ "node_id": "b", "flow_version": "current" });
    let new = api.post(&fork_of(&old), &body).await.expect(201);
    let new = api.ended(&text(&new["execution_id"])).await;
    assert_eq!((&new["flow_version"], &new["status"]), (&json!(2), &json!("completed")));

    let mut edited = three_nodes(json!({ "fails": 0 }));
    edited["flow_definition"]["nodes"][0]["input"] = json!("another");
    api.patch(&format!("flows/{flow}"), &edited).await.expect(200);
    assert_eq!(plan("node_id=b&flow_version=current").await, r#"[3,["b","c"],[],["a"]]"#);
    let refused = api.post(&fork_of(&old), &body).await;
    insta::assert_snapshot!(refused.problem(), @"
    422 not-forkable: Nothing was started. What completed in version 1 is not the same in version 3: `a`. Give these outputs in `outputs`, fork from the first of these nodes, or keep version 1 with `same`.
      /flow_version: What completed in version 1 is not the same in version 3: `a`. Give these outputs in `outputs`, fork from the first of these nodes, or keep version 1 with `same`
    ");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_forked_is_refused_with_its_place() {
    let api = Api::new().await;
    let (flow, old) = failed(&api).await;
    let refused = async |body: Value| api.post(&fork_of(&old), &body).await.problem();

    insta::assert_snapshot!(refused(json!({ "node_id": "none" })).await, @"
    422 not-forkable: Nothing was started. The execution has no node `none`.
      /node_id: The execution has no node `none`
    ");
    insta::assert_snapshot!(refused(json!({ "node_id": "b", "outputs": { "c": 1, "x/y": 2 } })).await, @"
    422 not-forkable: Nothing was started. Node `c` has not completed, so that it runs and has no output to edit. This is the first of 2 reasons.
      /outputs/c: Node `c` has not completed, so that it runs and has no output to edit
      /outputs/x~1y: The execution has no node `x/y`
    ");
    insta::assert_snapshot!(refused(json!({ "outputs": {} })).await, @"
    400 invalid-body: The body does not fit: missing field `node_id` at line 1 column 14.
      : missing field `node_id`
    ");
    insta::assert_snapshot!(refused(json!({ "node_id": "a", "input": 1 })).await, @"
    400 invalid-body: The body does not fit: unknown field `input`, expected one of `node_id`, `trigger_data`, `outputs`, `flow_version` at line 1 column 22.
      /input: unknown field `input`, expected one of `node_id`, `trigger_data`, `outputs`, `flow_version`
    ");
    let without = api.get(&format!("executions/{}/fork-plan", text(&old["id"]))).await;
    insta::assert_snapshot!(without.problem(), @"400 invalid-parameter: The query is not valid: `node_id` must be the ID of a node.");
    let nowhere = api.post(&format!("executions/{NO_ID}/fork"), &json!({ "node_id": "a" })).await;
    assert_eq!(nowhere.status, 404);
    api.patch(&format!("flows/{flow}"), &json!({ "status": "archived" })).await.expect(200);
    let archived = api.post(&fork_of(&old), &json!({ "node_id": "a" })).await;
    assert_eq!((archived.status, api.counts().await), (409, (1, 1)));
}

#[tokio::test(start_paused = true)]
async fn a_fork_is_no_retry() {
    let api = Api::new().await;
    let (_, old) = failed(&api).await;
    let fork = api.post(&fork_of(&old), &json!({ "node_id": "b" })).await.expect(201);
    let fork = api.ended(&text(&fork["execution_id"])).await;

    let dry_run = json!({ "filter": {}, "dry_run": true });
    let would = api.post("executions/retry", &dry_run).await.expect(200);
    let failures = api.get("failures").await.expect(200);
    let from_failed =
        api.post(&format!("executions/{}/retry", text(&fork["id"])), &json!({ "mode": "from_failed" })).await;

    assert_eq!(would["matched"], 2, "neither counts as retried: {would}");
    assert_eq!((&failures[0]["count"], &failures[0]["retried"]), (&json!(2), &json!(0)), "{failures}");
    let retry = api.ended(&text(&from_failed.expect(200)["new_execution_id"])).await;
    assert_eq!((&retry["retry_of"], &retry["forked_from"]), (&fork["id"], &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn forks_are_listed_oldest_first() {
    let api = Api::new().await;
    let (_, old) = failed(&api).await;
    let mut forks = Vec::new();
    for _ in 0..101 {
        let fork = api.post(&fork_of(&old), &json!({ "node_id": "a" })).await.expect(201);
        forks.push(api.ended(&text(&fork["execution_id"])).await["id"].clone());
    }

    let shown = api.execution(&text(&old["id"])).await["forks"].clone();

    assert_eq!(shown, json!(forks[1..]), "the newest hundred");
}
