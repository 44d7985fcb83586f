//! Keys that make a start happen once.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use steadflow_blackbox::{Setup, Workplace, echo, flow};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_identical_starts_at_once_make_one_execution() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let id = server.api().create_flow(&flow("Once", &[echo("a", json!({}))], &[])).await;

    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let (api, path) = (server.api().clone(), format!("flows/{id}/execute"));
        calls.spawn(async move {
            let body = json!({ "trigger_data": { "n": 1 } });
            let answer = api.call(Method::POST, &path, &[("Idempotency-Key", "one")], Some(&body)).await;
            answer.expect("the server answers")
        });
    }
    let mut promised = Vec::new();
    for answer in calls.join_all().await {
        // While the first is being processed, the others may be asked to try again.
        if answer.status != 409 {
            promised.push(answer.expect(201)["execution_id"].clone());
        }
    }

    promised.dedup();
    assert_eq!(promised.len(), 1, "{promised:?}");
    let execution = promised[0].as_str().expect("an id is promised");
    server.api().finished(execution, Duration::from_secs(10)).await;
    assert_eq!(server.api().counts().await, (1, 1));
}

#[tokio::test]
async fn a_key_that_was_used_for_something_else_is_422() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let id = server.api().create_flow(&flow("Once", &[echo("a", json!({}))], &[])).await;
    let start = async |data| {
        let (path, body) = (format!("flows/{id}/execute"), json!({ "trigger_data": data }));
        let answer = server.api().call(Method::POST, &path, &[("Idempotency-Key", "one")], Some(&body)).await;
        answer.expect("the server answers")
    };

    start(json!({ "n": 1 })).await.expect(201);
    let other = start(json!({ "n": 2 })).await;

    assert_eq!(other.headers["content-type"], "application/problem+json");
    other.expect(422);
    assert_eq!(server.api().counts().await, (1, 1));
}
