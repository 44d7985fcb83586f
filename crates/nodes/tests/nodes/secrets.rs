//! Secrets: filled in where the document writes them, sent where they may go.

use std::sync::Arc;

use serde_json::json;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::TenantId;
use steadflow_core::template::{SecretPlace, SecretSlot};
use steadflow_core::work::Work;
use steadflow_nodes::{Nodes, NodesConfig, Secret, SecretHosts, Secrets};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{CANARY, config, http, http_work, nodes, result, skill_work};

#[tokio::test]
async fn what_spells_a_secret_is_sent_as_it_is() {
    let server = answering().await;
    let mut work = http_work(&json!({ "url": server.uri(), "method": "POST",
        "headers": { "X-Key": "${secrets.KEY} ${secrets.KEY}" }, "body": "${secrets.KEY}" }));
    // Only the first is of the document; the others are values.
    let place = SecretPlace { at: 0, name: Arc::from("KEY") };
    work.secrets =
        [SecretSlot { pointer: "/headers/X-Key".to_owned(), places: vec![place], is_in_form: false }].into();

    result(nodes().perform(work).await).unwrap();

    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["x-key"], "sk-4711-key ${secrets.KEY}");
    assert_eq!(requests[0].body, b"${secrets.KEY}");
}

#[tokio::test]
async fn a_secret_in_a_url_is_one_segment_or_one_value() {
    let server = answering().await;
    let url = format!("{}/hooks/${{secrets.CANARY}}/send?key=v1:${{secrets.KEY}}&n=1", server.uri());

    http(&json!({ "url": url })).await.unwrap();

    let requests = server.received_requests().await.unwrap();
    let segments: Vec<&str> = requests[0].url.path_segments().unwrap().collect();
    assert_eq!(segments, ["hooks", "canary%20%225f1d%22%20%26x", "send"]);
    let query: Vec<(String, String)> = requests[0].url.query_pairs().into_owned().collect();
    assert_eq!(query, [("key".to_owned(), "v1:sk-4711-key".to_owned()), ("n".to_owned(), "1".to_owned())]);
}

#[tokio::test]
async fn a_secret_that_would_decide_where_a_call_goes_sends_nothing_and_is_named() {
    let server = answering().await;
    let uri = server.uri();
    for input in [
        json!({ "url": "https://${secrets.KEY}.example/" }),
        json!({ "url": "${secrets.KEY}/a" }),
        json!({ "url": format!("{uri}/a-${{secrets.KEY}}") }),
        json!({ "url": format!("{uri}/#${{secrets.KEY}}") }),
        json!({ "url": format!("{uri}/?${{secrets.KEY}}=1") }),
        json!({ "url": uri, "method": "${secrets.KEY}" }),
        json!({ "url": uri, "headers": "${secrets.KEY}" }),
        json!({ "url": uri, "expect_status": "${secrets.KEY}" }),
    ] {
        let failure = http(&input).await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::Validation, "{input}");
        assert!(failure.message.starts_with("The secret `KEY` is "), "{}", failure.message);
        assert!(!failure.message.contains("4711"), "{}", failure.message);
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_value_that_cannot_be_sent_is_not_shown() {
    let server = answering().await;
    let input = json!({ "url": server.uri(), "headers": { "X": "a\n${secrets.CANARY}" } });

    let failure = http(&input).await.unwrap_err();

    assert!(!failure.message.contains("5f1d") && !failure.message.contains("canary"), "{}", failure.message);
    assert!(!CANARY.is_empty() && server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_bound_secret_is_sent_to_its_hosts_only() {
    let server = answering().await;
    let port = server.address().port();
    let call = async |host: &str| {
        let url = format!("http://{host}:{port}/");
        http(&json!({ "url": url, "headers": { "X-Key": "${secrets.BOUND}" } })).await
    };

    call("bound.test").await.unwrap();
    let elsewhere: Failure = call("other.test").await.unwrap_err();

    let requests = server.received_requests().await.unwrap();
    assert_eq!((requests.len(), &requests[0].headers["x-key"]), (1, &"bound-4711".parse().unwrap()));
    assert_eq!(elsewhere.class, ErrorClass::Configuration);
    assert!(
        elsewhere
            .message
            .starts_with("The secret `BOUND` may be sent only to bound.test, and not to other.test."),
        "{}",
        elsewhere.message
    );
}

#[tokio::test]
async fn a_bound_secret_does_not_follow_a_redirect_to_another_host() {
    let (front, back) = (MockServer::start().await, answering().await);
    let target = format!("http://other.test:{}/", back.address().port());
    let redirect = ResponseTemplate::new(307).insert_header("location", target.as_str());
    Mock::given(any()).respond_with(redirect).mount(&front).await;
    let url = format!("http://bound.test:{}/?key=${{secrets.BOUND}}", front.address().port());
    let input = json!({ "url": url, "method": "POST", "headers": { "Accept": "${secrets.BOUND}", "X": "${secrets.BOUND}" },
        "auth": { "type": "bearer", "token": "${secrets.BOUND}" }, "body": "${secrets.BOUND}" });

    http(&input).await.unwrap();

    let second = &back.received_requests().await.unwrap()[0];
    assert!(!format!("{second:?}").contains("bound-4711"), "{second:?}");
}

#[tokio::test]
async fn a_bound_secret_of_an_agent_is_sent_to_its_hosts_only() {
    let server = answering().await;
    let endpoint = format!("http://other.test:{}", server.address().port());
    let agent = json!({ "name": "a", "agent_type": "http", "skills": ["s"],
        "config": { "endpoint": endpoint, "api_key": "${secrets.BOUND}" } });
    let work: Work = skill_work("s", &json!({}));

    let failure = result(crate::support::nodes_with_agent(&agent).perform(work).await).unwrap_err();

    assert!(failure.message.starts_with("The secret `BOUND` may be sent only to"), "{}", failure.message);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_url_that_is_a_secret_is_called_and_nothing_of_it_is_returned() {
    let server = MockServer::start().await;
    let port = server.address().port();
    let url = format!("http://k3y-host.bound.test:{port}/services/T00000001/s3cr%C3%A4t?sig=s1gn4tur3&v=2");
    let nodes = with_webhook(&url, Some("*.bound.test"));
    let echo = json!({ "url": url, "said": ["services/T00000001/s3crät", "for T00000001: s1gn4tur3"],
        "no": "K3Y-HOST.bound.test" });
    let location = url.replace("T00000001", "T00000001/moved");
    for (status, expected) in [(200, true), (404, false), (302, false)] {
        server.reset().await;
        let answer = ResponseTemplate::new(status).set_body_json(&echo);
        Mock::given(any())
            .respond_with(answer.insert_header("location", location.as_str()))
            .mount(&server)
            .await;

        let outcome = nodes.perform(webhook_work()).await;

        let requests = server.received_requests().await.unwrap();
        assert_eq!(requests[0].url.path(), "/services/T00000001/s3cr%C3%A4t");
        assert_eq!(requests[0].url.query(), Some("sig=s1gn4tur3&v=2&more=1"));
        assert_eq!(outcome.result.is_ok(), expected, "{outcome:?}");
        let text = format!("{outcome:?}").to_lowercase();
        for part in ["t00000001", "s3cr", "s1gn", "k3y"] {
            assert!(!text.contains(part), "{part}: {text}");
        }
    }
}

#[tokio::test]
async fn a_url_that_is_a_secret_is_called_only_where_the_operator_says() {
    let server = answering().await;
    let url = format!("http://k3y-host.test:{}/s3cret", server.address().port());
    for (url, hosts, said) in [
        (
            url.as_str(),
            None,
            "must be bound to hosts. Let an administrator bind it to the host of the URL, in `STEADFLOW_SECRET_HOOK_HOSTS`",
        ),
        (&url, Some("other.test"), "The secret `HOOK` may be sent only to other.test, and not to ••••."),
        ("k3y-host.test/s3cret", Some("k3y-host.test"), "does not begin with `https://` or `http://`"),
        (&url.replace("http://", "http://k3y@"), Some("k3y-host.test"), "holds a user name or password"),
    ] {
        let nodes = with_webhook(url, hosts);

        let failure = result(nodes.perform(webhook_work()).await).unwrap_err();

        assert!(failure.message.contains(said), "{}", failure.message);
        assert!(!failure.message.contains("k3y") && !failure.message.contains("s3cret"), "{failure:?}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

/// Knows the secret `HOOK`.
struct Webhook(Secret);

impl Secrets for Webhook {
    fn secret(&self, _tenant: TenantId, name: &str) -> Option<Secret> {
        (name == "HOOK").then(|| self.0.clone())
    }
}

fn with_webhook(url: &str, hosts: Option<&str>) -> Nodes {
    let hosts = hosts.map(|list| SecretHosts::parse(list).unwrap());
    let secrets = Arc::new(Webhook(Secret { value: url.to_owned(), hosts, is_token: false }));
    Nodes::new(NodesConfig { secrets, ..config("127.0.0.1") }).unwrap()
}

fn webhook_work() -> Work {
    let mut work = http_work(&json!({ "url": "${secrets.HOOK}", "query": { "more": 1 } }));
    let places = vec![SecretPlace { at: 0, name: Arc::from("HOOK") }];
    work.secrets = [SecretSlot { pointer: "/url".to_owned(), places, is_in_form: false }].into();
    work
}

async fn answering() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    server
}
