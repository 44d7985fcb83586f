//! What calls of models cost.

use serde_json::{Value, json};
use steadflow_core::ids::AgentId;
use steadflow_store::{CallCounts, CostKey, Rollup};
use uuid::Uuid;

use crate::analytics::{HOUR, NOW, rollup, with_counters};
use crate::support::{list, text};

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
