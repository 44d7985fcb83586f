//! What the research agent of the examples asks: a model that follows a script, a register of companies, and a search for news.

use std::time::Duration;

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

/// How long the model thinks, so that one can watch it.
const THINKING: Duration = Duration::from_millis(900);
/// How long a search takes.
const SEARCHING: Duration = Duration::from_millis(400);
/// The search refuses more, and the model has to learn that.
const DAYS_MAX: u32 = 90;

/// Returns the routes of the model, which speaks OpenAI chat completions, and of its tools.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/v1/chat/completions", post(answer))
        .route("/research/companies", get(companies))
        .route("/research/news", get(news))
}

/// Says what comes next in a conversation, which the request holds whole.
async fn answer(Json(request): Json<Value>) -> Response {
    sleep(THINKING).await;
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let answered = messages.iter().filter(|message| message["role"] == "assistant").count();
    let vendor = vendor_of(messages);
    let message = match answered {
        0 => asking(
            "",
            "I need to know who the company is and what was reported. Neither depends on the other, so I ask for both at once.",
            &[("find_company", json!({ "name": vendor })), search(&vendor, 365)],
        ),
        1 => asking(
            "The search takes at most 90 days. I search those.",
            "The register answered. The search refused 365 days and said why.",
            &[search(&vendor, DAYS_MAX)],
        ),
        _ => json!({ "role": "assistant", "content": report(&vendor).to_string() }),
    };
    let is_last = message["tool_calls"].is_null();
    let [prompt_tokens, completion_tokens] = [[438, 71], [652, 38], [841, 94]][answered.min(2)];
    Json(json!({
        "object": "chat.completion",
        "model": request["model"],
        "choices": [{ "index": 0, "message": message, "finish_reason": if is_last { "stop" } else { "tool_calls" } }],
        "usage": { "prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens },
    }))
    .into_response()
}

/// Returns the vendor that the model is asked about: its input is the last message of the user.
fn vendor_of(messages: &[Value]) -> String {
    let asked = messages.iter().rfind(|message| message["role"] == "user");
    let input = asked.and_then(|message| serde_json::from_str::<Value>(message["content"].as_str()?).ok());
    let vendor = input.and_then(|input| input["vendor"].as_str().map(str::to_owned));
    vendor.unwrap_or_else(|| "the vendor".to_owned())
}

fn search(vendor: &str, days: u32) -> (&'static str, Value) {
    ("search_news", json!({ "query": vendor, "days": days }))
}

fn asking(says: &str, thinks: &str, tools: &[(&str, Value)]) -> Value {
    let calls = tools.iter().enumerate().map(|(number, (name, arguments))| {
        let function = json!({ "name": name, "arguments": arguments.to_string() });
        json!({ "id": format!("call_{number}"), "type": "function", "function": function })
    });
    json!({ "role": "assistant", "content": says, "reasoning_content": thinks, "tool_calls": calls.collect::<Vec<_>>() })
}

fn report(vendor: &str) -> Value {
    json!({
        "risk": 35,
        "summary": format!("{vendor} is registered since 2011 and was profitable in its last three years. \
            In September it lost a large customer, which the order does not depend on."),
        "sources": ["Company register, HRB 20417", "Trade Daily, 14 September", "Trade Daily, 2 November"],
    })
}

#[derive(Debug, Deserialize)]
struct Companies {
    name: String,
}

async fn companies(Query(Companies { name }): Query<Companies>) -> Response {
    Json(json!({ "name": name, "number": "HRB 20417", "registered": 2011, "employees": 240, "profit": [1.8, 2.1, 2.4] }))
        .into_response()
}

#[derive(Debug, Deserialize)]
struct News {
    query: String,
    days: u32,
}

async fn news(Query(News { query, days }): Query<News>) -> Response {
    sleep(SEARCHING).await;
    if days > DAYS_MAX {
        let error = format!("`days` can be {DAYS_MAX} at most, and is {days}");
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": error }))).into_response();
    }
    let article = |date, title: String| json!({ "source": "Trade Daily", "date": date, "title": title });
    let articles = [
        article("2 November", format!("{query} opens a second plant")),
        article("14 September", format!("{query} loses its largest customer")),
    ];
    Json(json!({ "articles": articles })).into_response()
}
