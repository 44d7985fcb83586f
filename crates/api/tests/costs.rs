//! What calls of models cost.

use serde_json::{Value, json};
use steadflow_core::ids::AgentId;
use steadflow_store::{CallCounts, CostKey, Rollup, RollupKey, time_metric, version_metrics};
use uuid::Uuid;

use crate::analytics::{HOUR, NOW, end_all, rollup, with_counters};
use crate::support::{Api, list, text};

/// An execution that ended in an hour with calls of an agent: the model, the currency and the cost of each.
pub(crate) fn ended(flow: u128, hour: i64, agent: Option<AgentId>, calls: &[(&str, &str, f64)]) -> Rollup {
    let calls = calls.iter().map(|(model, currency, cost)| {
        let key = CostKey { agent, model: Some((*model).into()), currency: currency.parse().ok() };
        let is_unpriced = currency.is_empty().into();
        let counts = CallCounts {
            calls: 1,
            unpriced_calls: is_unpriced,
            input_tokens: 100,
            cached_input_tokens: 40,
            cache_write_tokens: 20,
            output_tokens: 10,
            tokens_lost: 11,
            cost: *cost,
            cost_lost: cost / 4.0,
        };
        (key, counts)
    });
    Rollup { costs: calls.collect(), ..rollup(flow, hour, &[]) }
}

#[tokio::test(start_paused = true)]
async fn costs_are_shown_by_currency_flow_agent_model_and_day() {
    let agent = Some(AgentId::new(Uuid::from_u128(5)));
    let rows = [
        ended(7, NOW, agent, &[("large", "EUR", 2.0), ("free", "", 0.0)]),
        ended(7, NOW + 24 * HOUR, agent, &[("large", "EUR", 4.0), ("small", "USD", 0.5)]),
    ];
    let api = with_counters(rows.into_iter()).await;
    let document = json!({ "name": "Analyst", "agent_type": "http", "config": { "endpoint": "https://a.example" },
        "skills": ["score"] });
    let named = api.post("agents", &document).await.expect(201);

    let sums = api.get("analytics/costs").await.expect(200);

    insta::assert_snapshot!(format!("{:#}", sums["agents"][0]), @r#"
    {
      "agent_id": "00000000-0000-0000-0000-000000000005",
      "agent_name": null,
      "currency": "EUR",
      "calls": 2,
      "unpriced_calls": 0,
      "input_tokens": 200,
      "cached_input_tokens": 80,
      "cache_write_tokens": 40,
      "output_tokens": 20,
      "tokens_lost": 22,
      "cost": 6.0,
      "cost_lost": 1.5
    }
    "#);
    let costs = |of: &Value| -> Vec<String> {
        list(of).iter().map(|row| format!("{} {} {}", row["model"], row["currency"], row["cost"])).collect()
    };
    let totals = ["null \"EUR\" 6.0", "null \"USD\" 0.5", "null null null"];
    assert_eq!(
        (costs(&sums["totals"]), costs(&sums["flows"])),
        (totals.map(Into::into).into(), totals.map(Into::into).into())
    );
    let models = ["\"large\" \"EUR\" 6.0", "\"small\" \"USD\" 0.5", "\"free\" null null"];
    assert_eq!(costs(&sums["models"]), models);
    let days =
        ["\"free\" null null", "\"large\" \"EUR\" 2.0", "\"large\" \"EUR\" 4.0", "\"small\" \"USD\" 0.5"];
    assert_eq!(costs(&sums["days"]), days);
    assert_eq!(sums["days"][0]["start"], "2027-01-15T00:00:00.000000Z");
    assert_eq!(sums["flows_left_out"], 0);
    let query = format!("analytics/costs?agent_id={}", text(&named["id"]));
    assert_eq!(api.get(&query).await.expect(200)["totals"], json!([]));
    let later = api.get("analytics/costs?from=2027-01-16T00:00:00Z").await.expect(200);
    assert_eq!(costs(&later["totals"]), ["null \"EUR\" 4.0", "null \"USD\" 0.5"]);
}

#[tokio::test(start_paused = true)]
async fn costs_are_shown_by_version_of_a_flow() {
    let counts = |cost, tokens| CallCounts { calls: 1, input_tokens: tokens, cost, ..CallCounts::default() };
    let used = |flow, hour, version, currency: &str, counts: CallCounts| {
        let metrics = version_metrics(version, currency.parse().ok(), &counts);
        let count = |(metric, value): (String, u64)| (RollupKey { node: None, metric: metric.into() }, value);
        Rollup { counts: metrics.map(count).collect(), ..rollup(flow, hour, &[]) }
    };
    let rows = [
        used(7, NOW, 1, "EUR", counts(0.5, 100)),
        used(7, NOW, 1, "EUR", counts(0.25, 100)),
        used(7, NOW + 24 * HOUR, 2, "EUR", counts(2.0, 50)),
        used(8, NOW, 1, "", counts(0.0, 10)),
        used(8, NOW, 3, "USD", counts(0.0, 20)),
    ];
    let api = with_counters(rows.into_iter()).await;
    let versions = async |query: &str| -> Vec<String> {
        let sums = api.get(&format!("analytics/costs{query}")).await.expect(200);
        let row = |row: &Value| {
            let flow = text(&row["flow_id"]);
            let flow = flow.trim_start_matches(['0', '-']);
            format!(
                "{flow} v{} {} {} {}",
                row["flow_version"], row["currency"], row["cost"], row["input_tokens"]
            )
        };
        list(&sums["versions"]).iter().map(row).collect()
    };

    let all = ["7 v2 \"EUR\" 2.0 50", "7 v1 \"EUR\" 0.75 200", "8 v3 \"USD\" 0.0 20", "8 v1 null 0.0 10"];
    assert_eq!(versions("").await, all);
    assert_eq!(versions(&format!("?flow_id={}", Uuid::from_u128(8))).await, all[2..]);
    assert_eq!(versions("?to=2027-01-16T00:00:00Z").await, all[1..]);
    assert_eq!(versions(&format!("?agent_id={}", Uuid::from_u128(5))).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_ten_thousand_rows_by_day_at_most() {
    let days = (0..=10_000).map(|day| ended(7, NOW - day * 24 * HOUR, None, &[("m", "EUR", 1.0)]));
    let api = with_counters(days).await;

    let all = api.get("analytics/costs").await;
    let misread = api.get("analytics/costs?agent_id=5&bucket=day").await;

    insta::assert_snapshot!(all.problem(), @"400 invalid-parameter: The query is not valid: the answer has more than 10000 rows by day; ask for a shorter time with `from` and `to`.");
    insta::assert_snapshot!(misread.problem(), @"400 invalid-parameter: The query is not valid: `agent_id` must be a UUID; there is no parameter `bucket`.");
    let fewer = api.get("analytics/costs?from=2027-01-01T00:00:00Z").await.expect(200);
    assert_eq!(list(&fewer["days"]).len(), 15);
}

#[tokio::test(start_paused = true)]
async fn times_of_calls_are_shown_by_model_and_agent() {
    let api = Api::new().await;
    let document = json!({ "name": "Analyst", "agent_type": "http", "config": { "endpoint": "https://a.example" },
        "skills": ["score"] });
    let named = api.post("agents", &document).await.expect(201);
    let (known, gone) = (text(&named["id"]).parse().ok(), Some(AgentId::new(Uuid::from_u128(5))));
    let timed = |flow, hour, calls: &[(Option<AgentId>, &str, u64, u64)]| {
        let counts = calls.iter().map(|(agent, model, millis, calls)| {
            (RollupKey { node: None, metric: time_metric(*agent, model, *millis).into() }, *calls)
        });
        Rollup { counts: counts.collect(), ..rollup(flow, hour, &[]) }
    };
    let rows = [
        timed(7, NOW, &[(known, "large", 1_000, 98), (known, "large", 60_000, 2), (gone, "small", 7, 3)]),
        timed(8, NOW + 24 * HOUR, &[(None, "small", 7, 1), (known, "small", 0, 1)]),
    ];
    end_all(&api, rows.into_iter()).await;

    let times = api.get("analytics/times").await.expect(200);
    let first = api.get("analytics/times?to=2027-01-16T00:00:00Z").await.expect(200);
    let of_flow = api.get(&format!("analytics/times?flow_id={}", Uuid::from_u128(8))).await.expect(200);

    let rows = |of: &Value, name: &str| -> Vec<String> {
        let row = |row: &Value| {
            format!("{} {}: {} {} {}", row[name], row["calls"], row["p50_ms"], row["p95_ms"], row["p99_ms"])
        };
        list(of).iter().map(row).collect()
    };
    assert_eq!(
        rows(&times["models"], "model"),
        [r#""large" 100: 991 991 59391"#, r#""small" 5: 7 7 7"#],
        "each is the middle of a step that is at most an eighth wide"
    );
    assert_eq!(
        rows(&times["agents"], "agent_name"),
        [r#""Analyst" 101: 991 991 59391"#, "null 3: 7 7 7", "null 1: 7 7 7"]
    );
    assert_eq!(times["totals"], json!({ "calls": 105, "p50_ms": 991, "p95_ms": 991, "p99_ms": 59391 }));
    assert_eq!((&times["models_left_out"], &times["agents_left_out"]), (&json!(0), &json!(0)));
    assert_eq!(rows(&first["models"], "model"), [r#""large" 100: 991 991 59391"#, r#""small" 3: 7 7 7"#]);
    assert_eq!(rows(&of_flow["models"], "model"), [r#""small" 2: 0 7 7"#]);
}

#[tokio::test(start_paused = true)]
async fn the_thousand_models_with_the_most_calls_are_listed_and_the_totals_have_all() {
    let counts = (0..=1_000_u64).map(|number| {
        let metric = time_metric(None, &format!("model {number}"), 7).into();
        (RollupKey { node: None, metric }, if number == 3 { 1 } else { 2 })
    });
    let rows = Rollup { counts: counts.collect(), ..rollup(7, NOW, &[]) };
    let api = with_counters(std::iter::once(rows)).await;

    let times = api.get("analytics/times").await.expect(200);

    let models = list(&times["models"]);
    assert_eq!((models.len(), &times["models_left_out"]), (1_000, &json!(1)));
    assert!(models.iter().all(|row| row["calls"] == 2), "the one with the fewest calls is left out");
    assert_eq!(times["totals"]["calls"], 2_001);
}

#[tokio::test(start_paused = true)]
async fn where_no_call_was_timed_percentiles_are_null() {
    let api = Api::new().await;

    let times = api.get("analytics/times").await.expect(200);

    assert_eq!(times["totals"], json!({ "calls": 0, "p50_ms": null, "p95_ms": null, "p99_ms": null }));
    assert_eq!((list(&times["models"]).len(), list(&times["agents"]).len()), (0, 0));
}
