//! What a call of a webhook gives to its flow.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Method, Uri, header};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use steadflow_core::agent::is_secret_name;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::webhook::Webhook;

use crate::json;
use crate::problem::{Problem, ProblemKind};

/// A call that was verified.
pub(crate) struct Incoming<'c> {
    pub(crate) method: &'c Method,
    pub(crate) uri: &'c Uri,
    pub(crate) headers: &'c HeaderMap,
    pub(crate) body: &'c Bytes,
    pub(crate) received_at: Timestamp,
}

/// Trigger data as flows see it. Nothing of the body is beside `body`.
#[derive(Serialize)]
struct TriggerData {
    body: Payload,
    headers: BTreeMap<String, String>,
    query: BTreeMap<String, OneOrMany>,
    method: String,
    received_at: String,
}

/// The value of a field, or all where there are several.
#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn add(&mut self, value: String) {
        match self {
            Self::One(first) => *self = Self::Many(vec![std::mem::take(first), value]),
            Self::Many(all) => all.push(value),
        }
    }
}

impl Incoming<'_> {
    /// Returns the trigger data.
    ///
    /// # Errors
    /// [`ProblemKind::UnsupportedMediaType`] or what is wrong with the body or the query.
    pub(crate) fn trigger_data(&self, webhook: &Webhook) -> Result<Payload, Problem> {
        let query = self.uri.query().unwrap_or_default();
        let data = TriggerData {
            body: self.body()?,
            headers: self.headers(webhook),
            query: fields(query).ok_or_else(|| {
                Problem::new(ProblemKind::InvalidParameter, "The query is not text in UTF-8.")
            })?,
            method: self.method.to_string(),
            received_at: self.received_at.to_string(),
        };
        Ok(as_payload(&data))
    }

    fn body(&self) -> Result<Payload, Problem> {
        let media_type = media_type(self.headers)?;
        if self.body.is_empty() {
            return Ok(Payload::null());
        }
        let text = || {
            let text = std::str::from_utf8(self.body);
            text.map_err(|_| Problem::new(ProblemKind::InvalidBody, "The body is not text in UTF-8."))
        };
        match media_type {
            MediaType::Json => json::parse(self.body),
            MediaType::Form => match fields(text()?) {
                Some(fields) => Ok(as_payload(&fields)),
                None => Err(Problem::new(
                    ProblemKind::InvalidBody,
                    "The fields of the form are not text in UTF-8.",
                )),
            },
            MediaType::Text => Ok(as_payload(&text()?)),
        }
    }

    /// The headers in lower case, without what proves who has sent it.
    fn headers(&self, webhook: &Webhook) -> BTreeMap<String, String> {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in self.headers {
            if is_secret_name(name.as_str()) || webhook.is_proof(name.as_str()) {
                continue;
            }
            let value = String::from_utf8_lossy(value.as_bytes());
            headers
                .entry(name.as_str().to_owned())
                .and_modify(|all| {
                    all.push_str(", ");
                    all.push_str(&value);
                })
                .or_insert_with(|| value.clone().into_owned());
        }
        headers
    }
}

/// Returns what Slack wants to be sent back, if it asks whether this is its webhook.
pub(crate) fn challenge(body: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    struct Challenge {
        r#type: String,
        challenge: String,
    }
    let challenge: Challenge = serde_json::from_slice(body).ok()?;
    (challenge.r#type == "url_verification").then_some(challenge.challenge)
}

fn as_payload(data: &impl Serialize) -> Payload {
    let raw = serde_json::value::to_raw_value(data).expect("it has string keys, so it can be written");
    Payload::from_raw(raw)
}

#[derive(Clone, Copy)]
enum MediaType {
    Json,
    Form,
    Text,
}

/// Returns what a body is declared as. One that is declared as nothing is JSON.
fn media_type(headers: &HeaderMap) -> Result<MediaType, Problem> {
    let refused = || {
        let detail = "Send the body as JSON, as a form (`application/x-www-form-urlencoded`) or as text, in UTF-8 and not compressed, with \
                      one header Content-Type.";
        Problem::new(ProblemKind::UnsupportedMediaType, detail)
    };
    let mut declared = headers.get_all(header::CONTENT_TYPE).iter();
    let (first, None) = (declared.next(), declared.next()) else { return Err(refused()) };
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(refused());
    }
    let Some(first) = first else { return Ok(MediaType::Json) };
    let text = first.to_str().map_err(|_| refused())?.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let charset = parts.find_map(|part| part.strip_prefix("charset="));
    if charset.is_some_and(|charset| !matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii")) {
        return Err(refused());
    }
    match essence {
        "application/json" => Ok(MediaType::Json),
        "application/x-www-form-urlencoded" => Ok(MediaType::Form),
        _ if essence.starts_with("application/") && essence.ends_with("+json") => Ok(MediaType::Json),
        _ if essence.starts_with("text/") => Ok(MediaType::Text),
        _ => Err(refused()),
    }
}

/// Reads a query or a form; `None` where it is no text in UTF-8.
fn fields(text: &str) -> Option<BTreeMap<String, OneOrMany>> {
    let decoded = |part: &str| {
        let part = part.replace('+', " ");
        percent_decode_str(&part).decode_utf8().map(std::borrow::Cow::into_owned).ok()
    };
    let mut fields = BTreeMap::<String, OneOrMany>::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        match fields.entry(name) {
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(value),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(OneOrMany::One(value));
            }
        }
    }
    Some(fields)
}
