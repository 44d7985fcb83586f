//! What starts by itself, and when.

use serde_json::{Value, json};

use crate::support::{Api, each, text};

async fn scheduled(api: &Api, cron: &str) -> String {
    let schedule = json!({ "cron": cron, "timezone": "Europe/Berlin", "overlap": "skip" });
    let id = api.flow_of(&[json!({ "id": "start", "type": "trigger", "schedule": schedule })]).await;
    api.patch(&format!("flows/{id}"), &json!({ "status": "active" })).await.expect(200);
    id
}

#[tokio::test(start_paused = true)]
async fn schedules_of_active_flows_are_listed_by_their_next_start() {
    let api = Api::new().await;
    let engine = api.engine.clone();
    tokio::spawn(async move { engine.keep_schedules().await });
    let (daily, hourly) = (scheduled(&api, "0 9 * * *").await, scheduled(&api, "0 * * * *").await);
    tokio::time::sleep(std::time::Duration::from_secs(3_700)).await;

    let all = api.get("schedules").await.expect(200);
    let of_daily = api.get(&format!("schedules?flow_id={daily}")).await.expect(200);

    assert_eq!(each(&all, "flow_id"), [hourly.as_str(), daily.as_str()]);
    assert_eq!(of_daily.as_array().map(Vec::len), Some(1));
    let last = text(&all[0]["last_execution_id"]);
    let execution = api.execution(&last).await;
    assert_eq!((&execution["triggered_by"], &execution["flow_id"]), (&json!("schedule"), &json!(hourly)));
    let schedule = all[1].as_object().unwrap();
    let fixed: Vec<&str> = schedule.keys().map(String::as_str).collect();
    assert_eq!(schedule["overlap"], "skip");
    assert_eq!(schedule["last_execution_id"], Value::Null);
    assert_eq!(fixed.len(), 12, "{fixed:?}");
    api.patch(&format!("flows/{hourly}"), &json!({ "status": "paused" })).await.expect(200);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(each(&api.get("schedules").await.expect(200), "flow_id"), [daily.as_str()]);
}

#[tokio::test(start_paused = true)]
async fn the_next_starts_are_shown_without_a_flow() {
    let api = Api::new().await;
    let next = async |query: &str| api.get(&format!("schedules/next?{query}")).await;

    let some = next("cron=30%202%20*%20*%20*&timezone=Europe/Berlin&count=3").await.expect(200);
    let ten = next("cron=@hourly").await.expect(200);

    let all = some["next"].as_array().unwrap();
    assert!(all.len() == 3 && all.iter().all(|at| text(at).contains("T02:30:00+0")), "{some}");
    assert_eq!(ten["next"].as_array().map(Vec::len), Some(10));
    insta::assert_snapshot!(next("cron=9").await.problem(), @"400 invalid-parameter: The query is not valid: `9` is no cron expression. It has 5 fields, minute, hour, day, month and day of the week, or 6 with the second first: `0 9 * * MON-FRI` is 9:00 on working days.");
    insta::assert_snapshot!(next("cron=@daily&timezone=Mars").await.problem(), @"400 invalid-parameter: The query is not valid: there is no time zone `Mars`; one is `Europe/Paris`.");
    insta::assert_snapshot!(next("count=0").await.problem(), @"400 invalid-parameter: The query is not valid: `cron` must be a cron expression, such as `0 9 * * MON-FRI`; `count` must be a whole number from 1 to 100.");
    insta::assert_snapshot!(next("cron=0%200%2031%202%20*").await.problem(), @"400 invalid-parameter: The query is not valid: `0 0 31 2 *` names no day that exists, so it never starts.");
}
