//! The HTTP client for all outgoing calls of flows, which blocks addresses that are not allowed.
//!
//! A name is resolved once, blocked addresses are removed, and only the remaining ones are connected to. IP literals are
//! checked before connecting, and the connected address is checked again afterwards. Redirects are followed here, and each
//! is checked like a new call. Sizes are counted after decoding, and an incomplete body is a failure.
//!
//! Variables such as `HTTPS_PROXY` are ignored. With the operator's own [`EgressProxy`], the proxy connects; what can be
//! checked is checked before it is asked.
//!
//! TLS is rustls with ring and the certificates of the operating system (`SSL_CERT_FILE` names others).

mod address;
mod certificate;
mod cookies;
mod direct;
mod events;
mod fault;
mod own;
mod policy;
mod proxy;
mod redirect;
mod resolver;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use steadflow_core::failure::{ErrorClass, Failure};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use crate::body::Codings;
use crate::responses::{FREE_BYTES, Share, Taken};
use crate::slots::Slot;
pub use certificate::tls_config;
use cookies::Cookies;
use direct::{Direct, Route};
pub(crate) use events::{Events, Framing, Parser};
pub(crate) use fault::peer;
pub use own::OwnListeners;
use policy::Way;
pub use policy::{EgressPolicy, PolicyError};
use proxy::Proxied;
pub use proxy::{EgressProxy, ProxyError};
use resolver::Guard;
pub use resolver::{Lookup, SystemLookup};

/// Maximum number of redirects that a call follows.
const REDIRECTS_MAX: u32 = 5;

/// How much more what comes out of a compressed body usually is, to know beforehand whether it takes long.
const EXPANSION: usize = 16;

/// What is asked for; `deflate` and `zstd` are decoded, too, where a server sends them unasked.
const ACCEPTED_ENCODINGS: HeaderValue = HeaderValue::from_static("gzip, br");

/// The time limits of a call. Where the node has a timeout of its own, that counts instead of `idle` and `total`.
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
    own: OwnListeners,
    timeouts: EgressTimeouts,
    direct: Arc<Direct>,
    proxied: Option<Proxied>,
}

/// What a client is made of.
pub(crate) struct EgressConfig {
    /// Which addresses may be called.
    pub(crate) policy: EgressPolicy,
    /// What is never called.
    pub(crate) own: OwnListeners,
    pub(crate) timeouts: EgressTimeouts,
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) proxy: Option<EgressProxy>,
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
    /// Whether the caller stops the call at a moment of its own: then only connecting has a limit here.
    pub(crate) has_own_timeout: bool,
    /// How long the caller waits for data, whatever the other limits are.
    pub(crate) idle: Option<Duration>,
    /// Whether redirects are followed; otherwise they are returned like other responses.
    pub(crate) follows_redirects: bool,
}

impl Request {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        let headers = HeaderMap::new();
        Self { method, url, headers, body: None, has_own_timeout: false, idle: None, follows_redirects: true }
    }
}

impl Egress {
    /// Creates a client that enforces a policy, and calls through the proxy if there is one.
    ///
    /// # Errors
    /// [`EgressError`] if TLS or the client cannot be set up.
    pub(crate) fn new(config: EgressConfig) -> Result<Self, EgressError> {
        let EgressConfig { policy, own, timeouts, lookup, proxy } = config;
        let policy = Arc::new(policy);
        let tls = certificate::tls_config().map_err(EgressError::Tls)?;
        let builder = move || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .no_proxy()
                .connect_timeout(timeouts.connect)
        };
        let proxied = proxy.map(|proxy| {
            let resolver = resolver::ProxyResolver(Arc::clone(&lookup));
            Proxied::new(proxy, builder().dns_resolver(Arc::new(resolver)), Arc::clone(&lookup))
        });
        let proxied = proxied.transpose()?;
        let direct = Direct::new(Box::new(builder), Arc::clone(&policy), own.clone(), lookup)?;
        Ok(Self { policy, own, timeouts, direct: Arc::new(direct), proxied })
    }

    /// Returns how long connecting may take.
    pub(crate) const fn connect_timeout(&self) -> Duration {
        self.timeouts.connect
    }

    /// Returns how long a service may be silent.
    pub(crate) const fn idle_timeout(&self) -> Duration {
        self.timeouts.idle
    }

    /// Sends a request and returns the response without reading its body.
    ///
    /// # Errors
    /// A failure if there is no response; the status of a response is never a failure here.
    pub(crate) async fn send(&self, request: Request, share: Share) -> Result<Answer, Failure> {
        let limit = TimeLimit::starting(self.timeouts, &request);
        let mut hop = request;
        let mut cookies = Cookies::default();
        let mut is_from_public = false;
        for _ in 0..=REDIRECTS_MAX {
            let guard = self.guard(&hop.url, is_from_public);
            let sent = Sent { hop: &hop, cookies: &cookies, limit, share: &share };
            let answer = self.send_once(sent, &guard).await?;
            if !hop.follows_redirects {
                return Ok(answer);
            }
            is_from_public |= self.is_public(&answer);
            cookies.keep(&hop.url, answer.headers());
            match redirect::next_hop(&hop, answer.status().as_u16(), answer.headers())? {
                Some(next) => hop = next,
                None => return Ok(answer),
            }
        }
        let message = format!("{} redirects more than {REDIRECTS_MAX} times.", peer(&hop.url));
        Err(Failure::new(ErrorClass::Rejected, message))
    }

    /// Returns what checks the addresses of a call of `url`.
    fn guard(&self, url: &Url, is_from_public: bool) -> Guard {
        let matters = |port: &u16| self.own.have_port(*port) || self.policy.has_port(*port);
        let way = Way { port: url.port_or_known_default().filter(matters), is_from_public };
        let route = Route { way, is_open: self.own.are_open_for(url) };
        Guard { policy: Arc::clone(&self.policy), own: self.own.clone(), route }
    }

    /// Returns whether a response came from a public address. What a proxy calls counts as public unless the operator
    /// allows it by name.
    fn is_public(&self, answer: &Answer) -> bool {
        let url = &answer.url;
        if self.proxied.as_ref().is_some_and(|proxied| proxied.is_for(url)) {
            return !self.policy.names(url.host_str().unwrap_or_default());
        }
        answer.response.remote_addr().is_none_or(|address| address::is_public(address.ip()))
    }

    async fn send_once(&self, sent: Sent<'_>, guard: &Guard) -> Result<Answer, Failure> {
        let Sent { hop, cookies, limit, share } = sent;
        let url = &hop.url;
        check_url(url, guard)?;
        let proxied = self.proxied.as_ref().filter(|proxied| proxied.is_for(url));
        if let Some(proxied) = proxied {
            proxied.check_name(url, guard).await?;
        }
        let client = match proxied {
            Some(proxied) => proxied.client.clone(),
            None => self
                .direct
                .client(guard.route)
                .map_err(|error| fault::no_answer(url, &error, self.timeouts.connect))?,
        };
        let sent = limit.within(url, prepared(&client, hop, cookies).send()).await?;
        let response = sent.map_err(|error| match proxied {
            Some(proxied) => proxied.no_answer(url, &error, self.timeouts.connect),
            None => fault::no_answer(url, &error, self.timeouts.connect),
        })?;
        match proxied {
            Some(proxied) => proxied.check_status(url, response.status())?,
            None => check_connected(url, &response, guard)?,
        }
        let proxy = proxied.and_then(|proxied| proxied.speaker(url));
        Ok(Answer { url: url.clone(), proxy, response, limit, share: share.clone() })
    }
}

/// A request of a call, with what the ones before it left.
#[derive(Clone, Copy)]
struct Sent<'a> {
    hop: &'a Request,
    cookies: &'a Cookies,
    limit: TimeLimit,
    share: &'a Share,
}

fn check_connected(url: &Url, response: &reqwest::Response, guard: &Guard) -> Result<(), Failure> {
    let Some(connected) = response.remote_addr() else { return Ok(()) };
    guard.check(url.host_str().unwrap_or_default(), connected.ip()).map_err(|why| fault::refused(url, why))
}

/// Checks a URL before name lookup. This includes IP literals, for which the resolver is not called.
fn check_url(url: &Url, guard: &Guard) -> Result<(), Failure> {
    let invalid = |message: String| Err(Failure::new(ErrorClass::Validation, message));
    if !matches!(url.scheme(), "http" | "https") {
        return invalid(format!(
            "The URL has the scheme `{}`; only http and https are supported.",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let message = "The URL contains a user name or password. Use `auth` instead, as in \
                       `{\"type\": \"basic\", \"username\": …, \"password\": …}`.";
        return invalid(message.to_owned());
    }
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain(_)) => return Ok(()),
        None => return invalid("The URL has no host.".to_owned()),
    };
    guard.check(url.host_str().unwrap_or_default(), literal).map_err(|why| fault::refused(url, why))
}

fn prepared(client: &reqwest::Client, hop: &Request, cookies: &Cookies) -> reqwest::RequestBuilder {
    let mut headers = hop.headers.clone();
    headers.entry(ACCEPT_ENCODING).or_insert(ACCEPTED_ENCODINGS);
    cookies.add(&hop.url, &mut headers);
    // Some servers answer 411 to a POST that does not say its length, even if that is 0 (RFC 9110, 8.6).
    if hop.body.is_none() && matches!(hop.method, Method::POST | Method::PUT | Method::PATCH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
    }
    let builder = client.request(hop.method.clone(), hop.url.clone()).headers(headers);
    match &hop.body {
        Some(body) => builder.body(body.clone()),
        None => builder,
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
    /// The proxy that may have answered instead.
    proxy: Option<String>,
    response: reqwest::Response,
    limit: TimeLimit,
    share: Share,
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

    /// Returns who responded, for a message about an error: a proxy responds with some statuses itself.
    pub(crate) fn speaker(&self) -> String {
        let is_usual_of_proxies = matches!(self.status().as_u16(), 403 | 502..=504);
        match &self.proxy {
            Some(proxy) if is_usual_of_proxies => format!("{} or the proxy {proxy}", self.peer()),
            Some(_) | None => self.peer(),
        }
    }

    /// Reads the whole body, undoes its content encoding, and makes something of it.
    ///
    /// # Errors
    /// A failure if the decoded body is longer than `bytes_max`, if it is incomplete, damaged or in an unknown encoding, or
    /// if it takes too long; and what `read` returns.
    pub(crate) async fn read<T: Send + 'static>(
        mut self,
        bytes_max: usize,
        read: impl FnOnce(Vec<u8>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let codings = Codings::of(self.headers());
        let is_plain = codings.as_ref().is_ok_and(Codings::is_identity);
        let (body, taken) = self.whole(bytes_max, is_plain).await?;
        // What comes out is not known before.
        let weight = if is_plain { body.len() } else { bytes_max.min(body.len().saturating_mul(EXPANSION)) };
        let url = self.url.clone();
        let decode_and_read = move || {
            if body.is_empty() {
                return read(body);
            }
            let decoded = codings.and_then(|codings| codings.decode(body, bytes_max));
            read(decoded.map_err(|error| fault::encoded(&url, &error, bytes_max))?)
        };
        self.limit.in_time(&self.url, self.share.read(weight, taken, decode_and_read)).await?
    }

    /// Reads the body as it was sent, with its memory.
    async fn whole(&mut self, bytes_max: usize, is_plain: bool) -> Result<(Vec<u8>, Taken), Failure> {
        // What cannot be compressed becomes a little longer by it.
        let received_max = if is_plain { bytes_max } else { bytes_max + bytes_max / 16 + 1024 };
        let declared = self.response.content_length().and_then(|bytes| usize::try_from(bytes).ok());
        let (mut body, mut taken) = (Vec::new(), None);
        while let Some(chunk) = self.chunk().await? {
            let length = body.len() + chunk.len();
            if length > received_max {
                return Err(fault::too_large(&self.url, bytes_max));
            }
            if length > FREE_BYTES && taken.is_none() {
                taken =
                    Some(self.room(declared.map_or(received_max, |bytes| bytes.min(received_max))).await?);
            }
            body.extend_from_slice(&chunk);
        }
        Ok((body, taken))
    }

    async fn room(&self, bytes: usize) -> Result<Slot, Failure> {
        self.limit.in_time(&self.url, self.share.take(bytes)).await
    }

    /// Reads up to `bytes_max` bytes of the body for a message, decoded as far as possible. Errors only end the body.
    pub(crate) async fn beginning(mut self, bytes_max: usize) -> Beginning {
        let (mut body, mut taken) = (Vec::new(), None);
        let is_whole = loop {
            if body.len() > FREE_BYTES && taken.is_none() {
                let Ok(room) = self.room(bytes_max).await else { break false };
                taken = Some(room);
            }
            match self.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > bytes_max => {
                    body.extend_from_slice(&chunk[..bytes_max - body.len()]);
                    break false;
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        let Ok(codings) = Codings::of(self.headers()) else {
            return Beginning { bytes: body, is_whole: false };
        };
        if is_whole && let Ok(bytes) = codings.decode(body.clone(), bytes_max) {
            return Beginning { bytes, is_whole };
        }
        let bytes = codings.decode_beginning(body, bytes_max);
        Beginning { bytes, is_whole: is_whole && codings.is_identity() }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let read = self.limit.within(&self.url, self.response.chunk()).await?;
        read.map_err(|_| fault::broken_body(&self.url))
    }
}

/// The beginning of a body.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) bytes: Vec<u8>,
    /// Whether nothing is missing.
    pub(crate) is_whole: bool,
}

/// The time that a call may still take. Where both are `None`, its caller stops it.
#[derive(Clone, Copy)]
struct TimeLimit {
    idle: Option<(Duration, Reached)>,
    total: Option<(Instant, Reached)>,
}

/// Which limit a call has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    Idle(Duration),
    /// The limit of the agent that made the call.
    AgentIdle(Duration),
    Total(Duration),
}

impl TimeLimit {
    fn starting(timeouts: EgressTimeouts, request: &Request) -> Self {
        let EgressTimeouts { idle, total, .. } = timeouts;
        let is_ours = !request.has_own_timeout;
        let of_agent = request.idle.map(|idle| (idle, Reached::AgentIdle(idle)));
        Self {
            idle: of_agent.or(is_ours.then_some((idle, Reached::Idle(idle)))),
            total: is_ours.then(|| (Instant::now() + total, Reached::Total(total))),
        }
    }

    /// Waits for something of our own, which does not count as the silence of who is called.
    async fn in_time<T>(self, url: &Url, ours: impl Future<Output = T>) -> Result<T, Failure> {
        until(self.total, url, ours).await
    }

    /// Waits for the next data.
    async fn within<T>(self, url: &Url, data: impl Future<Output = T>) -> Result<T, Failure> {
        let idle = self.idle.map(|(idle, reached)| (Instant::now() + idle, reached));
        let first = idle.into_iter().chain(self.total).min_by_key(|(moment, _)| *moment);
        until(first, url, data).await
    }
}

async fn until<T>(
    limit: Option<(Instant, Reached)>,
    url: &Url,
    result: impl Future<Output = T>,
) -> Result<T, Failure> {
    match limit {
        Some((moment, reached)) => timeout_at(moment, result).await.map_err(|_| fault::silent(url, reached)),
        None => Ok(result.await),
    }
}
