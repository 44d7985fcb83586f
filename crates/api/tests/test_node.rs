//! One node of a draft, tested with pinned inputs.

use serde_json::{Value, json};

use crate::support::{Answer, Api, echo, flow, hanging, readable};

/// A flow in which `score` reads what `fetch` returns.
fn definition() -> Value {
    let fetch = echo("fetch", json!({ "vendor": "${trigger_data.vendor}" }));
    let score = echo("score", json!({ "vendor": "${fetch.vendor}", "key": "${secrets.KEY}" }));
    definition_of(&[fetch, score], &[("fetch", "score")])
}

fn definition_of(nodes: &[Value], edges: &[(&str, &str)]) -> Value {
    flow("Draft", nodes, edges)["flow_definition"].clone()
}

async fn test(api: &Api, body: &Value) -> Answer {
    api.post("flows/test-node", body).await
}

/// Tests the only node.
async fn alone(api: &Api, node: Value) -> Value {
    let body = json!({ "node_id": node["id"], "flow_definition": definition_of(&[node], &[]) });
    test(api, &body).await.expect(200)
}

#[tokio::test(start_paused = true)]
async fn input_is_made_without_a_call() {
    let api = Api::new().await;
    let body = |node: Value| {
        let id = node["id"].clone();
        json!({ "flow_definition": definition_of(&[node], &[]), "node_id": id, "trigger_data": { "n": 1 }, "only_input": true })
    };

    let made =
        test(&api, &body(echo("a", json!({ "n": "${trigger_data.n}", "hangs": true })))).await.expect(200);
    let failed = test(&api, &body(echo("a", json!("${trigger_data.m}")))).await.expect(200);

    assert_eq!((&made["success"], &made["input"]), (&json!(true), &json!({ "n": 1, "hangs": true })));
    assert_eq!((&made["output"], &failed["success"]), (&json!(null), &json!(false)));
}

#[tokio::test(start_paused = true)]
async fn node_is_tried_with_pinned_outputs_and_nothing_is_stored() {
    let api = Api::new().await;
    let body = json!({
        "flow_definition": definition(), "node_id": "score", "outputs": { "fetch": { "vendor": "ACME" } },
    });

    let answer = test(&api, &body).await.expect(200);

    insta::assert_snapshot!(readable(&answer), @r#"
    {
      "success": true,
      "input": {
        "vendor": "ACME",
        "key": "${secrets.KEY}"
      },
      "output": {
        "vendor": "ACME",
        "key": "${secrets.KEY}"
      },
      "error": null,
      "verdicts": [],
      "usage": {
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": null
      },
      "duration_ms": 0
    }
    "#);
    assert_eq!(api.counts().await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn trigger_data_and_context_are_what_the_request_says() {
    let api = Api::new().await;
    let input = json!({ "from": "${trigger_data.vendor}", "about": "${context.type}/${context.id}" });
    let body = json!({
        "flow_definition": definition_of(&[echo("a", input)], &[]), "node_id": "a",
        "trigger_data": { "vendor": "ACME" }, "context_id": "7", "context_type": "case",
    });

    let answer = test(&api, &body).await.expect(200);

    assert_eq!(answer["output"], json!({ "from": "ACME", "about": "case/7" }));
}

#[tokio::test(start_paused = true)]
async fn what_the_template_misses_is_named() {
    let api = Api::new().await;
    let with = async |outputs: Value| {
        let body = json!({ "flow_definition": definition(), "node_id": "score", "outputs": outputs });
        test(&api, &body).await.expect(200)
    };

    let other_field = with(json!({ "fetch": { "name": "ACME" } })).await;
    let nothing = with(json!({})).await;

    insta::assert_snapshot!(readable(&other_field), @r#"
    {
      "success": false,
      "input": null,
      "output": null,
      "error": {
        "error_class": "expression",
        "error_message": "`${fetch.vendor}`: `fetch` has no field `vendor`; it has `name`",
        "status": null,
        "body": null
      },
      "verdicts": [],
      "usage": {
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": null
      },
      "duration_ms": 0
    }
    "#);
    insta::assert_snapshot!(nothing["error"]["error_message"].as_str().unwrap(), @"`${fetch.vendor}`: node `fetch` has no output here; pin one for it");
}

#[tokio::test(start_paused = true)]
async fn failed_attempt_is_told_and_not_retried() {
    let api = Api::new().await;
    let mut node = echo("a", json!({ "fails": 1, "error": "rate_limited", "status": 429 }));
    node["retry"] = json!({ "enabled": true, "count": 5 });

    let answer = alone(&api, node).await;

    assert_eq!(answer["success"], false);
    assert_eq!(
        answer["error"],
        json!({ "error_class": "rate_limited", "error_message": "Connection timeout", "status": 429, "body": null })
    );
}

#[tokio::test(start_paused = true)]
async fn attempt_is_stopped_at_its_timeout_or_after_two_minutes() {
    let api = Api::new().await;
    let mut hasty = hanging("a");
    hasty["timeout_seconds"] = json!(3);
    let mut patient = hanging("a");
    patient["timeout_seconds"] = json!(3_600);

    let (hasty, patient) = (alone(&api, hasty).await, alone(&api, patient).await);

    insta::assert_snapshot!(readable(&json!([hasty["error"], patient["error"]])), @r#"
    [
      {
        "error_class": "timeout",
        "error_message": "Attempt timed out after 3 seconds",
        "status": null,
        "body": null
      },
      {
        "error_class": "timeout",
        "error_message": "Attempt timed out after 120 seconds",
        "status": null,
        "body": null
      }
    ]
    "#);
    assert_eq!((&hasty["duration_ms"], &patient["duration_ms"]), (&json!(3_000), &json!(120_000)));
}

#[tokio::test(start_paused = true)]
async fn delay_answers_at_once_when_it_would_be_over() {
    let api = Api::new().await;

    let answer = alone(&api, json!({ "id": "a", "type": "delay", "delay_seconds": 3_600 })).await;

    insta::assert_snapshot!(readable(&answer), @r#"
    {
      "success": true,
      "input": null,
      "output": {
        "waited_until": "2027-01-15T09:00:00.000000Z"
      },
      "error": null,
      "verdicts": [],
      "usage": {
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": null
      },
      "duration_ms": 0
    }
    "#);
}

#[tokio::test(start_paused = true)]
async fn only_faults_of_the_node_itself_stop_the_test() {
    let api = Api::new().await;
    let mut document = definition_of(&[echo("a", json!({})), echo("b", json!("${aa.x}"))], &[("a", "gone")]);
    document["nodes"][1]["timeout_seconds"] = json!(-1);
    let of = async |id: &str| test(&api, &json!({ "flow_definition": document, "node_id": id })).await;

    let (sound, faulty, unknown) = (of("a").await, of("b").await, of("c").await);

    sound.expect(200);
    insta::assert_snapshot!(faulty.problem(), @r"
    422 flow-invalid: The flow document has 2 faults. The first, at `/flow_definition/nodes/1/timeout_seconds`: `timeout_seconds` must be a number of seconds, more than 0 and at most 316224000, not -1.
      /flow_definition/nodes/1/timeout_seconds: `timeout_seconds` must be a number of seconds, more than 0 and at most 316224000, not -1
      /flow_definition/nodes/1/input: `${aa.x}`: there is no node `aa`; did you mean `a`?
    ");
    insta::assert_snapshot!(unknown.problem(), @"404 no-such-node: The flow definition has no node `c`. Give the `id` of one of its nodes.");
}

#[tokio::test(start_paused = true)]
async fn bodies_of_another_shape_are_refused() {
    let api = Api::new().await;
    let refused = async |body: Value| test(&api, &body).await.problem();
    let long = "x".repeat(1_001);

    insta::assert_snapshot!(
        [
            refused(json!({ "node_id": "a" })).await,
            refused(json!({ "flow_definition": [], "node_id": "a" })).await,
            refused(json!({ "flow_definition": definition(), "node_id": "score", "output": {} })).await,
            refused(json!({ "flow_definition": definition(), "node_id": "score", "outputs": [] })).await,
            refused(json!({ "flow_definition": definition(), "node_id": "score", "context_id": long })).await,
        ]
        .join("\n"),
        @"
    400 invalid-body: The body does not fit: missing field `flow_definition` at line 1 column 15.
      : missing field `flow_definition`
    422 flow-invalid: The flow document has a fault at `/flow_definition`: an object is needed here, not a list.
      /flow_definition: an object is needed here, not a list
    400 invalid-body: The body does not fit: unknown field `output`, expected one of `flow_definition`, `node_id`, `trigger_data`, `context_id`, `context_type`, `outputs`, `only_input` at line 1 column 295.
      /output: unknown field `output`, expected one of `flow_definition`, `node_id`, `trigger_data`, `context_id`, `context_type`, `outputs`, `only_input`
    400 invalid-body: The body does not fit: invalid type: sequence, expected a map at line 1 column 297.
      /outputs: invalid type: sequence, expected a map
    400 invalid-body: `context_id` has more than 1000 characters.
      /context_id: `context_id` has more than 1000 characters
    "
    );
}

#[tokio::test(start_paused = true)]
async fn server_without_an_executor_still_answers_what_needs_no_work() {
    let api = Api::configured(|config| config.executor = None).await;
    let answer = async |node: Value| {
        let body = json!({ "flow_definition": definition_of(&[node], &[]), "node_id": "a" });
        test(&api, &body).await
    };

    let transform = answer(json!({ "id": "a", "type": "action", "action": "transform", "input": 1 })).await;
    let work = answer(echo("a", json!({}))).await;

    assert_eq!(transform.expect(200)["output"], 1);
    insta::assert_snapshot!(work.problem(), @"503 unavailable: This server runs no nodes and no agents.");
}
