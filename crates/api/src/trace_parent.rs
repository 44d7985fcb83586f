//! `traceparent`: the span of the caller, which an execution continues.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use steadflow_core::trace_parent::TraceParent;

/// The header of W3C Trace Context.
const TRACEPARENT: &str = "traceparent";

/// The span of the caller. A header that is not valid, or is given twice, is as if there were none (W3C Trace Context, 3.2).
#[derive(Debug)]
pub(crate) struct Caller(pub(crate) Option<TraceParent>);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut values = parts.headers.get_all(TRACEPARENT).iter();
        let (first, second) = (values.next(), values.next());
        let first = first.filter(|_| second.is_none()).and_then(|value| value.to_str().ok());
        Ok(Self(first.and_then(|text| text.parse().ok())))
    }
}
