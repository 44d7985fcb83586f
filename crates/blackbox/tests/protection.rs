//! An agent with a limited rate, asked by many executions at once through the real binary, which is killed meanwhile.

use std::time::Duration;

use serde_json::json;
use steadflow_blackbox::{Peer, Setup, Workplace, eventually, flow, millis_between};

const EXECUTIONS: usize = 50;
const SOON: Duration = Duration::from_secs(60);
/// How much sooner than the rate says a call may arrive: calls wait on their way.
const TOLERANCE_MS: i64 = 100;

#[tokio::test]
async fn calls_of_a_limited_agent_arrive_at_an_even_rate_and_no_attempt_is_spent_on_waiting() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).start().await;
    let document = json!({
        "name": "Limited", "agent_type": "http", "config": { "endpoint": peer.url("/slow") }, "skills": ["20"],
        "protection": { "requests_per_minute": 600 },
    });
    let agent = server.api().post("agents", &document).await.expect(201)["id"].clone();
    let ask = json!({ "id": "ask", "type": "agent", "agent_id": agent, "skill": "20", "timeout_seconds": 1 });
    let flow = server.api().create_flow(&flow("Asks", &[ask], &[])).await;

    let api = server.api();
    let mut executions = Vec::with_capacity(EXECUTIONS);
    for _ in 0..EXECUTIONS {
        executions.push(api.start(&flow, json!({})).await);
    }
    eventually("half of the calls arrive", SOON, async || (peer.calls().len() >= 25).then_some(())).await;
    let waiting = api.get("executions?waiting_for=slot&limit=100").await.expect(200);
    server.kill();
    server.restart().await;
    let mut attempts = Vec::with_capacity(EXECUTIONS);
    for id in &executions {
        let execution = server.api().finished(id, SOON).await;
        assert_eq!(execution["status"], "completed", "{execution}");
        attempts.push(execution["node_executions"][0]["attempts"].as_array().map_or(0, Vec::len));
    }

    assert!(waiting.as_array().is_some_and(|waiting| (5..=25).contains(&waiting.len())), "{waiting}");
    let calls = peer.calls();
    let repeated = attempts.iter().filter(|count| **count > 1).count();
    assert!(repeated <= 5, "only what was under way when the process died: {attempts:?}");
    assert!(calls.len() <= EXECUTIONS + repeated, "{} calls", calls.len());
    // Ten each second, and ten that a quiet agent may make up for.
    for span in calls.windows(21) {
        let took = millis_between(span[0].at, span[20].at);
        assert!(took >= 1_100 - TOLERANCE_MS, "21 calls within {took} ms");
    }
}
