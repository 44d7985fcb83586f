//! Reading request bodies: of bounded size and time, and all together of bounded memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use parking_lot::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

use crate::app::App;
use crate::body_memory::{BodyMemory, Taken};
use crate::client_address::ClientAddress;
use crate::problem::{Problem, ProblemKind};
use crate::webhooks;

/// How long a body may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// The same while others wait for the memory that it takes.
const BODY_TIME_SHORT: Duration = Duration::from_secs(2);
/// How often it is looked whether others wait.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A body that was read before its handler was called, or why it could not be.
type Read = Result<Whole, Problem>;

/// A whole body, with the memory of its text.
struct Whole {
    bytes: Bytes,
    _taken: Taken,
}

/// The body of a request in its extensions, for the one who asks first.
#[derive(Clone)]
struct Ahead(Arc<Mutex<Option<Read>>>);

/// Reads the body of a request before its handler is called, which then finds it there.
pub(crate) async fn read_ahead(request: Request, app: &App) -> Request {
    let (parts, body) = request.into_parts();
    let is_of_webhook =
        parts.extensions.get::<MatchedPath>().is_some_and(|path| path.as_str() == webhooks::PATH);
    let read =
        if is_of_webhook { arrive(&parts, body, app).await } else { arrive_as_json(&parts, body, app).await };
    let mut request = Request::from_parts(parts, Body::empty());
    request.extensions_mut().insert(Ahead(Arc::new(Mutex::new(Some(read)))));
    request
}

/// Returns the body of a request, which is JSON, and takes memory for what is made of it.
pub(crate) async fn read(request: Request, app: &App, copies: usize) -> Result<(Bytes, Taken), Problem> {
    let (mut parts, body) = request.into_parts();
    let whole = match taken_ahead(&mut parts) {
        Some(read) => read?,
        None => arrive_as_json(&parts, body, app).await?,
    };
    with_memory(whole, address_of(&parts.extensions), app, copies).await
}

/// Returns the body of a request whatever its media type is, and takes memory for what is made of it.
pub(crate) async fn read_any(
    parts: &mut Parts,
    body: Body,
    app: &App,
    copies: usize,
) -> Result<(Bytes, Taken), Problem> {
    let whole = match taken_ahead(parts) {
        Some(read) => read?,
        None => arrive(parts, body, app).await?,
    };
    with_memory(whole, address_of(&parts.extensions), app, copies).await
}

fn taken_ahead(parts: &mut Parts) -> Option<Read> {
    parts.extensions.remove::<Ahead>().and_then(|ahead| ahead.0.lock().take())
}

async fn with_memory(
    whole: Whole,
    address: ClientAddress,
    app: &App,
    copies: usize,
) -> Result<(Bytes, Taken), Problem> {
    let memory = app.body_memory().take_to_read(address, whole.bytes.len(), copies);
    match timeout(BODY_TIME_MAX, memory).await {
        Ok(taken) => Ok((whole.bytes, taken)),
        Err(_) => Err(no_memory()),
    }
}

fn address_of(extensions: &Extensions) -> ClientAddress {
    extensions.get().copied().unwrap_or_default()
}

async fn arrive_as_json(parts: &Parts, body: Body, app: &App) -> Read {
    check_media_type(&parts.headers)?;
    arrive(parts, body, app).await
}

async fn arrive(parts: &Parts, body: Body, app: &App) -> Read {
    let bytes_max = app.body_bytes_max();
    let declared = declared_length(&parts.headers);
    if declared.is_some_and(|length| length > bytes_max) {
        return Err(too_large(bytes_max));
    }
    let arriving = Arriving {
        memory: app.body_memory(),
        address: address_of(&parts.extensions),
        bytes_max,
        expected: declared.unwrap_or(bytes_max),
        since: Instant::now(),
        taken: None,
    };
    arriving.collect(body).await
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    let length: u64 = headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
    Some(usize::try_from(length).unwrap_or(usize::MAX))
}

/// A body that arrives.
struct Arriving<'a> {
    memory: &'a BodyMemory,
    address: ClientAddress,
    bytes_max: usize,
    /// How long it is; where that is not declared, how long it may be.
    expected: usize,
    since: Instant,
    taken: Taken,
}

impl Arriving<'_> {
    async fn collect(mut self, body: Body) -> Read {
        let mut chunks = body.into_data_stream();
        let mut whole: Option<Bytes> = None;
        let mut rest = BytesMut::new();
        let mut length = 0;
        while let Some(chunk) = self.next(&mut chunks).await? {
            length += chunk.len();
            if length > self.bytes_max {
                return Err(too_large(self.bytes_max));
            }
            if BodyMemory::counts(length) && self.taken.is_none() {
                let memory = self.memory.take(self.address, self.expected.max(length));
                let taken = timeout_at(self.since + BODY_TIME_MAX, memory).await;
                self.taken = taken.map_err(|_| no_memory())?;
                // Waiting for memory is not the client's fault.
                self.since = Instant::now();
            }
            // Nearly every body is one chunk, which need not be copied.
            if whole.is_none() && rest.is_empty() {
                whole = Some(chunk);
            } else {
                rest.extend_from_slice(&whole.take().unwrap_or_default());
                rest.extend_from_slice(&chunk);
            }
        }
        Ok(Whole { bytes: whole.unwrap_or_else(|| rest.freeze()), _taken: self.taken })
    }

    /// Waits for the next part. While others wait for memory, a body that has some must be quick.
    async fn next(&self, chunks: &mut BodyDataStream) -> Result<Option<Bytes>, Problem> {
        loop {
            let is_held_up = self.taken.is_some() && self.memory.is_short(self.address);
            let allowed = if is_held_up { BODY_TIME_SHORT } else { BODY_TIME_MAX };
            let until = self.since + allowed;
            let chunk = timeout_at(until.min(Instant::now() + LOOK_EVERY), chunks.next()).await;
            if Instant::now() >= until {
                return Err(too_slow(allowed));
            }
            if let Ok(chunk) = chunk {
                return chunk.transpose().map_err(|_| {
                    Problem::new(ProblemKind::InvalidBody, "The body broke off before its end.")
                });
            }
        }
    }
}

fn too_slow(limit: Duration) -> Problem {
    let seconds = limit.as_secs();
    Problem::new(ProblemKind::BodyTooSlow, format!("The body did not arrive within {seconds} seconds."))
}

fn no_memory() -> Problem {
    Problem::new(
        ProblemKind::Unavailable,
        "The server has no memory for a further body of this size, so nothing was changed. Try again in a second.",
    )
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
