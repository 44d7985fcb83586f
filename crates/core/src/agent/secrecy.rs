//! Texts that hold secrets: how they name them, how they are filled in, how they are hidden.

use std::fmt;
use std::ops::Range;

use serde_json::Value;

use crate::place::pointer_token;

/// What people see in the place of a secret.
pub const MASK: &str = "••••";

/// A text that is secret, or names secrets as `${secrets.NAME}`. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Returns the secret that `text` is, or that it names.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text with its references unresolved.
    pub fn template(&self) -> &str {
        &self.0
    }

    /// Returns the text's literal if it names no secret: then the text itself is one.
    pub fn literal(&self) -> Option<&str> {
        references(&self.0).is_empty().then_some(self.0.as_str())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked_text(&self.0))
    }
}

/// Returns the names that `text` refers to as `${secrets.NAME}`, each once, in their order.
pub fn secret_names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (_, name) in references(text) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Replaces each `${secrets.NAME}` by what `value_of` gives; where it gives nothing, the reference stays.
pub fn fill_secrets<'a>(text: &str, value_of: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut end = 0;
    for (range, name) in references(text) {
        filled.push_str(&text[end..range.start]);
        filled.push_str(value_of(name).unwrap_or(&text[range.clone()]));
        end = range.end;
    }
    filled.push_str(&text[end..]);
    filled
}

/// Finds `${secrets.NAME}`; blanks around the name's path are allowed.
fn references(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("${").map(|at| from + at) {
        let inner = start + 2;
        let Some(close) = text[inner..].find('}').map(|at| inner + at) else { break };
        let name = text[inner..close].trim().strip_prefix("secrets.").filter(|name| is_name(name));
        found.extend(name.map(|name| (start..close + 1, name)));
        from = inner;
    }
    found
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Objects of which each string counts as secret, since which of them is a key is up to the peer.
const ALL_SECRET: [&str; 3] = ["headers", "extra_headers", "extra_query"];

/// Returns `config` with its secret strings masked.
pub(super) fn masked(config: &Value) -> Value {
    map_secrets(config, false, &|text| masked_text(text))
}

/// Puts the strings of `stored` where `edited` holds the masks of them.
pub(super) fn unmask(edited: &mut Value, stored: &Value) {
    match (edited, stored) {
        (Value::Object(edited), Value::Object(stored)) => {
            for (key, value) in edited.iter_mut() {
                if let Some(stored) = stored.get(key) {
                    unmask(value, stored);
                }
            }
        }
        (Value::String(edited), Value::String(stored)) if *edited == MASK && masked_text(stored) == MASK => {
            edited.clone_from(stored);
        }
        _ => {}
    }
}

/// Returns the JSON pointers of the strings that [`unmask`] would put back; `at` is the pointer of `edited`.
pub(super) fn masks(edited: &Value, stored: &Value, at: &str) -> Vec<String> {
    match (edited, stored) {
        (Value::Object(edited), Value::Object(stored)) => edited
            .iter()
            .filter_map(|(key, value)| Some((key, value, stored.get(key)?)))
            .flat_map(|(key, value, stored)| masks(value, stored, &format!("{at}/{}", pointer_token(key))))
            .collect(),
        (Value::String(edited), Value::String(stored)) if *edited == MASK && masked_text(stored) == MASK => {
            vec![at.to_owned()]
        }
        _ => Vec::new(),
    }
}

fn map_secrets(value: &Value, is_secret: bool, masked: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::Object(map) => {
            let inner = map.iter().map(|(key, value)| {
                let is_secret = is_secret || is_secret_name(key) || ALL_SECRET.contains(&key.as_str());
                (key.clone(), map_secrets(value, is_secret, masked))
            });
            Value::Object(inner.collect())
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| map_secrets(item, is_secret, masked)).collect())
        }
        Value::String(text) if is_secret => Value::String(masked(text)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Returns whether what is called `name`, a key or a header, is usually secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = ["key", "token", "secret", "password", "auth", "credential", "cookie"];
    words.iter().any(|word| name.contains(word))
}

/// Shows a text only where all of it but references, blanks and a scheme's name is nothing.
fn masked_text(text: &str) -> String {
    let named = references(text);
    let rest = fill_secrets(text, |_| Some(""));
    let is_shown = !named.is_empty() && matches!(rest.trim(), "" | "Bearer" | "Basic" | "Token");
    if is_shown || text.is_empty() { text.to_owned() } else { MASK.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_filled_and_everything_else_stays() {
        let filled =
            fill_secrets("a ${secrets.ONE}${ secrets.TWO } ${input.x} ${secrets.", |name| match name {
                "ONE" => Some("1"),
                _ => None,
            });

        assert_eq!(filled, "a 1${ secrets.TWO } ${input.x} ${secrets.");
        assert_eq!(secret_names("${secrets.A_1} ${secrets.B}${secrets.A_1}"), ["A_1", "B"]);
        assert_eq!(secret_names("${secrets.} ${secrets.a-b} ${secrets.ä} ${x ${secrets.C}"), ["C"]);
    }

    #[test]
    fn a_text_that_names_no_secret_is_one() {
        assert_eq!(SecretText::new("sk-1".into()).literal(), Some("sk-1"));
        assert_eq!(SecretText::new("Bearer ${secrets.KEY}".into()).literal(), None);
    }

    #[test]
    fn a_value_that_looks_like_a_reference_is_not_filled_again() {
        let filled = fill_secrets("${secrets.A}", |_| Some("${secrets.B}"));

        assert_eq!(filled, "${secrets.B}");
    }

    #[test]
    fn literals_are_masked_and_references_are_shown() {
        let config = json!({ "model": "m", "api_key": "sk-1", "headers": {
            "authorization": "Bearer ${secrets.KEY}", "x-custom": "half ${secrets.KEY}" } });

        let shown = masked(&config);

        assert_eq!(
            shown,
            json!({ "model": "m", "api_key": MASK, "headers": {
                "authorization": "Bearer ${secrets.KEY}", "x-custom": MASK } })
        );
    }

    #[test]
    fn every_usual_name_of_a_secret_is_masked_wherever_it_is() {
        let secret = ["apiKey", "x-KEY", "access_token", "client_secret", "Password", "authorization"];
        for name in
            secret.into_iter().chain(["credentials", "Cookie", "headers", "extra_headers", "extra_query"])
        {
            for held in [json!("canary"), json!(["canary"]), json!({ "a": { "b": ["canary"] } })] {
                let shown = masked(&json!({ "extra_body": [{ name: held }] })).to_string();

                assert!(shown.contains(MASK) && !shown.contains("canary"), "{shown}");
            }
        }
        let plain = json!({ "model": "m", "extra_body": { "seed": 1, "stop": ["x"] }, "url": "u" });
        assert_eq!(masked(&plain), plain);
    }

    #[test]
    fn a_text_is_shown_only_if_nothing_of_it_can_be_secret() {
        for shown in ["", "${secrets.A}", "Bearer ${secrets.A}", "Basic ${secrets.A}", "Token ${ secrets.A }"]
        {
            assert_eq!(masked_text(shown), shown);
        }
        for secret in ["canary", "Bearer", "Bearer canary", "canary ${secrets.A}", "${secrets.A}canary", " "]
        {
            assert_eq!(masked_text(secret), MASK);
            assert!(!format!("{:?}", SecretText::new(secret.to_owned())).contains("canary"));
        }
    }

    #[test]
    fn a_mask_sent_back_keeps_what_is_stored() {
        let stored = json!({ "api_key": "sk-1", "headers": { "x": "1" }, "model": "m" });
        let mut edited = json!({ "api_key": MASK, "headers": { "x": "2", "y": MASK }, "model": "n" });

        unmask(&mut edited, &stored);

        assert_eq!(edited, json!({ "api_key": "sk-1", "headers": { "x": "2", "y": MASK }, "model": "n" }));
    }

    #[test]
    fn the_masks_of_stored_secrets_are_found() {
        let stored = json!({ "api_key": "sk-1", "headers": { "a/b": "1", "c": "${secrets.C}", "d": "1" } });
        let edited = json!({ "api_key": MASK, "model": MASK,
            "headers": { "a/b": MASK, "c": MASK, "d": "2", "e": MASK } });

        assert_eq!(masks(&edited, &stored, "/config"), ["/config/api_key", "/config/headers/a~1b"]);
    }
}
