//! The memory of responses that arrive, shared by all calls.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::FlowId;
use steadflow_core::work::{Outcome, Work};
use steadflow_nodes::{EgressTimeouts, Nodes, NodesConfig};
use tokio::sync::watch;
use uuid::Uuid;

use crate::peers::{answering, holding};
use crate::support::{config, http_work, result};

const KIBIBYTE: usize = 1024;

fn head(length: usize) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n").into()
}

fn call(nodes: &Nodes, flow: u128, peer: SocketAddr) -> impl Future<Output = Outcome> + use<> {
    let work = http_work(&json!({ "url": format!("http://{peer}") }));
    nodes.perform(Work { flow: FlowId::new(Uuid::from_u128(flow)), ..work }).into_future()
}

/// As [`call`], without a limit of time.
fn patient_call(nodes: &Nodes, flow: u128, peer: SocketAddr) -> impl Future<Output = Outcome> + use<> {
    let work = http_work(&json!({ "url": format!("http://{peer}") }));
    let flow = FlowId::new(Uuid::from_u128(flow));
    nodes.perform(Work { flow, has_own_timeout: true, ..work }).into_future()
}

/// Returns the answer of a server that fails with JSON of `length` bytes, whose message is at the end.
fn error(length: usize) -> Vec<u8> {
    let body = |pad: usize| json!({ "a": "x".repeat(pad), "message": "said at the end" }).to_string();
    let body = body(length - body(0).len());
    let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ";
    format!("{head}{length}\r\n\r\n{body}").into()
}

fn length(outcome: Outcome) -> usize {
    result(outcome).unwrap()["body"].as_str().unwrap().len()
}

#[tokio::test]
async fn responses_that_stay_away_leave_room_for_those_of_other_flows() {
    let memory = 256 * KIBIBYTE;
    let nodes = Nodes::new(NodesConfig { response_memory: memory, ..config("127.0.0.1") }).unwrap();
    let (release, released) = watch::channel(false);
    let beginning = [head(100 * KIBIBYTE), vec![b'x'; 40 * KIBIBYTE]].concat();
    let slow = holding(beginning, vec![b'x'; 60 * KIBIBYTE], released).await;
    let quick = answering([head(60 * KIBIBYTE), vec![b'x'; 60 * KIBIBYTE]].concat()).await;

    // Together they would take more than there is.
    let held: Vec<_> = (0..4).map(|_| tokio::spawn(call(&nodes, 1, slow))).collect();
    for _ in 0..10 {
        assert_eq!(length(call(&nodes, 2, quick).await), 60 * KIBIBYTE);
    }
    assert!(held.iter().all(|call| !call.is_finished()));

    release.send(true).unwrap();
    for call in held {
        assert_eq!(length(call.await.unwrap()), 100 * KIBIBYTE, "it has waited for room");
    }
}

#[tokio::test]
async fn a_response_over_16_kib_waits_for_room_and_one_of_16_kib_needs_none() {
    let total = Duration::from_millis(200);
    let timeouts = EgressTimeouts { total, ..EgressTimeouts::default() };
    let memory = 64 * KIBIBYTE;
    let nodes = Nodes::new(NodesConfig { response_memory: memory, timeouts, ..config("127.0.0.1") }).unwrap();
    let (release, released) = watch::channel(false);
    let beginning = [head(32 * KIBIBYTE), vec![b'x'; 20 * KIBIBYTE]].concat();
    let slow = holding(beginning, vec![b'x'; 12 * KIBIBYTE], released).await;
    let (small, small_error) = (16 * KIBIBYTE, error(16 * KIBIBYTE));
    let small_one = answering([head(small), vec![b'x'; small]].concat()).await;
    let large_one = answering([head(small + 1), vec![b'x'; small + 1]].concat()).await;
    let (small_error, large_error) = (answering(small_error).await, answering(error(60 * KIBIBYTE)).await);

    // It takes all that its flow may have, as soon as it has more than 16 KiB.
    let held = tokio::spawn(patient_call(&nodes, 1, slow));
    let waited = failing_at_last(&nodes, large_one, |_| true).await;
    let cut = failing_at_last(&nodes, large_error, |failure| !failure.message.contains("at the end")).await;
    let needs_none = patient_call(&nodes, 1, small_one).await;
    let whole = result(patient_call(&nodes, 1, small_error).await).unwrap_err();

    assert_eq!(waited.class, ErrorClass::Timeout, "{}", waited.message);
    assert_eq!(cut.status, Some(400), "{}", cut.message);
    assert_eq!(length(needs_none), small);
    assert!(whole.message.ends_with(": said at the end"), "{}", whole.message);
    release.send(true).unwrap();
    assert_eq!(length(held.await.unwrap()), 32 * KIBIBYTE);
}

/// Calls until it fails as is expected: while the room is not taken yet, it does not.
async fn failing_at_last(nodes: &Nodes, peer: SocketAddr, is_expected: fn(&Failure) -> bool) -> Failure {
    for _ in 0..1_000 {
        match result(call(nodes, 1, peer).await) {
            Err(failure) if is_expected(&failure) => return failure,
            _ => {}
        }
    }
    panic!("there is room for all of them");
}
