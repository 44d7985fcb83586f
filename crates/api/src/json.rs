//! Request bodies: JSON and nothing else, of bounded size, depth and time, read strictly.
//!
//! A body is read in two passes. The first knows no types and refuses what no endpoint can mean: what
//! [`json::check`] refuses, and repeated keys. The second reads the endpoint's own type; what that type keeps as a
//! payload stays the text that came in.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use steadflow_core::flow::Faults;
use steadflow_core::json::{self, RepeatedKeys};
use steadflow_core::template::pointer_token;

use crate::app::App;
use crate::problem::{Problem, ProblemKind};

/// How long a body may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// A body that must be there.
#[derive(Debug)]
pub(crate) struct Json<T> {
    pub(crate) value: T,
}

/// A body that may be left out: `T::default()` then.
#[derive(Debug)]
pub(crate) struct OptionalJson<T> {
    pub(crate) value: T,
    /// As it came in, for hashing.
    pub(crate) bytes: Bytes,
}

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let bytes = read(request, app.body_bytes_max()).await?;
        Ok(Self { value: parse(&bytes)? })
    }
}

impl<T: DeserializeOwned + Default> FromRequest<App> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let is_undeclared = !request.headers().contains_key(header::CONTENT_TYPE);
        if is_undeclared && has_no_body(&request) {
            return Ok(Self { value: T::default(), bytes: Bytes::new() });
        }
        let bytes = read(request, app.body_bytes_max()).await?;
        let value = if bytes.is_empty() { T::default() } else { parse(&bytes)? };
        Ok(Self { value, bytes })
    }
}

fn has_no_body(request: &Request) -> bool {
    axum::body::HttpBody::is_end_stream(request.body())
}

async fn read(request: Request, bytes_max: usize) -> Result<Bytes, Problem> {
    check_media_type(request.headers())?;
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > bytes_max as u64) {
        return Err(too_large(bytes_max));
    }
    let collected = tokio::time::timeout(BODY_TIME_MAX, collect(request.into_body(), bytes_max)).await;
    collected.unwrap_or_else(|_| {
        let seconds = BODY_TIME_MAX.as_secs();
        Err(Problem::new(
            ProblemKind::BodyTooSlow,
            format!("The body did not arrive within {seconds} seconds."),
        ))
    })
}

async fn collect(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut chunks = body.into_data_stream();
    let mut whole: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk
            .map_err(|_| Problem::new(ProblemKind::InvalidBody, "The body broke off before its end."))?;
        let length = whole.as_ref().map_or(rest.len(), Bytes::len) + chunk.len();
        if length > bytes_max {
            return Err(too_large(bytes_max));
        }
        // Nearly every body is one chunk, which need not be copied.
        if whole.is_none() && rest.is_empty() {
            whole = Some(chunk);
        } else {
            rest.extend_from_slice(&whole.take().unwrap_or_default());
            rest.extend_from_slice(&chunk);
        }
    }
    Ok(whole.unwrap_or_else(|| rest.freeze()))
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::new(
        ProblemKind::BodyTooLarge,
        format!("The body is larger than the limit of {bytes_max} bytes."),
    )
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail: &'static str| Err(Problem::new(ProblemKind::UnsupportedMediaType, detail));
    if headers.contains_key(header::CONTENT_ENCODING) {
        return refuse("Compressed bodies are not taken: send the JSON as it is, without Content-Encoding.");
    }
    let mut declared = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(first), None) = (declared.next(), declared.next()) else {
        return refuse("Send the body as JSON, with exactly one header `Content-Type: application/json`.");
    };
    let essence = first.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        refuse("Send the body as JSON, with the header `Content-Type: application/json`.")
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
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
