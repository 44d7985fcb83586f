//! The guarded client for calls of the server itself.

use std::time::Duration;

use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_nodes::{ANSWER_BYTES_MAX, GuardedAnswer, GuardedCall, Nodes};
use url::Url;
use wiremock::matchers::{body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{config, nodes};

const SECRET: &str = "canary=5f1d&x";

#[tokio::test]
async fn a_form_is_posted_with_credentials_that_no_message_repeats() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/token"))
        .and(header("accept", "application/json"))
        .and(header("authorization", "Basic Y2FuYXJ5LWJhc2lj"))
        .and(body_string("grant_type=client_credentials&client_secret=canary%3D5f1d%26x"))
        .respond_with(
            ResponseTemplate::new(400).insert_header("retry-after", "7").set_body_raw(
                r#"{"error":"invalid_client","error_description":"no client canary=5f1d&x, Basic Y2FuYXJ5LWJhc2lj\u000a!"}"#,
                "application/json; charset=utf-8",
            ),
        )
        .mount(&server)
        .await;

    let answer = post(&server.uri(), "Basic Y2FuYXJ5LWJhc2lj").await.unwrap();

    assert_eq!((answer.status, &*answer.content_type), (400, "application/json"));
    assert_eq!(answer.retry_after, Some(Duration::from_secs(7)));
    let json = answer.json().unwrap();
    assert_eq!(json["error"], "invalid_client");
    let shown = answer.shown(json["error_description"].as_str().unwrap());
    assert_eq!(shown, "no client ••••, Basic •••• !");
    let failure = answer.failure();
    assert_eq!((failure.class, failure.status), (ErrorClass::Rejected, Some(400)));
    assert!(failure.message.contains("invalid_client: no client ••••"), "{}", failure.message);
    assert!(!format!("{answer:?}{failure:?}").contains("5f1d"));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_large_or_late_answer_fails() {
    let server = MockServer::start().await;
    for (at, answer) in [
        ("/moved", ResponseTemplate::new(302).insert_header("location", "/elsewhere")),
        ("/large", ResponseTemplate::new(200).set_body_bytes(vec![b'x'; ANSWER_BYTES_MAX + 1])),
        ("/late", ResponseTemplate::new(200).set_delay(Duration::from_secs(60))),
    ] {
        Mock::given(path(at)).respond_with(answer).mount(&server).await;
    }

    let moved = get(&server.uri(), "/moved", 10_000).await.unwrap();
    let large = get(&server.uri(), "/large", 10_000).await.unwrap_err();
    let late = get(&server.uri(), "/late", 50).await.unwrap_err();

    assert_eq!(moved.status, 302);
    assert_eq!(large.class, ErrorClass::OutputTooLarge);
    assert_eq!(late.class, ErrorClass::Timeout);
    assert!(late.message.contains("did not answer within 0.05 seconds"), "{}", late.message);
}

#[tokio::test]
async fn it_calls_only_what_flows_may_call() {
    let client = Nodes::new(config("")).unwrap().client();
    let url = Url::parse("http://127.0.0.1:1/token").unwrap();
    let call = GuardedCall { url: &url, authorization: None, hidden: &[], within: Duration::from_secs(5) };

    let failure = client.get(call).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Configuration);
    assert!(failure.message.contains("--egress-allow"), "{}", failure.message);
}

async fn post(base: &str, authorization: &str) -> Result<GuardedAnswer, Failure> {
    let url = Url::parse(&format!("{base}/token")).unwrap();
    let within = Duration::from_secs(10);
    let call = GuardedCall { url: &url, authorization: Some(authorization), hidden: &[SECRET], within };
    nodes().client().post_form(call, &[("grant_type", "client_credentials"), ("client_secret", SECRET)]).await
}

async fn get(base: &str, at: &str, within_ms: u64) -> Result<GuardedAnswer, Failure> {
    let url = Url::parse(&format!("{base}{at}")).unwrap();
    let within = Duration::from_millis(within_ms);
    nodes().client().get(GuardedCall { url: &url, authorization: None, hidden: &[], within }).await
}
