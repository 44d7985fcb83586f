//! A map and a loop over many kills: no child is lost, doubled or run again once it has completed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{Api, Peer, Server, Setup, Workplace, echo, eventually, flow, node};

const SOON: Duration = Duration::from_secs(120);
const ITEMS: usize = 240;
const AT_ONCE: usize = 8;
const ITERATIONS: usize = 40;

/// Kills the server each time so many more calls have come.
async fn kill_every(server: &mut Server, peer: &Peer, execution: &str, calls: usize, kills: usize) {
    for kill in 1..=kills {
        let what = format!("call {} comes", kill * calls);
        eventually(&what, SOON, async || (calls_of(peer, execution).len() >= kill * calls).then_some(()))
            .await;
        server.kill();
        server.restart().await;
    }
}

/// Calls of the children of an execution: nobody else calls this peer.
fn calls_of(peer: &Peer, execution: &str) -> Vec<String> {
    let of_children = peer.calls().into_iter().filter(|call| !call.key.starts_with(execution));
    of_children.map(|call| call.key).collect()
}

fn body(url: &str) -> Value {
    let call = json!({ "id": "call", "type": "action", "action": "http_request", "input": { "url": format!("{url}?n=${{index}}") },
                       "retry": { "enabled": true, "count": 3, "initial_interval_seconds": 0.02 } });
    let end = json!({ "id": "end", "type": "action", "action": "transform", "input": { "n": "${index}", "ok": "${call.body.ok}" } });
    json!({ "nodes": [call, end], "edges": [{ "from": "call", "to": "end" }] })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_item_and_every_iteration_completes_once_over_kill_9() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).start().await;
    let url = peer.url("/slow/10");
    let map = json!({ "id": "each", "type": "map", "items": "${trigger_data.items}", "max_concurrency": AT_ONCE, "body": body(&url) });
    let until = format!("index >= {}", ITERATIONS - 1);
    let round = json!({ "id": "round", "type": "loop", "until": until, "body": body(&url) });

    let flow_id = server.api().create_flow(&flow("Map", &[map], &[])).await;
    let items: Vec<usize> = (0..ITEMS).collect();
    let id = server.api().start(&flow_id, json!({ "items": items })).await;
    kill_every(&mut server, &peer, &id, ITEMS / 6, 5).await;
    let ended = server.api().finished(&id, SOON).await;

    let results: Vec<Value> = (0..ITEMS).map(|n| json!({ "n": n, "ok": true })).collect();
    assert_eq!((&ended["status"], &ended["result"]), (&json!("completed"), &json!(results)), "{ended}");
    let calls = calls_of(&peer, &id);
    let mut by_key: BTreeMap<String, usize> = BTreeMap::new();
    calls.iter().for_each(|key| *by_key.entry(key.clone()).or_default() += 1);
    assert_eq!(by_key.len(), ITEMS, "each child has a key of its own, which stays the same");
    assert!(
        calls.len() <= ITEMS + 5 * AT_ONCE,
        "only calls that were under way are made again: {}",
        calls.len()
    );
    assert_eq!(children(&server, &id).await, ITEMS);

    let flow_id = server.api().create_flow(&flow("Loop", &[round], &[])).await;
    let id = server.api().start(&flow_id, json!(null)).await;
    let before = peer.calls().len();
    kill_every(&mut server, &peer, "none", before + 7, 1).await;
    kill_every(&mut server, &peer, "none", before + 15, 1).await;
    let ended = server.api().finished(&id, SOON).await;

    let last = json!({ "n": ITERATIONS - 1, "ok": true });
    assert_eq!(ended["result"], json!({ "last": last, "iterations": ITERATIONS, "done": true }), "{ended}");
    assert!(peer.calls().len() - before <= ITERATIONS + 2);
    assert_eq!(children(&server, &id).await, ITERATIONS);

    server.stop().await;
    let doctor = server.doctor();
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}

/// Counts the executions that one has started, all of which have completed.
async fn children(server: &Server, id: &str) -> usize {
    let path = format!("executions?parent_id={id}&limit=1000");
    let listed = server.api().get(&path).await.expect(200);
    let listed = listed.as_array().expect("a list");
    assert!(listed.iter().all(|child| child["status"] == "completed"), "{listed:?}");
    listed.len()
}

const MANY_ITEMS: usize = 10_000;
const MANY_ITERATIONS: usize = 1_000;
const MANY_AT_ONCE: usize = 20;
const MANY_KILLS: usize = 10;
/// Of so many children, one calls the peer.
const ONE_CALLS_OF: usize = 20;

/// A body of an `echo` that one of [`ONE_CALLS_OF`] children follows with a call. `end` is the input of its last node.
fn trivial(of: &str, peer: &Peer, end: &Value) -> Value {
    let again = json!({ "enabled": true, "count": 3, "initial_interval_seconds": 0.02 });
    let named = |id: &str| format!("{of}_{id}");
    let mut item = echo(&named("item"), json!("${index}"));
    item["retry"] = again.clone();
    let calls = json!({ "id": named("calls"), "type": "condition", "condition": format!("index % {ONE_CALLS_OF} == 7") });
    let call = json!({ "id": named("call"), "type": "action", "action": "http_request", "retry": again, "input": { "url": peer.url("/ok") } });
    let end =
        json!({ "id": named("end"), "type": "action", "action": "transform", "join": "any", "input": end });
    let edge = |from: &str, to: &str| json!({ "from": named(from), "to": named(to) });
    let (mut is, mut is_not) = (edge("calls", "call"), edge("calls", "end"));
    (is["condition"], is_not["condition"]) = (json!(true), json!(false));
    json!({ "nodes": [item, calls, call, end], "edges": [edge("item", "calls"), is, is_not, edge("call", "end")] })
}

/// Says after how many calls of the peer the server is killed: anywhere, but not twice in the same calls.
fn moments(seed: u64, calls: usize) -> BTreeSet<usize> {
    // xorshift64*
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        usize::try_from(state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).expect("31 bits")
    };
    let mut moments = BTreeSet::new();
    while moments.len() < MANY_KILLS {
        let moment = 1 + next() % (calls * 9 / 10);
        if !moments.contains(&(moment - 1)) && !moments.contains(&(moment + 1)) {
            moments.insert(moment);
        }
    }
    moments
}

/// Kills the server at random moments while an execution runs children, and returns how it ended.
async fn killed(server: &mut Server, peer: &Peer, id: &str, children: usize) -> Value {
    let seed = std::env::var("KILL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let before = peer.calls().len();
    for moment in moments(seed, children / ONE_CALLS_OF) {
        let what = format!("{moment} children have called (KILL_SEED={seed})");
        eventually(&what, SOON, async || (peer.calls().len() >= before + moment).then_some(())).await;
        server.kill();
        server.restart().await;
    }
    let execution = server.api().execution(id).await;
    assert_eq!(execution["status"], "running", "it ended before it was killed for the last time");
    server.api().finished(id, SOON).await
}

/// Checks that each child is there once and has completed, and that every call of the peer is an attempt that is recorded.
async fn each_child_once(api: &Api, peer: &Peer, (id, of): (&str, &str), count: usize) {
    let mut path = format!("executions?parent_id={id}&parent_node={of}&limit=1000");
    let mut ids = Vec::new();
    loop {
        let page = api.get(&path).await;
        let next = page.headers.get("link").and_then(|link| link.to_str().ok()).map(str::to_owned);
        for child in page.expect(200).as_array().expect("a list") {
            assert_eq!(
                (&child["index"], &child["status"]),
                (&json!(ids.len()), &json!("completed")),
                "{child}"
            );
            ids.push(child["id"].as_str().expect("an id").to_owned());
        }
        let next = next.as_deref().and_then(|link| link[link.find("/api/")?..].split_once('>'));
        let Some((next, _)) = next else { break };
        path = next.to_owned();
    }
    assert_eq!(ids.len(), count);
    let ids: BTreeSet<String> = ids.into_iter().collect();
    let (mut seen, mut called) = (BTreeSet::new(), BTreeSet::new());
    for call in peer.calls() {
        let (child, key) = call.key.split_once(':').expect("a key of ours");
        if !ids.contains(child) {
            continue;
        }
        let execution = api.execution(child).await;
        let attempts = node(&execution, key)["attempts"].clone();
        let is_recorded = attempts.as_array().expect("a list").iter().any(|of| of["number"] == call.attempt);
        assert!(is_recorded, "no attempt accounts for {call:?}: {attempts}");
        assert!(seen.insert((call.key.clone(), call.attempt)), "an attempt that called twice: {call:?}");
        called.insert(child.to_owned());
    }
    assert_eq!(called.len(), count / ONE_CALLS_OF);
}

/// Returns how often analytics counts a node of a flow: executions, and those that completed.
async fn counted(api: &Api, flow_id: &str, id: &str) -> Value {
    let figures = api.get(&format!("analytics/retries?flow_id={flow_id}")).await.expect(200);
    let nodes = figures["nodes"].as_array().expect("a list");
    let counted = nodes.iter().find(|node| node["node_id"] == id).expect("the node is counted");
    json!([counted["executions"], counted["completed"]])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_items_and_a_thousand_iterations_come_out_right_over_ten_kills_each() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).start().await;
    let body = trivial("item", &peer, &json!("${index}"));
    let map = json!({ "id": "each", "type": "map", "items": "${trigger_data.items}", "max_concurrency": MANY_AT_ONCE, "body": body });
    let map = server.api().create_flow(&flow("Map", &[map], &[])).await;
    let sum = json!({ "n": "${index}", "sum": "${(last.sum if index > 0 else 0) + index}" });
    let body = trivial("round", &peer, &sum);
    let until = format!("index >= {}", MANY_ITERATIONS - 1);
    let round = json!({ "id": "round", "type": "loop", "until": until, "body": body, "max_iterations": MANY_ITERATIONS });
    let round = server.api().create_flow(&flow("Loop", &[round], &[])).await;

    let items: Vec<usize> = (0..MANY_ITEMS).collect();
    let of_map = server.api().start(&map, json!({ "items": items })).await;
    let ended = killed(&mut server, &peer, &of_map, MANY_ITEMS).await;
    let result = server.api().get(&format!("executions/{of_map}/result")).await.expect(200);
    let of_loop = server.api().start(&round, json!(null)).await;
    let ended_loop = killed(&mut server, &peer, &of_loop, MANY_ITERATIONS).await;

    assert_eq!(ended["status"], "completed", "{ended}");
    assert!(result == json!(items), "the results are in the order of the items, each once");
    let sum = MANY_ITERATIONS * (MANY_ITERATIONS - 1) / 2;
    let last = json!({ "n": MANY_ITERATIONS - 1, "sum": sum });
    assert_eq!(
        ended_loop["result"],
        json!({ "last": last, "iterations": MANY_ITERATIONS, "done": true }),
        "each iteration read the one before"
    );
    each_child_once(server.api(), &peer, (&of_map, "each"), MANY_ITEMS).await;
    each_child_once(server.api(), &peer, (&of_loop, "round"), MANY_ITERATIONS).await;
    assert_eq!(counted(server.api(), &map, "item_item").await, json!([MANY_ITEMS, MANY_ITEMS]));
    assert_eq!(counted(server.api(), &round, "round_item").await, json!([MANY_ITERATIONS, MANY_ITERATIONS]));
    server.stop().await;
    let doctor = server.doctor();
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}

/// Kills a server at a certain call of the system from now on, of one of its threads.
async fn killed_at(server: &Server, call: &str, number: usize) -> Child {
    let id = server.process_id();
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when={number}"));
    let strace = ["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject, "-p", &id.to_string()];
    let strace = Command::new("strace").args(strace).stderr(Stdio::null()).spawn().expect("strace starts");
    eventually("all threads are traced", SOON, async || {
        let threads = std::fs::read_dir(format!("/proc/{id}/task")).ok()?;
        let is_traced =
            |status: String| status.contains("TracerPid:\t") && !status.contains("TracerPid:\t0\n");
        let mut all = threads.flatten().map(|thread| std::fs::read_to_string(thread.path().join("status")));
        all.all(|status| status.is_ok_and(is_traced)).then_some(())
    })
    .await;
    strace
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_any_two_commits_of_parents_and_children_changes_nothing() {
    let traced = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    if !traced.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: strace is not there, or may not trace");
        return;
    }
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).start().await;
    let below = server.api().create_flow(&flow("Below", &[calls("below", &peer)], &[])).await;
    let one = |id: &str| json!({ "nodes": [calls(id, &peer)], "edges": [] });
    let nodes = [
        json!({ "id": "each", "type": "map", "items": [1, 2], "max_concurrency": 1, "body": one("item") }),
        json!({ "id": "round", "type": "loop", "until": "index >= 1", "body": one("again") }),
        json!({ "id": "other", "type": "subflow", "flow_id": below, "input": {} }),
    ];
    let parent = flow("Parent", &nodes, &[("each", "round"), ("round", "other")]);
    let parent = server.api().create_flow(&parent).await;

    // At a sync, a commit is written and the server does not know; at a write, it may be written in part.
    let syncs = kills(&mut server, &parent, "fdatasync", 1).await;
    let writes = kills(&mut server, &parent, "pwrite64", 5).await;

    eprintln!("killed at {syncs} syncs and at {writes} writes, each one later");
    assert!(
        syncs >= 15 && writes >= 15,
        "{syncs} syncs and {writes} writes are fewer than there are commits"
    );
    server.stop().await;
    let doctor = server.doctor();
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}

/// A node that calls the peer, also again after a kill.
fn calls(id: &str, peer: &Peer) -> Value {
    json!({ "id": id, "type": "action", "action": "http_request", "input": { "url": peer.url("/ok") },
            "retry": { "enabled": true, "count": 3, "initial_interval_seconds": 0.02 } })
}

/// Starts a flow with a key, and returns the execution if there is an answer.
async fn start(api: &Api, flow_id: &str, key: &str) -> Option<String> {
    let (path, body) = (format!("flows/{flow_id}/execute"), json!({}));
    let answer = api.call(Method::POST, &path, &[("Idempotency-Key", key)], Some(&body)).await.ok()?;
    Some(answer.expect(201)["execution_id"].as_str().expect("an id").to_owned())
}

/// Starts a flow again and again, each time on a server that is killed `step` calls of the system later, until it outlives all
/// of them. Returns how often it was killed.
async fn kills(server: &mut Server, parent: &str, call: &str, step: usize) -> usize {
    let mut kills = 0;
    loop {
        let mut strace = killed_at(server, call, 1 + kills * step).await;
        let key = format!("{call}-{kills}");
        let first = start(server.api(), parent, &key).await;
        let api = server.api().clone();
        let dies = eventually("the server dies, or all is done", SOON, async || {
            if server.has_ended() {
                return Some(true);
            }
            let path = format!("executions/{}", first.as_deref()?);
            let execution = api.call(Method::GET, &path, &[], None).await.ok()?;
            (execution.body["status"] == "completed").then_some(false)
        })
        .await;
        if !dies {
            strace.kill().expect("a child can be killed");
        }
        strace.wait().expect("it has ended, or is killed");
        if !dies {
            return kills;
        }
        kills += 1;
        server.restart().await;
        let again = start(server.api(), parent, &key).await.expect("there is an answer");
        assert!(first.is_none_or(|first| first == again), "one start, one execution");
        let ended = server.api().finished(&again, SOON).await;
        let completed =
            ["each", "round", "other"].map(|id| node(&ended, id)["children"]["completed"].clone());
        assert_eq!(
            (&ended["status"], json!(completed)),
            (&json!("completed"), json!([2, 2, 1])),
            "{call} {kills}: {ended}"
        );
    }
}
