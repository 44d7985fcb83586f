//! Built-in actions.

mod http_request;

pub(crate) use http_request::http_request;
