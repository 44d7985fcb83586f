//! The research agent of the examples: what its model says, a register of companies, a search for news, and credit reports.

use std::time::Duration;

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::model::{self, Answer};

/// How long a search takes.
const SEARCHING: Duration = Duration::from_millis(400);
/// The search refuses more, and the model has to learn that.
const DAYS_MAX: u32 = 90;

/// From this value of an order on, the model wants a credit report.
const LARGE_ORDER: f64 = 10_000.0;

/// Returns the routes of its tools.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/research/companies", get(companies))
        .route("/research/news", get(news))
        .route("/research/credit-reports", post(credit_report))
}

/// What the model says next: it searches for too many days first, and buys a credit report for a large order.
pub(super) fn answer(messages: &[Value]) -> Answer {
    let input = model::input(messages);
    let vendor = input["vendor"].as_str().unwrap_or("the vendor");
    let is_large = input["order_value"].as_f64().is_some_and(|value| value >= LARGE_ORDER);
    match model::answered(messages) {
        0 => Answer {
            message: model::calling(
                "",
                "I need to know who the company is and what was reported. Neither depends on the other, so I ask for both at once.",
                &[("find_company", json!({ "name": vendor })), search(vendor, 365)],
            ),
            tokens: [438, 71],
        },
        1 => Answer {
            message: model::calling(
                "The search takes at most 90 days. I search those.",
                "The register answered. The search refused 365 days and said why.",
                &[search(vendor, DAYS_MAX)],
            ),
            tokens: [652, 38],
        },
        2 if is_large => Answer {
            message: model::calling(
                "For an order of this size I want a credit report.",
                "It costs 25 EUR, so a person has to approve it.",
                &[("order_credit_report", json!({ "company": vendor, "price_eur": 25 }))],
            ),
            tokens: [741, 52],
        },
        _ => {
            Answer { message: model::done(&report(vendor, model::last_result(messages))), tokens: [841, 94] }
        }
    }
}

fn search(vendor: &str, days: u32) -> (&'static str, Value) {
    ("search_news", json!({ "query": vendor, "days": days }))
}

/// The report, from what the last tool said.
fn report(vendor: &str, last: &str) -> Value {
    let mut sources =
        vec!["Company register, HRB 20417", "Trade Daily, 14 September", "Trade Daily, 2 November"];
    let (risk, credit) = if last.contains("\"rating\"") {
        sources.push("Credit report, rating A-");
        (20, " Its credit is rated A-.")
    } else if last.contains("rejected this call") {
        (45, " Its credit was not checked, because the report was not approved.")
    } else {
        (35, "")
    };
    json!({
        "risk": risk,
        "summary": format!("{vendor} is registered since 2011 and was profitable in its last three years. \
            In September it lost a large customer, which the order does not depend on.{credit}"),
        "sources": sources,
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

#[derive(Debug, Deserialize)]
struct Order {
    company: String,
}

async fn credit_report(Json(Order { company }): Json<Order>) -> Response {
    sleep(SEARCHING).await;
    Json(json!({ "company": company, "rating": "A-", "limit_eur": 120_000 })).into_response()
}
