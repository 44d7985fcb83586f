//! Built-in actions.

mod fail;
mod http_request;

pub(crate) use fail::failure_from;
pub(crate) use http_request::http_request;
