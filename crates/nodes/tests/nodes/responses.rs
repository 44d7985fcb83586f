//! The memory of responses that arrive, shared by all calls.

use std::net::SocketAddr;

use serde_json::json;
use steadflow_core::ids::FlowId;
use steadflow_core::work::{Outcome, Work};
use steadflow_nodes::{Nodes, NodesConfig};
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
