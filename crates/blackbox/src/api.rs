//! A client of the API.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Value, json};

use crate::events::Events;
use crate::wait::eventually;

/// How long any one call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one server. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    client: reqwest::Client,
}

/// A complete answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; a string where it is none, `null` where it is empty.
    pub body: Value,
}

impl Answer {
    /// Returns the body of an answer that must have this status.
    ///
    /// # Panics
    /// If it has another.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

impl Api {
    /// Returns a client of the server at `address`.
    ///
    /// # Panics
    /// If the HTTP client cannot be made.
    pub fn new(address: SocketAddr) -> Self {
        Self::showing(address, HeaderMap::new())
    }

    /// Returns a client that shows an API key with each call.
    ///
    /// # Panics
    /// If the HTTP client cannot be made.
    pub fn with_key(address: SocketAddr, key: &str) -> Self {
        let bearer = format!("Bearer {key}").parse().expect("a key is plain text");
        Self::showing(address, HeaderMap::from_iter([(AUTHORIZATION, bearer)]))
    }

    fn showing(address: SocketAddr, headers: HeaderMap) -> Self {
        // Fails if another test of this process has done it, and is then as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(CALL_TIMEOUT)
            .default_headers(headers)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a plain HTTP client can be made");
        Self { base: format!("http://{address}"), client }
    }

    /// Makes a call; `Err` means that its outcome is unknown.
    ///
    /// # Errors
    /// Why there is no complete answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.client.request(method, format!("{}{}", self.base, path_of(path)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        };
        Ok(Answer { status, headers, body })
    }

    /// Asks for `path`: a full one, or one below `/api/v1/studio`.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], None).await.unwrap_or_else(|error| panic!("GET {path}: {error:?}"))
    }

    /// Follows a stream of events, from where `last_event_id` says.
    ///
    /// # Panics
    /// If there is none.
    pub async fn follow(&self, path: &str, last_event_id: Option<&str>) -> Events {
        let mut request = self.client.get(format!("{}{}", self.base, path_of(path)));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("GET {path}: {error:?}"));
        assert_eq!(response.status(), 200, "{path}");
        Events::new(response)
    }

    /// Posts `body` to `path`, as in [`Self::get`].
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let answer = self.call(Method::POST, path, &[], Some(body)).await;
        answer.unwrap_or_else(|error| panic!("POST {path}: {error:?}"))
    }

    /// Stores a flow and returns its id.
    ///
    /// # Panics
    /// If the server refuses it.
    pub async fn create_flow(&self, document: &Value) -> String {
        let flow = self.post("flows", document).await.expect(201);
        text(&flow, "id")
    }

    /// Starts a flow and returns the execution's id.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn start(&self, flow: &str, trigger_data: Value) -> String {
        let body = json!({ "trigger_data": trigger_data });
        let started = self.post(&format!("flows/{flow}/execute"), &body).await.expect(201);
        text(&started, "execution_id")
    }

    /// Returns an execution.
    ///
    /// # Panics
    /// If there is none.
    pub async fn execution(&self, id: &str) -> Value {
        self.get(&format!("executions/{id}")).await.expect(200)
    }

    /// Waits until an execution has ended, and returns it.
    ///
    /// # Panics
    /// If it has not `within` that time.
    pub async fn finished(&self, id: &str, within: Duration) -> Value {
        let what = format!("execution {id} ends");
        eventually(&what, within, async || {
            let execution = self.execution(id).await;
            is_finished(&execution).then_some(execution)
        })
        .await
    }

    /// Waits until an execution is as `condition` wants it, and returns it.
    ///
    /// # Panics
    /// If it is not `within` that time.
    pub async fn until(
        &self,
        id: &str,
        what: &str,
        within: Duration,
        condition: impl Fn(&Value) -> bool,
    ) -> Value {
        eventually(what, within, async || {
            let execution = self.execution(id).await;
            condition(&execution).then_some(execution)
        })
        .await
    }

    /// Counts the stored flows and executions, at most 100 of each.
    ///
    /// # Panics
    /// If the lists are refused.
    pub async fn counts(&self) -> (usize, usize) {
        let count = async |path| self.get(path).await.expect(200).as_array().map_or(0, Vec::len);
        (count("flows?limit=100").await, count("executions?limit=100").await)
    }
}

/// Returns one node's execution.
///
/// # Panics
/// If `execution` has no such node.
pub fn node<'a>(execution: &'a Value, id: &str) -> &'a Value {
    let nodes = execution["node_executions"].as_array().expect("an execution has node_executions");
    nodes.iter().find(|node| node["node_id"] == id).unwrap_or_else(|| panic!("no node {id} in {execution}"))
}

fn is_finished(execution: &Value) -> bool {
    matches!(execution["status"].as_str(), Some("completed" | "failed" | "cancelled"))
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

fn path_of(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/api/v1/studio/{path}") }
}
