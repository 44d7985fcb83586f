//! Browser clients of other origins: whom they may belong to, and what they may see.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::idempotency::IDEMPOTENCY_KEY;
use crate::origin::Origin;
use crate::query::X_TOTAL_COUNT;

/// How long a browser keeps what a preflight was answered.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// Returns what answers preflights, and lets pages of `origins` read answers.
///
/// Credentials of the browser (cookies, client certificates) are not among it: the API uses none, and a page sends what
/// it knows in a header.
pub(crate) fn layer(origins: &[Origin]) -> CorsLayer {
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok());
    let last_event_id = HeaderName::from_static("last-event-id");
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            IDEMPOTENCY_KEY,
            last_event_id,
        ])
        .expose_headers([header::ETAG, header::LOCATION, header::LINK, header::RETRY_AFTER, X_TOTAL_COUNT])
        .max_age(PREFLIGHT_AGE)
}
