//! The demo: example flows, a service for them that fails on purpose, and an engine that the studio can have killed.

mod desk;
mod flows;
mod model;
mod peer;
mod research;
mod review;
mod supervisor;
mod support;

use serde_json::Value;

use crate::settings::EgressSettings;

pub(crate) use flows::install;
pub(crate) use peer::{PATH, Peer, routes};
pub(crate) use supervisor::{inherited_listener, kill, supervise};

/// The placeholder for the address of the demo service in the examples.
pub(crate) const PLACEHOLDER: &str = "http://demo-peer";

/// Returns whether a string of `value` has the placeholder.
pub(crate) fn calls_peer(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with(PLACEHOLDER),
        Value::Array(items) => items.iter().any(calls_peer),
        Value::Object(fields) => fields.values().any(calls_peer),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Replaces the placeholder in all strings of `value` with `base`.
pub(crate) fn point_to(value: &mut Value, base: &str) {
    match value {
        Value::String(text) => {
            if let Some(rest) = text.strip_prefix(PLACEHOLDER) {
                *text = format!("{base}{rest}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point_to(item, base)),
        Value::Object(fields) => fields.values_mut().for_each(|field| point_to(field, base)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The loopback addresses, which the flows of the demo may call.
pub(crate) const LOOPBACK: &str = "127.0.0.0/8,::1";

/// Adds `more` to the addresses that flows may call.
pub(crate) fn allow(egress: &mut EgressSettings, more: &str) {
    let allowed = egress.allow.trim();
    egress.allow = if allowed.is_empty() { more.to_owned() } else { format!("{allowed},{more}") };
}
