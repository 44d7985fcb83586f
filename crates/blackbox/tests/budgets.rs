//! Budgets of agents and of executions, kept by the real binary over a loop of crashes while calls are open.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{Api, Model, Setup, Workplace, eventually, flow, node, with};

const SOON: Duration = Duration::from_secs(30);
/// What an answer may have.
const ANSWER: u64 = 400;
/// What a question counts at least: what is added to any.
const QUESTION: u64 = 1_024;
/// Room for three calls, and not for four.
const PER_DAY: u64 = 5_000;
/// Room for two.
const PER_EXECUTION: u64 = 3_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_crash_loop_passes_the_budget_of_an_agent_or_of_an_execution() {
    let workplace = Workplace::new();
    let model = Model::start(1).await;
    let mut server = Setup::new(&workplace).start().await;
    let limited = create(server.api(), &model, "by-day", &json!({ "max_tokens_per_day": PER_DAY })).await;
    let free = create(server.api(), &model, "by-execution", &Value::Null).await;
    let ask = |agent: &str| json!({ "id": "ask", "type": "agent", "agent_id": agent, "skill": "tell", "input": { "q": "How is it?" } });
    // A node whose call is cut off waits for a person.
    let ask = |agent: &str| with(ask(agent), &json!({ "on_interrupt": "ask" }));
    let by_day = server.api().create_flow(&flow("By day", &[ask(&limited)], &[])).await;
    let mut by_execution = flow("By execution", &[ask(&free)], &[]);
    by_execution["budget"] = json!({ "max_tokens": PER_EXECUTION });
    let by_execution = server.api().create_flow(&by_execution).await;
    model.hold_all(true);
    let repeating = server.api().start(&by_execution, json!({})).await;

    let mut refused = None;
    for round in 1..=5 {
        let asked = asked_of(&model, "by-day").len();
        let execution = server.api().start(&by_day, json!({})).await;
        refused = eventually("the model is asked, or the budget refuses that", SOON, async || {
            let state = server.api().execution(&execution).await;
            let has_failed = state["status"] == "failed";
            (has_failed || asked_of(&model, "by-day").len() > asked).then_some(has_failed.then_some(state))
        })
        .await;
        if round <= 2 {
            let of_execution = async || (asked_of(&model, "by-execution").len() == round).then_some(());
            eventually("the other model is asked again", SOON, of_execution).await;
        }
        server.kill();
        server.restart().await;
        if round <= 2 {
            let waits = async || {
                (server.api().execution(&repeating).await["waiting_for"] == "decision").then_some(())
            };
            eventually("its node waits for a decision", SOON, waits).await;
            let path = format!("executions/{repeating}/nodes/ask/decide");
            server.api().post(&path, &json!({ "decision": "retry" })).await.expect(200);
        }
    }

    // The calls that the model was asked, with all that it was allowed to answer.
    let asked = asked_of(&model, "by-day");
    assert_eq!(asked, [ANSWER; 3], "three calls of {PER_DAY} tokens");
    assert!(asked.iter().map(|answer| QUESTION + answer).sum::<u64>() <= PER_DAY);
    let refused = refused.expect("the last one is refused");
    let error = &node(&refused, "ask")["error_message"];
    assert_eq!(refused["error_class"], "budget", "{refused:#}");
    assert!(error.as_str().is_some_and(|error| error.contains("renews at 00:00 UTC")), "{error}");
    let agent = server.api().get(&format!("agents/{limited}")).await.expect(200);
    let today = &agent["budget_today"];
    let used = today["tokens"].as_u64().unwrap_or_default();
    assert!((3 * (QUESTION + ANSWER)..=PER_DAY).contains(&used), "{today}");
    assert_eq!(today["reserved_tokens"], 0, "{today}");

    let ended = server.api().finished(&repeating, SOON).await;
    assert_eq!((&ended["status"], &ended["error_class"]), (&json!("failed"), &json!("budget")), "{ended:#}");
    let asked = asked_of(&model, "by-execution");
    assert_eq!(asked, [ANSWER; 2], "two calls of {PER_EXECUTION} tokens");

    model.hold_all(false);
    let larger = json!({ "budget": { "max_tokens_per_day": 2 * PER_DAY } });
    let path = format!("agents/{limited}");
    server.api().call(Method::PATCH, &path, &[], Some(&larger)).await.expect("an answer").expect(200);
    let execution = server.api().start(&by_day, json!({})).await;
    assert_eq!(server.api().finished(&execution, SOON).await["status"], "completed");
    let agent = server.api().get(&path).await.expect(200);
    let (sent, answered) = Model::usage(1);
    assert_eq!(agent["budget_today"]["tokens"], used + (sent + answered) as u64, "{agent:#}");
    server.stop().await;
}

async fn create(api: &Api, model: &Model, name: &str, budget: &Value) -> String {
    let agent = json!({
        "name": name, "agent_type": "llm", "budget": budget,
        "config": { "provider": "openai", "base_url": model.url("/v1"), "model": name, "stream": false },
        "skills": [{ "name": "tell", "max_tokens": ANSWER }],
    });
    let agent = api.post("agents", &agent).await.expect(201);
    agent["id"].as_str().expect("an agent has an id").to_owned()
}

/// Returns how many tokens each call of a model was allowed to answer.
fn asked_of(model: &Model, name: &str) -> Vec<u64> {
    let calls = model.calls();
    let bodies = calls.values().flatten().filter(|body| body["model"] == name);
    bodies
        .map(|body| body["max_tokens"].as_u64().or(body["max_completion_tokens"].as_u64()).unwrap_or(0))
        .collect()
}
