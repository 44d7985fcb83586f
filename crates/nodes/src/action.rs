//! Built-in actions.

mod http_request;
mod message;
mod sent;

pub(crate) use http_request::http_request;
pub(crate) use message::send_message;
