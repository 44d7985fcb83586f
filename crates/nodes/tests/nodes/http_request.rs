//! `http_request`, and the actions that make no calls.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use steadflow_core::agent::MASK;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{Attempt, NodeId};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::trace_parent::TraceOf;
use steadflow_core::work::{Task, Work};
use steadflow_nodes::Performing;
use wiremock::matchers::{any, body_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::peers;
use crate::support::{CANARY, config, http, http_work, nodes, result, work};

#[tokio::test]
async fn without_traces_the_span_of_the_caller_is_passed_on() {
    let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let nodes = nodes();
    for (trace, sent) in [
        (TraceOf::Caller(Arc::new(caller.parse().unwrap())), Some(caller)),
        (TraceOf::Execution, None),
        (TraceOf::Nothing, None),
    ] {
        let work = Work { trace, ..http_work(&json!({ "method": "GET", "url": server.uri() })) };

        nodes.perform(work).await.result.unwrap();

        let requests = server.received_requests().await.unwrap();
        let header = requests.last().unwrap().headers.get("traceparent").map(|value| value.to_str().unwrap());
        assert_eq!(header, sent);
    }
}

#[tokio::test]
async fn a_call_gives_status_headers_and_parsed_body() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/score"))
        .and(query_param("deep", "true"))
        .and(header("x-team", "risk"))
        .and(body_json(json!({ "vendor": 1 })))
        .respond_with(
            ResponseTemplate::new(201).set_body_json(json!({ "risk": 70 })).insert_header("x-a", "1"),
        )
        .mount(&server)
        .await;

    let output = http(&json!({ "method": "POST", "url": format!("{}/score", server.uri()),
        "query": { "deep": true }, "headers": { "X-Team": "risk" }, "body": { "vendor": 1 } }))
    .await
    .unwrap();

    assert_eq!(output["status"], 201);
    assert_eq!(output["headers"]["x-a"], "1");
    assert_eq!(output["body"], json!({ "risk": 70 }));
}

#[tokio::test]
async fn all_attempts_carry_the_same_key_and_their_own_number() {
    let server = answering(ResponseTemplate::new(200)).await;
    let nodes = nodes();
    for number in [1, 2] {
        let stop_at = Some(Timestamp::parse("2026-11-23T10:00:00Z").unwrap());
        let work = Work {
            attempt: Attempt::numbered(number),
            stop_at,
            ..http_work(&json!({ "url": server.uri() }))
        };
        result(nodes.perform(Work { node_id: NodeId::new("ü\n"), ..work }).await).unwrap();
    }

    let requests = server.received_requests().await.unwrap();
    for (request, number) in requests.iter().zip(["1", "2"]) {
        assert_eq!(request.headers["idempotency-key"], "00000000-0000-0000-0000-000000000002:%C3%BC%0A");
        assert_eq!(request.headers["steadflow-attempt"], number);
        assert_eq!(request.headers["x-deadline"], "2026-11-23T10:00:00.000000Z");
        assert!(request.headers["user-agent"].to_str().unwrap().starts_with("steadflow/"));
    }
}

#[tokio::test]
async fn an_unexpected_status_quotes_the_response() {
    let server = answering(
        ResponseTemplate::new(503)
            .set_body_string("down\nfor repair")
            .insert_header("retry-after", "1000000000"),
    )
    .await;

    let failure = http(&json!({ "url": server.uri() })).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Unavailable);
    let message = format!("HTTP 503 Service Unavailable from {}: down for repair", server.address());
    assert_eq!(failure.message, message);
    assert_eq!(failure.status, Some(503));
    assert_eq!(failure.retry_after, Some(Duration::from_secs(1_000_000_000)));
}

#[tokio::test]
async fn an_odd_retry_after_is_a_rate_limit_without_a_time() {
    for odd in ["soon", "-1", "1e9", "Mon, 23 Nov 1926 10:00:00 GMT"] {
        let server = answering(ResponseTemplate::new(429).insert_header("retry-after", odd)).await;

        let failure = http(&json!({ "url": server.uri() })).await.unwrap_err();

        assert_eq!((failure.class, failure.retry_after), (ErrorClass::RateLimited, None), "{odd}");
    }
}

#[tokio::test]
async fn an_expected_status_is_a_success_even_a_redirect() {
    let server = answering(ResponseTemplate::new(302).insert_header("location", "/elsewhere")).await;

    let output = http(&json!({ "url": server.uri(), "expect_status": [302, 404] })).await.unwrap();

    assert_eq!(output["headers"]["location"], "/elsewhere");
    assert_eq!(output["body"], json!(null));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_endless_body_of_an_error_response_is_not_awaited() {
    let (address, _) = peers::endless(b"HTTP/1.1 500 Oops\r\n\r\n", vec![b'x'; 64 * 1024]).await;

    let failure = http(&json!({ "url": format!("http://{address}/") })).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Unavailable);
    assert!(failure.message.len() < 1100);
}

#[tokio::test]
async fn secrets_are_sent_to_the_service_and_nowhere_else() {
    let server = MockServer::start().await;
    let echoed = json!({ "you": CANARY, "sent": [format!("x{CANARY}y"), "sk-4711-key"] });
    Mock::given(path("/ok"))
        .respond_with(ResponseTemplate::new(200).set_body_json(&echoed))
        .mount(&server)
        .await;
    Mock::given(path("/no"))
        .respond_with(ResponseTemplate::new(400).set_body_json(echoed))
        .mount(&server)
        .await;
    let input = |path: &str| {
        json!({ "url": format!("{}/{path}", server.uri()), "query": { "q": "${secrets.CANARY}" },
        "headers": { "Authorization": "Bearer ${secrets.KEY}" }, "method": "PUT", "body": ["no slot ${secrets.KEY}"] })
    };

    let output = http(&input("ok")).await.unwrap();
    let failure = http(&input("no")).await.unwrap_err();

    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["authorization"], "Bearer sk-4711-key");
    assert!(requests[0].url.query_pairs().any(|(name, value)| name == "q" && value == CANARY));
    assert_eq!(requests[0].body, br#"["no slot ${secrets.KEY}"]"#);
    assert_eq!(output["body"], json!({ "you": MASK, "sent": [format!("x{MASK}y"), MASK] }));
    assert!(!failure.message.contains("5f1d") && !failure.message.contains("4711"), "{}", failure.message);
}

#[tokio::test]
async fn an_unknown_secret_sends_nothing() {
    let server = answering(ResponseTemplate::new(200)).await;
    let input = json!({ "url": server.uri(), "headers": { "X": "${secrets.NONE}" } });

    let failure = http(&input).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Configuration);
    assert!(failure.message.contains("`NONE`"));
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn dropping_the_work_closes_the_connection() {
    let (address, mut notices) = peers::hanging().await;
    let work = nodes().perform(http_work(&json!({ "url": format!("http://{address}/") })));
    let running = tokio::spawn(work.into_future());
    assert_eq!(notices.recv().await, Some("asked"));

    running.abort();

    assert_eq!(notices.recv().await, Some("hung up"));
}

#[tokio::test]
async fn an_output_over_the_limit_is_refused() {
    let server = answering(ResponseTemplate::new(200).set_body_string("x".repeat(900))).await;
    let mut config = config("127.0.0.1");
    config.limits.output_bytes_max = 950;
    let nodes = steadflow_nodes::Nodes::new(config).unwrap();

    let failure = result(nodes.perform(http_work(&json!({ "url": server.uri() }))).await).unwrap_err();

    assert_eq!(failure.class, ErrorClass::OutputTooLarge, "{}", failure.message);
}

#[test]
fn echo_is_ready_at_once() {
    let performing = nodes().perform(work(Task::Echo, &json!({ "message": "${secrets.KEY}" })));

    let Performing::Ready(outcome) = performing else { panic!("an echo is not ready") };

    assert_eq!(result(outcome), Ok(json!({ "message": "${secrets.KEY}" })));
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}
