//! The protection of agents and their budgets, and what these do.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Api, text};

fn document(protection: &Value) -> Value {
    json!({ "name": "Limited", "agent_type": "http", "config": { "endpoint": "https://risk.example.org" },
            "skills": ["score"], "protection": protection })
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_and_those_in_progress_are_shown_and_counted() {
    let api = Api::new().await;
    let protection = json!({ "max_concurrency": 1, "breaker": {} });
    let agent = api.post("agents", &document(&protection)).await.expect(201);
    let node = json!({ "id": "ask", "type": "agent", "agent_id": agent["id"], "skill": "score",
                       "input": { "hangs": true } });
    let flow = api.flow_of(&[node]).await;
    for _ in 0..3 {
        api.start(&flow).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;

    let state = api.get(&format!("agents/{}/protection", text(&agent["id"]))).await.expect(200);

    assert_eq!(agent["protection"], protection);
    let expected = json!({ "waiting": 2, "running": 1, "breaker": "closed", "open_until": null,
                           "held_until": null, "next_at": null });
    assert_eq!(state, expected);
    let waiting = api.get("executions?waiting_for=slot").await.expect(200);
    assert_eq!(waiting.as_array().map(Vec::len), Some(2));
    let metrics = api.get("/metrics").await.text;
    for line in ["agent_calls_waiting 2", "agent_calls_running 1", "agent_breakers_open 0"] {
        assert!(metrics.contains(&format!("steadflow_{line}\n")), "{line} in {metrics}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_left_for_another_holds_back_no_call_of_the_agent() {
    let api = Api::new().await;
    let agent = json!({
        "name": "Limited", "agent_type": "llm", "skills": ["tell"],
        "config": { "provider": "openai", "model": "large", "fallbacks": [{ "model": "small" }] },
        "protection": { "max_concurrency": 1, "breaker": { "failures": 1, "open_seconds": 900 } },
    });
    let agent = text(&api.post("agents", &agent).await.expect(201)["id"]);
    for (refused_by, status, breaker) in [(1, "completed", "closed"), (2, "failed", "open")] {
        let answer = json!({ "refused_by": refused_by, "error": "unavailable", "status": 503, "retry_after": 500,
                             "output": { "text": "Low." } });
        let node = json!({ "id": "ask", "type": "agent", "agent_id": agent, "skill": "tell",
                           "input": { "answers": [answer] }, "retry": { "enabled": false } });

        let execution = api.run(&api.flow_of(&[node]).await).await;

        let state = api.get(&format!("agents/{agent}/protection")).await.expect(200);
        assert_eq!(
            (&execution["status"], &state["breaker"]),
            (&json!(status), &json!(breaker)),
            "{execution:#}"
        );
        assert_eq!(state["held_until"].is_null(), refused_by == 1, "{state}");
        assert!(execution["duration_ms"].as_u64().is_some_and(|spent| spent < 1_000), "{execution:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_a_protection_does_nothing_and_one_that_is_not_there_is_none() {
    let api = Api::new().await;
    let agent = api.post("agents", &document(&Value::Null)).await.expect(201);

    let state = api.get(&format!("agents/{}/protection", text(&agent["id"]))).await.expect(200);

    assert_eq!((&state["waiting"], &state["breaker"]), (&json!(0), &Value::Null));
    api.get("agents/018f3a5e-0000-7000-8000-000000000009/protection").await.expect(404);
}

#[tokio::test(start_paused = true)]
async fn what_is_used_of_the_budget_of_an_agent_is_shown_and_what_would_pass_it_is_refused() {
    let api = Api::new().await;
    let budget = json!({ "max_tokens_per_day": 6_000, "max_cost_per_day": 3 });
    let agent = json!({
        "name": "Limited", "agent_type": "llm",
        "config": { "provider": "openai", "model": "large", "fallbacks": [{ "model": "small", "prices": { "currency": "EUR" } }] },
        "prices": { "currency": "EUR", "input_per_million": 100, "output_per_million": 1_000 },
        "skills": [{ "name": "tell", "max_tokens": 1_000 }], "budget": budget,
    });
    let agent = api.post("agents", &agent).await.expect(201);
    let id = text(&agent["id"]);
    let ask = |input: Value| json!({ "id": "ask", "type": "agent", "agent_id": id, "skill": "tell", "input": input });
    let answers = api.flow_of(&[ask(json!({ "answers": [{ "output": { "text": "Low." } }] }))]).await;
    let hangs = api.flow_of(&[ask(json!({ "hangs": true }))]).await;

    assert_eq!(api.run(&answers).await["status"], "completed");
    let first = api.start(&hangs).await;
    let second = api.start(&hangs).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let waits = api.start(&answers).await;
    tokio::time::sleep(Duration::from_secs(1)).await;

    assert_eq!((&agent["budget"], &agent["budget_today"]["tokens"]), (&budget, &json!(0)));
    let today = api.get(&format!("agents/{id}")).await.expect(200)["budget_today"].clone();
    let reserved = today["reserved_tokens"].as_u64().unwrap();
    assert_eq!((&today["tokens"], &today["currency"]), (&json!(110), &json!("EUR")));
    assert!((2 * 2_030..2 * 2_100).contains(&reserved), "two calls: {today}");
    assert_eq!(text(&today["renews_at"]), "2027-01-16T00:00:00.000000Z");
    assert_eq!(api.get("agents").await.expect(200)[0]["budget_today"], today);
    let metrics = api.get("/metrics").await.text;
    assert!(metrics.contains(&format!("steadflow_agent_budget_reserved_tokens {reserved}\n")), "{metrics}");
    let waiting = api.get("executions?waiting_for=slot").await.expect(200);
    assert_eq!(text(&waiting[0]["id"]), waits, "it waits for what those may leave that are in progress");

    // Nobody will know what they used.
    for id in [&first, &second] {
        api.post(&format!("executions/{id}/cancel"), &json!({})).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let refused = api.get(&format!("executions/{waits}")).await.expect(200);
    assert_eq!(
        (&refused["status"], &refused["error_class"]),
        (&json!("failed"), &json!("budget")),
        "{refused:#}"
    );
    let said = text(&refused["error_message"]);
    assert!(said.contains("The budget of the agent Limited for a day (6,000 tokens) leaves 1,"), "{said}");
    assert!(said.contains("renews at 00:00 UTC"), "{said}");
    let metrics = api.get("/metrics").await.text;
    assert!(metrics.contains("steadflow_agent_budget_refusals_total 1\n"), "{metrics}");
    assert!(metrics.contains("steadflow_agent_budget_reserved_tokens 0\n"), "{metrics}");
    let faulty = json!({ "budget": { "max_tokens_per_day": 2_000 } });
    let faults = api.patch(&format!("agents/{id}"), &faulty).await.expect(422);
    assert_eq!(faults["errors"][0]["pointer"], "/budget/max_tokens_per_day", "{faults}");
}
