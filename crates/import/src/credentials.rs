//! Credentials in a file: they are taken out before anything else reads it.
//!
//! In the place of each is a mark with the name of a secret, `[left out: NAME]`. Where a document may use a secret, the mark becomes
//! `${secrets.NAME}`; anywhere else, what has the mark fails by name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use crate::read::pointer_part;
use crate::text;

/// How the name of a key ends whose value is a credential, without `-`, `_` and spaces.
const SECRET_KEYS: [&str; 11] = [
    "authorization",
    "apikey",
    "secret",
    "token",
    "password",
    "passwd",
    "accesskey",
    "secretkey",
    "privatekey",
    "cookie",
    "accesstoken",
];
/// Keys that end so and are none.
const OTHER_KEYS: [&str; 10] = [
    "nexttoken",
    "pagetoken",
    "tasktoken",
    "clienttoken",
    "clientrequesttoken",
    "idempotencytoken",
    "executiontoken",
    "continuationtoken",
    "edittoken",
    "starttoken",
];
/// Data of runs that an export of n8n has beside the flow, which nothing here reads.
const UNREAD: [&str; 2] = ["pinData", "staticData"];
/// Credentials by their form, wherever they are.
const FORMS: &str = r#"(?x)
    sk-[A-Za-z0-9_-]{20,} | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,} | glpat-[A-Za-z0-9_-]{20,}
    | xox[abeprs]-[A-Za-z0-9-]{10,} | AKIA[0-9A-Z]{16} | AIza[0-9A-Za-z_-]{30,} | hf_[A-Za-z0-9]{20,} | tvly-[A-Za-z0-9-]{20,}
    | apify_api_[A-Za-z0-9]{20,} | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,} | \b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}
    | eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}
    | -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----[^-]*(-----END\ [A-Z\ ]*PRIVATE\ KEY-----)?
    | hooks\.slack\.com/services/[A-Za-z0-9/]{20,}
    | (?P<scheme>(?i:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{16,}
    | (?P<user>://)[^/\s:@{}$]+:[^/\s:@{}$]+(?P<at>@)
    | (?P<query>[?&](?i:api[-_]?key|access_token|auth_token|token|key|secret|password|appid)=)[^&\s{}$"'<>\[\]]{6,}
"#;

static BY_FORM: LazyLock<Regex> = LazyLock::new(|| Regex::new(FORMS).expect("the pattern is constant"));
static MARK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[left out: ([A-Z0-9_]+)\]").expect("the pattern is constant"));

/// A file without its credentials.
pub(crate) struct Scrubbed {
    pub(crate) value: Value,
    pub(crate) found: Vec<Found>,
}

/// A credential that was in the file.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Where.
    pub(crate) pointer: String,
}

/// Takes the credentials out of `file`.
pub(crate) fn scrub(mut file: Value) -> Scrubbed {
    let mut scrubber = Scrubber::default();
    if let Some(fields) = file.as_object_mut() {
        for key in UNREAD {
            fields.shift_remove(key);
        }
    }
    let value = scrubber.value(file, None, &mut String::new());
    Scrubbed { value, found: scrubber.found }
}

/// Returns `text` with a reference to a secret for each mark, and the names of these secrets.
pub(crate) fn with_secrets(text: &str) -> (String, Vec<String>) {
    let mut names = Vec::new();
    let out = MARK.replace_all(text, |found: &Captures<'_>| {
        names.push(found[1].to_owned());
        format!("${{secrets.{}}}", &found[1])
    });
    (out.into_owned(), names)
}

/// Returns whether a credential was left out of `text`.
pub(crate) fn has_mark(text: &str) -> bool {
    MARK.is_match(text)
}

/// Returns whether the value of `key` is a credential.
pub(crate) fn is_secret_key(key: &str) -> bool {
    let plain: String =
        key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SECRET_KEYS.iter().any(|end| plain.ends_with(end)) && !OTHER_KEYS.contains(&plain.as_str())
}

#[derive(Default)]
struct Scrubber {
    /// The secret of each credential.
    names: BTreeMap<String, String>,
    found: Vec<Found>,
}

impl Scrubber {
    fn value(&mut self, value: Value, key: Option<&str>, pointer: &mut String) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text, key, pointer)),
            Value::Array(items) => {
                let entries = items.into_iter().enumerate();
                let entries = entries.map(|(at, item)| self.below(item, key, &at.to_string(), pointer));
                entries.collect()
            }
            Value::Object(fields) => {
                // A pair is a header or a parameter: `{"name": "Authorization", "value": "…"}`.
                let named =
                    ["name", "key"].iter().find_map(|key| fields.get(*key)?.as_str()).map(str::to_owned);
                let entries = fields.into_iter().map(|(key, value)| {
                    let meant = if key == "value" { named.as_deref().unwrap_or(&key) } else { &key };
                    let value = self.below(value, Some(meant), &pointer_part(&key), pointer);
                    (key, value)
                });
                Value::Object(entries.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }

    fn below(&mut self, value: Value, key: Option<&str>, part: &str, pointer: &mut String) -> Value {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(part);
        let value = self.value(value, key, pointer);
        pointer.truncate(length);
        value
    }

    fn text(&mut self, text: String, key: Option<&str>, pointer: &str) -> String {
        let mut text = text;
        if matches!(key, Some("headers" | "params")) && text.contains(':') {
            let lines: Vec<String> = text.split('\n').map(|line| self.line(line, pointer)).collect();
            text = lines.join("\n");
        }
        let is_secret = key.is_some_and(is_secret_key);
        if is_secret && is_literal(&text) {
            return self.credential(&text, key.unwrap_or_default(), pointer);
        }
        if !BY_FORM.is_match(&text) {
            return text;
        }
        let key = key.filter(|_| is_secret).unwrap_or("credential").to_owned();
        let replaced = BY_FORM.replace_all(&text, |found: &Captures<'_>| {
            let group = |name: &str| found.name(name).map_or("", |found| found.as_str());
            let (before, behind) =
                (format!("{}{}{}", group("scheme"), group("user"), group("query")), group("at"));
            let value = &found[0][before.len()..found[0].len() - behind.len()];
            let name = self.named(value, &key, pointer);
            // In the place of a user and a password, nothing is left that could be a part of the host.
            if behind.is_empty() { format!("{before}[left out: {name}]") } else { before }
        });
        replaced.into_owned()
    }

    /// Reads one line of headers or parameters, `NAME: VALUE`.
    fn line(&mut self, line: &str, pointer: &str) -> String {
        match line.split_once(':') {
            Some((name, value)) if is_secret_key(name) && is_literal(value.trim()) => {
                format!("{name}:{}", self.credential(value.trim(), name, pointer))
            }
            Some(_) | None => line.to_owned(),
        }
    }

    fn credential(&mut self, text: &str, key: &str, pointer: &str) -> String {
        let scheme = ["Bearer ", "Basic ", "Token ", "bearer ", "basic "]
            .iter()
            .find(|scheme| text.starts_with(*scheme));
        let (scheme, value) = text.split_at(scheme.map_or(0, |scheme| scheme.len()));
        format!("{scheme}[left out: {}]", self.named(value, key, pointer))
    }

    fn named(&mut self, value: &str, key: &str, pointer: &str) -> String {
        if !is_example(value) {
            self.found.push(Found { pointer: pointer.to_owned() });
        }
        if let Some(name) = self.names.get(value) {
            return name.clone();
        }
        let base = text::secret(key);
        let taken = self
            .names
            .values()
            .filter(|name| **name == base || name.starts_with(&format!("{base}_")))
            .count();
        let name = if taken == 0 { base } else { format!("{base}_{}", taken + 1) };
        self.names.insert(value.to_owned(), name.clone());
        name
    }
}

/// Returns whether a text is a value itself and no expression, reference or word of a setting.
fn is_literal(text: &str) -> bool {
    let is_reference =
        text.starts_with(['=', '$']) || text.starts_with("arn:") || text.starts_with("[left out: ");
    !text.trim().is_empty()
        && !is_reference
        && !text.contains("{{")
        && !text.contains("${")
        && !text.contains("{%")
}

/// Returns whether a text stands for a credential in an example and is none.
fn is_example(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_variable = text.starts_with(['$', '%']);
    is_variable
        || ["your", "xxx", "<", "***", "example", "placeholder", "replace", "enter ", "insert", "here", "..."]
            .iter()
            .any(|part| lower.contains(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_are_taken_out_wherever_they_are() {
        let file = json!({
            "headers": { "parameters": [{ "name": "Authorization", "value": "Bearer abc123" }, { "name": "X", "value": "y" }] },
            "lines": { "headers": "X-API-Key: k-1\nAccept: text/html" },
            "url": "https://api.example.com/v1?key=0123456789&q=a",
            "code": "const key = 'sk-aaaaaaaaaaaaaaaaaaaaaaaa';",
            "user": "https://ann:pw@example.com/x",
            "password": "={{ $json.password }}",
            "maxTokens": 5, "nextToken": "abc",
            "pinData": { "token": "t" },
        });

        let Scrubbed { value, found } = scrub(file);

        let text = value.to_string();
        for gone in ["abc123", "k-1", "0123456789", "sk-aaa", "ann:pw"] {
            assert!(!text.contains(gone), "{gone}: {text}");
        }
        assert_eq!(value["headers"]["parameters"][0]["value"], "Bearer [left out: AUTHORIZATION]");
        assert_eq!(value["lines"]["headers"], "X-API-Key:[left out: X_API_KEY]\nAccept: text/html");
        assert_eq!(value["user"], "https://example.com/x");
        assert_eq!(value["password"], "={{ $json.password }}");
        assert_eq!(value["nextToken"], "abc");
        assert_eq!(found.len(), 5);
        assert_eq!(with_secrets("Bearer [left out: A_B]").0, "Bearer ${secrets.A_B}");
    }
}
