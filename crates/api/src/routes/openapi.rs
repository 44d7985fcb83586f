//! The API's own description, and a page to read it.

use axum::Extension;
use axum::http::header;
use axum::response::IntoResponse;
use bytes::Bytes;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// Where the document comes from. It is made of all routes, so it comes from outside of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document(pub(crate) fn() -> Bytes);

pub(crate) fn routes(document: Document) -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(openapi_document))
        .layer(Extension(document))
        .route("/api/docs", axum::routing::get(page))
        .route("/api/docs/page.js", axum::routing::get(script))
        .route("/api/docs/style.css", axum::routing::get(style))
        .route("/docs/problems", axum::routing::get(problems))
}

/// Describes this API as OpenAPI 3.1.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "about",
    responses((status = 200, description = "The document", body = serde_json::Value)))]
pub(crate) async fn openapi_document(Extension(document): Extension<Document>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document.0())
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
