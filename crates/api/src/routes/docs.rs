//! The documentation as Markdown, for people and for programs that read it: each page, the example flows, and `llms.txt`, which
//! lists them.

use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::docs;
use crate::problem::{Problem, ProblemKind};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/llms.txt", axum::routing::get(index))
        .route("/docs/{*path}", axum::routing::get(page))
        .route("/examples/{name}", axum::routing::get(example))
}

async fn index() -> Response {
    as_kind("text/plain; charset=utf-8", docs::llms())
}

async fn page(Path(path): Path<String>) -> Result<Response, Problem> {
    markdown(&format!("docs/{path}"))
}

async fn example(Path(name): Path<String>) -> Result<Response, Problem> {
    if name.ends_with(".md") {
        return markdown(&format!("examples/{name}"));
    }
    let text = docs::example(&name).ok_or_else(missing)?;
    Ok(as_kind("application/json", text.into_owned()))
}

fn markdown(path: &str) -> Result<Response, Problem> {
    docs::page(path).map(|text| as_kind("text/markdown; charset=utf-8", text)).ok_or_else(missing)
}

fn as_kind(kind: &'static str, text: String) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn missing() -> Problem {
    Problem::new(ProblemKind::NoSuchRoute, "There is no such page. GET /llms.txt lists all of them.")
}
