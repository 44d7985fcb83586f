//! The API's own description, and a page to read it.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use bytes::Bytes;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Written once: the document is the same for as long as the process lives.
static DOCUMENT: LazyLock<Bytes> =
    LazyLock::new(|| Bytes::from(crate::openapi().to_json().expect("the document has string keys only")));

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(openapi_document))
        .route("/api/docs", axum::routing::get(page))
        .route("/api/docs/page.js", axum::routing::get(script))
        .route("/api/docs/style.css", axum::routing::get(style))
        .route("/docs/problems", axum::routing::get(problems))
}

/// Describes this API as OpenAPI 3.1.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "about",
    responses((status = 200, description = "The document", body = serde_json::Value)))]
pub(crate) async fn openapi_document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

async fn page() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], include_str!("../docs_page/index.html"))
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../docs_page/page.js"))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../docs_page/style.css"))
}

async fn problems() -> impl IntoResponse {
    let text = include_str!("../../../../docs/reference/problems.md");
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}
