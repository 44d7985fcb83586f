//! A server of language models that follow scripts. It speaks OpenAI chat completions.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{desk, research, review, support};

/// How long a model thinks, so that one can watch it.
const THINKING: Duration = Duration::from_millis(900);
/// How long the one thinks whose engine is to be killed meanwhile.
const RESEARCHING: Duration = Duration::from_millis(2_500);
/// How long a model that answers word by word takes for each.
const WORD: Duration = Duration::from_millis(40);

/// What a model says next.
pub(super) struct Answer {
    /// The message, as chat completions have it.
    pub(super) message: Value,
    /// How many tokens the conversation had, and how many the answer.
    pub(super) tokens: [u32; 2],
}

/// Returns the route of the models.
pub(super) fn routes() -> Router {
    Router::new().route("/v1/chat/completions", post(answer))
}

/// Says what comes next in a conversation, which the request holds whole.
async fn answer(Json(request): Json<Value>) -> Response {
    let model = request["model"].as_str();
    sleep(if model == Some("demo-researcher") { RESEARCHING } else { THINKING }).await;
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let script = match model {
        Some("demo-researcher") => research::answer,
        Some("demo-writer") => review::write,
        Some("demo-judge") => review::judge,
        Some("demo-support") => support::answer,
        Some("demo-classifier") => desk::classify,
        Some("demo-overloaded") => {
            let error = json!({ "error": { "message": "This model is overloaded", "code": "overloaded" } });
            return (StatusCode::SERVICE_UNAVAILABLE, Json(error)).into_response();
        }
        other => {
            let message = format!("There is no model {}", other.unwrap_or("without a name"));
            let error = json!({ "error": { "message": message, "code": "model_not_found" } });
            return (StatusCode::NOT_FOUND, Json(error)).into_response();
        }
    };
    let Answer { message, tokens: [prompt_tokens, completion_tokens] } = script(messages);
    let is_last = message["tool_calls"].is_null();
    let usage = json!({ "prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens });
    if request["stream"] == true && request["model"] == "demo-support" && is_last {
        return spoken(message["content"].as_str().unwrap_or_default(), &usage);
    }
    Json(json!({
        "object": "chat.completion",
        "model": request["model"],
        "choices": [{ "index": 0, "message": message, "finish_reason": if is_last { "stop" } else { "tool_calls" } }],
        "usage": usage,
    }))
    .into_response()
}

/// Answers with a text word by word, as people expect it of a chat.
fn spoken(text: &str, usage: &Value) -> Response {
    let chunk = |delta: Value, finish_reason: Option<&str>| {
        json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": finish_reason }] }).to_string()
    };
    let mut chunks: Vec<String> =
        text.split_inclusive(' ').map(|word| chunk(json!({ "content": word }), None)).collect();
    chunks.push(chunk(json!({}), Some("stop")));
    chunks.push(json!({ "choices": [], "usage": usage }).to_string());
    chunks.push("[DONE]".to_owned());
    let events = stream::iter(chunks).then(|data| async move {
        sleep(WORD).await;
        Ok::<_, Infallible>(Event::default().data(data))
    });
    Sse::new(events).into_response()
}

/// How often the model has answered already.
pub(super) fn answered(messages: &[Value]) -> usize {
    messages.iter().filter(|message| message["role"] == "assistant").count()
}

/// The input of the skill: the last message of the user.
pub(super) fn input(messages: &[Value]) -> Value {
    let asked = messages.iter().rfind(|message| message["role"] == "user");
    let text = asked.and_then(|message| message["content"].as_str()).unwrap_or_default();
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// The result of the tool that was called last, as text.
pub(super) fn last_result(messages: &[Value]) -> &str {
    let result = messages.iter().rfind(|message| message["role"] == "tool");
    result.and_then(|message| message["content"].as_str()).unwrap_or_default()
}

/// A message that calls tools.
pub(super) fn calling(says: &str, thinks: &str, tools: &[(&str, Value)]) -> Value {
    let calls = tools.iter().enumerate().map(|(number, (name, arguments))| {
        let function = json!({ "name": name, "arguments": arguments.to_string() });
        json!({ "id": format!("call_{number}"), "type": "function", "function": function })
    });
    json!({ "role": "assistant", "content": says, "reasoning_content": thinks, "tool_calls": calls.collect::<Vec<_>>() })
}

/// The last message: the output of the skill.
pub(super) fn done(output: &Value) -> Value {
    json!({ "role": "assistant", "content": output.to_string() })
}
