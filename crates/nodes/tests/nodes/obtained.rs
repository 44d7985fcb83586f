//! Secrets that are obtained when a call needs them, and replaced when a service refuses them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Value, json};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::TenantId;
use steadflow_nodes::{Nodes, NodesConfig, Secret, SecretHosts, Secrets};
use wiremock::matchers::header;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{config, http_work, result};

/// Has a token only after it was obtained: `canary-1`, then `canary-2`.
#[derive(Default)]
struct Tokens {
    held: Mutex<Option<String>>,
    obtained: AtomicU32,
    /// What comes in the place of a token.
    failure: Option<Failure>,
}

impl Secrets for Tokens {
    fn secret(&self, _: TenantId, _: &str) -> Option<Secret> {
        let value = self.held.lock().clone()?;
        Some(Secret { value, hosts: Some(SecretHosts::parse("127.0.0.1").unwrap()), is_token: true })
    }

    fn obtain<'a>(&'a self, _: TenantId, name: &'a str) -> Option<BoxFuture<'a, Result<(), Failure>>> {
        (name == "KEY").then(|| -> BoxFuture<'a, _> {
            Box::pin(async {
                if let Some(failure) = &self.failure {
                    return Err(failure.clone());
                }
                let number = self.obtained.fetch_add(1, Ordering::SeqCst) + 1;
                *self.held.lock() = Some(format!("canary-{number}"));
                Ok(())
            })
        })
    }

    fn refuse(&self, _: TenantId, _: &str, token: &str) -> bool {
        let mut held = self.held.lock();
        let is_held = held.as_deref() == Some(token);
        if is_held {
            *held = None;
        }
        is_held && self.obtained.load(Ordering::SeqCst) < 2
    }
}

fn with(tokens: &Arc<Tokens>) -> Nodes {
    Nodes::new(NodesConfig { secrets: Arc::clone(tokens) as _, ..config("127.0.0.1") }).unwrap()
}

fn input(url: &str) -> Value {
    json!({ "url": url, "headers": { "Authorization": "Bearer ${secrets.KEY}" } })
}

/// Answers 401 to the first token, and repeats both in what it answers to the second one.
async fn service() -> MockServer {
    let server = MockServer::start().await;
    let refused = ResponseTemplate::new(401).set_body_string("canary-1 is not valid");
    Mock::given(header("authorization", "Bearer canary-1")).respond_with(refused).mount(&server).await;
    let taken = ResponseTemplate::new(200).set_body_json(json!({ "was": "canary-1", "is": "canary-2" }));
    Mock::given(header("authorization", "Bearer canary-2")).respond_with(taken).mount(&server).await;
    server
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_in_the_same_attempt() {
    let (server, tokens) = (service().await, Arc::new(Tokens::default()));

    let outcome = with(&tokens).perform(http_work(&input(&server.uri()))).await;

    assert_eq!(result(outcome).unwrap()["body"], json!({ "was": "••••", "is": "••••" }));
    assert_eq!(tokens.obtained.load(Ordering::SeqCst), 2);
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_service_that_refuses_each_token_is_called_twice() {
    let (server, tokens) = (MockServer::start().await, Arc::new(Tokens::default()));
    Mock::given(wiremock::matchers::any()).respond_with(ResponseTemplate::new(401)).mount(&server).await;

    let failure = result(with(&tokens).perform(http_work(&input(&server.uri()))).await).unwrap_err();

    assert_eq!((failure.class, failure.status), (ErrorClass::Rejected, Some(401)));
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_attempt_without_a_token_fails_with_the_reason_and_sends_nothing() {
    let server = service().await;
    let failure = Failure {
        retry_after: Some(Duration::from_secs(7)),
        ..Failure::new(ErrorClass::Unavailable, "No token was obtained.")
    };
    let tokens = Arc::new(Tokens { failure: Some(failure.clone()), ..Tokens::default() });

    let failed = result(with(&tokens).perform(http_work(&input(&server.uri()))).await).unwrap_err();
    let unknown = json!({ "url": server.uri(), "headers": { "X-Key": "${secrets.NONE}" } });
    let missing = result(with(&tokens).perform(http_work(&unknown)).await).unwrap_err();

    assert_eq!(failed, failure.unsent());
    assert_eq!(missing.class, ErrorClass::Configuration);
    assert!(missing.message.contains("`NONE`"), "{}", missing.message);
    assert!(server.received_requests().await.unwrap().is_empty());
}
