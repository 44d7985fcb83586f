//! How executions are started.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Api, NO_ID, echo, flow, hanging, list, readable, request, text};

/// A flow of one node that returns the trigger data.
async fn mirror(api: &Api) -> String {
    api.flow_of(&[echo("a", json!("${trigger_data}"))]).await
}

#[tokio::test(start_paused = true)]
async fn accepted_execution_is_told_with_its_address() {
    let api = Api::new().await;
    let id = mirror(&api).await;
    let body = json!({ "context_id": "V-7", "context_type": "vendor", "trigger_data": { "vendor_id": 7 } });

    let answer = api.post(&format!("flows/{id}/execute"), &body).await;

    assert_eq!(answer.status, 201);
    let execution = text(&answer.body["execution_id"]);
    assert_eq!(answer.header("location").unwrap(), format!("/api/v1/studio/executions/{execution}"));
    insta::assert_snapshot!(readable(&answer.body), @r#"
    {
      "execution_id": "[id 1]",
      "status": "pending",
      "flow_id": "[id 2]",
      "message": "Flow execution started"
    }
    "#);
    let ended = api.ended(&execution).await;
    assert_eq!((&ended["status"], &ended["result"]), (&json!("completed"), &json!({ "vendor_id": 7 })));
    assert_eq!((&ended["context_id"], &ended["context_type"]), (&json!("V-7"), &json!("vendor")));
    assert_eq!(ended["triggered_by"], "api");
}

#[tokio::test(start_paused = true)]
async fn body_and_each_of_its_keys_may_be_left_out() {
    let api = Api::new().await;
    let path = format!("flows/{}/execute?wait=5", mirror(&api).await);

    for answer in [
        api.press(&path).await,
        api.post_with(&path, &[], "").await,
        api.post(&path, &json!({})).await,
        api.post(&path, &json!({ "trigger_data": null, "context_id": null })).await,
    ] {
        let execution = answer.expect(200);
        assert_eq!((&execution["trigger_data"], &execution["result"]), (&json!({}), &json!({})));
    }
}

#[tokio::test(start_paused = true)]
async fn trigger_data_is_any_json_and_passes_through_as_it_is_written() {
    let api = Api::new().await;
    let path = format!("flows/{}/execute?wait=5", mirror(&api).await);

    for data in
        ["7", "false", "1.50", "12345678901234567890123", "\"ü\"", "[1,[2]]", r#"{"b":1,"a":{"b":2}}"#]
    {
        let answer = api.post_with(&path, &[], &format!(r#"{{"trigger_data":{data}}}"#)).await;
        let shown = format!(r#""trigger_data":{data},"#);
        assert!(answer.text.contains(&shown), "{data}: {}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn wait_answers_with_the_whole_execution_once_it_has_finished() {
    let api = Api::new().await;
    let mut node = echo("a", json!({ "fails": 1 }));
    node["retry"] = json!({ "enabled": true, "count": 1 });
    let id = api.flow_of(&[node]).await;

    let answer = api.press(&format!("flows/{id}/execute?wait=60")).await;

    assert_eq!(answer.status, 200);
    assert_eq!((&answer.body["status"], &answer.body["recovered"]), (&json!("completed"), &json!(true)));
    assert_eq!(answer.body, api.execution(&text(&answer.body["id"])).await);
}

#[tokio::test(start_paused = true)]
async fn wait_answers_with_a_failure_too() {
    let api = Api::new().await;
    let id = api.flow_of(&[echo("a", json!({ "fails": 9 }))]).await;

    let execution = api.press(&format!("flows/{id}/execute?wait=60")).await.expect(200);

    assert_eq!((&execution["status"], &execution["result"]), (&json!("failed"), &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn wait_that_runs_out_answers_as_if_there_had_been_none() {
    let api = Api::new().await;
    let id = api.flow_of(&[hanging("a")]).await;

    for seconds in ["0", "0.25", "60"] {
        let answer = api.press(&format!("flows/{id}/execute?wait={seconds}")).await.expect(201);
        assert_eq!((&answer["status"], &answer["flow_id"]), (&json!("pending"), &json!(id)), "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn wait_out_of_bounds_starts_nothing() {
    let api = Api::new().await;
    let id = mirror(&api).await;

    for seconds in ["61", "-1", "NaN", "inf", "soon", ""] {
        let answer = api.press(&format!("flows/{id}/execute?wait={seconds}")).await;
        assert_eq!(
            answer.problem(),
            "400 invalid-parameter: The query is not valid: `wait` must be a number of seconds from 0 to 60."
        );
    }
    assert_eq!(api.counts().await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn same_key_with_the_same_body_starts_one_execution() {
    let api = Api::new().await;
    let id = mirror(&api).await;
    let start = async |query: &str| {
        let path = format!("flows/{id}/execute{query}");
        api.post_with(&path, &[("idempotency-key", "order 4711")], r#"{"trigger_data":1}"#).await
    };

    let first = start("").await.expect(201);
    let second = start("").await.expect(201);
    api.ended(&text(&first["execution_id"])).await;
    let finished = start("?wait=5").await.expect(200);

    assert_eq!(second, first);
    assert_eq!(finished["id"], first["execution_id"], "the query says how to answer, not what is asked");
    assert_eq!(api.counts().await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn same_key_for_something_else_is_refused() {
    let api = Api::new().await;
    let (id, other) = (mirror(&api).await, mirror(&api).await);
    let start = async |flow: &str, body: &str| {
        api.post_with(&format!("flows/{flow}/execute"), &[("idempotency-key", "one")], body).await
    };
    start(&id, r#"{"trigger_data":1}"#).await.expect(201);

    let other_body = start(&id, r#"{"trigger_data":2}"#).await;
    let no_body = start(&id, "").await;
    let other_flow = start(&other, r#"{"trigger_data":1}"#).await;

    insta::assert_snapshot!(other_body.problem(), @"422 idempotency-key-reused: This Idempotency-Key was used for another request. Send a new key for a new request, or the same body for the same one.");
    assert_eq!(no_body.problem(), other_body.problem());
    assert_eq!(other_flow.problem(), other_body.problem());
    assert_eq!(api.counts().await, (2, 1));
}

#[tokio::test(start_paused = true)]
async fn keys_that_cannot_be_kept_start_nothing() {
    let api = Api::new().await;
    let path = format!("flows/{}/execute", mirror(&api).await);
    let (longest, too_long) = ("k".repeat(255), "k".repeat(256));

    api.post_with(&path, &[("idempotency-key", &longest)], "{}").await.expect(201);
    let refused = api.post_with(&path, &[("idempotency-key", &too_long)], "{}").await;
    let empty = api.post_with(&path, &[("idempotency-key", "")], "{}").await;
    let foreign = api.post_with(&path, &[("idempotency-key", "schlüssel")], "{}").await;
    let twice = api.post_with(&path, &[("idempotency-key", "a"), ("idempotency-key", "a")], "{}").await;

    insta::assert_snapshot!(refused.problem(), @"400 invalid-parameter: Idempotency-Key must be one text of 1 to 255 ASCII characters.");
    for answer in [empty, foreign, twice] {
        assert_eq!(answer.problem(), refused.problem());
    }
    assert_eq!(api.counts().await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn only_drafts_and_active_flows_start() {
    let api = Api::new().await;
    let id = mirror(&api).await;
    let start_as = async |status: &str| {
        api.patch(&format!("flows/{id}"), &json!({ "status": status })).await.expect(200);
        api.press(&format!("flows/{id}/execute")).await
    };

    start_as("draft").await.expect(201);
    start_as("active").await.expect(201);
    insta::assert_snapshot!(start_as("paused").await.problem(), @"409 flow-not-startable: The flow is paused. Activate it to start executions of it.");
    insta::assert_snapshot!(start_as("archived").await.problem(), @"409 flow-not-startable: The flow is archived. Activate it to start executions of it.");
    assert_eq!(api.counts().await, (1, 2));
}

#[tokio::test(start_paused = true)]
async fn flows_that_are_not_there_start_nothing() {
    let api = Api::new().await;

    let unknown = api.press(&format!("flows/{NO_ID}/execute")).await;
    let no_id = api.press("flows/review/execute").await;

    insta::assert_snapshot!(unknown.problem(), @"404 no-such-flow: There is no flow [id 1].");
    insta::assert_snapshot!(no_id.problem(), @"400 invalid-parameter: The id in the path is no UUID, such as [id 1].");
}

#[tokio::test(start_paused = true)]
async fn bodies_of_another_shape_start_nothing() {
    let api = Api::new().await;
    let path = format!("flows/{}/execute", mirror(&api).await);
    let refused = async |body: Value| api.post(&path, &body).await.problem();

    insta::assert_snapshot!(refused(json!({ "trigger": {} })).await, @"
    400 invalid-body: The body does not fit: unknown field `trigger`, expected one of `context_id`, `context_type`, `trigger_data`, `priority` at line 1 column 10.
      /trigger: unknown field `trigger`, expected one of `context_id`, `context_type`, `trigger_data`, `priority`
    ");
    insta::assert_snapshot!(refused(json!({ "context_id": 7 })).await, @"
    400 invalid-body: The body does not fit: invalid type: integer `7`, expected a string at line 1 column 15.
      /context_id: invalid type: integer `7`, expected a string
    ");
    insta::assert_snapshot!(refused(json!({ "context_id": "x".repeat(1_001) })).await, @"
    400 invalid-body: `context_id` has more than 1000 characters.
      /context_id: `context_id` has more than 1000 characters
    ");
    insta::assert_snapshot!(refused(json!({ "context_type": "x".repeat(1_001) })).await, @"
    400 invalid-body: `context_type` has more than 1000 characters.
      /context_type: `context_type` has more than 1000 characters
    ");
    insta::assert_snapshot!(refused(json!("now")).await, @r#"
    400 invalid-body: The body does not fit: invalid type: string "now", expected an object at line 1 column 5.
      : invalid type: string "now", expected an object
    "#);
    assert_eq!(api.counts().await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn flow_says_what_an_execution_is_about_unless_the_start_does() {
    let api = Api::new().await;
    let mut document = flow("Review", &[echo("a", json!({}))], &[]);
    document["context_id_template"] = json!("vendor-${trigger_data.vendor_id}");
    document["context_type_default"] = json!("vendor");
    let path = format!("flows/{}/execute?wait=5", api.create_flow(&document).await);
    let about = async |body: Value| {
        let execution = api.post(&path, &body).await.expect(200);
        (text(&execution["context_id"]), text(&execution["context_type"]))
    };

    let by_template = about(json!({ "trigger_data": { "vendor_id": 7 } })).await;
    let by_start = about(json!({ "context_id": "C-1", "context_type": "case" })).await;
    let neither = api.post(&path, &json!({ "trigger_data": { "id": 7 } })).await;

    assert_eq!(by_template, ("vendor-7".into(), "vendor".into()));
    assert_eq!(by_start, ("C-1".into(), "case".into()));
    insta::assert_snapshot!(neither.problem(), @"422 context-id: The flow's `context_id_template` has no value for this trigger data: `${trigger_data.vendor_id}`: `trigger_data` has no field `vendor_id`; it has `id`.");
    assert_eq!(api.counts().await, (1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_the_form_of_a_flow_starts_nothing() {
    let api = Api::new().await;
    let form = json!({ "type": "object", "required": ["amount"],
        "properties": { "amount": { "type": "number", "minimum": 1 }, "note": { "type": "string" } } });
    let nodes =
        [json!({ "id": "ask", "type": "trigger", "form": form }), echo("a", json!("${trigger_data.amount}"))];
    let mut document = flow("Refund", &nodes, &[("ask", "a")]);
    document["context_id_template"] = json!("${trigger_data.amount}");
    let path = format!("flows/{}/execute?wait=5", api.create_flow(&document).await);

    let nothing = api.press(&path).await;
    let wrong = api.post(&path, &json!({ "trigger_data": { "amount": 0, "notes": "x" } })).await;
    let fits = api.post(&path, &json!({ "trigger_data": { "amount": 19.90 } })).await.expect(200);
    let retried = format!("executions/{}/fork", text(&fits["id"]));
    let body = json!({ "node_id": "ask", "trigger_data": { "amount": "9" } });
    let edited = api.post(&retried, &body).await;

    insta::assert_snapshot!(nothing.problem(), @"
    422 trigger-data: The trigger data does not fit the form of the flow, and nothing was started: `/trigger_data/amount` is required.
      /trigger_data/amount: is required
    ");
    insta::assert_snapshot!(wrong.problem(), @"
    422 trigger-data: The trigger data does not fit the form of the flow, and nothing was started: `/trigger_data/amount` must be at least 1.
      /trigger_data/amount: must be at least 1
      /trigger_data/notes: is not a field of the form
    ");
    insta::assert_snapshot!(edited.problem(), @"
    422 trigger-data: The trigger data does not fit the form of the flow, and nothing was started: `/trigger_data/amount` must be a number.
      /trigger_data/amount: must be a number
    ");
    assert_eq!(fits["status"], "completed");
    assert_eq!(api.counts().await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn empty_context_is_none() {
    let api = Api::new().await;
    let mut document = flow("Review", &[echo("a", json!({}))], &[]);
    let empty = json!({ "context_id": "", "context_type": "", "trigger_data": { "vendor": "" } });
    let run = async |document: &Value| {
        let path = format!("flows/{}/execute?wait=5", api.create_flow(document).await);
        let execution = api.post(&path, &empty).await.expect(200);
        (execution["context_id"].clone(), execution["context_type"].clone())
    };

    let plain = run(&document).await;
    document["context_id_template"] = json!("${trigger_data.vendor}");
    document["context_type_default"] = json!("");
    let of_empty_values = run(&document).await;
    document["context_id_template"] = json!("vendor-1");
    document["context_type_default"] = json!("vendor");
    let of_the_flow = run(&document).await;

    assert_eq!(plain, (Value::Null, Value::Null));
    assert_eq!(of_empty_values, (Value::Null, Value::Null));
    assert_eq!(of_the_flow, (json!("vendor-1"), json!("vendor")));
}

#[tokio::test(start_paused = true)]
async fn executions_over_the_limit_wait_for_a_slot_in_their_order() {
    let api = Api::new().await;
    let mut document = flow("Review", &[hanging("a")], &[]);
    document["max_concurrent_executions"] = json!(1);
    let id = api.create_flow(&document).await;
    let (first, second, third) = (api.start(&id).await, api.start(&id).await, api.start(&id).await);

    let waiting = api.execution(&second).await;
    api.press(&format!("executions/{first}/cancel")).await.expect(200);
    let next = api.when(&second, |execution| execution["status"] == "running").await;

    assert_eq!((&waiting["status"], &waiting["waiting_for"]), (&json!("pending"), &json!("slot")));
    assert_eq!((&waiting["started_at"], &waiting["deadline"]), (&Value::Null, &Value::Null));
    assert_eq!(next["waiting_for"], Value::Null);
    assert_eq!(api.execution(&third).await["status"], "pending");
}

#[tokio::test(start_paused = true)]
async fn other_methods_are_told_which_one_is_meant() {
    let api = Api::new().await;

    let answer = api.send(request(Method::PUT, &format!("flows/{NO_ID}/execute"), &[], "")).await;

    assert_eq!(answer.header("allow"), Some("POST"));
    insta::assert_snapshot!(answer.problem(), @"405 method-not-allowed: This address does not take that method; the header Allow says which it takes.");
    assert_eq!(list(&api.get("executions").await.expect(200)).len(), 0);
}
