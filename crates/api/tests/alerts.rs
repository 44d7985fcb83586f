//! Alerts: what is kept, who is told of what, and how often.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Api, NO_ID, each, failing, text};

const MINUTE: Duration = Duration::from_secs(60);

/// Starts to tell people, and lets an alert be known.
async fn alerting(api: &Api, events: &[&str]) -> String {
    let channel = json!({ "type": "webhook", "url": "https://x.example", "secret": "${secrets.KEY}" });
    let alert = json!({ "name": "On call", "events": events, "channel": channel });
    let alert = api.post("alerts", &alert).await.expect(201);
    let engine = api.engine.clone();
    tokio::spawn(async move { engine.keep_alerts().await });
    text(&alert["id"])
}

async fn messages(api: &Api, alert: &str) -> Value {
    api.get(&format!("alerts/{alert}")).await.expect(200)["messages"].clone()
}

async fn broken(api: &Api, message: &str) -> String {
    api.flow_of(&[json!({ "id": "f", "type": "action", "action": "fail", "input": { "message": message } })])
        .await
}

#[tokio::test(start_paused = true)]
async fn fifty_failures_are_one_message_and_the_next_one_stands_for_the_rest() {
    let api = Api::new().await;
    let flow = broken(&api, "no stock").await;
    api.run(&flow).await;
    sleep(Duration::from_secs(1)).await;
    let alert = alerting(&api, &["execution_failed"]).await;
    for _ in 0..50 {
        api.run(&flow).await;
    }
    sleep(Duration::from_secs(5)).await;

    let first = messages(&api, &alert).await;
    sleep(9 * MINUTE).await;
    let before = messages(&api, &alert).await;
    sleep(2 * MINUTE).await;
    let after = messages(&api, &alert).await;
    sleep(60 * MINUTE).await;
    let at_last = messages(&api, &alert).await;

    assert_eq!(first.as_array().map(Vec::len), Some(1), "{first}");
    assert_eq!((&first[0]["state"], &first[0]["stands_for"]), (&json!("sent"), &json!(1)));
    assert_eq!(first[0]["about"]["error_message"], "Node `f` failed after 1 attempt: no stock");
    assert_eq!(before, first);
    assert_eq!((&after[0]["state"], &after[0]["stands_for"]), (&json!("sent"), &json!(49)));
    assert_eq!(at_last, after, "what ended before the alert, and what was told, is not told");
}

#[tokio::test(start_paused = true)]
async fn alerts_are_about_their_events_and_flows_alone() {
    let api = Api::new().await;
    let approval = json!({ "id": "ask", "type": "approval" });
    let waits = api.flow_of(std::slice::from_ref(&approval)).await;
    api.start(&waits).await;
    sleep(Duration::from_secs(1)).await;
    let waiting = alerting(&api, &["waiting_for_person"]).await;
    let recovered = alerting(&api, &["recovered"]).await;
    let failed = alerting(&api, &["execution_failed"]).await;
    let other = api.flow_of(&[json!({ "id": "x", "type": "merge" })]).await;
    let of_other = alerting(&api, &["execution_failed", "recovered", "waiting_for_person"]).await;
    api.patch(&format!("alerts/{of_other}"), &json!({ "flow_id": other })).await.expect(200);
    let off = alerting(&api, &["execution_failed"]).await;
    api.patch(&format!("alerts/{off}"), &json!({ "enabled": false })).await.expect(200);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(messages(&api, &waiting).await, json!([]), "it waited before");

    let asked = api.start(&waits).await;
    api.run(&api.flow_of(&[failing("n", 1, 1)]).await).await;
    let lost = api.run(&broken(&api, "lost").await).await;
    api.run(&broken(&api, "other").await).await;
    sleep(Duration::from_secs(5)).await;

    let about = async |alert: &str| {
        let all = messages(&api, alert).await;
        all.as_array().unwrap().iter().map(|message| message["about"].clone()).collect::<Vec<_>>()
    };
    let of_waiting = about(&waiting).await;
    assert_eq!((of_waiting.len(), &of_waiting[0]["execution_id"]), (1, &json!(asked)));
    assert_eq!(about(&recovered).await.len(), 1);
    let of_failed = about(&failed).await;
    assert_eq!(of_failed.len(), 2, "two groups");
    assert!(of_failed.iter().any(|about| about["execution_id"] == lost["id"]));
    assert_eq!((about(&of_other).await.len(), about(&off).await.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn alerts_are_created_changed_tested_and_deleted() {
    let api = Api::new().await;
    let channel = json!({ "type": "email", "to": ["a@x.example"] });
    let alert = json!({ "name": "On call", "events": ["execution_failed"], "channel": channel });

    let made = api.post("alerts", &alert).await.expect(201);
    let path = format!("alerts/{}", text(&made["id"]));
    let changed = api.patch(&path, &json!({ "name": "Night", "enabled": false })).await.expect(200);
    let tested = api.press(&format!("{path}/test")).await.expect(200);
    let listed = api.get("alerts").await.expect(200);

    assert_eq!(
        (&made["enabled"], &made["channel"], &made["flow_id"]),
        (&json!(true), &channel, &Value::Null)
    );
    assert_eq!((&changed["name"], &changed["enabled"]), (&json!("Night"), &json!(false)));
    assert_eq!(tested, json!({ "sent": true, "error": null }));
    assert_eq!(each(&listed, "name"), ["Night"]);
    api.delete(&path).await.expect(204);
    for answer in
        [api.get(&path).await, api.delete(&path).await, api.press(&format!("alerts/{NO_ID}/test")).await]
    {
        assert!(answer.problem().starts_with("404 no-such-alert"));
    }
    let refused = api.post("alerts", &json!({ "name": "x", "events": ["all"], "channel": { "type": "slack", "url": "https://x.example/canary" } })).await;
    let problem = refused.problem();
    assert!(problem.starts_with("422 alert-invalid") && !problem.contains("canary"), "{problem}");
}
