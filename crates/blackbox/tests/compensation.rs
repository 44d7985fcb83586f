//! An order of three services that cannot ship, over many kills: what was done is undone, backwards, for every order.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{Answer, Call, Peer, Server, Setup, Workplace, eventually, flow};

const SOON: Duration = Duration::from_secs(120);
const ORDERS: usize = 100;
const AT_ONCE: usize = 5;
/// Enough for all that runs to have come further since the kill before.
const CALLS_A_KILL: usize = 5 * AT_ONCE;
const KILLS: usize = 6;

fn call(peer: &Peer, id: &str, path: &str, undo: Option<&str>) -> Value {
    json!({
        "id": id, "type": "action", "action": "http_request", "compensate_with": undo,
        "input": { "method": "POST", "url": peer.url(&format!("{path}?{id}")) },
        "retry": { "enabled": true, "count": 4, "initial_interval_seconds": 0.02, "do_not_retry_on": ["rejected"] },
    })
}

/// An order that cannot be shipped.
fn order(peer: &Peer) -> Value {
    let nodes = [
        call(peer, "reserve", "/slow/15", Some("release")),
        call(peer, "charge", "/slow/15", Some("refund")),
        call(peer, "ship", "/status/409", Some("recall")),
        call(peer, "release", "/slow/15", None),
        // The payment service needs to be asked twice.
        call(peer, "refund", "/fail/1", None),
        call(peer, "recall", "/ok", None),
    ];
    let mut flow = flow("Order", &nodes, &[("reserve", "charge"), ("charge", "ship")]);
    flow["max_concurrent_executions"] = AT_ONCE.into();
    flow
}

/// Kills the server each time so many more calls have come since the kill before. Where all orders end earlier, as between a start
/// and the next look on a busy machine, nothing is left to kill it in.
async fn kill_often(server: &mut Server, peer: &Peer) {
    let mut wanted = CALLS_A_KILL;
    for killed in 0..KILLS {
        let come = eventually("calls come", SOON, async || {
            let calls = peer.calls();
            let has_ended = calls.iter().filter(|call| name(call) == "release").count() >= ORDERS;
            (calls.len() >= wanted || has_ended).then_some(calls.len())
        })
        .await;
        if come < wanted {
            assert!(killed > 1, "all orders ended before the server was killed twice");
            return;
        }
        server.kill();
        wanted = peer.calls().len() + CALLS_A_KILL;
        server.restart().await;
    }
}

/// Returns the name of the node that made a call.
fn name(call: &Call) -> &str {
    call.path.split_once('?').map_or("", |(_, name)| name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_that_cannot_ship_is_undone_backwards_over_kill_9() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).start().await;
    let flow_id = server.api().create_flow(&order(&peer)).await;
    let mut orders = Vec::new();
    for number in 0..ORDERS {
        orders.push(server.api().start(&flow_id, json!({ "order": number })).await);
    }

    kill_often(&mut server, &peer).await;

    for id in &orders {
        let ended = server.api().finished(id, SOON).await;
        assert_eq!(
            (&ended["status"], &ended["compensated"]),
            (&json!("failed"), &json!(["charge", "reserve"])),
            "{ended}"
        );
        assert_eq!(ended["error_class"], "rejected", "{ended}");
        let calls = peer.calls_of(id);
        let mut order: Vec<&str> = calls.iter().map(name).collect();
        // A call that a kill cut off is made again.
        order.dedup();
        assert_eq!(order, ["reserve", "charge", "ship", "refund", "release"], "{id}");
        for undo in ["refund", "release"] {
            let mut keys: Vec<&str> =
                calls.iter().filter(|call| name(call) == undo).map(|call| call.key.as_str()).collect();
            keys.dedup();
            assert_eq!(keys.len(), 1, "{undo} of {id} has one key in all its attempts: {keys:?}");
        }
    }
    server.stop().await;
    let doctor = server.doctor();
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_undoes_and_only_a_stop_ends_that_and_the_flow_stays_meanwhile() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).start().await;
    let nodes = [
        call(&peer, "charge", "/ok", Some("refund")),
        json!({ "id": "wait", "type": "delay", "delay_seconds": 600 }),
        call(&peer, "refund", "/hang/9", None),
    ];
    let flow_id = server.api().create_flow(&flow("Cancelled", &nodes, &[("charge", "wait")])).await;
    let id = server.api().start(&flow_id, json!(null)).await;
    let path = format!("executions/{id}");
    let is_waiting = async || {
        let shown = server.api().get(&path).await.expect(200);
        (shown["waiting_for"] == "delay").then_some(())
    };
    eventually("it waits", SOON, is_waiting).await;

    let cancelled = server.api().post(&format!("{path}/cancel"), &json!({})).await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["ending_as"]), (&json!("running"), &json!("cancelled")));
    eventually("the refund is asked for", SOON, async || (peer.calls().len() == 2).then_some(())).await;
    let refused = delete(&server, &flow_id).await.expect(409);
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains(&id)), "{refused}");
    let again = server.api().post(&format!("{path}/cancel"), &json!({})).await.expect(409);
    assert_eq!(again["type"], "/docs/problems#wrong-status", "a repeated cancel stops nothing: {again}");
    let stopped = server.api().post(&format!("{path}/stop-compensation"), &json!({})).await.expect(200);

    assert_eq!((&stopped["status"], &stopped["ending_as"]), (&json!("cancelled"), &json!(null)));
    let ended = server.api().get(&path).await.expect(200);
    let said = ended["error_message"].as_str().unwrap_or_default();
    assert!(said.ends_with("Not undone: `charge`"), "{said}");
    delete(&server, &flow_id).await.expect(204);
    server.stop().await;
}

async fn delete(server: &Server, flow: &str) -> Answer {
    let answer = server.api().call(Method::DELETE, &format!("flows/{flow}"), &[], None).await;
    answer.expect("an answer")
}
