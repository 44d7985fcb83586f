//! A stream that does not wait for ever for a client that neither sends nor reads.

use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::server::TlsStream;

use super::slots::Requests;

/// How long a client may take for [`TAKEN_BYTES`] of what is sent to it, or for all that is left of it.
pub(super) const TAKEN_WITHIN: Duration = Duration::from_secs(20);
/// About 3 KiB a second. The kernels on both sides pass it on in parts of up to 64 KiB each, so a client that reads up to 10
/// KiB a second may be taken for one that is as slow.
const TAKEN_BYTES: usize = 64 * 1024;

/// What bytes are sent through.
#[derive(Debug)]
pub(super) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

/// Calls the same method of either stream.
macro_rules! of_stream {
    ($transport:expr, $stream:ident => $call:expr) => {
        match $transport {
            Transport::Plain($stream) => $call,
            Transport::Tls($stream) => $call,
        }
    };
}

/// A stream that fails when nothing has been read from it or written to it for `idle_max`, or when the client takes too slowly
/// what is written. A client that is sent nothing takes nothing too slowly.
#[derive(Debug)]
pub(super) struct Stream {
    transport: Transport,
    idle_max: Duration,
    used_at: Instant,
    check: Pin<Box<Sleep>>,
    /// There while the client has not taken all that was to be written.
    unsent: Option<Unsent>,
    /// Whether what is unsent waits inside the transport: TLS takes more than the client does.
    is_flushing: bool,
    requests: Requests,
}

impl Stream {
    pub(super) fn new(transport: Transport, idle_max: Duration, requests: Requests) -> Self {
        let (check, used_at) = (Box::pin(sleep(idle_max)), Instant::now());
        Self { transport, idle_max, used_at, check, unsent: None, is_flushing: false, requests }
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
            if let Err(error) = self.transport.tcp().set_zero_linger() {
                tracing::debug!(error = %error, "could not set SO_LINGER");
            }
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client reads too slowly")));
        };
        self.used_at = Instant::now();
        let taken = written?;
        if taken == bytes {
            self.all_taken();
        } else if let Some(unsent) = &mut self.unsent {
            unsent.taken += taken;
        }
        Poll::Ready(Ok(taken))
    }

    fn all_taken(&mut self) {
        if self.unsent.take().is_some() {
            self.requests.unsent(false);
        }
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
        let read = of_stream!(&mut self.transport, stream => Pin::new(stream).poll_read(cx, into));
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
        let written = of_stream!(&mut self.transport, stream => Pin::new(stream).poll_write(cx, bytes));
        self.wrote(cx, bytes.len(), written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = of_stream!(&mut self.transport, stream => Pin::new(stream).poll_flush(cx));
        if flushed.is_pending() {
            self.is_flushing = true;
            return self.wrote(cx, 0, Poll::Pending).map_ok(|_| ());
        }
        if std::mem::take(&mut self.is_flushing) {
            self.all_taken();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        of_stream!(&mut self.transport, stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written =
            of_stream!(&mut self.transport, stream => Pin::new(stream).poll_write_vectored(cx, slices));
        self.wrote(cx, slices.iter().map(|slice| slice.len()).sum(), written)
    }

    fn is_write_vectored(&self) -> bool {
        of_stream!(&self.transport, stream => stream.is_write_vectored())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use futures_util::FutureExt;
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use steadflow_api::ClientAddress;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::advance;
    use tokio_rustls::client::TlsStream as ClientStream;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::super::slots::Slots;
    use super::*;

    async fn connect(idle_max: Duration) -> (TcpStream, Stream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let stream = listener.accept().await.unwrap().0;
        let asked = Slots::new(1, idle_max).ask(ClientAddress::default());
        let slot = asked.slot().await.unwrap();
        (client, Stream::new(Transport::Plain(stream), idle_max, slot.requests()))
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

    /// TLS takes what the client does not, up to its own buffer: what waits there is not taken either.
    #[tokio::test(start_paused = true)]
    async fn a_client_of_tls_that_reads_nothing_loses_the_connection() {
        for is_flushed in [false, true] {
            let (mut client, mut stream) = connect_tls(TAKEN_WITHIN * 10).await;
            client.write_all(b"x").await.unwrap();
            stream.read_u8().await.unwrap();
            let began = Instant::now();

            let sent = async {
                for chunk in vec![b'x'; 64 * 1024 * 1024].chunks(8 * 1024) {
                    stream.write_all(chunk).await?;
                    if is_flushed {
                        stream.flush().await?;
                    }
                }
                Ok::<_, Error>(())
            };

            assert_eq!(sent.await.unwrap_err().kind(), ErrorKind::TimedOut, "{is_flushed}");
            assert!((TAKEN_WITHIN..TAKEN_WITHIN * 3).contains(&began.elapsed()), "{:?}", began.elapsed());
        }
    }

    /// As [`connect`], with TLS. The client reads nothing after its handshake.
    async fn connect_tls(idle_max: Duration) -> (ClientStream<TcpStream>, Stream) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let certificate = made.cert.der().clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = made.signing_key.serialize_der().try_into().expect("it is a key");
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let server = server.with_safe_default_protocol_versions().expect("the provider has them");
        let server = server.with_no_client_auth().with_single_cert(vec![certificate.clone()], key);
        let mut roots = RootCertStore::empty();
        roots.add(certificate).expect("it is a certificate");
        let client = ClientConfig::builder_with_provider(provider);
        let client = client.with_safe_default_protocol_versions().expect("the provider has them");
        let client = client.with_root_certificates(roots).with_no_client_auth();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let socket = TcpStream::connect(listener.local_addr().expect("it has one")).await.expect("a client");
        let accepted = listener.accept().await.expect("the client").0;
        let (acceptor, connector) =
            (TlsAcceptor::from(Arc::new(server.expect("they fit"))), TlsConnector::from(Arc::new(client)));
        let name = "localhost".try_into().expect("a name");
        let (client, server) = tokio::join!(connector.connect(name, socket), acceptor.accept(accepted));
        let asked = Slots::new(1, idle_max).ask(ClientAddress::default());
        let slot = asked.slot().await.expect("there is one");
        let transport = Transport::Tls(Box::new(server.expect("they shake hands")));
        (client.expect("they shake hands"), Stream::new(transport, idle_max, slot.requests()))
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
