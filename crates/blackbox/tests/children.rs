//! A map and a loop over many kills: no child is lost, doubled or run again once it has completed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Peer, Server, Setup, Workplace, eventually, flow};

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
