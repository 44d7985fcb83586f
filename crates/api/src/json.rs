//! Request bodies: JSON and nothing else, of bounded size, depth and time, read strictly.
//!
//! A body is read in two passes. The first knows no types and refuses what no endpoint can mean: what
//! [`json::check`] refuses, and repeated keys. The second reads the endpoint's own type; what that type keeps as a
//! payload stays the text that came in.

use axum::extract::{FromRequest, Request};
use axum::http::header;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use steadflow_core::flow::Faults;
use steadflow_core::json::{self, RepeatedKeys};
use steadflow_core::template::pointer_token;
use steadflow_runtime::RequestKey;

use crate::app::App;
use crate::body;
use crate::body_memory::Taken;
use crate::idempotency::IdempotencyKey;
use crate::problem::{Problem, ProblemKind};

/// How often the text of a body is in memory where it becomes values: a number takes two bytes as text and fifty as a value.
const COPIES_AS_VALUES: usize = 32;
/// Values in a body that becomes values. A small one takes many times as much memory as its text.
const VALUES_MAX: usize = 500_000;
/// The same where most of it stays text.
const COPIES_AS_TEXT: usize = 4;

/// A body that must be there.
#[derive(Debug)]
pub(crate) struct Json<T> {
    pub(crate) value: T,
    _memory: Taken,
}

/// A body that must be there, bound to the request's key, and most of which stays text.
#[derive(Debug)]
pub(crate) struct KeyedJson<T> {
    value: T,
    /// As it came in, for hashing.
    bytes: Bytes,
    _memory: Taken,
}

/// A body that may be left out: `T::default()` then.
#[derive(Debug)]
pub(crate) struct OptionalJson<T> {
    pub(crate) value: T,
    /// As it came in, for hashing.
    bytes: Bytes,
    _memory: Taken,
}

impl<T> KeyedJson<T> {
    /// Returns the value, with the request's key bound to the body.
    pub(crate) fn keyed(self, key: IdempotencyKey) -> (T, Option<RequestKey>) {
        (self.value, key.with_body(&self.bytes))
    }
}

impl<T: DeserializeOwned> FromRequest<App> for KeyedJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (bytes, memory) = body::read(request, app, COPIES_AS_TEXT).await?;
        Ok(Self { value: parse(&bytes)?, bytes, _memory: memory })
    }
}

impl<T> OptionalJson<T> {
    /// Returns the value, with the request's key bound to the body. The memory of the body is then free, as the answer may
    /// take a minute.
    pub(crate) fn keyed(self, key: IdempotencyKey) -> (T, Option<RequestKey>) {
        (self.value, key.with_body(&self.bytes))
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (bytes, memory) = body::read(request, app, COPIES_AS_VALUES).await?;
        check_values(&bytes)?;
        Ok(Self { value: parse(&bytes)?, _memory: memory })
    }
}

impl<T: DeserializeOwned + Default> FromRequest<App> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let is_undeclared = !request.headers().contains_key(header::CONTENT_TYPE);
        if is_undeclared && has_no_body(&request) {
            return Ok(Self { value: T::default(), bytes: Bytes::new(), _memory: None });
        }
        let (bytes, memory) = body::read(request, app, COPIES_AS_TEXT).await?;
        let value = if bytes.is_empty() { T::default() } else { parse(&bytes)? };
        Ok(Self { value, bytes, _memory: memory })
    }
}

fn has_no_body(request: &Request) -> bool {
    axum::body::HttpBody::is_end_stream(request.body())
}

fn check_values(bytes: &[u8]) -> Result<(), Problem> {
    if values_in(bytes) <= VALUES_MAX {
        return Ok(());
    }
    let detail = format!(
        "The body consists of more than {VALUES_MAX} values, more than are worked on at once. Send fewer, or make one \
         string of many."
    );
    Err(Problem::new(ProblemKind::BodyTooLarge, detail))
}

/// Returns how many values there are in a JSON text, a little more with empty lists and objects: each comes after a bracket
/// or a comma.
fn values_in(json: &[u8]) -> usize {
    let (mut values, mut is_string, mut is_escaped) = (1, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_string,
            b'"' => is_string = !is_string,
            b',' | b'[' | b'{' if !is_string => values += 1,
            _ => {}
        }
    }
    values
}

/// Reads a body that is JSON.
///
/// # Errors
/// [`ProblemKind::InvalidJson`] or [`ProblemKind::InvalidBody`].
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    json::check(bytes, RepeatedKeys::Refused).map_err(|error| {
        Problem::new(ProblemKind::InvalidJson, format!("The body cannot be read as JSON: {error}."))
    })?;
    serde_json::from_slice(bytes).map_err(|error| misfit::<T>(bytes, &error))
}

/// Returns the problem of a body that is JSON of another shape, with the place where it does not fit.
///
/// The place is found by reading the body again, so that bodies that fit pay nothing for it.
fn misfit<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Problem {
    let placed = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(bytes));
    let pointer = placed.err().map_or_else(String::new, |error| pointer_to(error.path()));
    let mut faults = Faults::default();
    faults.add(pointer, without_position(&error.to_string()));
    Problem::new(ProblemKind::InvalidBody, format!("The body does not fit: {error}."))
        .with_errors(faults.into_all())
}

fn pointer_to(path: &Path) -> String {
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => format!("{pointer}/{}", pointer_token(key)),
        Segment::Enum { variant } => format!("{pointer}/{variant}"),
        Segment::Unknown => pointer,
    })
}

/// Takes away where in the text it is: the pointer says that.
fn without_position(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn values_are_counted_and_their_number_is_bounded() {
        for (text, values) in
            [("1", 1), (r#"{"a":[1,2,{"b":3}],"c":"x,[{"}"#, 7), (r#"["a\"",",",1]"#, 4), ("[[],[]]", 5)]
        {
            assert_eq!(values_in(text.as_bytes()), values, "{text}");
        }
        let many = |values: usize| format!("[{}0]", "0,".repeat(values - 1)).into_bytes();
        assert!(check_values(&many(VALUES_MAX - 1)).is_ok());
        assert!(check_values(&vec![b'x'; 2 * VALUES_MAX + 9]).is_ok());
        let problem = check_values(&many(VALUES_MAX + 1)).unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::BodyTooLarge);
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(rename = "inner")]
        _inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "a/b")]
        _count: u32,
    }

    #[test]
    fn misfit_is_pointed_at() {
        let pointer = |body: &str| {
            let problem = parse::<Outer>(body.as_bytes()).expect_err("it does not fit");
            problem.errors()[0].pointer.clone()
        };

        assert_eq!(pointer(r#"{"inner":[{"a/b":1},{"a/b":"x"}]}"#), "/inner/1/a~1b");
        assert_eq!(pointer(r#"{"inner":[{"c":1}]}"#), "/inner/0/c");
        assert_eq!(pointer(r#"{"outer":1}"#), "/outer");
        assert_eq!(pointer("[]"), "");
    }
}
