//! The HTTP client for all outgoing calls of flows, which blocks addresses that are not allowed.
//!
//! A name is resolved once, blocked addresses are removed, and only the remaining ones are connected to. IP literals are
//! checked before connecting, and the connected address is checked again afterwards. Redirects are followed here, and each
//! is checked like a new call. Proxy variables are ignored. Sizes are counted after decoding, and an incomplete body is a
//! failure.
//!
//! TLS is rustls with ring and the certificates of the operating system (`SSL_CERT_FILE` names others).

mod address;
mod fault;
mod policy;
mod redirect;
mod resolver;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use steadflow_core::failure::{ErrorClass, Failure};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

pub(crate) use fault::peer;
pub use policy::{EgressPolicy, PolicyError};
pub use resolver::{Lookup, SystemLookup};

/// Maximum number of redirects that a call follows.
const REDIRECTS_MAX: u32 = 5;

/// The time limits of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EgressTimeouts {
    /// For connecting, including name lookup and TLS.
    pub connect: Duration,
    /// Without receiving data. Long, because language models take time before they respond.
    pub idle: Duration,
    /// For the whole call, including redirects and the body. The timeout of the attempt is usually shorter.
    pub total: Duration,
}

impl Default for EgressTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(300),
            total: Duration::from_secs(3600),
        }
    }
}

/// The guarded HTTP client. Cheap to clone; connections are shared.
#[derive(Clone)]
pub struct Egress {
    policy: Arc<EgressPolicy>,
    timeouts: EgressTimeouts,
    client: reqwest::Client,
}

/// Why the client could not be created.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    /// Whether the body contains secrets; if so, it is not sent to another origin after a redirect.
    pub(crate) body_is_secret: bool,
    /// Whether redirects are followed; otherwise they are returned like other responses.
    pub(crate) follows_redirects: bool,
}

impl Request {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        let headers = HeaderMap::new();
        Self { method, url, headers, body: None, body_is_secret: false, follows_redirects: true }
    }
}

impl Egress {
    /// Creates a client that enforces `policy`.
    ///
    /// # Errors
    /// [`EgressError`] if TLS or the client cannot be set up.
    pub fn new(
        policy: EgressPolicy,
        timeouts: EgressTimeouts,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, EgressError> {
        let policy = Arc::new(policy);
        let resolver = resolver::GuardedResolver { policy: Arc::clone(&policy), lookup };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_config().map_err(EgressError::Tls)?)
            .dns_resolver(Arc::new(resolver))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(timeouts.connect)
            .build()
            .map_err(EgressError::Client)?;
        Ok(Self { policy, timeouts, client })
    }

    /// Sends a request and returns the response without reading its body.
    ///
    /// # Errors
    /// A failure if there is no response; the status of a response is never a failure here.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let deadline = Instant::now() + self.timeouts.total;
        let mut hop = request;
        for _ in 0..=REDIRECTS_MAX {
            let answer = self.send_once(&hop, deadline).await?;
            if !hop.follows_redirects {
                return Ok(answer);
            }
            match redirect::next_hop(&hop, answer.status().as_u16(), answer.headers())? {
                Some(next) => hop = next,
                None => return Ok(answer),
            }
        }
        let message = format!("{} redirects more than {REDIRECTS_MAX} times.", peer(&hop.url));
        Err(Failure::new(ErrorClass::Rejected, message))
    }

    async fn send_once(&self, hop: &Request, deadline: Instant) -> Result<Answer, Failure> {
        self.check_url(&hop.url)?;
        let mut builder =
            self.client.request(hop.method.clone(), hop.url.clone()).headers(hop.headers.clone());
        if let Some(body) = &hop.body {
            builder = builder.body(body.clone());
        }
        let limit = TimeLimit { idle: self.timeouts.idle, deadline };
        let response = match timeout_at(limit.next(), builder.send()).await {
            Ok(sent) => sent.map_err(|error| fault::no_answer(&hop.url, &error))?,
            Err(_) => return Err(fault::silent(&hop.url)),
        };
        let connected = response.remote_addr().map(|address| address.ip());
        if connected.is_some_and(|address| !self.permits(&hop.url, address)) {
            return Err(fault::blocked(&hop.url));
        }
        Ok(Answer { url: hop.url.clone(), response, limit })
    }

    /// Checks a URL before name lookup. This includes IP literals, for which the resolver is not called.
    fn check_url(&self, url: &Url) -> Result<(), Failure> {
        let invalid = |message: String| Err(Failure::new(ErrorClass::Validation, message));
        if !matches!(url.scheme(), "http" | "https") {
            return invalid(format!(
                "The URL has the scheme `{}`; only http and https are supported.",
                url.scheme()
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return invalid("The URL contains a user name or password. Use a header instead.".to_owned());
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return Ok(()),
            None => return invalid("The URL has no host.".to_owned()),
        };
        if self.permits(url, literal) { Ok(()) } else { Err(fault::blocked(url)) }
    }

    fn permits(&self, url: &Url, address: IpAddr) -> bool {
        self.policy.permits(url.host_str().unwrap_or_default(), address)
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress")
            .field("policy", &self.policy)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

/// A response whose headers have been received. Dropping it closes the connection.
pub(crate) struct Answer {
    url: Url,
    response: reqwest::Response,
    limit: TimeLimit,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Returns the host that responded, after all redirects.
    pub(crate) fn peer(&self) -> String {
        peer(&self.url)
    }

    /// Reads the whole body, decoded.
    ///
    /// # Errors
    /// A failure if the body is longer than `bytes_max`, is incomplete, or takes too long.
    pub(crate) async fn body(mut self, bytes_max: usize) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > bytes_max {
                return Err(fault::too_large(&self.url, bytes_max));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Reads up to `bytes_max` bytes of the body for a message. Errors only end the body.
    pub(crate) async fn beginning(mut self, bytes_max: usize) -> Vec<u8> {
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = self.chunk().await {
            let room = bytes_max - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == bytes_max {
                break;
            }
        }
        body
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        match timeout_at(self.limit.next(), self.response.chunk()).await {
            Ok(read) => read.map_err(|error| fault::broken_body(&self.url, &error)),
            Err(_) => Err(fault::silent(&self.url)),
        }
    }
}

/// The time that a call may still take.
#[derive(Clone, Copy)]
struct TimeLimit {
    idle: Duration,
    deadline: Instant,
}

impl TimeLimit {
    /// Returns when to stop waiting for the next data.
    fn next(self) -> Instant {
        self.deadline.min(Instant::now() + self.idle)
    }
}

/// Missing system certificates are only logged, because http still works; containers often have none.
fn tls_config() -> Result<rustls::ClientConfig, rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (known, _) = roots.add_parsable_certificates(found.certs);
    if known == 0 {
        tracing::warn!("no CA certificates found on this system: calls to https URLs will fail");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
