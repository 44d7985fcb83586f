//! Peers that hang, lie, flood or send elsewhere: each a failed attempt of the class that fits.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Peer, Setup, Workplace, flow, http, millis_between, moment, node, retries, with};

const SOON: Duration = Duration::from_secs(20);
/// What an answer without an end may cost: the output's limit and buffers, not what was sent.
const MEMORY_MAX: u64 = 64 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_does_not_answer_as_it_should_is_a_failed_attempt_of_the_fitting_class() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let server = Setup::new(&workplace).start().await;
    let before = server.resources().resident;
    let brief = json!({ "timeout_seconds": 1 });

    for (path, class) in [
        ("/hang/9", "timeout"),
        ("/garbage", "connection"),
        ("/half", "connection"),
        ("/drop/9", "connection"),
        ("/endless", "output_too_large"),
        ("/status/500", "unavailable"),
        ("/status/503", "unavailable"),
        ("/status/408", "unavailable"),
        ("/status/425", "unavailable"),
        ("/status/429", "rate_limited"),
        ("/status/404", "rejected"),
    ] {
        let document = flow("Hostile", &[with(http("call", &peer.url(path)), &brief)], &[]);
        let flow = server.api().create_flow(&document).await;
        let id = server.api().start(&flow, json!({})).await;
        let execution = server.api().finished(&id, SOON).await;

        assert_eq!(execution["status"], "failed", "{path}: {execution}");
        assert_eq!(node(&execution, "call")["error_class"], class, "{path}: {execution}");
    }
    let grown = server.resources().resident_peak.saturating_sub(before);
    assert!(grown < MEMORY_MAX, "memory grew by {} bytes", grown);
}

#[tokio::test]
async fn a_closed_port_is_a_connection_error_that_is_retried() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let gone = Peer::start().await.url("/ok");

    let call = with(http("call", &gone), &retries(1, 0.01));
    let flow = server.api().create_flow(&flow("Unreachable", &[call], &[])).await;
    let id = server.api().start(&flow, json!({})).await;
    let execution = server.api().finished(&id, SOON).await;

    assert_eq!(node(&execution, "call")["error_class"], "connection");
    assert_eq!(node(&execution, "call")["retry_attempt"], 1);
}

#[tokio::test]
async fn loopback_is_out_of_reach_unless_allowed_also_by_redirect() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let closed = Setup::new(&workplace).without_egress_to_loopback().start().await;
    let open = Workplace::new();
    let open = Setup::new(&open).start().await;

    for (server, url) in [
        (&closed, peer.url("/ok")),
        (&closed, peer.url("/ok").replace("127.0.0.1", "localhost")),
        (&closed, "http://[::ffff:127.0.0.1]/".to_owned()),
        (&closed, "http://2130706433/".to_owned()),
        (&closed, "http://169.254.169.254/latest/meta-data".to_owned()),
        (&open, peer.url("/redirect?http://127.0.0.2:1/")),
        (&open, peer.url("/redirect?http://169.254.169.254/latest/meta-data")),
        (&open, peer.url("/redirect?file:///etc/passwd")),
    ] {
        let call = with(http("call", &url), &retries(3, 0.01));
        let answer = server.api().post("flows", &flow("Inside", &[call], &[])).await;
        if answer.status == 422 {
            continue;
        }
        let flow = answer.expect(201)["id"].as_str().map(str::to_owned).expect("a flow has an id");
        let id = server.api().start(&flow, json!({})).await;
        let execution = server.api().finished(&id, SOON).await;

        assert_eq!(execution["status"], "failed", "{url}: {execution}");
        let class = &node(&execution, "call")["error_class"];
        assert!(
            ["configuration", "rejected", "validation"].map(Value::from).contains(class),
            "{url}: {class}"
        );
        assert_eq!(
            node(&execution, "call")["attempts"].as_array().map(Vec::len),
            Some(1),
            "{url}: it was retried"
        );
    }
    assert!(peer.calls().iter().all(|call| call.path.starts_with("/redirect")), "{:?}", peer.calls());
}

#[tokio::test]
async fn retry_after_is_honoured_where_it_makes_sense() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let server = Setup::new(&workplace).start().await;
    let call = async |retry_after: &str| {
        let url = peer.url(&format!("/throttle?{}", retry_after.replace(' ', "%20")));
        let document = flow("Throttled", &[with(http("call", &url), &retries(2, 0.05))], &[]);
        let flow = server.api().create_flow(&document).await;
        let id = server.api().start(&flow, json!({})).await;
        server.api().finished(&id, SOON).await
    };
    let gap = |execution: &Value| {
        let attempts = &node(execution, "call")["attempts"];
        millis_between(moment(&attempts[0]["ended_at"]), moment(&attempts[1]["started_at"]))
    };

    let patient = call("1").await;
    assert_eq!(patient["status"], "completed", "{patient}");
    assert!((1000..1200).contains(&gap(&patient)), "{} ms", gap(&patient));
    for odd in ["0", "-5", "soon", "1.5.2", "Wed, 21 Oct 2015 07:28:00 GMT", ""] {
        let execution = call(odd).await;
        assert_eq!(execution["status"], "completed", "{odd}: {execution}");
        assert!(gap(&execution) < 500, "{odd}: {} ms", gap(&execution));
    }
    let long = call("1000000000").await;
    assert_eq!(long["status"], "failed");
    assert!(long["error_message"].as_str().is_some_and(|text| text.contains("asked to wait")), "{long}");
}
