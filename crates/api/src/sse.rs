//! Server-sent events, made as their reader takes them.
//!
//! A reader has one part of its stream at a time: the next one is made when the one before has been written to the
//! connection. So nothing is buffered for a reader that does not read, and what it missed is read again where it is
//! stored.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::backlog::{Full, Share};
use crate::problem::Problem;
use crate::views::message::{ListMessage, Missed};

/// How long a stream may be silent; then it sends a comment.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// How long a reader may take for a part of the stream. One that takes longer has fallen behind.
pub(crate) const READ_WITHIN: Duration = Duration::from_secs(10);
/// About how much is sent at a time, in bytes.
pub(crate) const PART_BYTES: usize = 64 * 1024;

/// Whether a reader reads what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// It has read everything in time.
    KeepsUp,
    /// It took longer than [`READ_WITHIN`] for the last part.
    IsBehind,
}

/// Where the messages of a stream come from.
pub(crate) trait Source: Send + 'static {
    /// Returns the next messages; `None` when there are no more. May be dropped while it waits, and called again.
    fn next(&mut self, reader: Reader) -> impl Future<Output = Option<String>> + Send;
}

/// Answers with `first` and then what comes from `source`.
///
/// # Errors
/// 503 if clients leave so much unread that there is no room for `first`.
pub(crate) fn stream(backlog: Share, first: String, source: impl Source) -> Result<Response, Problem> {
    let mut sender = Sender { backlog, turn: Arc::new(Semaphore::new(1)), sent_at: None, source };
    let turn = Arc::clone(&sender.turn).try_acquire_owned().ok();
    let first = sender.part(first, turn)?;
    let parts = stream::unfold((Some(first), Some(sender)), |(first, sender)| async move {
        if let Some(first) = first {
            return Some((Ok::<_, Infallible>(first), (None, sender)));
        }
        let (part, sender) = sender?.next().await?;
        Some((Ok(part), (None, sender)))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// Sends the parts of one stream.
struct Sender<S> {
    backlog: Share,
    /// Taken by the part that is on its way.
    turn: Arc<Semaphore>,
    sent_at: Option<Instant>,
    source: S,
}

/// A part that is on its way: the next one comes when its bytes are dropped.
struct OnItsWay {
    bytes: Bytes,
    _turn: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for OnItsWay {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<S: Source> Sender<S> {
    /// Returns the next part, and what sends those after it; without that it is the last one.
    async fn next(mut self) -> Option<(Bytes, Option<Self>)> {
        // Never closed, so there is a turn.
        let turn = Arc::clone(&self.turn).acquire_owned().await.ok()?;
        let is_late = self.sent_at.is_some_and(|sent| sent.elapsed() > READ_WITHIN);
        let reader = if is_late { Reader::IsBehind } else { Reader::KeepsUp };
        let text = match timeout(SILENCE_MAX, self.source.next(reader)).await {
            Ok(text) => text?,
            Err(_) => ":\n\n".to_owned(),
        };
        match self.part(text, Some(turn)) {
            Ok(part) => Some((part, Some(self))),
            // Cut off: the client comes back and names the last message that it got.
            Err(Full) => Some((Bytes::from(resync()), None)),
        }
    }

    fn part(&mut self, text: String, turn: Option<OwnedSemaphorePermit>) -> Result<Bytes, Full> {
        let bytes = self.backlog.hold(Bytes::from(text))?;
        self.sent_at = Some(Instant::now());
        Ok(Bytes::from_owner(OnItsWay { bytes, _turn: turn }))
    }
}

fn resync() -> String {
    ListMessage::Resync(Missed { missed: 0 }).to_text()
}
