//! Mail: the server of the operator, messages, and the conversation that hands one over (SMTP).

mod lines;
mod message;
mod server;
mod smtp;

pub(crate) use message::{File, Mail};
pub use server::{MailServer, MailServerError};
pub(crate) use smtp::send;
