//! The server's connections: HTTP/1.1, with or without TLS, at most a given number of them.

mod slots;
mod stream;
mod tls;

use std::net::IpAddr;
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
use steadflow_api::{ClientIp, Proxies};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};
use tower::ServiceExt;

use self::slots::{Requests, Slot, Slots};
use self::stream::{Stream, Transport};
pub(crate) use self::tls::Tls;

/// How long a connection may be without a whole request.
const QUIET_MAX: Duration = Duration::from_secs(75);
/// How long a connection may be without traffic. Longer than any response takes (the test of a node takes two minutes at
/// most), and than the pauses in event streams.
const IDLE_MAX: Duration = Duration::from_secs(150);
/// How long the head of a request may be.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How many headers it may have.
const HEADERS_MAX: usize = 100;
/// How much of an answer waits in the kernel, beside what is on its way to the client.
const UNSENT_BYTES: u32 = 128 * 1024;
/// How long what was sent may be without an answer of the client's kernel: then the client is gone.
#[cfg(target_os = "linux")]
const UNANSWERED_MAX: Duration = Duration::from_secs(60);
/// The time that open connections get to finish after the engine has stopped.
const GRACE: Duration = Duration::from_secs(2);

/// How often the log says that somebody else than a proxy has connected, at most.
const STRANGERS_LOGGED_EVERY: Duration = Duration::from_secs(60);

/// Who may connect, and how.
#[derive(Debug, Default)]
pub(crate) struct Door {
    /// Without it, plain HTTP is spoken.
    pub(crate) tls: Option<Tls>,
    /// If there are any, others may connect from this machine only.
    pub(crate) proxies: Option<Proxies>,
}

impl Door {
    fn lets_in(&self, address: IpAddr) -> bool {
        let is_proxy = |proxies: &Proxies| proxies.contains(address);
        self.proxies.as_ref().is_none_or(is_proxy) || address.to_canonical().is_loopback()
    }
}

/// The server's connections.
#[derive(Debug)]
pub(crate) struct Connections {
    serving: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Connections {
    /// Answers requests to `listener` with `router`, on up to `max` connections at a time.
    pub(crate) fn open(listener: TcpListener, door: Door, router: Router, max: usize) -> Self {
        let (stop, stopped) = oneshot::channel();
        let slots = Slots::new(max, QUIET_MAX);
        Self { serving: tokio::spawn(accept_until(stopped, listener, door, slots, router)), stop }
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
    door: Door,
    slots: Slots,
    router: Router,
) {
    let graceful = GracefulShutdown::new();
    let mut strangers = Strangers::default();
    let mut waiting = JoinSet::new();
    loop {
        tokio::select! {
            (stream, address) = accept(&mut listener) => {
                if !door.lets_in(address) {
                    strangers.note(address);
                    continue;
                }
                let asked = slots.ask(address.into());
                waiting.spawn(async move { Some((Accepted { stream, address }, asked.slot().await?)) });
            }
            Some(waited) = waiting.join_next() => {
                if let Ok(Some((accepted, slot))) = waited {
                    let tls = door.tls.clone();
                    tokio::spawn(serve(accepted, tls, slot, router.clone(), graceful.watcher()));
                }
            }
            _ = &mut stopped => break,
        }
    }
    drop((listener, waiting));
    graceful.shutdown().await;
}

/// Says who was turned away, from time to time.
#[derive(Debug, Default)]
struct Strangers {
    logged_at: Option<Instant>,
}

impl Strangers {
    fn note(&mut self, address: IpAddr) {
        if self.logged_at.is_none_or(|at| at.elapsed() >= STRANGERS_LOGGED_EVERY) {
            self.logged_at = Some(Instant::now());
            tracing::warn!(%address, "closed a connection that comes from none of the proxies in `behind_proxy`");
        }
    }
}

/// A connection, and where it comes from.
#[derive(Debug)]
struct Accepted {
    stream: TcpStream,
    address: IpAddr,
}

async fn accept(listener: &mut TcpListener) -> (TcpStream, IpAddr) {
    // The implementation of the trait, which continues after errors of single connections.
    let (stream, address) = Listener::accept(listener).await;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "could not set TCP_NODELAY");
    }
    set_limits(&stream);
    (stream, address.ip())
}

/// Keeps the kernel from taking a long answer for a client that does not read it, so that it is known what was read; and from
/// waiting for a client that has vanished.
#[cfg(target_os = "linux")]
fn set_limits(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    if let Err(error) = socket.set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!(error = %error, "could not set TCP_NOTSENT_LOWAT");
    }
    if let Err(error) = socket.set_tcp_user_timeout(Some(UNANSWERED_MAX)) {
        tracing::debug!(error = %error, "could not set TCP_USER_TIMEOUT");
    }
}

#[cfg(not(target_os = "linux"))]
const fn set_limits(_: &TcpStream) {}

/// Shakes hands where there is TLS; `None` if that fails, or the slot is needed for another connection.
async fn shake_hands(stream: TcpStream, tls: Option<Tls>, slot: &Slot) -> Option<Transport> {
    let Some(tls) = tls else { return Some(Transport::Plain(stream)) };
    tokio::select! {
        shaken = tls.accept(stream) => match shaken {
            Ok(stream) => Some(Transport::Tls(Box::new(stream))),
            Err(error) => {
                tracing::debug!(error = %error, "a handshake failed");
                None
            }
        },
        () = slot.closing() => None,
    }
}

async fn serve(accepted: Accepted, tls: Option<Tls>, slot: Slot, router: Router, watcher: Watcher) {
    let Accepted { stream, address } = accepted;
    let Some(transport) = shake_hands(stream, tls, &slot).await else { return };
    let (begun, answered, shared) = (slot.requests(), slot.requests(), slot.address());
    let service = router
        .map_request(move |mut request: Request<Incoming>| {
            begun.begin();
            request.extensions_mut().insert(shared);
            request.extensions_mut().insert(ClientIp(address));
            request.map(Body::new)
        })
        .map_response(move |response: Response| {
            answered.answered();
            response.map(|body| Answer { body, requests: answered.clone() })
        });
    let stream = TokioIo::new(Stream::new(transport, IDLE_MAX, slot.requests()));
    let mut http = http1::Builder::new();
    http.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
    let connection = http.serve_connection(stream, TowerToHyperService::new(service));
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

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use axum::routing::get;
    use futures_util::{StreamExt, stream};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpSocket;

    use super::*;

    /// Asks for `path` from 127.0.0.`last`.
    async fn ask(last: u8, server: SocketAddr, path: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into()).expect("an address of this machine");
        let mut client = socket.connect(server).await.expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        client.write_all(request.as_bytes()).await.expect("it takes a request");
        client
    }

    #[tokio::test]
    async fn a_client_that_has_vanished_is_noticed_after_a_minute() {
        let mut listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();

        let (stream, _) = accept(&mut listener).await;

        // The kernel counts from what is sent first and not answered; no test can lose what is sent to 127.0.0.1.
        assert_eq!(SockRef::from(&stream).tcp_user_timeout().unwrap(), Some(UNANSWERED_MAX));
    }

    #[test]
    fn behind_a_proxy_only_proxies_and_this_machine_may_connect() {
        let proxies = Some(Proxies::parse(["10.0.0.0/8"]).unwrap());
        let may = |door: &Door, address: &str| door.lets_in(address.parse().unwrap());
        let behind = Door { tls: None, proxies };

        for address in ["10.1.2.3", "::ffff:10.1.2.3", "127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(may(&behind, address), "{address}");
        }
        for address in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "0.0.0.0"] {
            assert!(!may(&behind, address), "{address}");
            assert!(may(&Door::default(), address), "{address}");
        }
    }

    #[tokio::test]
    async fn heads_of_requests_are_bounded() {
        let router = Router::new().route("/", get(|| async { "done" }));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = listener.local_addr().unwrap();
        let _connections = Connections::open(listener, Door::default(), router, 10);
        let status = async |headers: String| {
            let mut client = TcpStream::connect(server).await.unwrap();
            let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
            // It may be refused before all of it is sent, and closed before the answer is read.
            let _refused = client.write_all(request.as_bytes()).await;
            let mut answer = Vec::new();
            let _reset = client.read_to_end(&mut answer).await;
            String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or_default().to_owned()
        };

        assert_eq!(status(format!("A: {}\r\n", "x".repeat(60_000))).await, "200");
        // It is read in parts, and the last one may go beyond the bound.
        assert_ne!(status(format!("A: {}\r\n", "x".repeat(200_000))).await, "200");
        assert_eq!(status((0..98).map(|number| format!("A{number}: x\r\n")).collect()).await, "200");
        assert_eq!(status((0..99).map(|number| format!("A{number}: x\r\n")).collect()).await, "431");
    }

    #[tokio::test]
    async fn an_address_whose_connections_wait_holds_up_no_other() {
        let endless = || async {
            let first = stream::once(async { Ok::<_, axum::Error>(Bytes::from_static(b"x")) });
            Body::from_stream(first.chain(stream::pending()))
        };
        let router = Router::new().route("/", get(|| async { "done" })).route("/stream", get(endless));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = listener.local_addr().unwrap();
        let _connections = Connections::open(listener, Door::default(), router, 2);
        let mut streams = [ask(1, server, "/stream").await, ask(1, server, "/stream").await];
        for stream in &mut streams {
            stream.read_u8().await.unwrap();
        }

        let _waiting = ask(1, server, "/").await;
        let mut other = ask(2, server, "/").await;

        let mut answer = String::new();
        timeout(QUIET_MAX, other.read_to_string(&mut answer)).await.expect("it has its turn").unwrap();
        assert!(answer.ends_with("done"), "{answer}");
    }
}
