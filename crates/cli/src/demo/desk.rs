//! The ticket router and the nightly batch of the examples: what their model says, the desks of a help line, and a bank.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::model::{self, Answer};
use super::peer::{Calls, count};

/// Accounts of the bank.
const ACCOUNTS_MAX: u32 = 10_000;
/// Of so many accounts, one fails at its first call.
const FAILS_ONCE: u32 = 50;
/// Of so many accounts, one fails at its first two calls, which is more than the batch retries.
const FAILS_TWICE: u32 = 97;

/// What tickets of a team are about.
const TEAMS: [(&str, &[&str]); 3] = [
    ("billing", &["charged", "payment", "invoice", "refund", "price"]),
    ("technical", &["error", "crash", "login", "password", "slow", "broken"]),
    ("other", &["partner", "press", "job", "address"]),
];

/// What the model says: it is sure where the words of a ticket are those of one team.
pub(super) fn classify(messages: &[Value]) -> Answer {
    let input = model::input(messages);
    let text = input["text"].as_str().unwrap_or_default().to_lowercase();
    let fitting = |(team, words): &(&'static str, &'static [&'static str])| {
        let word = words.iter().find(|word| text.contains(**word))?;
        Some((*team, *word))
    };
    let found: Vec<(&str, &str)> = TEAMS.iter().filter_map(fitting).collect();
    let (team, confidence, reason) = match found[..] {
        [] => ("other", 0.35, "It does not say what it is about.".to_owned()),
        [(team, word)] => (team, 0.94, format!("It is about “{word}”.")),
        [(team, word), (_, second), ..] => {
            (team, 0.52, format!("It is about “{word}”, and about “{second}”."))
        }
    };
    let output = json!({ "team": team, "confidence": confidence, "reason": reason });
    Answer { message: model::done(&output), tokens: [184, 27] }
}

/// Returns the routes of the desks and of the bank.
pub(super) fn routes() -> Router<Calls> {
    Router::new()
        .route("/desk/{desk}", any(desk))
        .route("/bank/accounts", get(accounts))
        .route("/bank/settle/{account}", post(settle))
        .route("/bank/reports", post(report))
}

async fn desk(Path(desk): Path<String>) -> Response {
    Json(json!({ "desk": desk, "waiting": 3 })).into_response()
}

#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    count: u32,
}

async fn accounts(Query(Wanted { count }): Query<Wanted>) -> Response {
    let account = |id: u32| json!({ "id": id, "holder": format!("Customer {id}") });
    Json((1..=count.min(ACCOUNTS_MAX)).map(account).collect::<Vec<_>>()).into_response()
}

/// Settles an account, at its first, second or third call since it was settled last.
async fn settle(State(calls): State<Calls>, Path(account): Path<u32>) -> Response {
    let times = if account.is_multiple_of(FAILS_TWICE) {
        3
    } else if account.is_multiple_of(FAILS_ONCE) {
        2
    } else {
        1
    };
    if !count(&calls, format!("settle/{account}")).is_multiple_of(times) {
        let problem = json!({ "error": "the books of this account are locked" });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(problem)).into_response();
    }
    Json(json!({ "account": account, "cents": 100 + account % 900 })).into_response()
}

async fn report() -> Response {
    (StatusCode::CREATED, Json(json!({ "published": true }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_sure_only_where_one_team_fits() {
        let said = |text: &str| {
            let asked = json!([{ "role": "user", "content": json!({ "text": text }).to_string() }]);
            let Answer { message, .. } = classify(asked.as_array().unwrap());
            let output: Value = serde_json::from_str(message["content"].as_str().unwrap()).unwrap();
            format!("{} {}", output["team"].as_str().unwrap(), output["confidence"])
        };

        assert_eq!(said("I was charged twice."), "billing 0.94");
        assert_eq!(said("The login shows an error."), "technical 0.94");
        assert_eq!(said("I was charged, and now the login is broken."), "billing 0.52");
        assert_eq!(said("Hello?"), "other 0.35");
    }
}
