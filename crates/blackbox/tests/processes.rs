//! Two processes on one PostgreSQL: what comes to one for an execution of the other, and what happens when one is gone.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use steadflow_blackbox::{
    Api, Cluster, Peer, echo, eventually, flow, http, millis_between, node, retries, with,
};

const SOON: Duration = Duration::from_secs(20);
/// After how long the work of a process that is gone is taken over at the latest.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(Cluster::LEASE_SECONDS + 3);
/// After how long an edit is known to all processes, with time to spare on a busy machine.
const KNOWN_WITHIN: Duration = Duration::from_secs(2);
/// After how long a key that was deleted is worth nothing in any process, streams included.
const REVOKED_WITHIN: Duration = Duration::from_secs(5);

async fn both() -> (Cluster, Api, Api) {
    let cluster = Cluster::start(2).await;
    let (one, other) = (cluster.servers[0].api().clone(), cluster.servers[1].api().clone());
    (cluster, one, other)
}

fn approval(id: &str) -> Value {
    json!({ "id": id, "type": "approval", "input": { "of": "${trigger_data.of}" } })
}

fn is_running(execution: &Value, id: &str) -> bool {
    execution["node_executions"]
        .as_array()
        .is_some_and(|nodes| nodes.iter().any(|node| node["node_id"] == id && node["status"] == "running"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_to_the_wrong_process_reaches_the_execution() {
    let (_cluster, one, other) = both().await;
    let peer = Peer::start().await;
    let document = flow("Asks", &[approval("ok"), echo("after", json!({ "n": 1 }))], &[]);
    let mut asks = document.clone();
    asks["flow_definition"]["edges"] = json!([{ "from": "ok", "to": "after", "condition": "approved" }]);
    let asks = one.create_flow(&asks).await;
    let slow = one.create_flow(&flow("Slow", &[http("call", &peer.url("/hang/9"))], &[])).await;

    // Decided by the other process.
    let asked = one.start(&asks, json!({ "of": 1 })).await;
    let open = eventually("the other process lists what waits", SOON, async || {
        let all = other.get("approvals?limit=100").await.expect(200);
        all.as_array().and_then(|all| all.iter().find(|open| open["execution_id"] == asked.as_str()).cloned())
    })
    .await;
    let path = format!("approvals/{}", open["id"].as_str().expect("an id").replace(':', "%3A"));
    let said = json!({ "decision": "approved", "arguments_hash": open["arguments_hash"] });
    let decided = other.post(&path, &said).await;
    assert!(decided.status < 300, "{}", decided.body);
    // Read and awaited by both.
    assert_eq!(other.finished(&asked, SOON).await["status"], "completed");
    assert_eq!(one.execution(&asked).await["status"], "completed");

    // Cancelled by the other process, followed there by a stream.
    let running = one.start(&slow, json!({})).await;
    one.until(&running, "the call is under way", SOON, |execution| is_running(execution, "call")).await;
    let mut events = other.follow(&format!("executions/{running}/events"), None).await;
    let cancelled = other.post(&format!("executions/{running}/cancel"), &json!({})).await;
    assert!(cancelled.status < 300, "{}", cancelled.body);
    assert_eq!(one.finished(&running, SOON).await["status"], "cancelled");
    let deadline = tokio::time::timeout(SOON, async {
        while let Some(event) = events.next().await {
            if event.data.to_string().contains("cancelled") {
                return true;
            }
        }
        false
    });
    assert!(deadline.await.expect("the stream goes on"), "the end is in the stream of the other process");
    let stopped = async || peer.calls()[0].abandoned_at;
    eventually("the call is stopped", SOON, stopped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_is_known_to_all_processes() {
    let (_cluster, one, other) = both().await;
    let id = one.create_flow(&flow("First", &[echo("a", json!({ "n": 1 }))], &[])).await;
    let run = async |api: &Api| {
        let execution = api.start(&id, json!({})).await;
        api.finished(&execution, SOON).await["flow_version"].as_u64()
    };
    assert_eq!((run(&one).await, run(&other).await), (Some(1), Some(1)));

    let document = flow("Second", &[echo("a", json!({ "n": 2 }))], &[]);
    let answer = one.call(reqwest::Method::PATCH, &format!("flows/{id}"), &[], Some(&document)).await;
    assert_eq!(answer.expect("an answer").status, 200);

    assert_eq!(run(&one).await, Some(2));
    eventually("the other process runs the new version", KNOWN_WITHIN, async || {
        (run(&other).await == Some(2)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_of_everything_holds_in_all_processes_and_so_does_its_end() {
    let (_cluster, one, other) = both().await;
    let id = one.create_flow(&flow("Waits", &[echo("a", json!({ "n": 1 }))], &[])).await;

    one.post("pause", &json!({})).await.expect(200);
    let held = eventually("the other process starts nothing", KNOWN_WITHIN, async || {
        let execution = other.start(&id, json!({})).await;
        let waits = other.get(&format!("executions/{execution}")).await.expect(200)["status"] == "pending";
        waits.then_some(execution)
    })
    .await;
    assert_eq!(other.get("pause").await.expect(200)["paused"], true);
    other.post("resume", &json!({})).await.expect(200);

    assert_eq!(one.finished(&held, SOON).await["status"], "completed");
    eventually("both start again", KNOWN_WITHIN, async || {
        let execution = one.start(&id, json!({})).await;
        (one.execution(&execution).await["status"] != "pending").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_one_process_stores_is_used_by_all() {
    let (_cluster, one, other) = both().await;
    let peer = Peer::start().await;
    let mut call = http("call", &peer.url("/ok"));
    call["input"]["headers"] = json!({ "X-Key": "${secrets.KEY}" });
    let id = one.create_flow(&flow("Keyed", &[call], &[])).await;
    let sent = async |api: &Api| {
        let execution = api.start(&id, json!({})).await;
        let status = api.finished(&execution, SOON).await["status"].clone();
        let calls = peer.calls();
        let key = calls.last().and_then(|call| call.header("x-key").map(ToOwned::to_owned));
        (status == "completed").then_some(key).flatten()
    };
    let put = async |api: &Api, value: &str| {
        let body = json!({ "value": value, "hosts": ["127.0.0.1"] });
        let answer = api.call(reqwest::Method::PUT, "secrets/KEY", &[], Some(&body)).await;
        assert_eq!(answer.expect("an answer").status, 200);
    };
    let becomes = async |api: &Api, value: Option<&str>| {
        let same = async || (sent(api).await.as_deref() == value).then_some(());
        eventually("the secret is known", KNOWN_WITHIN, same).await;
    };
    assert_eq!((sent(&one).await, sent(&other).await), (None, None));

    put(&one, "first").await;
    assert_eq!(sent(&one).await.as_deref(), Some("first"));
    becomes(&other, Some("first")).await;
    put(&other, "second").await;
    assert_eq!(sent(&other).await.as_deref(), Some("second"));
    becomes(&one, Some("second")).await;
    let deleted = one.call(reqwest::Method::DELETE, "secrets/KEY", &[], None).await.expect("an answer");
    assert_eq!(deleted.status, 204);
    becomes(&other, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_of_a_process_that_stops_or_is_killed_goes_on_in_the_other() {
    let (mut cluster, one, other) = both().await;
    let peer = Peer::start().await;
    let call = with(http("call", &peer.url("/slow/1500")), &retries(3, 0.05));
    let slow = one.create_flow(&flow("Slow", &[call], &[])).await;
    let asks = one.create_flow(&flow("Asks", &[approval("ok")], &[])).await;
    let key = [("Idempotency-Key", "once")];

    // Killed with -9: after its lease.
    let path = format!("flows/{slow}/execute");
    let started = one.call(reqwest::Method::POST, &path, &key, Some(&json!({}))).await.expect("an answer");
    let running = started.expect(201)["execution_id"].as_str().expect("an id").to_owned();
    one.until(&running, "the call is under way", SOON, |execution| is_running(execution, "call")).await;
    let waiting = one.start(&asks, json!({ "of": 2 })).await;
    one.until(&waiting, "it waits", SOON, |execution| execution["waiting_for"] == "approval").await;
    cluster.servers[0].kill();
    let killed_at = Instant::now();
    let taken_over = |execution: &Value| {
        node(execution, "call")["attempts"].as_array().is_some_and(|attempts| attempts.len() > 1)
            || execution["status"] == "completed"
    };
    other.until(&running, "the other process goes on", TAKEN_OVER_WITHIN, taken_over).await;
    eprintln!("taken over {:.1?} after kill -9", killed_at.elapsed());
    let done = other.finished(&running, SOON).await;
    assert_eq!(done["status"], "completed", "{done}");
    assert_eq!(node(&done, "call")["attempts"][0]["error_class"], "interrupted", "{done}");
    let again = other.call(reqwest::Method::POST, &path, &key, Some(&json!({}))).await.expect("an answer");
    assert_eq!(again.body["execution_id"], running.as_str(), "one key, one execution, in all processes");
    assert_eq!(other.execution(&waiting).await["status"], "running");
    cluster.servers[0].restart().await;

    // Stopped in order: at once, and no retry is used.
    let handed = other.start(&slow, json!({})).await;
    other.until(&handed, "the call is under way", SOON, |execution| is_running(execution, "call")).await;
    cluster.servers[1].signal("TERM");
    let done = one.finished(&handed, SOON).await;
    assert_eq!(done["status"], "completed", "{done}");
    cluster.servers[1].ended(SOON).await;
    let cancelled = one.post(&format!("executions/{waiting}/cancel"), &json!({})).await;
    assert!(cancelled.status < 300, "{}", cancelled.body);
    assert_eq!(one.finished(&waiting, SOON).await["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_another_process_has_freed_is_free() {
    let (mut cluster, one, other) = both().await;
    let peer = Peer::start().await;
    let limited = json!({ "max_concurrent_executions": 1 });
    let document = with(flow("Limited", &[http("call", &peer.url("/slow/3000"))], &[]), &limited);
    let id = one.create_flow(&document).await;
    let holder = one.start(&id, json!({})).await;
    one.until(&holder, "it holds the slot", SOON, |execution| is_running(execution, "call")).await;
    // It reads who holds slots at its start.
    cluster.servers[1].kill();
    cluster.servers[1].restart().await;

    let waiting = other.start(&id, json!({})).await;
    let pending = other.execution(&waiting).await;
    assert_eq!(pending["status"], "pending", "the slot is taken by the other process: {pending}");
    one.finished(&holder, SOON).await;

    other.until(&waiting, "it starts", KNOWN_WITHIN, |execution| execution["status"] != "pending").await;
    assert_eq!(other.finished(&waiting, SOON).await["status"], "completed");
    assert_eq!(peer.calls().len(), 2);
}

/// How long a call takes, in milliseconds.
const CALL_MILLIS: i64 = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_executions_run_at_any_moment_than_the_flow_allows() {
    let cluster = Cluster::start(3).await;
    let apis: Vec<Api> = cluster.servers.iter().map(|server| server.api().clone()).collect();
    let peer = Peer::start().await;
    let limited = json!({ "max_concurrent_executions": 4, "concurrency_key": "${trigger_data.of}", "max_concurrent_per_key": 2 });
    let call = http("call", &peer.url(&format!("/slow/{CALL_MILLIS}?of=${{trigger_data.of}}")));
    let id = apis[0].create_flow(&with(flow("Limited", &[call], &[]), &limited)).await;

    let mut started = Vec::new();
    for number in 0..60 {
        let of = ["a", "b", "c"][number % 3];
        started.push(apis[number / 7 % 3].start(&id, json!({ "of": of })).await);
    }
    for execution in &started {
        assert_eq!(apis[0].finished(execution, SOON).await["status"], "completed");
    }

    assert_eq!(peer.calls().len(), started.len());
    assert_eq!(most_at_once(&peer, "slow"), Some(4));
    for of in ["of=a", "of=b", "of=c"] {
        assert!(most_at_once(&peer, of) <= Some(2), "{of}: {:?}", peer.calls());
    }
}

/// Returns how many calls with `of` in their path were under way at once.
fn most_at_once(peer: &Peer, of: &str) -> Option<usize> {
    let calls = peer.calls();
    let began: Vec<_> = calls.iter().filter(|call| call.path.contains(of)).map(|call| call.at).collect();
    let under_way =
        |at| began.iter().filter(|other| (0..CALL_MILLIS).contains(&millis_between(**other, at))).count();
    began.iter().map(|at| under_way(*at)).max()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_is_asked_no_more_than_it_allows_by_all_processes_together() {
    let mut cluster = Cluster::start(3).await;
    let apis: Vec<Api> = cluster.servers.iter().map(|server| server.api().clone()).collect();
    let peer = Peer::start().await;
    let skill = CALL_MILLIS.to_string();
    let limited = async |name: &str, protection: Value| {
        let document = json!({
            "name": name, "agent_type": "http", "config": { "endpoint": peer.url("/slow") }, "skills": [skill],
            "protection": protection,
        });
        let agent = apis[0].post("agents", &document).await.expect(201)["id"].clone();
        let ask = json!({ "id": "ask", "type": "agent", "agent_id": agent, "skill": skill });
        apis[0].create_flow(&flow(name, &[with(ask, &retries(3, 0.05))], &[])).await
    };
    let few = limited("Few", json!({ "max_concurrency": 3 })).await;
    let slow = limited("Slow", json!({ "requests_per_minute": 240 })).await;

    let run = async |flow: &str, apis: &[Api]| {
        let mut started = Vec::new();
        for number in 0..40 {
            started.push(apis[number % apis.len()].start(flow, json!({})).await);
        }
        started
    };
    let started = run(&few, &apis).await;
    eventually("some calls are made", SOON, async || (peer.calls().len() > 9).then_some(())).await;
    // What it had under way counts until its lease is over, and is free then.
    cluster.servers[2].kill();
    for execution in &started {
        assert_eq!(apis[0].finished(execution, SOON).await["status"], "completed");
    }
    assert_eq!(most_at_once(&peer, "slow"), Some(3));

    let before = peer.calls().len();
    for execution in run(&slow, &apis[..2]).await {
        assert_eq!(apis[0].finished(&execution, SOON).await["status"], "completed");
    }
    // Four each second, and four that a quiet agent may make up for.
    for span in peer.calls()[before..].windows(9) {
        let took = millis_between(span[0].at, span[8].at);
        assert!(took >= 900, "9 calls within {took} ms");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_one_process_deletes_ends_in_the_other_with_its_streams() {
    let (cluster, admin) = Cluster::start_with_auth(2).await;
    let [one, other] = [0, 1].map(|number| cluster.servers[number].address());
    let admin = Api::with_key(one, &admin);
    let made =
        admin.post("keys", &json!({ "name": "CI", "role": "viewer", "account": "ci" })).await.expect(201);
    let theirs = Api::with_key(other, made["key"].as_str().expect("a key"));
    assert_eq!(theirs.get("flows").await.status, 200);
    let mut events = theirs.follow("events", None).await;
    let end = tokio::spawn(async move { while events.next().await.is_some() {} });
    // It is in use all the time.
    for _ in 0..50 {
        assert_eq!(theirs.get("flows").await.status, 200);
    }
    assert!(!end.is_finished());
    a_moved_flow_is_closed(&admin, other).await;

    let deleted_at = Instant::now();
    let path = format!("keys/{}", made["id"].as_str().expect("an id"));
    assert_eq!(admin.call(reqwest::Method::DELETE, &path, &[], None).await.expect("an answer").status, 204);

    eventually("the other process refuses the key", REVOKED_WITHIN, async || {
        (theirs.get("flows").await.status == 401).then_some(())
    })
    .await;
    let ended = tokio::time::timeout(REVOKED_WITHIN.saturating_sub(deleted_at.elapsed()), end).await;
    ended.expect("its stream ends in time").expect("the stream is read");
    assert_eq!(theirs.get("flows").await.status, 401);
    eprintln!("ended after {:.1?}", deleted_at.elapsed());
}

/// A key of a folder loses a flow that another process moves, with its streams.
async fn a_moved_flow_is_closed(admin: &Api, other: SocketAddr) {
    let key = json!({ "name": "Folder", "role": "viewer", "account": "ci", "folders": ["a"] });
    let key = admin.post("keys", &key).await.expect(201);
    let theirs = Api::with_key(other, key["key"].as_str().expect("a key"));
    let waits = json!({ "id": "w", "type": "delay", "delay_seconds": 600 });
    let flow =
        json!({ "name": "F", "folder": "a/b", "status": "active", "flow_definition": { "nodes": [waits] } });
    let flow = admin.post("flows", &flow).await.expect(201)["id"].as_str().expect("an id").to_owned();
    let started = admin.post(&format!("flows/{flow}/execute"), &json!({})).await.expect(201);
    let path = format!("executions/{}", started["execution_id"].as_str().expect("an id"));
    assert_eq!(theirs.get(&path).await.status, 200);
    let mut events = theirs.follow(&format!("{path}/events"), None).await;
    let end = tokio::spawn(async move { while events.next().await.is_some() {} });

    let moved_at = Instant::now();
    let moved = json!({ "folder": "c" });
    let answer = admin.call(reqwest::Method::PATCH, &format!("flows/{flow}"), &[], Some(&moved)).await;
    assert_eq!(answer.expect("an answer").status, 200);

    eventually("the other process closes the flow", REVOKED_WITHIN, async || {
        (theirs.get(&path).await.status == 404).then_some(())
    })
    .await;
    let ended = tokio::time::timeout(REVOKED_WITHIN.saturating_sub(moved_at.elapsed()), end).await;
    ended.expect("its stream ends in time").expect("the stream is read");
    assert_eq!(theirs.get("flows").await.expect(200), json!([]));
}
