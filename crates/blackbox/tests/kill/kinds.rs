//! The flows of the load.

use serde_json::{Value, json};
use steadflow_blackbox::{Peer, echo, flow, http, retries, with};

/// A flow, and what may become of it.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub(crate) document: Value,
    /// How every execution of it ends unless crashes use up its attempts.
    pub(crate) ends: &'static str,
    /// `count` of its nodes' retries.
    pub(crate) retry_count: u32,
    /// How many of it a client starts one after the other.
    pub(crate) at_once: usize,
    /// What the client does once it is accepted.
    pub(crate) then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing.
    Leave,
    /// Retry it by hand when it has failed.
    Retry,
    /// Cancel it.
    Cancel,
}

/// How many executions of the flow that is limited may run at once.
pub(crate) const QUEUED_AT_ONCE: usize = 2;
/// How long each of its calls takes: so long nobody else calls.
pub(crate) const QUEUED_MILLIS: i64 = 60;

/// Returns one flow of each kind.
pub(crate) fn kinds(peer: &Peer) -> Vec<Kind> {
    let kind = |document, retry_count| Kind {
        document,
        ends: "completed",
        retry_count,
        at_once: 1,
        then: Then::Leave,
    };
    let call = |name: &str, path: &str, settings: &Value| {
        flow(name, &[with(http("call", &peer.url(path)), settings)], &[])
    };
    let hung = with(retries(3, 0.05), &json!({ "timeout_seconds": 0.3 }));
    let queued = call("queued", &format!("/slow/{QUEUED_MILLIS}"), &retries(3, 0.05));
    let queued = with(queued, &json!({ "max_concurrent_executions": QUEUED_AT_ONCE }));
    vec![
        kind(chain(), 0),
        kind(call("recovers", "/fail/1", &retries(3, 0.05)), 3),
        kind(call("once", "/slow/40", &json!({})), 0),
        kind(delayed(peer), 3),
        Kind { at_once: 2 * QUEUED_AT_ONCE, ..kind(queued, 3) },
        kind(call("lost answer", "/drop/1", &retries(3, 0.05)), 3),
        kind(call("hung", "/hang/1", &hung), 3),
        kind(forked(peer), 3),
        Kind { ends: "failed", then: Then::Retry, ..kind(call("doomed", "/fail/99", &retries(1, 0.05)), 1) },
        Kind { ends: "cancelled", then: Then::Cancel, ..kind(long(), 0) },
    ]
}

fn chain() -> Value {
    let nodes: Vec<Value> = (0..5).map(|n| echo(&format!("n{n}"), json!({ "n": n }))).collect();
    flow("chain", &nodes, &[("n0", "n1"), ("n1", "n2"), ("n2", "n3"), ("n3", "n4")])
}

fn delayed(peer: &Peer) -> Value {
    let wait = json!({ "id": "wait", "type": "delay", "delay_seconds": 0.4 });
    let call = with(http("call", &peer.url("/ok")), &retries(3, 0.05));
    flow("delayed", &[wait, call], &[("wait", "call")])
}

fn forked(peer: &Peer) -> Value {
    let nodes = [
        json!({ "id": "fork", "type": "parallel" }),
        with(http("left", &peer.url("/fail/1")), &retries(3, 0.05)),
        with(http("right", &peer.url("/slow/20")), &retries(3, 0.05)),
        json!({ "id": "join", "type": "merge" }),
        with(http("last", &peer.url("/ok")), &retries(3, 0.05)),
    ];
    let edges = [("fork", "left"), ("fork", "right"), ("left", "join"), ("right", "join"), ("join", "last")];
    flow("forked", &nodes, &edges)
}

fn long() -> Value {
    flow("long", &[json!({ "id": "wait", "type": "delay", "delay_seconds": 3600 })], &[])
}
