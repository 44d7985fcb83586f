//! The support chat of the examples: what its model says, and the orders that its tools know.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::model::{self, Answer};

/// Returns the routes of its tools.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/support/orders/{number}", get(order))
        .route("/support/orders/{number}/refund", post(refund))
}

/// Every order has the same fate.
async fn order(Path(number): Path<String>) -> Response {
    Json(json!({ "order": number, "status": "delayed", "reason": "a storm closed the port of Hamburg", "arrives": "Thursday" }))
        .into_response()
}

async fn refund(Path(number): Path<String>) -> Response {
    Json(json!({ "order": number, "refunded": "39.90 EUR" })).into_response()
}

/// What the model says next. It remembers the order that an earlier turn of the conversation was about.
pub(super) fn answer(messages: &[Value]) -> Answer {
    let last = messages.last().unwrap_or(&Value::Null);
    let asked = 310 + 45 * u32::try_from(messages.len()).unwrap_or(0);
    let says = |text: String| Answer {
        message: json!({ "role": "assistant", "content": text }),
        tokens: [asked, 40],
    };
    if last["role"] == "tool" {
        return says(after_tool(last["content"].as_str().unwrap_or_default()));
    }
    let question = last["content"].as_str().unwrap_or_default().to_lowercase();
    let number = number_in(&question).or_else(|| messages.iter().rev().find_map(number_of_message));
    let wants = |word: &str| question.contains(word);
    match number {
        _ if wants("thank") => {
            says("You are welcome. Is there anything else that I can do for you?".to_owned())
        }
        None => says("Hello! Which order is it about? Please write its number, such as 4711.".to_owned()),
        Some(number) if wants("refund") || wants("money") => Answer {
            message: model::calling(
                "",
                "A refund needs the approval of a person, so I ask for it.",
                &[("refund_order", json!({ "number": number }))],
            ),
            tokens: [asked, 24],
        },
        Some(number) => Answer {
            message: model::calling(
                "",
                "I look the order up before I say anything about it.",
                &[("find_order", json!({ "number": number }))],
            ),
            tokens: [asked, 22],
        },
    }
}

/// What follows from the result of a tool.
fn after_tool(result: &str) -> String {
    let found: Value = serde_json::from_str(result).unwrap_or(Value::Null);
    let order = found["order"].as_str().unwrap_or_default();
    match (found["arrives"].as_str(), found["refunded"].as_str()) {
        (Some(day), _) => {
            let reason = found["reason"].as_str().unwrap_or_default();
            format!(
                "I have looked it up. Order {order} is late because {reason}, and it arrives on {day}. I am sorry about that.\n\n\
                 You can wait for it, or I can ask a colleague to refund it. What do you prefer?"
            )
        }
        (None, Some(amount)) => {
            format!(
                "A colleague has approved it: {amount} for order {order} are on their way to your account."
            )
        }
        (None, None) => {
            "I am sorry: a colleague has decided against it. Is there anything else that I can do?".to_owned()
        }
    }
}

/// The first number of three to ten digits.
fn number_in(text: &str) -> Option<&str> {
    let numbers = text.split(|letter: char| !letter.is_ascii_digit());
    numbers.into_iter().find(|number| (3..=10).contains(&number.len()))
}

fn number_of_message(message: &Value) -> Option<&str> {
    if message["role"] != "user" {
        return None;
    }
    number_in(message["content"].as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(messages: &[(&str, &str)]) -> String {
        let messages: Vec<Value> =
            messages.iter().map(|(role, content)| json!({ "role": role, "content": content })).collect();
        let Answer { message, .. } = answer(&messages);
        match message["tool_calls"][0]["function"].as_object() {
            Some(call) => {
                format!("{} {}", call["name"].as_str().unwrap(), call["arguments"].as_str().unwrap())
            }
            None => message["content"].as_str().unwrap().to_owned(),
        }
    }

    #[test]
    fn the_order_of_an_earlier_turn_is_remembered() {
        let first = ("user", r#"{"message":"Where is order 4711?"}"#);
        let (found, then) = (("assistant", "It is late."), ("user", r#"{"message":"I want my money back"}"#));

        assert!(said(&[("user", r#"{"message":"Hi"}"#)]).starts_with("Hello! Which order"));
        assert_eq!(said(&[first]), r#"find_order {"number":"4711"}"#);
        assert_eq!(
            said(&[first, found, ("user", "Thanks")]),
            "You are welcome. Is there anything else that I can do for you?"
        );
        assert_eq!(said(&[first, found, then]), r#"refund_order {"number":"4711"}"#);
        assert!(said(&[first, ("tool", r#"{"order":"4711","refunded":"39.90 EUR"}"#)]).contains("39.90 EUR"));
        assert!(said(&[first, ("tool", "A person rejected this")]).contains("decided against it"));
    }
}
