//! Cancelling, pausing, resuming and retrying many executions at once.

use serde_json::{Value, json};

use crate::support::{Api, NO_ID, echo, failing, hanging, list, text};

async fn statuses(api: &Api, ids: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for id in ids {
        all.push(text(&api.execution(id).await["status"]));
    }
    all
}

#[tokio::test(start_paused = true)]
async fn those_that_fit_are_paused_resumed_and_cancelled_once() {
    let api = Api::new().await;
    let flow = api.flow_of(&[hanging("a")]).await;
    let other = api.start(&api.flow_of(&[hanging("a")]).await).await;
    let ids = [api.start(&flow).await, api.start(&flow).await];
    let change = async |what: &str, dry_run: bool| {
        let body = json!({ "filter": { "flow_id": flow }, "dry_run": dry_run });
        let answer = api.post(&format!("executions/{what}"), &body).await.expect(200);
        (answer["matched"].clone(), answer["changed"].clone())
    };
    let two = (json!(2), json!(2));
    let none = (json!(0), json!(0));

    assert_eq!(change("pause", true).await, two);
    assert_eq!(statuses(&api, &ids).await, ["running", "running"]);
    assert_eq!((change("pause", false).await, change("pause", false).await), (two.clone(), none.clone()));
    assert_eq!(statuses(&api, &ids).await, ["paused", "paused"]);
    assert_eq!((change("resume", false).await, change("resume", false).await), (two.clone(), none.clone()));
    assert_eq!(change("cancel", true).await, two);
    assert_eq!((change("cancel", false).await, change("cancel", false).await), (two, none));
    assert_eq!(statuses(&api, &ids).await, ["cancelled", "cancelled"]);
    assert_eq!(api.execution(&other).await["status"], "running");
}

#[tokio::test(start_paused = true)]
async fn those_that_are_named_are_changed_and_others_are_skipped_with_a_reason() {
    let api = Api::new().await;
    let running = api.start(&api.flow_of(&[hanging("a")]).await).await;
    let completed = text(&api.run(&api.flow_of(&[echo("a", json!({}))]).await).await["id"]);
    let ids = json!([running, completed, NO_ID, running]);

    let dry = api.post("executions/cancel", &json!({ "ids": ids, "dry_run": true })).await.expect(200);
    let done = api.post("executions/cancel", &json!({ "ids": ids })).await.expect(200);
    let retried = api.post("executions/retry", &json!({ "ids": [running, completed] })).await.expect(200);
    let again = api.post("executions/retry", &json!({ "ids": [running] })).await.expect(200);

    let same =
        |answer: &Value| (answer["changed"].clone(), answer["skipped"].clone(), answer["reasons"].clone());
    assert_eq!(same(&dry), same(&done), "a dry run says what comes of it");
    assert_eq!((&done["matched"], &done["changed"], &done["skipped"]), (&json!(3), &json!(1), &json!(2)));
    let reasons = list(&done["reasons"]).iter().map(|reason| text(&reason["reason"]));
    assert_eq!(reasons.collect::<Vec<_>>(), ["execution-finished", "no-such-execution"]);
    assert_eq!(done["reasons"][0]["detail"], "Not cancelled: the execution is completed.");
    assert_eq!((&retried["retried"], &retried["reasons"][0]["reason"]), (&json!(1), &json!("not-retryable")));
    assert_eq!(again["reasons"][0]["reason"], "already-retried");
}

#[tokio::test(start_paused = true)]
async fn cancelled_ones_are_retried_by_filter_where_that_is_said() {
    let api = Api::new().await;
    let flow = api.flow_of(&[failing("a", 9, 0)]).await;
    let failed = text(&api.run(&flow).await["id"]);
    let cancelled = api.start(&api.flow_of(&[hanging("a")]).await).await;
    api.press(&format!("executions/{cancelled}/cancel")).await.expect(200);
    let matched = async |filter: Value| {
        let answer =
            api.post("executions/retry", &json!({ "filter": filter, "dry_run": true })).await.expect(200);
        list(&answer["items"]).iter().map(|item| text(&item["execution_id"])).collect::<Vec<_>>()
    };

    assert_eq!(matched(json!({})).await, std::slice::from_ref(&failed));
    assert_eq!(matched(json!({ "status": ["failed", "cancelled"] })).await, [cancelled.clone(), failed]);
    assert_eq!(matched(json!({ "status": ["cancelled"] })).await, [cancelled]);
    for (path, body) in [
        ("retry", json!({ "filter": { "status": ["running"] } })),
        ("cancel", json!({ "filter": { "status": ["failed"] } })),
        ("pause", json!({ "filter": {}, "ids": [NO_ID] })),
        ("resume", json!({})),
        ("cancel", json!({ "ids": [] })),
        ("cancel", json!({ "filter": {}, "limit": 0 })),
        ("cancel", json!({ "filter": { "waiting_for": "godot" } })),
    ] {
        let answer = api.post(&format!("executions/{path}"), &body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.body["errors"][0]["pointer"].is_string(), "{body}: {}", answer.text);
    }
}
