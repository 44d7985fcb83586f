//! Forks of a completed, a failed and a running execution, each over a kill.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{Peer, Server, Setup, Workplace, eventually, flow, http, node};

const SOON: Duration = Duration::from_secs(60);
/// A call that ends after the test.
const ENDLESS: &str = "/slow/600000";

/// `first` calls the peer, `second` calls `/slow/5` if `first` gave `edited`, else `/slow/1`, and `last` calls `path`.
fn three_calls(peer: &Peer, path: &str) -> Value {
    let second = http("second", &peer.url("/slow/${5 if first.body.ok == 'edited' else 1}"));
    let nodes = [http("first", &peer.url("/ok")), second, http("last", &peer.url(path))];
    flow("Fork", &nodes, &[("first", "second"), ("second", "last")])
}

/// Forks `old` with a key, kills the server as soon as that is acknowledged, and forks with the same key again.
async fn fork_over_a_kill(server: &mut Server, old: &str, body: &Value) -> String {
    let path = format!("executions/{old}/fork");
    let headers = [("Idempotency-Key", old)];
    let answer = server.api().call(Method::POST, &path, &headers, Some(body)).await;
    let first = answer.expect("the server answers").expect(201);

    server.kill();
    server.restart().await;

    let answer = server.api().call(Method::POST, &path, &headers, Some(body)).await;
    let again = answer.expect("the server answers").expect(201);
    assert_eq!(first["execution_id"], again["execution_id"], "one key, one execution");
    assert_eq!(first["forked_from"], old);
    first["execution_id"].as_str().expect("a fork gives an id").to_owned()
}

/// Returns what was called for an execution, each path once: a kill repeats a call that was under way.
fn paths_of(peer: &Peer, id: &str) -> Vec<String> {
    let mut paths: Vec<String> = peer.calls_of(id).into_iter().map(|call| call.path).collect();
    paths.dedup();
    paths
}

async fn is_called(peer: &Peer, id: &str, path: &str) {
    let is_there = async || paths_of(peer, id).iter().any(|called| called == path).then_some(());
    eventually("the last node is called", SOON, is_there).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forks_of_any_execution_outlive_a_kill_and_repeat_nothing_before_their_node() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).start().await;
    let start = async |server: &Server, path: &str| {
        let flow = server.api().create_flow(&three_calls(&peer, path)).await;
        server.api().start(&flow, json!({})).await
    };
    let completed = start(&server, "/status/200").await;
    let failed = start(&server, "/status/404").await;
    let running = start(&server, ENDLESS).await;
    let completed_before = server.api().finished(&completed, SOON).await;
    let failed_before = server.api().finished(&failed, SOON).await;
    is_called(&peer, &running, ENDLESS).await;
    let edited = json!({ "node_id": "second", "outputs": { "first": { "body": { "ok": "edited" } } } });

    let of_completed = fork_over_a_kill(&mut server, &completed, &edited).await;
    let of_failed = fork_over_a_kill(&mut server, &failed, &edited).await;
    let of_running = fork_over_a_kill(&mut server, &running, &json!({ "node_id": "second" })).await;

    let fork = server.api().finished(&of_completed, SOON).await;
    assert_eq!(fork["status"], "completed", "{fork}");
    assert_eq!(fork["forked_from"], completed);
    assert_eq!(node(&fork, "first")["output_data"], json!({ "body": { "ok": "edited" } }));
    assert_eq!(paths_of(&peer, &of_completed), ["/slow/5", "/status/200"]);
    let fork = server.api().finished(&of_failed, SOON).await;
    assert_eq!(paths_of(&peer, &of_failed), ["/slow/5", "/status/404"]);
    assert_eq!((&fork["status"], &node(&fork, "first")["reused"]), (&json!("failed"), &json!(true)));
    is_called(&peer, &of_running, ENDLESS).await;
    assert_eq!(paths_of(&peer, &of_running), ["/slow/1", ENDLESS]);
    for (id, before) in [(&completed, completed_before), (&failed, failed_before)] {
        let now = server.api().execution(id).await;
        assert_eq!(now["node_executions"], before["node_executions"], "the old one does not change");
        assert_eq!((&now["seq"], now["forks"].as_array().map(Vec::len)), (&before["seq"], Some(1)));
        assert_eq!(now["retried_by"], json!([]));
    }
    assert_eq!(server.api().execution(&running).await["status"], "running");
    for id in [&running, &of_running] {
        server.api().post(&format!("executions/{id}/cancel"), &json!({})).await;
        server.api().finished(id, SOON).await;
    }
    server.stop().await;
    let doctor = server.doctor();
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}
