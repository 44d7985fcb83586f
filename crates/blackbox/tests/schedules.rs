//! A flow that starts by itself every second, over many kills: each moment starts it once.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use steadflow_blackbox::{Peer, Server, Setup, Workplace, eventually, flow};

const SOON: Duration = Duration::from_secs(60);

/// For which moments the flow was started, newest first.
async fn moments(server: &Server, flow_id: &str) -> Vec<String> {
    let listed = server.api().get(&format!("flows/{flow_id}/executions?limit=1000")).await.expect(200);
    let mut moments = Vec::new();
    for execution in listed.as_array().expect("a list") {
        let id = execution["id"].as_str().expect("an id");
        let whole = server.api().get(&format!("executions/{id}")).await.expect(200);
        assert_eq!(whole["triggered_by"], "schedule");
        moments.push(whole["trigger_data"]["scheduled_at"].as_str().expect("a moment").to_owned());
    }
    moments
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_moment_starts_a_flow_once_over_kill_9() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).start().await;
    let trigger = json!({ "id": "start", "type": "trigger", "schedule": { "cron": "* * * * * *" } });
    let call = json!({ "id": "call", "type": "action", "action": "http_request", "input": { "url": peer.url("/slow/1") } });
    let mut document = flow("Every second", &[trigger, call], &[("start", "call")]);
    document["status"] = json!("active");
    let flow_id = server.api().create_flow(&document).await;

    for kill in 1..=4 {
        let before = peer.calls().len();
        let what = format!("it starts before kill {kill}");
        eventually(&what, SOON, async || (peer.calls().len() > before).then_some(())).await;
        server.kill();
        server.restart().await;
    }
    let before = peer.calls().len();
    eventually("it starts again", SOON, async || (peer.calls().len() > before + 1).then_some(())).await;
    let (path, paused) = (format!("flows/{flow_id}"), json!({ "status": "paused" }));
    server.api().call(Method::PATCH, &path, &[], Some(&paused)).await.expect("an answer").expect(200);
    let started = moments(&server, &flow_id).await;

    let different: BTreeSet<&String> = started.iter().collect();
    assert_eq!(different.len(), started.len(), "{started:?}");
    assert!(started.len() >= 3 && started.is_sorted_by(|one, next| one > next), "{started:?}");
    let keys: BTreeSet<String> = peer.calls().into_iter().map(|call| call.key).collect();
    assert!(keys.len() <= started.len(), "no call without an execution");
    server.stop().await;
    let doctor = server.doctor();
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}
