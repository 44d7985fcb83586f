//! What a request's body still holds when its answer is known: of a body that is too large, say.
//!
//! A connection that is closed while its client still sends is reset, and then many clients lose the answer. So the rest
//! is read and discarded, up to a limit, while the answer is on its way.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::Request;
use axum::http::header;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::sync::oneshot;

/// How much is discarded at most. A client that sends more sees its connection reset.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long is read at most.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Returns the request with a body that comes back when its handler drops it before the end, and what takes it back.
pub(crate) fn lend(request: Request) -> (Request, Rest) {
    if request.body().is_end_stream() {
        return (request, Rest(None));
    }
    let (head, body) = request.into_parts();
    // Such a client sends nothing until the body is read, and need not begin when the answer is known before.
    let asks_first = head.headers.contains_key(header::EXPECT);
    let (back, rest) = oneshot::channel();
    let lent = Lent { stream: Some(body.into_data_stream()), is_begun: false, back: Some(back) };
    (Request::from_parts(head, Body::from_stream(lent)), Rest(Some((rest, asks_first))))
}

/// What a handler may leave of a body.
pub(crate) struct Rest(Option<(oneshot::Receiver<(BodyDataStream, bool)>, bool)>);

impl Rest {
    /// Reads and discards it while the answer is on its way.
    pub(crate) fn discard(self) {
        let Some((mut rest, asks_first)) = self.0 else { return };
        if let Ok((rest, is_begun)) = rest.try_recv()
            && (is_begun || !asks_first)
        {
            tokio::spawn(tokio::time::timeout(TIME_MAX, read_away(rest)));
        }
    }
}

async fn read_away(mut rest: BodyDataStream) {
    let mut left = BYTES_MAX;
    while let Some(Ok(chunk)) = rest.next().await {
        let Some(less) = left.checked_sub(chunk.len()) else { return };
        left = less;
    }
}

/// A body that comes back when it is dropped before its end.
struct Lent {
    stream: Option<BodyDataStream>,
    is_begun: bool,
    back: Option<oneshot::Sender<(BodyDataStream, bool)>>,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.is_begun = true;
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        let polled = stream.poll_next_unpin(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.stream = None;
        }
        polled
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(stream), Some(back)) = (self.stream.take(), self.back.take()) {
            // Without a receiver the request itself is gone.
            let _ = back.send((stream, self.is_begun));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::stream;
    use tokio::time::Instant;

    use super::*;

    const PIECE: usize = 1024 * 1024;

    #[tokio::test(start_paused = true)]
    async fn the_rest_of_a_body_is_read_up_to_a_length() {
        let many = stream::iter(std::iter::repeat_n((), 2 * BYTES_MAX / PIECE));

        let (read, _) = discarded(many).await;

        assert_eq!(read, BYTES_MAX / PIECE + 1, "what is one piece too long");
    }

    #[tokio::test(start_paused = true)]
    async fn the_rest_of_a_body_is_read_for_so_long() {
        let silent = stream::iter([()]).chain(stream::pending());

        let (read, time) = discarded(silent).await;

        assert_eq!((read, time), (1, TIME_MAX));
    }

    /// Answers a request before its body is read, and returns how many of its pieces are read then and for how long.
    async fn discarded(pieces: impl Stream<Item = ()> + Send + 'static) -> (usize, Duration) {
        let (open, closed) = oneshot::channel::<()>();
        let read = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&read);
        let pieces = pieces.map(move |()| {
            let _ = &open;
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from(vec![0; PIECE]))
        });
        let started = Instant::now();

        let (request, rest) = lend(Request::new(Body::from_stream(pieces)));
        drop(request);
        rest.discard();
        let closed = tokio::time::timeout(10 * TIME_MAX, closed).await;

        assert!(closed.is_ok(), "it is still read");
        (read.load(Ordering::Relaxed), started.elapsed())
    }
}
