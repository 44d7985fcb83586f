//! The one door through which calls of flows leave: it keeps them off addresses that are nobody's business.
//!
//! A name is resolved once, blocked addresses are dropped, and what was checked is what is connected to; IP literals
//! are checked before, the connected address once more after. Redirects are followed by hand, each hop checked like a
//! first call. Proxy variables are not read. Sizes are counted after decoding, and a body that breaks off is a failure.
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

/// Redirects that one call follows at most.
const REDIRECTS_MAX: u32 = 5;

/// How long a call may wait for its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EgressTimeouts {
    /// To find the host and connect, TLS included.
    pub connect: Duration,
    /// Between two signs of life of the peer. Long: models think before they speak.
    pub idle: Duration,
    /// For all of it, redirects and body included. An attempt's own timeout mostly strikes before.
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

/// Why the client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// TLS is not usable.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client refused its settings.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
}

/// One call to make.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    /// Whether the body holds secrets: then no redirect takes it to another origin.
    pub(crate) body_is_secret: bool,
    /// Whether redirects are followed; else they are answers like any other.
    pub(crate) follows_redirects: bool,
}

impl Request {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        let headers = HeaderMap::new();
        Self { method, url, headers, body: None, body_is_secret: false, follows_redirects: true }
    }
}

impl Egress {
    /// Makes a client that obeys `policy`.
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

    /// Makes the call. The answer's body is still to be read.
    ///
    /// # Errors
    /// A failure that says why no answer came; an answer's status is never one.
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
        let patience = Patience { idle: self.timeouts.idle, deadline };
        let response = match timeout_at(patience.next(), builder.send()).await {
            Ok(sent) => sent.map_err(|error| fault::no_answer(&hop.url, &error))?,
            Err(_) => return Err(fault::silent(&hop.url)),
        };
        let connected = response.remote_addr().map(|address| address.ip());
        if connected.is_some_and(|address| !self.permits(&hop.url, address)) {
            return Err(fault::blocked(&hop.url));
        }
        Ok(Answer { url: hop.url.clone(), response, patience })
    }

    /// Checks what can be told before anything is resolved. A resolver never hears of IP literals.
    fn check_url(&self, url: &Url) -> Result<(), Failure> {
        let invalid = |message: String| Err(Failure::new(ErrorClass::Validation, message));
        if !matches!(url.scheme(), "http" | "https") {
            return invalid(format!(
                "The URL's scheme is `{}`; only http and https can be called.",
                url.scheme()
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return invalid("The URL holds a user name or password; put them into a header.".to_owned());
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

/// An answer whose head has arrived. Dropping it drops the connection.
pub(crate) struct Answer {
    url: Url,
    response: reqwest::Response,
    patience: Patience,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Returns who answered, after all redirects.
    pub(crate) fn peer(&self) -> String {
        peer(&self.url)
    }

    /// Reads the whole body, decoded.
    ///
    /// # Errors
    /// A failure where the body is longer than `bytes_max`, breaks off, or stalls.
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

    /// Reads the body's beginning, as much as comes up to `bytes_max`: for messages, so nothing here is a failure.
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
        match timeout_at(self.patience.next(), self.response.chunk()).await {
            Ok(read) => read.map_err(|error| fault::broken_body(&self.url, &error)),
            Err(_) => Err(fault::silent(&self.url)),
        }
    }
}

/// How long a call still waits.
#[derive(Clone, Copy)]
struct Patience {
    idle: Duration,
    deadline: Instant,
}

impl Patience {
    fn next(self) -> Instant {
        self.deadline.min(Instant::now() + self.idle)
    }
}

/// Without any certificate of the system every https call fails, but http works: containers often have none.
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
