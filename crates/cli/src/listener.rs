//! A listener with a limit of concurrent connections; further ones wait in the kernel's queue.
//!
//! Idle connections are closed, so that they do not use up the limit.

use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Longer than any response takes (`?wait=60`), and than the pauses in event streams.
const IDLE_MAX: Duration = Duration::from_secs(75);

/// A listener with a limit of concurrent connections.
#[derive(Debug)]
pub(crate) struct BoundedListener {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    idle_max: Duration,
}

impl BoundedListener {
    /// Accepts up to `connections_max` concurrent connections.
    pub(crate) fn new(listener: TcpListener, connections_max: usize) -> Self {
        Self { listener, slots: Arc::new(Semaphore::new(connections_max)), idle_max: IDLE_MAX }
    }
}

impl Listener for BoundedListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = slot.expect("the listener owns its semaphore and never closes it");
        // The implementation of the trait, which continues after errors of single connections.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = %error, "could not set TCP_NODELAY");
        }
        (Connection::new(stream, self.idle_max, slot), address)
    }

    fn local_addr(&self) -> Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that holds its slot until it is closed.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    idle_max: Duration,
    used_at: Instant,
    check: Pin<Box<Sleep>>,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, idle_max: Duration, slot: OwnedSemaphorePermit) -> Self {
        let check = Box::pin(sleep(idle_max));
        Self { stream, idle_max, used_at: Instant::now(), check, _slot: slot }
    }

    /// Is ready when the connection has been idle for `idle_max`. Traffic does not reset the timer; when the timer is
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

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        if read.is_pending() && self.poll_idle(cx).is_ready() {
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the connection was idle for too long")));
        }
        self.used(read)
    }
}

impl AsyncWrite for Connection {
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
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn with_one_slot(idle_max: Duration) -> BoundedListener {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        BoundedListener { idle_max, ..BoundedListener::new(listener, 1) }
    }

    #[tokio::test]
    async fn next_connection_is_accepted_when_one_has_closed() {
        let mut listener = with_one_slot(IDLE_MAX).await;
        let address = listener.local_addr().unwrap();
        let _clients =
            (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());

        let (first, _) = listener.accept().await;
        let mut second = Box::pin(listener.accept());
        assert!((&mut second).now_or_never().is_none());
        drop(first);

        second.await;
    }

    #[tokio::test]
    async fn idle_connection_is_closed_and_one_in_use_is_not() {
        let mut listener = with_one_slot(Duration::from_millis(400)).await;
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut connection, _) = listener.accept().await;

        for _ in 0..6 {
            client.write_all(b"x").await.unwrap();
            connection.read_u8().await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
        let idle = connection.read_u8().await;

        assert_eq!(idle.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
