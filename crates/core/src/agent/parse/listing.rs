//! How an agent is shown to people who choose one.

use serde_json::{Value, json};

use super::SHORT;
use crate::agent::Listing;
use crate::document::{Keys, Place, Reader, Reading, Terms, boolean, key, text};
use crate::limits::Limits;

const URL_CHARS_MAX: usize = 2_000;

pub(super) fn read_listing(keys: &mut Keys<'_>) -> Listing {
    let is_available = keys.take(
        key("is_available", "Available", boolean())
            .default(true)
            .doc("Whether it is offered to people who choose an agent. Flows that use it run anyway."),
    );
    let is_featured =
        keys.take(key("is_featured", "Featured", boolean()).default(false).doc("Whether it is shown first."));
    let icon_url = keys.take(key("icon_url", "Icon", IconReader).doc("The address of a picture of it."));
    let department = keys.take(key("department", "Department", SHORT).doc("Whose agent it is."));
    Listing {
        is_available: is_available.unwrap_or(true),
        is_featured: is_featured.unwrap_or(false),
        icon_url,
        department,
    }
}

/// Reads the address of a picture: what a browser may load without running anything.
#[derive(Clone, Copy, Debug)]
struct IconReader;

impl Reader for IconReader {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        "a URL that begins with `https://` or `http://`".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "maxLength": URL_CHARS_MAX, "pattern": "^https?://[^\\s\\u0000-\\u001f\\u007f-\\u009f]+$" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let url = text().at_most(URL_CHARS_MAX).read(value, at, reading)?;
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let is_url = rest.is_some_and(|rest| !rest.is_empty());
        if !is_url || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
            reading.fault(at, format!("{} must be an http:// or https:// URL", at.subject()));
            return None;
        }
        Some(url)
    }
}
