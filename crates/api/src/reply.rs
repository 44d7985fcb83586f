//! Answers, written straight to bytes.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use steadflow_store::Revision;

/// Returns `view` as a JSON answer.
pub(crate) fn json(status: StatusCode, view: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(view).expect("views have string keys and no failing parts");
    (status, JSON, bytes).into_response()
}

/// Returns JSON text as an answer with status 200.
pub(crate) fn ok_text(json: String) -> Response {
    (StatusCode::OK, JSON, json).into_response()
}

const JSON: [(header::HeaderName, HeaderValue); 1] =
    [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];

/// Returns `view` as a JSON answer with status 200.
pub(crate) fn ok(view: &impl Serialize) -> Response {
    json(StatusCode::OK, view)
}

/// Returns the strong entity tag of what is at `revision`.
///
/// It covers what a change can change, and not the counts that an answer may have beside it.
pub(crate) fn etag(revision: Revision) -> String {
    format!("\"{revision}\"")
}

/// Adds the entity tag of what is at `revision`.
pub(crate) fn tagged(mut response: Response, revision: Revision) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&etag(revision)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Adds the address of what was made.
pub(crate) fn located(mut response: Response, path: &str) -> Response {
    if let Ok(location) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
