//! Who a request comes from.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use steadflow_core::caller::Caller;

/// Who a request comes from. Every handler of the API takes one, so that none can forget whose data it is about.
///
/// It is what a layer before the handlers has put into the request's extensions, else [`Caller::LOCAL`].
#[derive(Clone, Debug)]
pub(crate) struct Identity(pub(crate) Caller);

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().cloned().unwrap_or(Caller::LOCAL)))
    }
}
