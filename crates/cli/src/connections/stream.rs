//! A stream that does not wait for ever for a client that neither sends nor reads.

use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// A stream that fails when nothing has been read from it or written to it for `idle_max`.
#[derive(Debug)]
pub(super) struct Stream {
    stream: TcpStream,
    idle_max: Duration,
    used_at: Instant,
    check: Pin<Box<Sleep>>,
}

impl Stream {
    pub(super) fn new(stream: TcpStream, idle_max: Duration) -> Self {
        let check = Box::pin(sleep(idle_max));
        Self { stream, idle_max, used_at: Instant::now(), check }
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

    fn used<T>(&mut self, outcome: Poll<T>) -> Poll<T> {
        if outcome.is_ready() {
            self.used_at = Instant::now();
        }
        outcome
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        if read.is_pending() && self.poll_idle(cx).is_ready() {
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the connection was idle for too long")));
        }
        self.used(read)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.used(written)
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
        self.used(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn idle_stream_fails_and_one_in_use_does_not() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut stream = Stream::new(listener.accept().await.unwrap().0, Duration::from_millis(400));

        for _ in 0..6 {
            client.write_all(b"x").await.unwrap();
            stream.read_u8().await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
        let idle = stream.read_u8().await;

        assert_eq!(idle.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
