//! The HTTP API: routes, wire types, problems, event streams, and the document that describes them.
//!
//! Handlers translate; they hold no rules. What a request means is decided by the engine; what an answer looks like is
//! decided by [`views`]; what a failure looks like is decided by [`problem`] alone. Each endpoint group is a file under
//! `routes`, where a handler and its part of the OpenAPI document are registered together.

mod app;
mod attempt;
mod audited;
mod authenticate;
mod authorized;
mod backlog;
mod body;
mod body_memory;
mod browser;
mod client_address;
mod cookie;
mod cors;
mod docs;
mod documents;
mod environment_secret;
mod feed;
mod folders;
mod heavy;
mod held;
mod hidden_text;
mod host_guard;
mod idempotency;
mod if_match;
mod json;
mod metrics;
mod openapi;
mod operations;
mod origin;
mod path;
mod people;
mod problem;
mod proxies;
mod query;
mod rates;
mod refusals;
mod reply;
mod router;
mod routes;
mod sse;
mod studio;
mod text_reader;
mod trace_parent;
mod unread;
mod views;
mod watch;
mod webhooks;
mod whole_seconds;

pub use app::{App, AppConfig};
pub use client_address::{ClientAddress, ClientIp};
pub use environment_secret::EnvironmentSecret;
pub use openapi::openapi;
pub use origin::{Origin, OriginError};
pub use problem::{Problem, ProblemKind};
pub use proxies::{NotAProxy, Proxies};
pub use router::router;
pub use webhooks::SecretValues;
