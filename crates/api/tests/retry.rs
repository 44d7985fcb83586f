//! Manual retries: of one execution, of many, and what one would do.

use serde_json::{Value, json};

use crate::support::{Api, NO_ID, each, echo, flow, hanging, list, node, readable, text};

/// A flow whose second node fails unless the trigger data say `{"fails": 0}`.
fn two_nodes() -> Value {
    let nodes = [echo("a", json!({ "prepared": "${execution.id}" })), echo("b", json!("${trigger_data}"))];
    flow("Review", &nodes, &[("a", "b")])
}

/// An execution of it that has failed, and its flow.
async fn failed(api: &Api) -> (String, Value) {
    let id = api.create_flow(&two_nodes()).await;
    let body = json!({ "context_id": "V-7", "trigger_data": { "fails": 1 } });
    let execution = api.post(&format!("flows/{id}/execute?wait=5"), &body).await.expect(200);
    assert_eq!(execution["status"], "failed");
    (id, execution)
}

fn retry_of(execution: &Value) -> String {
    format!("executions/{}/retry", text(&execution["id"]))
}

#[tokio::test(start_paused = true)]
async fn failed_execution_is_retried_as_a_new_one() {
    let api = Api::new().await;
    let (_, old) = failed(&api).await;

    let answer = api.press(&retry_of(&old)).await.expect(200);

    insta::assert_snapshot!(readable(&answer), @r#"
    {
      "message": "Execution retry started",
      "new_execution_id": "[id 1]",
      "status": "pending",
      "retry_of": "[id 2]"
    }
    "#);
    assert_eq!(answer["retry_of"], old["id"]);
    let new = api.ended(&text(&answer["new_execution_id"])).await;
    assert_eq!((&new["retry_of"], &new["triggered_by"]), (&old["id"], &json!("retry")));
    for key in ["context_id", "context_type", "trigger_data", "flow_id", "flow_version"] {
        assert_eq!(new[key], old[key], "{key}");
    }
    assert_eq!(node(&new, "a")["reused"], false);
    assert_ne!(node(&new, "a")["output_data"], node(&old, "a")["output_data"]);
    let old = api.execution(&text(&old["id"])).await;
    assert_eq!((&old["status"], &old["retried_by"]), (&json!("failed"), &json!([new["id"]])));
}

#[tokio::test(start_paused = true)]
async fn retry_from_the_failed_node_takes_over_what_completed() {
    let api = Api::new().await;
    let (_, old) = failed(&api).await;

    let body = json!({ "mode": "from_failed", "trigger_data": { "fails": 0 } });
    let answer = api.post(&retry_of(&old), &body).await.expect(200);

    let new = api.ended(&text(&answer["new_execution_id"])).await;
    assert_eq!((&new["status"], &new["result"]), (&json!("completed"), &json!({ "fails": 0 })));
    assert_eq!((&node(&new, "a")["reused"], &node(&new, "b")["reused"]), (&json!(true), &json!(false)));
    assert_eq!(node(&new, "a")["output_data"], node(&old, "a")["output_data"]);
    assert_eq!(node(&new, "a")["attempts"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn outputs_that_are_reused_can_be_edited_and_the_run_says_so() {
    let api = Api::new().await;
    let nodes =
        [echo("a", json!({ "n": 1 })), echo("b", json!("${trigger_data}")), echo("c", json!("${a.n}"))];
    let id = api.create_flow(&flow("Review", &nodes, &[("a", "b"), ("b", "c")])).await;
    let body = json!({ "trigger_data": { "fails": 1 } });
    let old = api.post(&format!("flows/{id}/execute?wait=5"), &body).await.expect(200);

    let edits =
        json!({ "mode": "from_failed", "trigger_data": { "fails": 0 }, "outputs": { "a": { "n": 7 } } });
    let answer = api.post(&retry_of(&old), &edits).await.expect(200);
    let refused = json!({ "mode": "from_failed", "outputs": { "b": 1, "none": 2, "a": { "n": 8 } } });
    let refused = api.post(&retry_of(&old), &refused).await;
    let of_start = api.post(&retry_of(&old), &json!({ "outputs": { "a": 1 } })).await;

    let new = api.ended(&text(&answer["new_execution_id"])).await;
    assert_eq!((&new["status"], &new["result"]), (&json!("completed"), &json!(7)));
    assert_eq!(
        (&node(&new, "a")["edited"], &node(&new, "a")["output_data"]),
        (&json!(true), &json!({ "n": 7 }))
    );
    assert_eq!((&node(&new, "b")["edited"], &node(&old, "a")["edited"]), (&json!(false), &json!(false)));
    let journal = api.get(&format!("executions/{}/journal", text(&new["id"]))).await.expect(200);
    assert_eq!((&journal[0]["edited"], &journal[0]["reused"]), (&json!(["a"]), &json!(["a"])));
    insta::assert_snapshot!(refused.problem(), @r"
    422 output-not-editable: Nothing was started. Node `b` has not completed, so it runs in this retry and has no output to edit; leave it out.
      /outputs/b: Node `b` has not completed, so it runs in this retry and has no output to edit; leave it out
      /outputs/none: The execution has no node `none`
    ");
    insta::assert_snapshot!(of_start.problem(), @r"
    422 output-not-editable: Nothing was started. Node `a` runs again in this retry, so it has no output to edit; leave it out, or fork from a node after it.
      /outputs/a: Node `a` runs again in this retry, so it has no output to edit; leave it out, or fork from a node after it
    ");
}

#[tokio::test(start_paused = true)]
async fn what_was_edited_is_said_of_all_that_reuse_it() {
    let api = Api::new().await;
    let nodes = [echo("a", json!({ "n": 1 })), echo("b", json!({})), echo("c", json!("${trigger_data}"))];
    let id = api.create_flow(&flow("Review", &nodes, &[("a", "b"), ("b", "c")])).await;
    let body = json!({ "trigger_data": { "fails": 1 } });
    let old = api.post(&format!("flows/{id}/execute?wait=5"), &body).await.expect(200);
    let again = async |of: &Value, body: Value| {
        let answer = api.post(&retry_of(of), &body).await.expect(200);
        api.ended(&text(&answer["new_execution_id"])).await
    };

    let edited = again(&old, json!({ "mode": "from_failed", "outputs": { "a": { "n": 7 } } })).await;
    let next = again(&edited, json!({ "mode": "from_failed" })).await;
    let fork = api.post(&format!("executions/{}/fork", text(&next["id"])), &json!({ "node_id": "b" })).await;
    let fork = api.ended(&text(&fork.expect(201)["execution_id"])).await;
    let from_start = again(&edited, json!({ "mode": "from_start" })).await;

    for run in [&edited, &next, &fork] {
        assert_eq!(run["status"], "failed");
        assert_eq!(node(run, "a")["output_data"], json!({ "n": 7 }));
        assert_eq!(node(run, "a")["edited"], true, "{run}");
    }
    assert_eq!(node(&from_start, "a")["edited"], false, "it has run itself");
}

#[tokio::test(start_paused = true)]
async fn cancelled_execution_is_retried_too() {
    let api = Api::new().await;
    let id = api.start(&api.flow_of(&[hanging("a")]).await).await;
    api.press(&format!("executions/{id}/cancel")).await.expect(200);

    let answer = api.press(&format!("executions/{id}/retry")).await.expect(200);

    assert_eq!(answer["retry_of"], json!(id));
    assert_eq!(api.execution(&text(&answer["new_execution_id"])).await["status"], "running");
}

#[tokio::test(start_paused = true)]
async fn only_failed_and_cancelled_executions_are_retried() {
    let api = Api::new().await;
    let completed = api.run(&api.flow_of(&[echo("a", json!({}))]).await).await;
    let running = api.start(&api.flow_of(&[hanging("a")]).await).await;
    let press = async |path: String| api.press(&path).await;

    let of_completed = press(retry_of(&completed)).await;
    let of_running = press(format!("executions/{running}/retry")).await;
    press(format!("executions/{running}/pause")).await.expect(200);
    let of_paused = press(format!("executions/{running}/retry")).await;
    let of_none = press(format!("executions/{NO_ID}/retry")).await;

    insta::assert_snapshot!(of_completed.problem(), @"400 not-retryable: Cannot retry execution with status: completed");
    insta::assert_snapshot!(of_running.problem(), @"400 not-retryable: Cannot retry execution with status: running");
    insta::assert_snapshot!(of_paused.problem(), @"400 not-retryable: Cannot retry execution with status: paused");
    insta::assert_snapshot!(of_none.problem(), @"404 no-such-execution: There is no execution [id 1].");
    assert_eq!(list(&api.get("executions").await.expect(200)).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn each_mode_has_its_flow_version_unless_told_otherwise() {
    let api = Api::new().await;
    let (flow, old) = failed(&api).await;
    api.patch(&format!("flows/{flow}"), &json!({ "description": "Edited" })).await.expect(200);

    for (body, version) in [
        (json!({}), 2),
        (json!({ "mode": "from_failed" }), 1),
        (json!({ "flow_version": "same" }), 1),
        (json!({ "mode": "from_failed", "flow_version": "current" }), 2),
    ] {
        let answer = api.post(&retry_of(&old), &body).await.expect(200);
        let new = api.ended(&text(&answer["new_execution_id"])).await;
        assert_eq!(new["flow_version"], version, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn same_key_retries_once() {
    let api = Api::new().await;
    let (_, old) = failed(&api).await;
    let retry =
        async |body: &str| api.post_with(&retry_of(&old), &[("idempotency-key", "press")], body).await;

    let first = retry("").await.expect(200);
    let second = retry("").await.expect(200);
    let other = retry(r#"{"mode":"from_failed"}"#).await;
    let on_purpose = api.press(&retry_of(&old)).await.expect(200);

    assert_eq!(second, first);
    other.expect(422);
    assert_ne!(on_purpose["new_execution_id"], first["new_execution_id"]);
    assert_eq!(api.counts().await, (1, 3));
}

#[tokio::test(start_paused = true)]
async fn executions_of_archived_flows_are_not_retried() {
    let api = Api::new().await;
    let (flow, old) = failed(&api).await;
    let set = async |status: &str| {
        api.patch(&format!("flows/{flow}"), &json!({ "status": status })).await.expect(200)
    };

    set("archived").await;
    let archived = api.press(&retry_of(&old)).await;
    let plan = api.get(&format!("executions/{}/retry-plan", text(&old["id"]))).await;
    set("paused").await;
    let paused = api.press(&retry_of(&old)).await;

    insta::assert_snapshot!(archived.problem(), @"409 flow-not-startable: The flow is archived. Activate it to start executions of it.");
    assert_eq!(plan.problem(), archived.problem());
    paused.expect(200);
}

#[tokio::test(start_paused = true)]
async fn plan_shows_what_would_run_and_what_would_be_reused() {
    let api = Api::new().await;
    let (_, old) = failed(&api).await;
    let path = format!("executions/{}/retry-plan", text(&old["id"]));
    let plan = async |query: &str| api.get(&format!("{path}{query}")).await;

    let from_start =
        json!({ "mode": "from_start", "flow_version": 1, "run": ["a", "b"], "reuse": [], "children": [] });
    let from_failed =
        json!({ "mode": "from_failed", "flow_version": 1, "run": ["b"], "reuse": ["a"], "children": [] });
    assert_eq!(plan("").await.expect(200), from_start);
    assert_eq!(plan("?mode=from_start").await.expect(200), from_start);
    assert_eq!(plan("?mode=from_failed").await.expect(200), from_failed);
    insta::assert_snapshot!(plan("?mode=half&flow_version=3").await.problem(), @"400 invalid-parameter: The query is not valid: `mode` must be one of from_start, from_failed; `flow_version` must be one of same, current.");
    assert_eq!(api.counts().await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn outputs_are_reused_only_for_nodes_that_are_the_same() {
    let api = Api::new().await;
    let nodes = |changed: &str| {
        let input = |id: &str| json!({ "at": if id == changed { "edited" } else { "first" } });
        let mut nodes = vec![echo("a", input("a")), echo("b", input("b")), echo("c", input("c"))];
        nodes.push(echo("last", json!("${trigger_data}")));
        nodes
    };
    let document = |nodes: &[Value]| flow("Review", nodes, &[("a", "b"), ("b", "last"), ("c", "last")]);
    let id = api.create_flow(&document(&nodes(""))).await;
    let body = json!({ "trigger_data": { "fails": 1 } });
    let old = api.post(&format!("flows/{id}/execute?wait=5"), &body).await.expect(200);
    let plan = async |changed: &Value| {
        let definition = json!({ "flow_definition": changed["flow_definition"] });
        api.patch(&format!("flows/{id}"), &definition).await.expect(200);
        let query = "retry-plan?mode=from_failed&flow_version=current";
        let plan = api.get(&format!("executions/{}/{query}", text(&old["id"]))).await.expect(200);
        let reused: Vec<String> = list(&plan["reuse"]).iter().map(text).collect();
        reused.join(" ")
    };
    let mut shown = nodes("");
    shown[0]["position"] = json!({ "x": 7, "y": 7 });
    shown[1]["retry"] = json!({ "enabled": true, "count": 1 });
    let mut rewired = document(&nodes(""));
    rewired["flow_definition"]["edges"][0]["condition"] = json!("a.at == 'first'");

    assert_eq!(plan(&document(&shown)).await, "a b c", "shown and tried in another way");
    assert_eq!(plan(&document(&nodes("b"))).await, "a c", "an edited node runs");
    assert_eq!(plan(&document(&nodes("a"))).await, "c", "so does what comes after it");
    assert_eq!(plan(&rewired).await, "a c", "and what another edge leads to");
    let answer =
        api.post(&retry_of(&old), &json!({ "mode": "from_failed", "flow_version": "current" })).await;
    let new = api.ended(&text(&answer.expect(200)["new_execution_id"])).await;
    let is_reused = |id: &str| node(&new, id)["reused"] == json!(true);
    assert_eq!(["a", "b", "c", "last"].map(is_reused), [true, false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn plan_of_what_has_not_failed_is_refused() {
    let api = Api::new().await;
    let completed = api.run(&api.flow_of(&[echo("a", json!({}))]).await).await;

    let answer = api.get(&format!("executions/{}/retry-plan", text(&completed["id"]))).await;

    insta::assert_snapshot!(answer.problem(), @"400 not-retryable: Cannot retry execution with status: completed");
}

#[tokio::test(start_paused = true)]
async fn bodies_of_another_shape_retry_nothing() {
    let api = Api::new().await;
    let (_, old) = failed(&api).await;
    let refused = async |body: Value| api.post(&retry_of(&old), &body).await.problem();

    insta::assert_snapshot!(refused(json!({ "mode": "from_middle" })).await, @"
    400 invalid-body: The body does not fit: unknown variant `from_middle`, expected `from_start` or `from_failed` at line 1 column 21.
      /mode: unknown variant `from_middle`, expected `from_start` or `from_failed`
    ");
    insta::assert_snapshot!(refused(json!({ "flow_version": 1 })).await, @"
    400 invalid-body: The body does not fit: expected value at line 1 column 17.
      /flow_version: expected value
    ");
    insta::assert_snapshot!(refused(json!({ "trigger": 1 })).await, @"
    400 invalid-body: The body does not fit: unknown field `trigger`, expected one of `mode`, `flow_version`, `trigger_data`, `outputs` at line 1 column 10.
      /trigger: unknown field `trigger`, expected one of `mode`, `flow_version`, `trigger_data`, `outputs`
    ");
    assert_eq!(
        api.press(&format!("{}?mode=from_failed", retry_of(&old))).await.status,
        400,
        "modes go in the body"
    );
    assert_eq!(api.counts().await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn dry_run_of_many_says_which_and_starts_nothing() {
    let api = Api::new().await;
    let (flow, first) = failed(&api).await;
    let (_, second) = failed(&api).await;
    api.run(&api.flow_of(&[echo("a", json!({}))]).await).await;
    let retry = async |filter: Value| {
        api.post("executions/retry", &json!({ "filter": filter, "dry_run": true })).await.expect(200)
    };

    let all = retry(json!({})).await;

    insta::assert_snapshot!(readable(&all), @r#"
    {
      "dry_run": true,
      "matched": 2,
      "retried": 2,
      "skipped": 0,
      "reasons": [],
      "stopped": null,
      "items": [
        {
          "execution_id": "[id 1]",
          "new_execution_id": null,
          "skipped": null
        },
        {
          "execution_id": "[id 2]",
          "new_execution_id": null,
          "skipped": null
        }
      ]
    }
    "#);
    assert_eq!(each(&all["items"], "execution_id"), [text(&second["id"]), text(&first["id"])]);
    assert_eq!(retry(json!({ "flow_id": flow })).await["matched"], 1);
    assert_eq!(retry(json!({ "error_class": "connection", "node": "b" })).await["matched"], 2);
    assert_eq!(retry(json!({ "error_class": "timeout" })).await["matched"], 0);
    assert_eq!(retry(json!({ "node": "a" })).await["matched"], 0);
    assert_eq!(retry(json!({ "q": "v-7" })).await["matched"], 2);
    assert_eq!(retry(json!({ "start_date": "2027-01-15T08:00:01Z" })).await["matched"], 0);
    assert_eq!(retry(json!({ "end_date": "2027-01-15T08:00:01Z" })).await["matched"], 2);
    assert_eq!(api.counts().await, (3, 3));
}

#[tokio::test(start_paused = true)]
async fn many_are_retried_once_each_however_often_it_is_asked() {
    let api = Api::new().await;
    let (flow, first) = failed(&api).await;
    let body = json!({ "trigger_data": { "fails": 1 } });
    let second = api.post(&format!("flows/{flow}/execute?wait=5"), &body).await.expect(200);
    let repaired = [echo("a", json!({})), echo("b", json!({}))];
    api.patch(&format!("flows/{flow}"), &crate::support::flow("Review", &repaired, &[])).await.expect(200);
    api.press(&retry_of(&first)).await.expect(200);

    let retry = async || api.post("executions/retry", &json!({ "filter": {} })).await.expect(200);
    let once = retry().await;
    let twice = retry().await;

    assert_eq!(each(&once["items"], "execution_id"), [text(&second["id"]), text(&first["id"])]);
    assert_eq!((&once["retried"], &once["skipped"]), (&json!(1), &json!(1)));
    let new = api.ended(&text(&once["items"][0]["new_execution_id"])).await;
    assert_eq!((&new["retry_of"], &new["status"]), (&second["id"], &json!("completed")));
    insta::assert_snapshot!(readable(&twice), @r#"
    {
      "dry_run": false,
      "matched": 2,
      "retried": 0,
      "skipped": 2,
      "reasons": [
        {
          "reason": "already-retried",
          "count": 2,
          "detail": "Already retried, as [id 1]."
        }
      ],
      "stopped": null,
      "items": [
        {
          "execution_id": "[id 2]",
          "new_execution_id": null,
          "skipped": "Already retried, as [id 1]."
        },
        {
          "execution_id": "[id 3]",
          "new_execution_id": null,
          "skipped": "Already retried, as [id 4]."
        }
      ]
    }
    "#);
    assert_eq!(api.counts().await, (1, 4));
}

#[tokio::test(start_paused = true)]
async fn dry_run_of_many_knows_what_could_not_be_retried() {
    let api = Api::new().await;
    let (flow, _) = failed(&api).await;
    api.patch(&format!("flows/{flow}"), &json!({ "status": "archived" })).await.expect(200);
    let retry = async |dry_run: bool| {
        let answer = api.post("executions/retry", &json!({ "filter": {}, "dry_run": dry_run })).await;
        answer.expect(200)["items"][0].clone()
    };

    let (dry, done) = (retry(true).await, retry(false).await);

    assert_eq!(dry, done);
    assert_eq!(dry["skipped"], "Not retried: the flow is archived.");
}

#[tokio::test(start_paused = true)]
async fn limit_of_many_takes_the_newest() {
    let api = Api::new().await;
    failed(&api).await;
    let (_, newest) = failed(&api).await;

    let body = json!({ "filter": {}, "dry_run": true, "limit": 1 });
    let answer = api.post("executions/retry", &body).await.expect(200);

    assert_eq!(each(&answer["items"], "execution_id"), [text(&newest["id"])]);
}

#[tokio::test(start_paused = true)]
async fn many_more_than_the_limit_are_retried_in_batches() {
    let api = Api::new().await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(text(&failed(&api).await.1["id"]));
    }

    let mut batches = Vec::new();
    let mut before = Value::Null;
    for _ in 0..3 {
        let body = json!({ "filter": {}, "limit": 2, "before": before });
        let answer = api.post("executions/retry", &body).await.expect(200);
        let batch: Vec<_> = each(&answer["items"], "execution_id").into_iter().map(str::to_owned).collect();
        before = batch.last().map_or(before, |last| json!(last));
        batches.push(batch);
    }

    assert_eq!(batches, [vec![all[2].clone(), all[1].clone()], vec![all[0].clone()], vec![]]);
}

#[tokio::test(start_paused = true)]
async fn filters_of_many_that_cannot_be_read_retry_nothing() {
    let api = Api::new().await;
    failed(&api).await;
    let mut told = Vec::new();

    for body in [
        json!({}),
        json!({ "filter": { "status": "failed" } }),
        json!({ "filter": { "start_date": "yesterday" } }),
        json!({ "filter": { "flow_id": "review" } }),
        json!({ "filter": { "error_class": "bad_luck" } }),
        json!({ "filter": { "q": "x".repeat(201) } }),
        json!({ "filter": {}, "limit": 0 }),
        json!({ "filter": {}, "limit": 1_001 }),
        json!({ "filter": {}, "dryrun": true }),
    ] {
        told.push(api.post("executions/retry", &body).await.problem());
    }

    insta::assert_snapshot!(told.join("\n"), @r#"
    400 invalid-body: Give either `filter`, for those that fit, or `ids`, for some that you know.
      : Give either `filter`, for those that fit, or `ids`, for some that you know
    400 invalid-body: The body does not fit: invalid type: string "failed", expected a sequence at line 1 column 28.
      /filter/status: invalid type: string "failed", expected a sequence
    400 invalid-body: `filter.start_date` must be a moment in RFC 3339, such as 2026-11-23T10:00:00Z.
      /filter/start_date: `filter.start_date` must be a moment in RFC 3339, such as 2026-11-23T10:00:00Z
    400 invalid-body: The body does not fit: UUID parsing failed: invalid character: found `r` at 0 at line 1 column 29.
      /filter/flow_id: UUID parsing failed: invalid character: found `r` at 0
    400 invalid-body: The body does not fit: unknown variant `bad_luck`, expected one of `timeout`, `connection`, `rate_limited`, `unavailable`, `rejected`, `tool`, `model_output`, `guardrail`, `validation`, `expression`, `script`, `configuration`, `budget`, `cancelled`, `replaced`, `output_too_large`, `internal`, `interrupted` at line 1 column 35.
      /filter/error_class: unknown variant `bad_luck`, expected one of `timeout`, `connection`, `rate_limited`, `unavailable`, `rejected`, `tool`, `model_output`, `guardrail`, `validation`, `expression`, `script`, `configuration`, `budget`, `cancelled`, `replaced`, `output_too_large`, `internal`, `interrupted`
    400 invalid-body: `filter.q` must be a text of at most 200 characters.
      /filter/q: `filter.q` must be a text of at most 200 characters
    400 invalid-body: `limit` must be a whole number from 1 to 1000.
      /limit: `limit` must be a whole number from 1 to 1000
    400 invalid-body: `limit` must be a whole number from 1 to 1000.
      /limit: `limit` must be a whole number from 1 to 1000
    400 invalid-body: The body does not fit: unknown field `dryrun`, expected one of `filter`, `ids`, `mode`, `flow_version`, `dry_run`, `limit`, `before` at line 1 column 21.
      /dryrun: unknown field `dryrun`, expected one of `filter`, `ids`, `mode`, `flow_version`, `dry_run`, `limit`, `before`
    "#);
    assert_eq!(api.counts().await, (1, 1));
}
