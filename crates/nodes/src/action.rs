//! Built-in actions.

mod http_request;
mod sent;

pub(crate) use http_request::http_request;
