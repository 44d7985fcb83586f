//! The API's own description, and where its page is.

use axum::Extension;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::studio;

/// Where the document comes from: its text, and the same compressed. It is made of all routes, so it comes from outside of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document {
    pub(crate) text: fn() -> Bytes,
    pub(crate) compressed: fn() -> Bytes,
}

pub(crate) fn routes(document: Document) -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(openapi_document))
        .layer(Extension(document))
        .route("/api/docs", axum::routing::get(page))
        .route("/docs/problems", axum::routing::get(problems))
}

/// Describes this API as OpenAPI 3.1.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "about",
    responses((status = 200, description = "The document", body = serde_json::Value)))]
pub(crate) async fn openapi_document(
    Extension(document): Extension<Document>,
    headers: HeaderMap,
) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    if studio::accepts_gzip(&headers) {
        let encoding = [(header::CONTENT_ENCODING, "gzip"), (header::VARY, "accept-encoding")];
        return (kind, encoding, (document.compressed)()).into_response();
    }
    (kind, (document.text)()).into_response()
}

/// The reference is a page of the studio.
async fn page() -> Redirect {
    Redirect::to(if studio::is_there() { "/reference" } else { "/docs/reference/api.md" })
}

async fn problems() -> impl IntoResponse {
    let text = include_str!("../../../../docs/reference/problems.md");
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}
