//! How reliable flows were, and what failed alike.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Commit, ExecutionRow, Projection, Rollup, RollupKey};
use uuid::Uuid;

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

    assert_eq!(analytics(&api, "").await["bucket"], "hour");
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

pub(crate) const HOUR: i64 = 3_600_000_000;
/// The hour in which the tests begin.
pub(crate) const NOW: i64 = 500_000 * HOUR;

/// Counts an execution of `flow` that ended in an hour.
pub(crate) fn rollup(flow: u128, hour: i64, counts: &[(Option<&str>, &'static str, u64)]) -> Rollup {
    let count = |&(node, metric, value): &(Option<&str>, &'static str, u64)| {
        (RollupKey { node: node.map(NodeId::new), metric: metric.into() }, value)
    };
    Rollup {
        tenant: TenantId::DEFAULT,
        flow: FlowId::new(Uuid::from_u128(flow)),
        hour: Timestamp::from_micros(hour),
        counts: counts.iter().map(count).collect(),
        agents: Vec::new(),
        costs: Vec::new(),
    }
}

/// Runs a flow, and stores as many further executions like this as there are `rollups`.
pub(crate) async fn with_counters(rollups: impl Iterator<Item = Rollup>) -> Api {
    let api = Api::new().await;
    end_all(&api, rollups).await;
    api
}

/// The same on a server that there is.
pub(crate) async fn end_all(api: &Api, rollups: impl Iterator<Item = Rollup>) {
    let ended = api.run(&api.flow_of(&[echo("a", json!({}))]).await).await;
    let id = ExecutionId::new(text(&ended["id"]).parse().expect("a UUID"));
    let row = api.store().row(TenantId::DEFAULT, id).await.expect("a read").expect("it is stored");
    let end = |(number, rollup): (u128, Rollup)| {
        let execution = ExecutionId::new(Uuid::from_u128(number));
        let row = Box::new(ExecutionRow { id: execution, flow: rollup.flow, ..row.clone() });
        let projection = Projection::Finished { row, journal: "[]".into(), rollup: Box::new(rollup) };
        let (takes, sends) = (Vec::new(), Vec::new());
        Commit {
            execution,
            seq: 0,
            record: None,
            idempotency: None,
            projection,
            takes,
            sends,
            sessions: None,
            slot: None,
            follows: None,
        }
    };
    let worker =
        api.store().register("other".into(), Timestamp::from_micros(NOW), Duration::from_secs(9)).await;
    let batch = (1..).zip(rollups).map(end).collect();
    api.store().commit(worker.expect("a worker"), batch).await.expect("it is stored");
}

#[tokio::test(start_paused = true)]
async fn the_thousand_flows_and_nodes_that_fail_most_are_listed_and_the_others_are_counted() {
    let counts = |number| [(None, "executions", 1), (Some("b"), "failed_attempts", number)];
    let api = with_counters((1..=1_001).map(|number| rollup(number.into(), NOW, &counts(number)))).await;

    let sums = analytics(&api, "").await;

    let numbers = |of: &Value| -> Vec<Value> {
        list(of).iter().map(|counts| counts["failed_attempts"].clone()).collect()
    };
    let worst: Vec<Value> = (2..=1_001).rev().map(|number| json!(number)).collect();
    assert_eq!((numbers(&sums["flows"]), &sums["flows_left_out"]), (worst.clone(), &json!(2)));
    assert_eq!((numbers(&sums["nodes"]), &sums["nodes_left_out"]), (worst, &json!(2)));
    assert_eq!(sums["totals"]["executions"], 1_002, "of all");
    assert_eq!(sums["totals"]["failed_attempts"], 1_001 * 1_002 / 2);
    assert_eq!(sums["buckets"][0]["failed_attempts"], sums["totals"]["failed_attempts"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_ten_thousand_buckets_at_most() {
    let hours = (0..=10_000).map(|number| NOW - number * HOUR);
    let api = with_counters(hours.map(|hour| rollup(7, hour, &[(None, "executions", 1)]))).await;
    let second = Timestamp::from_micros(NOW - 9_999 * HOUR);

    let days = analytics(&api, "").await;
    let hours = api.get("analytics/retries?bucket=hour").await;
    let fewer = analytics(&api, &format!("?bucket=hour&from={second}")).await;

    let count = |sums: &Value| {
        let buckets = list(&sums["buckets"]);
        (buckets.len(), buckets.iter().map(|bucket| bucket["executions"].as_u64().unwrap_or(0)).sum::<u64>())
    };
    assert_eq!((&days["bucket"], count(&days)), (&json!("day"), (418, 10_002)));
    insta::assert_snapshot!(hours.problem(), @"400 invalid-parameter: The query is not valid: with `bucket=hour`, the answer has more than 10000 buckets; ask with `bucket=day`, or for a shorter time with `from` and `to`.");
    assert_eq!((&fewer["bucket"], count(&fewer)), (&json!("hour"), (10_000, 10_001)));
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
