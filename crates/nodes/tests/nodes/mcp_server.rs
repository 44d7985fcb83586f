//! An MCP server that does what a test wants.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

use crate::models::answer;
use crate::peers::{Received, listening, read_request};

/// What is received when a connection is closed that was kept open.
pub(crate) const CLOSED: &str = "closed";

/// What a server does with a request.
pub(crate) enum Reply {
    /// Answers it.
    Bytes(Vec<u8>),
    /// Answers it, and keeps the connection open.
    Open(Vec<u8>),
}

/// A request, read.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Asked {
    /// Returns the JSON-RPC method or, without one, that of HTTP.
    pub(crate) fn method(&self) -> &str {
        match self.body["method"].as_str() {
            Some(method) => method,
            None => self.head.split(' ').next().unwrap(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: watch::Receiver<Vec<Asked>>,
}

impl Server {
    /// Starts one that answers each request as `reply` says, which is given its number among those of its method, from 1.
    pub(crate) async fn start(reply: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let (tell, asked) = watch::channel(Vec::new());
        let (tell, reply) = (Arc::new(tell), Arc::new(reply));
        let address = listening(move |mut peer| {
            let (tell, reply) = (Arc::clone(&tell), Arc::clone(&reply));
            async move {
                let Received { head, body } = read_request(&mut peer).await;
                let asked = Asked { head, body: serde_json::from_slice(&body).unwrap_or_default() };
                let mut number = 0;
                tell.send_modify(|all: &mut Vec<Asked>| {
                    all.push(asked.clone());
                    number = all.iter().filter(|other| other.method() == asked.method()).count();
                });
                // The client may close the connection first.
                match reply(&asked, number) {
                    Reply::Bytes(bytes) => {
                        let _ = peer.write_all(&bytes).await;
                        let _ = peer.shutdown().await;
                    }
                    Reply::Open(bytes) => {
                        let _ = peer.write_all(&bytes).await;
                        let _ = peer.read(&mut [0]).await;
                        let closed = Asked { head: CLOSED.to_owned(), body: Value::Null };
                        tell.send_modify(|all| all.push(closed));
                    }
                }
            }
        })
        .await;
        Self { address, asked }
    }

    /// Starts one of an earlier protocol, with a session, that answers what is not of the session as `reply` says.
    pub(crate) async fn with_session(reply: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(move |asked, number| match asked.method() {
            "server/discover" => Reply::Bytes(error("400 Bad Request", &Value::Null, -32000, "no session")),
            "initialize" => {
                let result = json!({ "protocolVersion": "2025-06-18", "capabilities": { "tools": {} },
                    "serverInfo": { "name": "test", "version": "1" } });
                let body = json!({ "jsonrpc": "2.0", "id": asked.body["id"], "result": result }).to_string();
                let headers = format!("Content-Type: application/json\r\nMcp-Session-Id: session-{number}");
                Reply::Bytes(answer("200 OK", &headers, &body))
            }
            "notifications/initialized" | "notifications/cancelled" => {
                Reply::Bytes(answer("202 Accepted", "X: y", ""))
            }
            "DELETE" => Reply::Bytes(answer("204 No Content", "X: y", "")),
            _ => reply(asked, number),
        })
        .await
    }

    /// Starts one of the protocol without sessions, that answers what is not the discovery as `reply` says.
    pub(crate) async fn modern(reply: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(move |asked, number| match asked.method() {
            "server/discover" => {
                result(asked, &json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"] }))
            }
            _ => reply(asked, number),
        })
        .await
    }

    /// Returns an agent whose skills are tools of the server.
    pub(crate) fn agent(&self, skills: &Value) -> Value {
        json!({ "name": "Tools", "agent_type": "mcp", "skills": skills,
            "config": { "url": format!("http://{}/mcp", self.address), "api_key": "${secrets.KEY}" } })
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.borrow().clone()
    }

    /// Returns the methods of all requests.
    pub(crate) fn methods(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.method().to_owned()).collect()
    }

    /// Waits for a request of this method.
    pub(crate) async fn is_asked(&self, method: &str) -> Asked {
        let is_it = |asked: &Asked| asked.method() == method;
        let all = self.when(|all| all.iter().any(is_it)).await;
        all.into_iter().find(is_it).unwrap()
    }

    /// Waits for requests that are as they should be.
    pub(crate) async fn when(&self, are_so: impl Fn(&[Asked]) -> bool) -> Vec<Asked> {
        let mut asked = self.asked.clone();
        asked.wait_for(|all| are_so(all)).await.unwrap().clone()
    }
}

/// Returns a response with a result.
pub(crate) fn result(asked: &Asked, result: &Value) -> Reply {
    let body = json!({ "jsonrpc": "2.0", "id": asked.body["id"], "result": result });
    Reply::Bytes(answer("200 OK", "Content-Type: application/json", &body.to_string()))
}

/// Returns a response with a text.
pub(crate) fn text(asked: &Asked, text: &str) -> Reply {
    result(asked, &json!({ "content": [{ "type": "text", "text": text }] }))
}

/// Returns a response with an error of JSON-RPC.
pub(crate) fn error(status: &str, id: &Value, code: i64, message: &str) -> Vec<u8> {
    let body = json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } });
    answer(status, "Content-Type: application/json", &body.to_string())
}

/// Returns the beginning of a stream with these events.
pub(crate) fn stream(events: &[Value]) -> Vec<u8> {
    let mut stream =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: begins\n\n"
            .to_owned();
    for event in events {
        stream.push_str(&format!("event: message\nid: 1\ndata: {event}\n\n"));
    }
    stream.into_bytes()
}
