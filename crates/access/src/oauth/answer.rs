//! What a token endpoint answers, read strictly: what is not a token of a kind that we know is an error that says why.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// A lifetime that is longer is this long.
const LIFETIME_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);
/// The longest token.
const TOKEN_BYTES_MAX: usize = 32 * 1024;
/// The longest name of an error.
const CODE_CHARS_MAX: usize = 64;

/// What was obtained. `Debug` hides it.
#[derive(PartialEq, Eq)]
pub(super) struct Obtained {
    pub(super) access_token: Zeroizing<String>,
    pub(super) refresh_token: Option<Zeroizing<String>>,
    /// How long the access token can be used, if that is said.
    pub(super) lifetime: Option<Duration>,
}

impl fmt::Debug for Obtained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Obtained").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// Why nothing was obtained.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The endpoint says so (RFC 6749, 5.2): its name for it, and what it says about it.
    Refused { code: String, description: Option<String> },
    /// It may be another time: HTTP 408, 425, 429 and 5xx, and errors that say so.
    Later,
    /// The answer is no answer of a token endpoint: the rest of a sentence that begins with who has answered.
    Unreadable(String),
}

/// Reads an answer.
pub(super) fn read(status: u16, content_type: &str, body: &[u8]) -> Result<Obtained, Fault> {
    let fields = fields(content_type, body);
    let code = fields.as_ref().and_then(code_of);
    if matches!(status, 408 | 425 | 429 | 500..=599) || code.as_deref().is_some_and(is_passing) {
        return Err(Fault::Later);
    }
    if let (Some(code), Some(fields)) = (code, &fields) {
        return Err(Fault::Refused { code, description: description_of(fields) });
    }
    if !(200..=299).contains(&status) {
        let redirect = if (300..=399).contains(&status) { ", a redirect, which is not followed" } else { "" };
        return Err(Fault::Unreadable(format!("answered with HTTP {status}{redirect}")));
    }
    let Some(fields) = fields else {
        let kind = if content_type.is_empty() { "no content type" } else { content_type };
        return Err(Fault::Unreadable(format!("answered with {kind}, and not with a JSON object")));
    };
    obtained(&fields)
}

fn obtained(fields: &Map<String, Value>) -> Result<Obtained, Fault> {
    let unreadable = |message: &str| Fault::Unreadable(message.to_owned());
    let Some(access_token) = token(fields, "access_token") else {
        return Err(unreadable(
            "answered without an `access_token` of visible ASCII characters, and without an `error`",
        ));
    };
    match fields.get("token_type") {
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(Value::String(kind)) => {
            let name: String =
                kind.chars().filter(char::is_ascii_alphanumeric).take(CODE_CHARS_MAX).collect();
            let message = format!("answered with the `token_type` `{name}`, and only `Bearer` is supported");
            return Err(Fault::Unreadable(message));
        }
        Some(_) | None => return Err(unreadable("answered without a `token_type`, which must be `Bearer`")),
    }
    let refresh_token = token(fields, "refresh_token");
    Ok(Obtained { access_token, refresh_token, lifetime: fields.get("expires_in").and_then(lifetime) })
}

/// Returns the fields of an answer. Some servers answer as forms, whatever was asked for.
fn fields(content_type: &str, body: &[u8]) -> Option<Map<String, Value>> {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return match value {
            Value::Object(fields) => Some(fields),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        };
    }
    let is_form = matches!(content_type, "application/x-www-form-urlencoded" | "text/plain" | "");
    let pairs = is_form.then(|| url::form_urlencoded::parse(body));
    let fields: Map<String, Value> =
        pairs?.map(|(name, value)| (name.into(), value.as_ref().into())).collect();
    (fields.contains_key("access_token") || fields.contains_key("error")).then_some(fields)
}

/// Returns the name of the error that an answer is.
fn code_of(fields: &Map<String, Value>) -> Option<String> {
    let text = match fields.get("error") {
        None | Some(Value::Null | Value::Bool(false)) => {
            let is_refused = matches!(fields.get("ok"), Some(Value::Bool(false)));
            return is_refused.then(|| "unknown_error".to_owned());
        }
        Some(Value::String(code)) => code.as_str(),
        // As some services answer all errors.
        Some(Value::Object(error)) => {
            let named = ["status", "type", "code"].iter().find_map(|key| error.get(*key)?.as_str());
            named.unwrap_or("unknown_error")
        }
        Some(Value::Bool(true) | Value::Number(_) | Value::Array(_)) => "unknown_error",
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_code = !text.is_empty() && text.len() <= CODE_CHARS_MAX && text.chars().all(is_name);
    Some(if is_code && !holds_token(text, fields) { text.to_owned() } else { "unknown_error".to_owned() })
}

/// Returns whether an error may pass by itself.
fn is_passing(code: &str) -> bool {
    matches!(code, "temporarily_unavailable" | "server_error" | "slow_down")
}

/// Returns what an answer says about its error, unless it repeats a token.
fn description_of(fields: &Map<String, Value>) -> Option<String> {
    let of_error = fields.get("error").and_then(|error| error.get("message"));
    let said = fields.get("error_description").or(of_error)?.as_str()?.trim();
    (!said.is_empty() && !holds_token(said, fields)).then(|| said.to_owned())
}

/// Returns whether a text repeats a token of its answer.
fn holds_token(text: &str, fields: &Map<String, Value>) -> bool {
    let tokens = ["access_token", "refresh_token", "id_token"];
    tokens
        .iter()
        .filter_map(|key| fields.get(*key)?.as_str())
        .any(|token| !token.is_empty() && text.contains(token))
}

/// Returns a token that can be sent in a header.
fn token(fields: &Map<String, Value>, key: &str) -> Option<Zeroizing<String>> {
    let text = fields.get(key)?.as_str()?;
    let is_token =
        (1..=TOKEN_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_token.then(|| Zeroizing::new(text.to_owned()))
}

/// Reads a number of seconds, which some servers send as a text. What is none, or is over already, says nothing.
fn lifetime(value: &Value) -> Option<Duration> {
    let seconds: f64 = match value {
        Value::Number(number) => number.to_string().parse().ok()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let lifetime = Duration::try_from_secs_f64(seconds).ok().filter(|lifetime| lifetime.as_secs() > 0);
    lifetime.map(|lifetime| lifetime.min(LIFETIME_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";

    fn read_json(body: &str) -> Result<Obtained, Fault> {
        read(200, JSON, body.as_bytes())
    }

    fn refused(code: &str, description: Option<&str>) -> Fault {
        Fault::Refused { code: code.to_owned(), description: description.map(str::to_owned) }
    }

    #[test]
    fn a_token_is_read_with_its_lifetime_in_every_spelling() {
        for (expires_in, seconds) in [
            ("3600", Some(3_600)),
            ("\"3600\"", Some(3_600)),
            ("3599.5", Some(3_599)),
            ("\" 60 \"", Some(60)),
            ("1e99", None),
            ("99999999999", Some(LIFETIME_MAX.as_secs())),
            ("0", None),
            ("-1", None),
            ("\"soon\"", None),
            ("null", None),
        ] {
            let body = format!(
                r#"{{"access_token":"a.b-c","token_type":"bearer","expires_in":{expires_in},"refresh_token":"r"}}"#
            );
            let obtained = read_json(&body).unwrap();

            assert_eq!(obtained.lifetime.map(|lifetime| lifetime.as_secs()), seconds, "{expires_in}");
            assert_eq!(obtained.access_token.as_str(), "a.b-c");
            assert_eq!(obtained.refresh_token.as_deref().map(String::as_str), Some("r"));
        }
        let form = read(200, FORM, b"access_token=gho_1&scope=repo%2Cgist&token_type=bearer").unwrap();
        assert_eq!((form.access_token.as_str(), form.lifetime), ("gho_1", None));
    }

    #[test]
    fn an_error_is_one_whatever_the_status_is() {
        for (status, kind, body, expected) in [
            (400, JSON, r#"{"error":"invalid_grant"}"#, refused("invalid_grant", None)),
            (
                200,
                FORM,
                "error=bad_verification_code&error_description=The+code+is+incorrect+or+expired.",
                refused("bad_verification_code", Some("The code is incorrect or expired.")),
            ),
            (
                200,
                JSON,
                r#"{"ok":false,"error":"invalid_refresh_token"}"#,
                refused("invalid_refresh_token", None),
            ),
            (200, JSON, r#"{"ok":false}"#, refused("unknown_error", None)),
            (
                401,
                JSON,
                r#"{"error":{"code":401,"status":"UNAUTHENTICATED","message":"No."}}"#,
                refused("UNAUTHENTICATED", Some("No.")),
            ),
            (400, JSON, r#"{"error":"a sentence"}"#, refused("unknown_error", None)),
            (
                200,
                JSON,
                r#"{"error":"x","error_description":"token canary","access_token":"canary"}"#,
                refused("x", None),
            ),
            (200, JSON, r#"{"error":"canary","access_token":"canary"}"#, refused("unknown_error", None)),
        ] {
            assert_eq!(read(status, kind, body.as_bytes()), Err(expected), "{body}");
        }
    }

    #[test]
    fn what_may_pass_is_not_an_error_of_the_configuration() {
        for (status, body) in [
            (429, ""),
            (503, "<html>"),
            (500, r#"{"error":"invalid_grant"}"#),
            (400, r#"{"error":"temporarily_unavailable"}"#),
            (400, r#"{"error":"slow_down"}"#),
        ] {
            assert_eq!(read(status, JSON, body.as_bytes()), Err(Fault::Later), "{status} {body}");
        }
    }

    #[test]
    fn what_is_no_answer_of_a_token_endpoint_is_named() {
        for (status, kind, body, said) in [
            (200, "text/html", "<html>Sign in</html>", "with text/html, and not with a JSON object"),
            (200, JSON, "[]", "not with a JSON object"),
            (200, "", "", "with no content type"),
            (302, "text/html", "", "HTTP 302, a redirect, which is not followed"),
            (404, "text/html", "<html>", "HTTP 404"),
            (200, JSON, r#"{"access_token":"canary"}"#, "without a `token_type`"),
            (200, JSON, r#"{"access_token":"canary","token_type":7}"#, "without a `token_type`"),
            (200, JSON, r#"{"access_token":"canary","token_type":"mac"}"#, "`token_type` `mac`"),
            (200, JSON, r#"{"token_type":"Bearer"}"#, "without an `access_token`"),
            (200, JSON, r#"{"token_type":"Bearer","access_token":""}"#, "without an `access_token`"),
            (200, JSON, "{\"token_type\":\"Bearer\",\"access_token\":\"canary\\n\"}", "visible ASCII"),
            (200, JSON, r#"{"token_type":"Bearer","access_token":["canary"]}"#, "without an `access_token`"),
        ] {
            let Err(Fault::Unreadable(message)) = read(status, kind, body.as_bytes()) else {
                panic!("{body} was read");
            };

            assert!(message.contains(said) && !message.contains("canary"), "{message}");
        }
    }
}
