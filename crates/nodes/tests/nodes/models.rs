//! Servers of models with raw TCP, and agents that ask them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use steadflow_core::failure::Failure;
use steadflow_core::payload::Payload;
use steadflow_core::work::{Outcome, Work};
use steadflow_nodes::Nodes;

use crate::peers::{self, Received};
use crate::support::{nodes_with_agent, result, skill_work};

/// A server of a model, and an agent that asks it.
pub(crate) struct Model {
    nodes: Nodes,
    requests: Arc<Mutex<Vec<Received>>>,
}

impl Model {
    /// Starts a server that answers with `answers`, one after the other.
    pub(crate) async fn answering(answers: Vec<Vec<u8>>, agent: impl FnOnce(SocketAddr) -> Value) -> Self {
        let (address, requests) = peers::scripted(answers).await;
        Self { nodes: nodes_with_agent(&agent(address)), requests }
    }

    pub(crate) async fn ask(&self) -> Outcome {
        self.ask_with(Payload::from_value(&json!("hi"))).await
    }

    pub(crate) async fn ask_with(&self, input: Payload) -> Outcome {
        self.nodes.perform(Work { input, ..skill_work("ask", &Value::Null) }).await
    }

    /// Returns what was sent, with the JSON of the body.
    pub(crate) fn requests(&self) -> Vec<(String, Value)> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|one| (one.head.clone(), serde_json::from_slice(&one.body).unwrap())).collect()
    }
}

/// Asks a server that answers with `answer`, for text.
pub(crate) async fn text(provider: &str, answer: Vec<u8>) -> Result<Value, Failure> {
    let provider = provider.to_owned();
    let model = Model::answering(vec![answer], move |address| agent(address, &provider, None)).await;
    result(model.ask().await)
}

/// Asks a server that answers with `answer`, for `{"risk": integer}`.
pub(crate) async fn risk(provider: &str, answer: Vec<u8>) -> Result<Value, Failure> {
    let provider = provider.to_owned();
    let model =
        Model::answering(vec![answer], move |address| agent(address, &provider, Some(schema()))).await;
    result(model.ask().await)
}

/// Returns the configuration of a model that speaks a protocol: a provider's, or `responses` of OpenAI.
pub(crate) fn speaking(protocol: &str, base_url: &str) -> Value {
    let mut config = json!({ "provider": protocol, "base_url": base_url, "model": "m" });
    if protocol == "responses" {
        (config["provider"], config["api"]) = (json!("openai"), json!("responses"));
    }
    config
}

/// Returns an agent with the skill `ask`.
pub(crate) fn agent(address: SocketAddr, protocol: &str, schema: Option<Value>) -> Value {
    let mut config = speaking(protocol, &format!("http://{address}"));
    config["api_key"] = json!("k1");
    json!({ "name": "a", "agent_type": "llm", "config": config,
        "skills": [{ "name": "ask", "instructions": "Answer.", "output_schema": schema }] })
}

pub(crate) fn schema() -> Value {
    json!({ "type": "object", "required": ["risk"], "properties": { "risk": { "type": "integer" } } })
}

/// Returns a response with `status` and the JSON `body`.
pub(crate) fn json_answer(status: &str, body: &Value) -> Vec<u8> {
    answer(status, "Content-Type: application/json", &body.to_string())
}

/// Returns a response with status 200 and the JSON `body`.
pub(crate) fn ok(body: &Value) -> Vec<u8> {
    json_answer("200 OK", body)
}

/// Returns a response whose `headers` are lines without the last line break.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

/// Returns a completion of OpenAI's protocol.
pub(crate) fn completion(content: &Value, finish: &Value) -> Value {
    json!({ "id": "x", "object": "chat.completion", "usage": { "prompt_tokens": 5, "completion_tokens": 3 },
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": finish }] })
}

/// Returns a completion of OpenAI's protocol that ends with `stop`.
pub(crate) fn said(content: &Value) -> Vec<u8> {
    ok(&completion(content, &json!("stop")))
}
