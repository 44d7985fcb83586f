//! What is sent: bodies, credentials, lengths, and what follows a redirect.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use steadflow_core::agent::MASK;
use steadflow_core::flow::PlacedNode;
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::trial::{Pinned, Step, Trial};
use steadflow_core::work::Work;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use crate::peers;
use crate::support::{CANARY, http, http_work, nodes};

#[tokio::test]
async fn a_request_without_a_body_says_its_length_where_one_is_usual() {
    for (method, length) in [
        ("POST", Some("0")),
        ("PUT", Some("0")),
        ("PATCH", Some("0")),
        ("GET", None),
        ("DELETE", None),
        ("HEAD", None),
    ] {
        let peer = Peer::answering(&[OK]).await;

        http(&json!({ "url": peer.url("/"), "method": method })).await.unwrap();

        assert_eq!(peer.heard(0).header("content-length").as_deref(), length, "{method}");
        assert_eq!(peer.heard(0).header("transfer-encoding"), None, "{method}");
    }
}

/// A service may know and say the password, however the flow came to it.
#[tokio::test]
async fn credentials_that_the_flow_itself_holds_are_masked() {
    let literal = "plain-4711-text";
    for auth in [
        json!({ "type": "basic", "username": "u", "password": literal }),
        json!({ "type": "bearer", "token": literal }),
    ] {
        for status in ["200 OK", "500 Internal Server Error"] {
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 20\r\n\r\nsaid {literal}");
            let peer = Peer::answering(&[&answer]).await;

            let outcome = nodes().perform(http_work(&json!({ "url": peer.url("/"), "auth": auth }))).await;

            let shown = format!("{outcome:?}");
            assert!(shown.contains(&format!("said {MASK}")) && !shown.contains("4711"), "{shown}");
        }
    }
}

#[tokio::test]
async fn credentials_are_sent_and_masked() {
    for (auth, sent) in [
        (json!({ "type": "basic", "username": "user", "password": "pass" }), "Basic dXNlcjpwYXNz"),
        (json!({ "type": "basic", "username": "sk_test" }), "Basic c2tfdGVzdDo="),
        (json!({ "type": "basic", "username": "Jürgen", "password": "a:b" }), "Basic SsO8cmdlbjphOmI="),
        (
            json!({ "type": "basic", "username": "u", "password": "${secrets.KEY}" }),
            "Basic dTpzay00NzExLWtleQ==",
        ),
        (json!({ "type": "bearer", "token": "${secrets.KEY}" }), "Bearer sk-4711-key"),
    ] {
        let peer = Peer::answering(&[ECHO]).await;

        let output = http(&json!({ "url": peer.url("/"), "auth": auth })).await.unwrap();

        assert_eq!(peer.heard(0).header("authorization").as_deref(), Some(sent));
        let shown = output["body"].as_str().unwrap();
        if sent.len() > 18 {
            assert!(shown.contains(MASK) && !shown.contains(&sent[7..]), "{shown}");
        }
    }
}

#[tokio::test]
async fn credentials_in_errors_are_masked_in_message_and_body() {
    let echo = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}",
        json!({ "error": CANARY, "sent": { "Authorization": "Basic dTpjYW5hcnkgIjVmMWQiICZ4" } })
    );
    let peer = Peer::answering_with(vec![echo]).await;
    let auth = json!({ "type": "basic", "username": "u", "password": "${secrets.CANARY}" });

    let failure = http(&json!({ "url": peer.url("/"), "auth": auth })).await.unwrap_err();

    assert!(failure.message.ends_with(MASK), "{}", failure.message);
    let body = failure.body.unwrap().to_value().unwrap();
    assert_eq!(body, json!({ "error": MASK, "sent": { "Authorization": format!("Basic {MASK}") } }));
}

#[tokio::test]
async fn bodies_are_encoded_as_their_type_says() {
    let form = json!({ "Content-Type": "application/x-www-form-urlencoded" });
    for (headers, body, sent) in [
        (
            form.clone(),
            json!({ "grant_type": "client_credentials", "scope": "a b&c" }),
            "grant_type=client_credentials&scope=a+b%26c",
        ),
        (form.clone(), json!("user=ann&pw=a%26b"), "user=ann&pw=a%26b"),
        (json!({}), json!({ "a": "ü" }), "{\"a\":\"ü\"}"),
        (
            json!({}),
            serde_json::from_str(
                "{\"id\":123456789012345678901234567890,\"amt\":0.12345678901234568,\"p\":19.90}",
            )
            .unwrap(),
            "{\"id\":123456789012345678901234567890,\"amt\":0.12345678901234568,\"p\":19.90}",
        ),
        (json!({}), json!({ "$binary": { "content_type": "text/x", "base64": "aGk=" } }), "hi"),
        (json!({}), json!(""), ""),
    ] {
        let peer = Peer::answering(&[OK]).await;

        http(&json!({ "url": peer.url("/"), "method": "POST", "headers": headers, "body": body }))
            .await
            .unwrap();

        assert_eq!(peer.heard(0).body, sent);
    }
}

#[tokio::test]
async fn templates_in_a_form_stay_one_value_from_the_document_to_the_peer() {
    let trigger_data = json!({ "p": "a&b=c d+e%41", "name": "x=y", "n": 19.90 });
    let body = "user=ann&pw=${trigger_data.p}&${trigger_data.name}=${trigger_data.n}&key=${secrets.CANARY}";
    let encoded = "user=ann&pw=a%26b%3Dc%20d%2Be%2541&x%3Dy=19.9&key=canary+%225f1d%22+%26x";
    let plain = "user=ann&pw=a&b=c d+e%41&x=y=19.9&key=canary \"5f1d\" &x";
    for (name, content_type, sent) in [
        ("Content-Type", json!("application/x-www-form-urlencoded"), encoded),
        ("content-type", json!("Application/X-WWW-Form-URLencoded; charset=UTF-8"), encoded),
        ("Content-Type", json!("text/plain"), plain),
        ("Accept", json!("application/x-www-form-urlencoded"), plain),
    ] {
        let peer = Peer::answering(&[OK]).await;
        let input = json!({ "url": peer.url("/"), "method": "POST", "headers": { name: content_type }, "body": body });

        nodes().perform(work_of_document(&input, &trigger_data)).await.result.unwrap();

        assert_eq!(peer.heard(0).body, sent, "{content_type}");
    }
}

/// Returns the work of a flow's `http_request` with this input.
pub(crate) fn work_of_document(input: &Value, trigger_data: &Value) -> Work {
    let node = json!({ "id": "call", "type": "action", "action": "http_request", "input": input });
    let placed = PlacedNode::parse(&json!({ "nodes": [node] }), "call", &Limits::DEFAULT).unwrap().unwrap();
    let pinned = Pinned {
        tenant: TenantId::DEFAULT,
        execution: ExecutionId::new(Uuid::nil()),
        trigger_data: Payload::from_value(trigger_data),
        context_id: None,
        context_type: None,
        outputs: BTreeMap::new(),
    };
    let Step::Work(work) = Trial::begin(&placed, &pinned, &Limits::DEFAULT, Timestamp::default()).step else {
        panic!("the request is made")
    };
    *work
}

#[tokio::test]
async fn a_cookie_set_by_a_redirect_reaches_the_next_request() {
    let login = "HTTP/1.1 302 Found\r\nSet-Cookie: sid=abc; Path=/\r\nSet-Cookie: t=1; Path=/other\r\nLocation: /home\r\nContent-Length: 0\r\n\r\n";
    let peer = Peer::answering(&[login, OK]).await;

    http(&json!({ "url": peer.url("/login") })).await.unwrap();

    assert_eq!(peer.heard(0).header("cookie"), None);
    assert_eq!(peer.heard(1).line, "GET /home HTTP/1.1");
    assert_eq!(peer.heard(1).header("cookie").as_deref(), Some("sid=abc"));
}

#[tokio::test]
async fn cookies_come_back_to_their_origin_and_go_nowhere_else() {
    let back = Peer::answering(&[]).await;
    let login = format!(
        "HTTP/1.1 302 Found\r\nSet-Cookie: sid=abc; Path=/\r\nLocation: http://sso.test:{}/\r\nContent-Length: 0\r\n\r\n",
        back.port
    );
    let front = Peer::answering_with(vec![login, OK.to_owned()]).await;
    back.add(format!(
        "HTTP/1.1 307 Back\r\nSet-Cookie: other=1; Path=/\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        front.url("/home")
    ));

    http(&json!({ "url": front.url("/login"), "headers": { "Cookie": "own=1" } })).await.unwrap();

    assert_eq!(back.heard(0).header("cookie"), None);
    assert_eq!(front.heard(0).header("cookie").as_deref(), Some("own=1"));
    assert_eq!(front.heard(1).header("cookie").as_deref(), Some("sid=abc"));
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// Is answered with the request's head.
const ECHO: &str = "";

/// A peer that answers its connections one after the other, and keeps what it was sent.
struct Peer {
    port: u16,
    answers: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<Vec<Received>>>,
}

#[derive(Clone)]
struct Received {
    line: String,
    head: String,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
    }
}

impl Peer {
    async fn answering(answers: &[&str]) -> Self {
        Self::answering_with(answers.iter().map(|&answer| answer.to_owned()).collect()).await
    }

    async fn answering_with(answers: Vec<String>) -> Self {
        let (answers, heard) = (Arc::new(Mutex::new(answers)), Arc::new(Mutex::new(Vec::new())));
        let (next, keep) = (Arc::clone(&answers), Arc::clone(&heard));
        let address = peers::listening(move |mut peer| {
            let (next, keep) = (Arc::clone(&next), Arc::clone(&keep));
            async move {
                let request = read_request(&mut peer).await;
                let answer = {
                    keep.lock().unwrap().push(request.clone());
                    let mut left = next.lock().unwrap();
                    if left.is_empty() { return } else { left.remove(0) }
                };
                let answer = if answer == ECHO {
                    format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n{}",
                        request.head
                    )
                } else {
                    answer
                };
                let _ = peer.write_all(answer.as_bytes()).await;
                let _ = peer.shutdown().await;
            }
        })
        .await;
        Self { port: address.port(), answers, heard }
    }

    fn add(&self, answer: String) {
        self.answers.lock().unwrap().push(answer);
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn heard(&self, number: usize) -> Received {
        self.heard.lock().unwrap()[number].clone()
    }
}

async fn read_request(peer: &mut tokio::net::TcpStream) -> Received {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(peer.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let line = head.lines().next().unwrap().to_owned();
    let mut heard = Received { line, head, body: String::new() };
    let length = heard.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    peer.read_exact(&mut body).await.unwrap();
    heard.body = String::from_utf8(body).unwrap();
    heard
}
