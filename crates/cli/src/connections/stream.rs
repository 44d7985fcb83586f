//! A stream that does not wait for ever for a client that neither sends nor reads.

use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::slots::Requests;

/// How long a client may take for [`TAKEN_BYTES`] of what is sent to it, or for all that is left of it.
pub(super) const TAKEN_WITHIN: Duration = Duration::from_secs(20);
/// About 3 KiB a second. The kernels on both sides pass it on in parts of up to 64 KiB each, so a client that reads up to 10
/// KiB a second may be taken for one that is as slow.
const TAKEN_BYTES: usize = 64 * 1024;

/// A stream that fails when nothing has been read from it or written to it for `idle_max`, or when the client takes too slowly
/// what is written. A client that is sent nothing takes nothing too slowly.
#[derive(Debug)]
pub(super) struct Stream {
    stream: TcpStream,
    idle_max: Duration,
    used_at: Instant,
    check: Pin<Box<Sleep>>,
    /// There while the client has not taken all that was to be written.
    unsent: Option<Unsent>,
    requests: Requests,
}

impl Stream {
    pub(super) fn new(stream: TcpStream, idle_max: Duration, requests: Requests) -> Self {
        let check = Box::pin(sleep(idle_max));
        Self { stream, idle_max, used_at: Instant::now(), check, unsent: None, requests }
    }

    /// Is ready when the stream has been idle for `idle_max`. Traffic does not reset the timer; when the timer is
    /// due, it checks the time of the last use.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.check.as_mut().poll(cx));
            let due = self.used_at + self.idle_max;
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            self.check.as_mut().reset(due);
        }
    }

    /// Notes that so many bytes were to be written, and what came of it.
    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        bytes: usize,
        written: Poll<Result<usize>>,
    ) -> Poll<Result<usize>> {
        let Poll::Ready(written) = written else {
            let unsent = self.unsent.get_or_insert_with(|| {
                self.requests.unsent(true);
                Unsent::new()
            });
            ready!(unsent.poll_slow(cx));
            // Nor does the kernel wait for it any longer.
            if let Err(error) = self.stream.set_zero_linger() {
                tracing::debug!(error = %error, "could not set SO_LINGER");
            }
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client reads too slowly")));
        };
        self.used_at = Instant::now();
        let taken = written?;
        if taken == bytes {
            if self.unsent.take().is_some() {
                self.requests.unsent(false);
            }
        } else if let Some(unsent) = &mut self.unsent {
            unsent.taken += taken;
        }
        Poll::Ready(Ok(taken))
    }
}

/// What the client has not taken yet.
#[derive(Debug)]
struct Unsent {
    /// What it has taken since the last check.
    taken: usize,
    check: Pin<Box<Sleep>>,
}

impl Unsent {
    fn new() -> Self {
        Self { taken: 0, check: Box::pin(sleep(TAKEN_WITHIN)) }
    }

    /// Is ready when the client has taken too little for too long.
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.check.as_mut().poll(cx));
            if self.taken < TAKEN_BYTES {
                return Poll::Ready(());
            }
            self.taken = 0;
            self.check.as_mut().reset(Instant::now() + TAKEN_WITHIN);
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        if read.is_pending() {
            ready!(self.poll_idle(cx));
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the connection was idle for too long")));
        }
        self.used_at = Instant::now();
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(cx, bytes.len(), written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(cx, slices.iter().map(|slice| slice.len()).sum(), written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::FutureExt;
    use steadflow_api::ClientAddress;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::advance;

    use super::super::slots::Slots;
    use super::*;

    async fn connect(idle_max: Duration) -> (TcpStream, Stream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let stream = listener.accept().await.unwrap().0;
        let asked = Slots::new(1, idle_max).ask(ClientAddress::default());
        let slot = asked.slot().await.unwrap();
        (client, Stream::new(stream, idle_max, slot.requests()))
    }

    #[tokio::test]
    async fn idle_stream_fails_and_one_in_use_does_not() {
        let (mut client, mut stream) = connect(Duration::from_millis(400)).await;

        for _ in 0..6 {
            client.write_all(b"x").await.unwrap();
            stream.read_u8().await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
        let idle = stream.read_u8().await;

        assert_eq!(idle.unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_of_what_is_sent_to_it_loses_the_connection() {
        let (mut client, mut stream) = connect(TAKEN_WITHIN * 10).await;
        let began = Instant::now();
        // That it sends something does not help.
        client.write_all(b"x").await.unwrap();

        let sent = stream.write_all(&vec![b'x'; 64 * 1024 * 1024]).await;

        assert_eq!(sent.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!((TAKEN_WITHIN..TAKEN_WITHIN * 3).contains(&began.elapsed()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_must_go_on_taking_enough() {
        let mut unsent = Unsent::new();
        let is_slow = |unsent: &mut Unsent| poll_fn(|cx| unsent.poll_slow(cx)).now_or_never().is_some();

        for _ in 0..3 {
            unsent.taken += TAKEN_BYTES;
            advance(TAKEN_WITHIN).await;
            assert!(!is_slow(&mut unsent));
        }

        unsent.taken += TAKEN_BYTES - 1;
        advance(TAKEN_WITHIN - Duration::from_secs(1)).await;
        assert!(!is_slow(&mut unsent));
        advance(Duration::from_secs(1)).await;
        assert!(is_slow(&mut unsent));
    }
}
