//! What Steadflow promises about retries, timeouts, cancels and manual retries, over the API.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{
    Api, Peer, Server, Setup, Workplace, alone, eventually, flow, http, millis_between, moment, node, with,
};

/// Longer than any of these flows takes.
const SOON: Duration = Duration::from_secs(20);
/// How exactly a backoff is kept.
const TOLERANCE_MS: i64 = 25;

struct Scene {
    peer: Peer,
    server: Server,
    _workplace: Workplace,
}

impl Scene {
    async fn new() -> Self {
        let workplace = Workplace::new();
        Self {
            peer: Peer::start().await,
            server: Setup::new(&workplace).start().await,
            _workplace: workplace,
        }
    }

    const fn api(&self) -> &Api {
        self.server.api()
    }

    /// Runs one node that calls `path` of the peer, and returns the execution's id.
    async fn call(&self, path: &str, settings: &Value) -> String {
        let document = with(flow("Scenario", &[http("node1", &self.peer.url(path))], &[]), settings);
        let id = self.api().create_flow(&document).await;
        self.api().start(&id, json!({ "vendor": "Acme" })).await
    }
}

#[tokio::test]
async fn a_transient_failure_is_recovered_by_the_second_attempt() {
    let scene = Scene::new().await;

    let id = scene.call("/fail/1", &json!({ "retry_on_failure": true, "retry_count": 3 })).await;
    let execution = scene.api().finished(&id, SOON).await;

    assert_eq!(execution["status"], "completed");
    assert_eq!(execution["recovered"], true);
    let node = node(&execution, "node1");
    assert_eq!(node["retry_attempt"], 1);
    assert_eq!(node["error_message"], Value::Null);
    assert_eq!(node["output_data"]["body"], json!({ "ok": true }));
    assert_eq!(node["attempts"].as_array().map(Vec::len), Some(2));
    assert_eq!(node["attempts"][0]["error_class"], "unavailable");
    assert_eq!(scene.peer.calls_of(&id).len(), 2);
}

#[tokio::test]
async fn exhausted_retries_fail_the_execution_and_the_message_shows_all_attempts() {
    let scene = Scene::new().await;
    let failing = json!({
        "id": "node1", "type": "action", "action": "fail",
        "input": { "message": "Connection timeout", "class": "connection" },
        "retry": { "enabled": true, "count": 3, "initial_interval_seconds": 0.01 },
    });
    let flow = scene.api().create_flow(&flow("Exhausted", &[failing], &[])).await;

    let id = scene.api().start(&flow, json!({})).await;
    let execution = scene.api().finished(&id, SOON).await;

    let lines = "Attempt 1: Connection timeout\nAttempt 2: Connection timeout\n\
                 Attempt 3: Connection timeout\nAttempt 4: Connection timeout";
    assert_eq!(execution["status"], "failed");
    assert_eq!(node(&execution, "node1")["status"], "failed");
    assert_eq!(node(&execution, "node1")["retry_attempt"], 3);
    assert_eq!(node(&execution, "node1")["error_message"], format!("Failed after 4 attempts:\n{lines}"));
    assert_eq!(execution["error_message"], format!("Node `node1` failed after 4 attempts:\n{lines}"));
}

#[tokio::test]
async fn backoffs_take_one_two_and_four_seconds() {
    let _alone = alone().await;
    let scene = Scene::new().await;
    // Apart from each other, so that one moment in which the machine does something else spoils one of them.
    let mut pace = tokio::time::interval(Duration::from_millis(300));
    let mut ids = Vec::new();
    for _ in 0..5 {
        pace.tick().await;
        ids.push(scene.call("/fail/3", &json!({ "retry_on_failure": true, "retry_count": 3 })).await);
    }

    let mut late = [vec![], vec![], vec![]];
    for id in &ids {
        let execution = scene.api().finished(id, SOON).await;
        assert_eq!(execution["status"], "completed", "{execution}");
        let calls = scene.peer.calls_of(id);
        assert_eq!(calls.iter().map(|call| call.attempt).collect::<Vec<_>>(), [1, 2, 3, 4]);
        for (index, seconds) in [1, 2, 4].into_iter().enumerate() {
            let attempts = &node(&execution, "node1")["attempts"];
            assert_backoff_is_kept(&attempts[index], &attempts[index + 1], seconds);
            let arrived = millis_between(calls[index].at, calls[index + 1].at);
            late[index].push(arrived - seconds * 1000);
        }
    }

    for late in &mut late {
        late.sort_unstable();
        // What else the machine does makes some of them late. What the engine itself adds is in each.
        assert!((-1..=TOLERANCE_MS).contains(&late[0]), "late at the peer by {late:?} ms");
    }
}

/// What is stored is exact: the wait is the policy's, and the next attempt did not begin before it was over.
fn assert_backoff_is_kept(failed: &Value, next: &Value, seconds: i64) {
    let (ended, due) = (moment(&failed["ended_at"]), moment(&failed["next_retry_at"]));
    assert_eq!(failed["backoff_ms"], seconds * 1000);
    assert_eq!(millis_between(ended, due), seconds * 1000);
    assert!(moment(&next["started_at"]) >= due, "{next} is early after {failed}");
}

#[tokio::test]
async fn a_node_that_waits_out_a_backoff_says_how_many_attempts_are_left() {
    let scene = Scene::new().await;
    let failing = json!({
        "id": "node1", "type": "action", "action": "fail",
        "input": { "message": "Connection timeout", "class": "connection" },
        "retry": { "enabled": true, "count": 2, "initial_interval_seconds": 0.2 },
    });
    let flow = scene.api().create_flow(&flow("Messages", &[failing], &[])).await;

    let id = scene.api().start(&flow, json!({})).await;
    let says =
        |text: &'static str| move |execution: &Value| node(execution, "node1")["error_message"] == text;
    let first = says("Connection timeout (Will retry 2 more times)");
    let waiting = scene.api().until(&id, "the first message", SOON, first).await;
    let second = says("Connection timeout (Will retry 1 more time)");
    scene.api().until(&id, "the second message", SOON, second).await;

    let node = node(&waiting, "node1");
    assert_eq!(node["status"], "pending");
    assert_eq!(node["retry_attempt"], 0);
    assert!(node["next_retry_at"].is_string(), "{node}");
    assert_eq!(waiting["status"], "running");
}

#[tokio::test]
async fn a_flow_timeout_fails_the_execution_and_drops_the_call_in_flight() {
    let scene = Scene::new().await;

    let settings = json!({ "timeout_seconds": 1, "retry_on_failure": true, "retry_count": 3 });
    let id = scene.call("/hang/9", &settings).await;
    let execution = scene.api().finished(&id, SOON).await;
    let call = eventually("the peer sees the call dropped", SOON, async || {
        scene.peer.calls_of(&id).pop().filter(|call| call.abandoned_at.is_some())
    })
    .await;

    assert_eq!(execution["status"], "failed");
    assert_eq!(execution["error_message"], "Flow execution timed out after 1 seconds");
    let duration = execution["duration_ms"].as_i64().expect("a duration is recorded");
    assert!((1000..1200).contains(&duration), "{duration} ms");
    assert_eq!(scene.peer.calls_of(&id).len(), 1);
    let lasted = millis_between(call.at, call.abandoned_at.expect("it was abandoned"));
    assert!((800..1300).contains(&lasted), "{lasted} ms");
    assert_eq!(call.deadline.map(|at| moment(&at.into())), Some(moment(&execution["deadline"])));
    assert_nothing_runs(&execution);
}

#[tokio::test]
async fn a_cancel_ends_a_backoff_and_no_attempt_follows() {
    let scene = Scene::new().await;

    let id = scene.call("/fail/9", &json!({ "retry_on_failure": true, "retry_count": 3 })).await;
    let in_backoff = |execution: &Value| node(execution, "node1")["next_retry_at"].is_string();
    let waiting = scene.api().until(&id, "a backoff", SOON, in_backoff).await;
    let cancelled = scene.api().post(&format!("executions/{id}/cancel"), &json!({})).await;
    let execution = scene.api().finished(&id, SOON).await;
    // What would have been the next attempt's time has to pass before its absence says anything.
    let due = moment(&node(&waiting, "node1")["next_retry_at"]);
    eventually("the backoff would be over", SOON, async || {
        (millis_between(due, jiff::Timestamp::now()) > 300).then_some(())
    })
    .await;

    assert!((200..300).contains(&cancelled.status), "{}", cancelled.body);
    assert_eq!(execution["status"], "cancelled");
    assert_eq!(scene.peer.calls_of(&id).len(), 1);
    assert_eq!(scene.api().execution(&id).await, execution);
    assert_nothing_runs(&execution);
}

#[tokio::test]
async fn a_manual_retry_makes_a_new_execution_with_the_same_context_and_trigger_data() {
    let scene = Scene::new().await;
    let document = flow("Manual", &[http("node1", &scene.peer.url("/status/404"))], &[]);
    let flow = scene.api().create_flow(&document).await;
    let body = json!({ "context_id": "vendor-7", "context_type": "vendor", "trigger_data": { "a": [1, 2] } });
    let started = scene.api().post(&format!("flows/{flow}/execute"), &body).await.expect(201);
    let old = started["execution_id"].as_str().expect("a start gives an id").to_owned();
    scene.api().finished(&old, SOON).await;

    let answer = scene.api().post(&format!("executions/{old}/retry"), &json!({})).await.expect(200);
    let new = answer["new_execution_id"].as_str().expect("a retry gives an id").to_owned();
    let execution = scene.api().finished(&new, SOON).await;

    assert_ne!(new, old);
    assert_eq!(answer["retry_of"], old);
    assert!(answer["message"].is_string() && answer["status"] == "pending", "{answer}");
    assert_eq!(execution["retry_of"], old);
    assert_eq!(execution["context_id"], "vendor-7");
    assert_eq!(execution["context_type"], "vendor");
    assert_eq!(execution["trigger_data"], json!({ "a": [1, 2] }));
    assert_eq!(scene.api().execution(&old).await["retried_by"], json!([new]));
}

#[tokio::test]
async fn a_completed_execution_cannot_be_retried() {
    let scene = Scene::new().await;

    let id = scene.call("/ok", &json!({})).await;
    scene.api().finished(&id, SOON).await;
    let answer = scene.api().post(&format!("executions/{id}/retry"), &json!({})).await;

    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.expect(400)["detail"], "Cannot retry execution with status: completed");
}

#[tokio::test]
async fn a_manual_retry_sent_twice_with_one_key_makes_one_execution() {
    let scene = Scene::new().await;
    let id = scene.call("/status/404", &json!({})).await;
    scene.api().finished(&id, SOON).await;

    let path = format!("executions/{id}/retry");
    let press = async |key| {
        let headers = [("Idempotency-Key", key)];
        let answer = scene.api().call(Method::POST, &path, &headers, Some(&json!({}))).await;
        answer.expect("the server answers").expect(200)["new_execution_id"].clone()
    };
    let (first, second, third) = (press("press-1").await, press("press-1").await, press("press-2").await);

    assert_eq!(first, second);
    assert_ne!(first, third);
}

#[tokio::test]
async fn a_node_overrides_the_flows_retry_settings() {
    let scene = Scene::new().await;
    let mut eager = http("node1", &scene.peer.url("/fail/1"));
    eager["retry"] = json!({ "enabled": true, "count": 1, "initial_interval_seconds": 0.01 });
    let mut shy = http("node2", &scene.peer.url("/fail/1"));
    shy["retry"] = json!({ "enabled": false });
    let settings = json!({ "retry_on_failure": true, "retry_count": 3 });
    let of = async |node: Value, settings: &Value| {
        let flow = scene.api().create_flow(&with(flow("Override", &[node], &[]), settings)).await;
        scene.api().start(&flow, json!({})).await
    };

    let (eager, shy) = (of(eager, &json!({})).await, of(shy, &settings).await);

    assert_eq!(scene.api().finished(&eager, SOON).await["status"], "completed");
    assert_eq!(scene.api().finished(&shy, SOON).await["status"], "failed");
    assert_eq!(scene.peer.calls_of(&shy).len(), 1);
}

fn assert_nothing_runs(execution: &Value) {
    let nodes = execution["node_executions"].as_array().expect("an execution has node_executions");
    for node in nodes {
        assert!(!matches!(node["status"].as_str(), Some("running" | "pending")), "{node}");
        for attempt in node["attempts"].as_array().expect("a node has attempts") {
            assert!(attempt["ended_at"].is_string(), "{attempt}");
        }
    }
    assert_eq!(execution["summary"]["running_nodes"], 0, "{}", execution["summary"]);
    assert_eq!(execution["summary"]["pending_nodes"], 0, "{}", execution["summary"]);
}
