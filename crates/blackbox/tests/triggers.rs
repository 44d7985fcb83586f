//! Flows that nobody starts by hand, over many kills: each moment of a schedule and each event of a webhook starts one once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use steadflow_blackbox::{Api, Peer, Server, Setup, Workplace, echo, eventually, flow, run};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_listed_and_called_from_the_command_line() {
    let workplace = Workplace::new();
    let value = "It's a secret of some length";
    std::fs::write(workplace.path().join("secret.txt"), format!("{value}\n")).expect("a file can be written");
    let secret = [("STEADFLOW_SECRET_HOOK".to_owned(), value.to_owned())];
    let mut server = Setup::new(&workplace).variables(secret).start().await;
    let custom = json!({ "path": "orders/paid", "scheme": "hmac", "secret": "${secrets.HOOK}", "header": "X-Sig",
                         "algorithm": "sha512", "encoding": "base64", "timestamp_header": "X-At", "id_header": "X-Id" });
    let trigger = json!({ "id": "start", "type": "trigger", "webhook": custom });
    let node = echo("total", json!("${trigger_data.body.amount}"));
    let mut document = flow("Paid", &[trigger, node], &[("start", "total")]);
    document["status"] = json!("active");
    server.api().create_flow(&document).await;
    let base = format!("http://{}", server.address());
    let webhooks =
        |arguments: &[&str]| run(workplace.path(), &[&["webhooks", "--server", &base], arguments].concat());
    let from_file = ["--secret", "HOOK=@secret.txt", "--event-id", "e-1"];
    let send = |more: &[&str]| webhooks(&[&["send", "orders/paid"], &from_file[..], more].concat());

    let before = webhooks(&["show", "orders/paid"]);
    let first = send(&["--data", "{\"amount\": 12.50}", "--wait", "30"]);
    let again = send(&["--data", "{\"amount\": 12.50}"]);
    let other_body = send(&["--data", "{\"amount\": 13}"]);
    std::fs::write(workplace.path().join("other.txt"), "Another secret of some length")
        .expect("it can be written");
    let unsigned = webhooks(&["send", "/hooks/orders/paid", "--secret", "HOOK=@other.txt"]);
    let no_secret = webhooks(&["send", "orders/paid"]);
    let no_json = send(&["--data", "{"]);
    let nowhere = webhooks(&["send", "orders"]);
    let list = webhooks(&["list"]);
    let shown = webhooks(&["show", "orders/paid"]);
    let as_json = webhooks(&["--json", "show", "orders/paid"]);

    assert!(
        before.stdout.ends_with("secrets: HOOK\nno calls since the server was started\n"),
        "{}",
        before.stdout
    );
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    let (id, ended) = first.stdout.split_once('\n').expect("several lines");
    assert_eq!(ended, "completed\n12.50\n");
    assert_eq!(again.stdout, format!("{id}\n"), "one event, one execution");
    assert!(other_body.stderr.contains("this event ID and another body"), "{}", other_body.stderr);
    assert!(
        unsigned.stderr.contains("The call is not signed as this webhook asks for"),
        "{}",
        unsigned.stderr
    );
    assert!(no_secret.stderr.contains("There is no variable STEADFLOW_SECRET_HOOK"), "{}", no_secret.stderr);
    assert!(no_json.stderr.contains("The value of `--data` is not JSON: `{`"), "{}", no_json.stderr);
    assert!(nowhere.stderr.contains("No flow has a webhook at `orders`."), "{}", nowhere.stderr);
    let failed = [&other_body, &unsigned, &no_secret, &no_json, &nowhere];
    assert!(failed.iter().all(|run| run.code == Some(1)), "{failed:?}");
    assert!(
        list.stdout.contains(&format!("{base}/hooks/orders/paid"))
            && list.stdout.contains(": wrong_signature"),
        "{}",
        list.stdout
    );
    for verdict in ["started", "repeated", "refused: idempotency-key-reused", "refused: wrong_signature"] {
        assert!(shown.stdout.contains(verdict), "{verdict}: {}", shown.stdout);
    }
    assert!(as_json.stdout.starts_with("{\"flow_id\":"), "{}", as_json.stdout);
    let said = [list.stdout, shown.stdout, as_json.stdout, server.log()].concat();
    assert!(!said.contains(value), "no secret is shown");
    server.stop().await;
}
