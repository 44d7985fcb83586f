//! What clients have not read yet: counted in bytes, with a bound over all clients.
//!
//! Small answers are not counted: a connection holds at most one, and the number of connections is bounded.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Problem, ProblemKind};

/// How much clients may leave unread, all of them together, in bytes.
pub(crate) const UNREAD_BYTES_MAX: usize = 128 * 1024 * 1024;
/// How much the streams may keep of the executions that they follow, all of them together, in bytes.
pub(crate) const COPIES_BYTES_MAX: usize = 128 * 1024 * 1024;
/// An answer up to this length, in bytes, is not counted.
const SMALL_BYTES: u64 = 64 * 1024;

type FrameResult = Result<Frame<Bytes>, axum::Error>;

/// The room for what clients have not read yet.
#[derive(Clone, Debug)]
pub(crate) struct Backlog(Arc<Semaphore>);

/// Marks an answer that takes no memory of its own, because it is a part of the program: it is not counted, so the studio can
/// be loaded however much others leave unread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resident;

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl From<Full> for Problem {
    fn from(_: Full) -> Self {
        Self::new(
            ProblemKind::Unavailable,
            "Clients have not read answers of 128 MiB, or follow as many executions as there is room for. Try again in a second.",
        )
    }
}

/// Bytes that are counted until they are dropped, which is when they have been written to their connection.
struct Counted {
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Backlog {
    /// Returns room for `bytes`.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// Counts so many bytes until what is returned is dropped.
    ///
    /// # Errors
    /// [`Full`] if there is no room for them.
    pub(crate) fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Full> {
        let count = u32::try_from(bytes).map_err(|_| Full)?;
        Arc::clone(&self.0).try_acquire_many_owned(count).map_err(|_| Full)
    }

    /// Counts `bytes` until they have been sent.
    ///
    /// # Errors
    /// [`Full`] if there is no room for them.
    pub(crate) fn hold(&self, bytes: Bytes) -> Result<Bytes, Full> {
        let room = self.room(bytes.len())?;
        Ok(Bytes::from_owner(Counted { bytes, _room: room }))
    }

    /// Counts the body of `response` until it has been sent, if it is large and its length is known. Without room for it,
    /// the answer says so.
    pub(crate) fn hold_response(&self, response: Response) -> Response {
        let is_resident = response.extensions().get::<Resident>().is_some();
        let bytes = response.body().size_hint().exact().filter(|bytes| *bytes > SMALL_BYTES && !is_resident);
        let Some(bytes) = bytes else { return response };
        let room = self.room(usize::try_from(bytes).unwrap_or(usize::MAX));
        let Ok(room) = room else { return Problem::from(Full).into_response() };
        response.map(|body| Body::new(Held { body, room: Some(room) }))
    }
}

/// A body whose first part, which is all of it where the length is known, keeps its room until it has been sent.
struct Held {
    body: Body,
    room: Option<OwnedSemaphorePermit>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<FrameResult>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let counted = frame.map(|frame| frame.map(|frame| frame.map_data(|bytes| self.counted(bytes))));
        Poll::Ready(counted)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Held {
    fn counted(&mut self, bytes: Bytes) -> Bytes {
        match self.room.take() {
            Some(room) => Bytes::from_owner(Counted { bytes, _room: room }),
            None => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Extension;
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn bytes_count_until_they_are_dropped() {
        let backlog = Backlog::new(10);

        let held = backlog.hold(Bytes::from_static(b"12345678")).unwrap();

        assert_eq!(backlog.hold(Bytes::from_static(b"123")), Err(Full));
        drop(held);
        assert!(backlog.hold(Bytes::from_static(b"123")).is_ok());
    }

    #[test]
    fn what_is_a_part_of_the_program_does_not_count() {
        let backlog = Backlog::new(10);

        let asset = backlog.hold_response((Extension(Resident), "x".repeat(100_000)).into_response());

        assert_eq!(asset.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn large_answers_count_until_they_are_sent_and_small_ones_do_not() {
        let backlog = Backlog::new(200_000);
        let answer = |bytes: usize| "x".repeat(bytes).into_response();
        let status = |bytes| backlog.hold_response(answer(bytes)).status().as_u16();

        let unread = backlog.hold_response(answer(150_000));
        assert_eq!([status(100_000), status(60_000)], [503, 200]);

        let read = axum::body::to_bytes(unread.into_body(), usize::MAX).await.unwrap();
        assert_eq!(status(100_000), 503, "the bytes are still there");
        drop(read);
        assert_eq!(status(100_000), 200);
    }
}
