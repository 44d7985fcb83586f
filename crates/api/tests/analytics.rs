//! How reliable flows were, and what failed alike.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Api, NO_ID, each, echo, failing, hanging, list, text};

/// A flow with a first-try success, a recovery, an exhausted failure and a cancelled execution behind it.
async fn busy(api: &Api) -> String {
    let mut node = echo("call", json!("${trigger_data}"));
    node["retry"] = json!({ "enabled": true, "count": 1 });
    let id = api.flow_of(&[node]).await;
    for data in [json!({}), json!({ "fails": 1 }), json!({ "fails": 2, "error": "unavailable" })] {
        api.post(&format!("flows/{id}/execute?wait=60"), &json!({ "trigger_data": data })).await.expect(200);
    }
    let body = json!({ "trigger_data": { "hangs": true } });
    let hanging = api.post(&format!("flows/{id}/execute"), &body).await.expect(201);
    api.press(&format!("executions/{}/cancel", text(&hanging["execution_id"]))).await.expect(200);
    id
}

async fn analytics(api: &Api, query: &str) -> Value {
    api.get(&format!("analytics/retries{query}")).await.expect(200)
}

/// The counts that do not depend on how long something took.
fn counts(of: &Value) -> String {
    let keys = [
        "executions",
        "completed",
        "failed",
        "cancelled",
        "first_try",
        "recovered",
        "exhausted",
        "timed_out",
        "success_rate",
        "first_try_rate",
        "attempts",
        "failed_attempts",
        "backoff_ms",
        "manual_retries",
        "manual_retries_completed",
    ];
    keys.map(|key| format!("{key} {}", of[key])).join("\n")
}

#[tokio::test(start_paused = true)]
async fn ended_executions_are_counted_by_how_they_went() {
    let api = Api::new().await;
    let flow = busy(&api).await;

    let sums = analytics(&api, "").await;

    insta::assert_snapshot!(counts(&sums["totals"]), @r"
    executions 4
    completed 2
    failed 1
    cancelled 1
    first_try 1
    recovered 1
    exhausted 1
    timed_out 0
    success_rate 0.5
    first_try_rate 0.25
    attempts 6
    failed_attempts 3
    backoff_ms 2000
    manual_retries 0
    manual_retries_completed 0
    ");
    assert_eq!(list(&sums["flows"]).len(), 1);
    assert_eq!(
        (&sums["flows"][0]["flow_id"], &sums["flows"][0]["flow_name"]),
        (&json!(flow), &json!("Review"))
    );
    assert_eq!(counts(&sums["flows"][0]), counts(&sums["totals"]));
    assert_eq!(sums["nodes"][0]["node_id"], "call");
    insta::assert_snapshot!(counts(&sums["nodes"][0]), @r"
    executions 4
    completed 2
    failed 1
    cancelled 1
    first_try 1
    recovered 1
    exhausted 1
    timed_out 0
    success_rate 0.5
    first_try_rate 0.25
    attempts 6
    failed_attempts 3
    backoff_ms 2000
    manual_retries 0
    manual_retries_completed 0
    ");
    insta::assert_snapshot!(format!("{:#}", sums["error_classes"]), @r#"
    [
      {
        "error_class": "connection",
        "failed_attempts": 1,
        "failed_executions": 0
      },
      {
        "error_class": "unavailable",
        "failed_attempts": 2,
        "failed_executions": 1
      }
    ]
    "#);
    insta::assert_snapshot!(format!("{:#}", sums["attempts_histogram"]), @r#"
    [
      {
        "attempts": 1,
        "node_executions": 2
      },
      {
        "attempts": 2,
        "node_executions": 2
      }
    ]
    "#);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_counted_before_anything_has_ended() {
    let api = Api::new().await;
    api.start(&api.flow_of(&[hanging("a")]).await).await;

    let sums = analytics(&api, "").await;

    assert_eq!((&sums["totals"]["executions"], &sums["totals"]["success_rate"]), (&json!(0), &Value::Null));
    for key in ["flows", "nodes", "error_classes", "buckets", "attempts_histogram"] {
        assert_eq!(sums[key], json!([]), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn buckets_are_hours_or_days_and_bounds_cut_them() {
    let api = Api::new().await;
    let flow = api.flow_of(&[echo("a", json!({}))]).await;
    for hours in [0, 1, 24] {
        api.run(&flow).await;
        tokio::time::advance(Duration::from_secs(hours * 3_600)).await;
    }
    api.run(&flow).await;
    let starts = async |query: &str| {
        let sums = analytics(&api, query).await;
        let buckets = list(&sums["buckets"]).iter();
        buckets
            .map(|bucket| format!("{} {}", &text(&bucket["start"])[..13], bucket["executions"]))
            .collect::<Vec<_>>()
    };

    let hours = starts("").await;
    let days = starts("?bucket=day").await;
    let cut = starts("?from=2027-01-15T09:00:00Z&to=2027-01-16T09:00:00Z").await;

    assert_eq!(hours, ["2027-01-15T08 2", "2027-01-15T09 1", "2027-01-16T09 1"]);
    assert_eq!(days, ["2027-01-15T00 3", "2027-01-16T00 1"]);
    assert_eq!(cut, ["2027-01-15T09 1"]);
}

#[tokio::test(start_paused = true)]
async fn one_flow_is_counted_alone() {
    let api = Api::new().await;
    busy(&api).await;
    let other = api.flow_of(&[echo("a", json!({}))]).await;
    api.run(&other).await;

    let sums = analytics(&api, &format!("?flow_id={other}")).await;
    let none = analytics(&api, &format!("?flow_id={NO_ID}")).await;

    assert_eq!((&sums["totals"]["executions"], &sums["totals"]["first_try"]), (&json!(1), &json!(1)));
    assert_eq!(list(&sums["flows"]).len(), 1);
    assert_eq!(none["totals"]["executions"], 0);
}

#[tokio::test(start_paused = true)]
async fn manual_retries_are_counted_with_their_ends() {
    let api = Api::new().await;
    let flow = api.flow_of(&[echo("a", json!("${trigger_data}"))]).await;
    let body = json!({ "trigger_data": { "fails": 1 } });
    let old = api.post(&format!("flows/{flow}/execute?wait=5"), &body).await.expect(200);
    let retry = format!("executions/{}/retry", text(&old["id"]));

    for data in [json!({ "fails": 1 }), json!({})] {
        let answer = api.post(&retry, &json!({ "trigger_data": data })).await.expect(200);
        api.ended(&text(&answer["new_execution_id"])).await;
    }

    let totals = &analytics(&api, "").await["totals"];
    assert_eq!((&totals["executions"], &totals["manual_retries"]), (&json!(3), &json!(2)));
    assert_eq!(
        (&totals["manual_retries_completed"], &totals["manual_retries_failed"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test(start_paused = true)]
async fn failures_that_are_alike_stand_together_and_lead_to_their_executions() {
    let api = Api::new().await;
    let flow = api.flow_of(&[failing("pay", 9, 0)]).await;
    let (first, second) = (api.run(&flow).await, api.run(&flow).await);
    let other = api.run(&api.flow_of(&[echo("pay", json!({ "fails": 9, "error": "rejected" }))]).await).await;

    let groups = api.get("failures").await.expect(200);

    assert_eq!(list(&groups).len(), 2);
    let (large, small) = (&groups[0], &groups[1]);
    assert_eq!((&large["count"], &large["flow_name"]), (&json!(2), &json!("Review")));
    assert_eq!((&large["node_id"], &large["error_class"]), (&json!("pay"), &json!("connection")));
    assert_eq!(large["execution_ids"], json!([second["id"], first["id"]]));
    assert_eq!((&large["bucket_seconds"], &large["buckets"][0]["count"]), (&json!(60), &json!(2)));
    assert_eq!(each(&large["buckets"], "start"), each(&small["buckets"], "start"));
    assert_eq!((&small["error_class"], &small["execution_ids"]), (&json!("rejected"), &json!([other["id"]])));
    let fingerprint = text(&large["fingerprint"]);
    let rows = api.get(&format!("executions?fingerprint={fingerprint}")).await.expect(200);
    assert_eq!(each(&rows, "id"), [text(&second["id"]), text(&first["id"])]);
    let body = json!({ "filter": { "fingerprint": fingerprint }, "dry_run": true });
    assert_eq!(api.post("executions/retry", &body).await.expect(200)["matched"], 2);
}

#[tokio::test(start_paused = true)]
async fn failures_are_narrowed_by_flow_and_time() {
    let api = Api::new().await;
    let flow = api.flow_of(&[failing("pay", 9, 0)]).await;
    api.run(&flow).await;
    let count = async |query: &str| list(&api.get(&format!("failures{query}")).await.expect(200)).len();

    assert_eq!(count(&format!("?flow_id={flow}")).await, 1);
    assert_eq!(count(&format!("?flow_id={NO_ID}")).await, 0);
    assert_eq!(count("?from=2027-01-15T08:00:00Z&to=2027-01-15T09:00:00Z").await, 1);
    assert_eq!(count("?from=2027-01-15T09:00:00Z").await, 0);
    assert_eq!(count("?to=2027-01-15T08:00:00Z").await, 0);
}

#[tokio::test(start_paused = true)]
async fn queries_that_cannot_be_read_are_refused() {
    let api = Api::new().await;

    let analytics = api.get("analytics/retries?bucket=week&from=today&flow=1").await;
    let failures = api.get("failures?to=now&limit=5").await;

    insta::assert_snapshot!(analytics.problem(), @"400 invalid-parameter: The query is not valid: `from` must be a moment in RFC 3339, such as 2026-11-23T10:00:00Z (a `+` is written %2B in a query); `bucket` must be one of hour, day; there is no parameter `flow`.");
    insta::assert_snapshot!(failures.problem(), @"400 invalid-parameter: The query is not valid: `to` must be a moment in RFC 3339, such as 2026-11-23T10:00:00Z (a `+` is written %2B in a query); there is no parameter `limit`.");
}
