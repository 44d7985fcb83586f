//! A listener that lets in so many connections at once; the rest wait with the kernel until one goes.
//!
//! A connection over which nothing goes for a while is closed, so that nobody holds places without using them.

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

/// Longer than any answer is waited for (`?wait=60`), and than the pauses of event streams.
const IDLE_MAX: Duration = Duration::from_secs(75);

/// See the module.
#[derive(Debug)]
pub(crate) struct BoundedListener {
    listener: TcpListener,
    places: Arc<Semaphore>,
    idle_max: Duration,
}

impl BoundedListener {
    /// Lets in `connections_max` at once.
    pub(crate) fn new(listener: TcpListener, connections_max: usize) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(connections_max)), idle_max: IDLE_MAX }
    }
}

impl Listener for BoundedListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.expect("the listener holds its semaphore, and never closes it");
        // The trait's own, which goes on where the kernel refuses a connection.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = %error, "a connection keeps its delay");
        }
        (Connection::new(stream, self.idle_max, place), address)
    }

    fn local_addr(&self) -> Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that holds its place until it is closed.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    idle_max: Duration,
    used_at: Instant,
    check: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, idle_max: Duration, place: OwnedSemaphorePermit) -> Self {
        let check = Box::pin(sleep(idle_max));
        Self { stream, idle_max, used_at: Instant::now(), check, _place: place }
    }

    /// Is ready once nothing has gone over the connection for so long. What goes over it moves no timer: the timer
    /// looks when it is due.
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
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "nothing came or went for too long")));
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

    async fn with_one_place(idle_max: Duration) -> BoundedListener {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        BoundedListener { idle_max, ..BoundedListener::new(listener, 1) }
    }

    #[tokio::test]
    async fn next_connection_is_let_in_when_one_has_gone() {
        let mut listener = with_one_place(IDLE_MAX).await;
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
    async fn connection_that_nobody_uses_is_given_up_and_one_in_use_is_not() {
        let mut listener = with_one_place(Duration::from_millis(400)).await;
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
