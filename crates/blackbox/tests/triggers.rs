//! Flows that nobody starts by hand, over many kills: each moment of a schedule and each event of a webhook starts one once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use steadflow_blackbox::{Api, Peer, Server, Setup, Workplace, eventually, flow};
use tokio::time::{Instant, timeout_at};

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

/// Events that a sender delivers in each round.
const EVENTS: u32 = 20;

/// Delivers an event as a sender does: with the same id each time. Returns the execution, if there was an answer.
async fn deliver(api: &Api, event: u32) -> Option<String> {
    let id = format!("event-{event}");
    let headers = [("authorization", "Bearer a token of some length"), ("idempotency-key", id.as_str())];
    let body = json!({ "event": event });
    let answer = api.call(Method::POST, "/hooks/orders/paid", &headers, Some(&body)).await.ok()?;
    Some(answer.expect(201)["execution_id"].as_str().expect("an id").to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_delivered_again_starts_nothing_new_over_kill_9() {
    let workplace = Workplace::new();
    let token = [("STEADFLOW_SECRET_HOOK".to_owned(), "a token of some length".to_owned())];
    let mut server = Setup::new(&workplace).variables(token).start().await;
    let webhook = json!({ "path": "orders/paid", "scheme": "bearer", "secret": "${secrets.HOOK}" });
    let trigger = json!({ "id": "start", "type": "trigger", "webhook": webhook });
    let mut document = flow("Paid", &[trigger], &[]);
    document["status"] = json!("active");
    let flow_id = server.api().create_flow(&document).await;

    let mut answered = BTreeMap::new();
    for round in 0..3 {
        let under_way: Vec<_> = (round * EVENTS..(round + 1) * EVENTS)
            .map(|event| {
                let api = server.api().clone();
                tokio::spawn(async move { (event, deliver(&api, event).await) })
            })
            .collect();
        // Some are answered, some are stored and not answered, and some never arrived.
        let path = format!("flows/{flow_id}/executions?limit=1");
        let stored = async || !server.api().get(&path).await.body.as_array().expect("a list").is_empty();
        eventually("some have arrived", SOON, async || stored().await.then_some(())).await;
        server.kill();
        server.restart().await;
        // What is not answered soon counts as not answered.
        let soon = Instant::now() + Duration::from_secs(2);
        for delivery in under_way {
            let Ok(delivered) = timeout_at(soon, delivery).await else { continue };
            let (event, execution) = delivered.expect("it does not panic");
            answered.extend(execution.map(|execution| (event, execution)));
        }
    }
    let mut again = BTreeMap::new();
    for event in 0..3 * EVENTS {
        again.insert(event, deliver(server.api(), event).await.expect("an answer"));
    }

    let listed = server.api().get(&format!("flows/{flow_id}/executions?limit=1000")).await.expect(200);
    let all: BTreeSet<&str> =
        listed.as_array().expect("a list").iter().filter_map(|execution| execution["id"].as_str()).collect();
    assert_eq!(all, again.values().map(String::as_str).collect(), "every event has one execution");
    assert_eq!(all.len(), 3 * EVENTS as usize);
    for (event, execution) in answered {
        assert_eq!(again[&event], execution, "what was answered is answered again");
    }
    let unsigned = server.api().post("/hooks/orders/paid", &json!({})).await;
    assert_eq!(unsigned.status, 401);
    server.stop().await;
    let doctor = server.doctor();
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}
