//! The server's connections: HTTP/1.1, at most a given number of them.

mod slots;
mod stream;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use axum::serve::Listener;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::ServiceExt;

use self::slots::{Requests, Slot, Slots};
use self::stream::Stream;

/// How long a connection may be without a whole request.
const QUIET_MAX: Duration = Duration::from_secs(75);
/// How long a connection may be without traffic. Longer than any response takes (the test of a node takes two minutes at
/// most), and than the pauses in event streams.
const IDLE_MAX: Duration = Duration::from_secs(150);
/// How much of an answer waits in the kernel, beside what is on its way to the client.
const UNSENT_BYTES: u32 = 128 * 1024;
/// The time that open connections get to finish after the engine has stopped.
const GRACE: Duration = Duration::from_secs(2);

/// The server's connections.
#[derive(Debug)]
pub(crate) struct Connections {
    serving: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Connections {
    /// Answers requests to `listener` with `router`, on up to `max` connections at a time.
    pub(crate) fn open(listener: TcpListener, router: Router, max: usize) -> Self {
        let (stop, stopped) = oneshot::channel();
        let slots = Slots::new(max, QUIET_MAX);
        Self { serving: tokio::spawn(accept_until(stopped, listener, slots, router)), stop }
    }

    /// Waits for open requests, for a short time.
    pub(crate) async fn close(self) {
        // The other side is gone if accepting has panicked, and then there is nothing to stop.
        let _ = self.stop.send(());
        if timeout(GRACE, self.serving).await.is_err() {
            tracing::info!("dropping connections that did not end in time");
        }
    }
}

async fn accept_until(
    mut stopped: oneshot::Receiver<()>,
    mut listener: TcpListener,
    slots: Slots,
    router: Router,
) {
    let graceful = GracefulShutdown::new();
    loop {
        let (stream, slot) = tokio::select! {
            accepted = accept(&mut listener, &slots) => accepted,
            _ = &mut stopped => break,
        };
        tokio::spawn(serve(stream, slot, router.clone(), graceful.watcher()));
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn accept(listener: &mut TcpListener, slots: &Slots) -> (TcpStream, Slot) {
    // The implementation of the trait, which continues after errors of single connections.
    let (stream, address) = Listener::accept(listener).await;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "could not set TCP_NODELAY");
    }
    limit_unsent(&stream);
    (stream, slots.take(address.ip().into()).await)
}

/// Keeps the kernel from taking a long answer for a client that does not read it, so that it is known what was read.
fn limit_unsent(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!(error = %error, "could not set TCP_NOTSENT_LOWAT");
    }
}

async fn serve(stream: TcpStream, slot: Slot, router: Router, watcher: Watcher) {
    let (begun, answered, address) = (slot.requests(), slot.requests(), slot.address());
    let service = router
        .map_request(move |mut request: Request<Incoming>| {
            begun.begin();
            request.extensions_mut().insert(address);
            request.map(Body::new)
        })
        .map_response(move |response: Response| {
            answered.answered();
            response.map(|body| Answer { body, requests: answered.clone() })
        });
    let stream = TokioIo::new(Stream::new(stream, IDLE_MAX, slot.requests()));
    let connection = http1::Builder::new().serve_connection(stream, TowerToHyperService::new(service));
    tokio::select! {
        served = watcher.watch(connection) => {
            if let Err(error) = served {
                tracing::debug!(error = %error, "a connection ended early");
            }
        }
        () = slot.closing() => tracing::debug!("closed a quiet connection"),
    }
}

/// A response's body, at whose end its request is over.
struct Answer {
    body: Body,
    requests: Requests,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.requests.end();
    }
}
