//! A proxy for outgoing calls, and which calls do not use it.
//!
//! The proxy resolves names and connects, so the address that is connected to is not known here. What can be checked is
//! checked before the proxy is asked: addresses in URLs, and the addresses that a name has in this network.

mod fault;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use reqwest::StatusCode;
use steadflow_core::failure::Failure;
use tokio::time::timeout;
use url::{Host, Url};

use super::address::without_wrapping;
use super::resolver::{Guard, Lookup, ResolveError};
use super::{EgressError, fault as direct, peer};

/// How long a name may be looked up before the proxy is asked for it: in many networks, only the proxy can resolve names.
const LOOKUP_LIMIT: Duration = Duration::from_secs(2);
/// What is called directly in any case: for the proxy, these are names of its own host.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.0/8", "::1"];

/// A proxy for the calls of flows. Its credentials are neither printed nor part of any message.
#[derive(Clone, PartialEq, Eq)]
pub struct EgressProxy {
    /// Without credentials.
    url: Url,
    /// User name and password.
    credentials: Option<(String, String)>,
    exceptions: Vec<Exception>,
}

/// Why the setting of a proxy is not valid. Never shows the URL, which may contain a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Its URL is none, or has more than a scheme, credentials, a host and a port.
    #[error(
        "the URL of a proxy is like http://proxy.example:3128 or http://user:password@proxy.example:3128"
    )]
    Url,
    /// Its protocol is not supported.
    #[error("`{0}` proxies are not supported; the URL begins with http:// or https://")]
    Scheme(String),
    /// An entry of the exceptions.
    #[error(
        "`{0}` is neither `*`, a host name, an IP address nor a network like 10.1.0.0/16, with or without a port"
    )]
    Exception(String),
}

impl EgressProxy {
    /// Parses the URL of a proxy, and the list of hosts that are called directly: `*`, host names with all names below them,
    /// addresses and networks, separated by commas, each with or without a port.
    ///
    /// Loopback addresses and `localhost` are always called directly.
    ///
    /// # Errors
    /// [`ProxyError`], without any part of the URL except its scheme.
    pub fn parse(url: &str, exceptions: &str) -> Result<Self, ProxyError> {
        // Without `://`, what is before the colon may be a user name.
        let parsed = Some(url.trim()).filter(|url| url.contains("://")).and_then(|url| Url::parse(url).ok());
        let mut url = parsed.ok_or(ProxyError::Url)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ProxyError::Scheme(url.scheme().to_owned()));
        }
        let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !is_plain {
            return Err(ProxyError::Url);
        }
        let decoded =
            |text: &str| percent_decode_str(text).decode_utf8().map(Into::into).map_err(|_| ProxyError::Url);
        let credentials: (String, String) =
            (decoded(url.username())?, decoded(url.password().unwrap_or_default())?);
        let has_credentials = !credentials.0.is_empty() || !credentials.1.is_empty();
        let _ = (url.set_username(""), url.set_password(None));
        let given = exceptions.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let entries = LOCAL.into_iter().chain(given);
        Ok(Self {
            url,
            credentials: has_credentials.then_some(credentials),
            exceptions: entries.map(Exception::parse).collect::<Result<_, _>>()?,
        })
    }

    /// Returns the host and the port, for messages.
    fn name(&self) -> String {
        peer(&self.url)
    }

    /// Returns whether a call of `url` uses the proxy.
    fn is_for(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        let is_excepted_by = |exception: &Exception| match url.host() {
            Some(Host::Domain(name)) => exception.has_name(&canonical(name), port),
            Some(Host::Ipv4(address)) => exception.has_address(address.into(), port),
            Some(Host::Ipv6(address)) => exception.has_address(without_wrapping(address.into()), port),
            None => false,
        };
        !self.exceptions.iter().any(is_excepted_by)
    }
}

impl fmt::Debug for EgressProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressProxy")
            .field("url", &self.url.as_str())
            .field("exceptions", &self.exceptions)
            .finish_non_exhaustive()
    }
}

/// What is called directly; with a port, only at that port.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    All,
    /// A name, and all names below it.
    Name(String, Option<u16>),
    Network(IpNet, Option<u16>),
}

impl Exception {
    fn parse(entry: &str) -> Result<Self, ProxyError> {
        if entry == "*" {
            return Ok(Self::All);
        }
        let (host, port) = with_port(entry);
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self::Network(address.into(), port));
        }
        if let Ok(network) = bare.parse::<IpNet>() {
            return Ok(Self::Network(network, port));
        }
        let name = canonical(host.strip_prefix("*.").or_else(|| host.strip_prefix('.')).unwrap_or(host));
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || !name.chars().all(fits) {
            return Err(ProxyError::Exception(entry.to_owned()));
        }
        Ok(Self::Name(name, port))
    }

    fn has_name(&self, name: &str, at: Option<u16>) -> bool {
        match self {
            Self::All => true,
            Self::Name(known, port) => {
                let is_below = name.strip_suffix(known.as_str()).is_some_and(|rest| rest.ends_with('.'));
                (name == known || is_below) && port.is_none_or(|port| Some(port) == at)
            }
            Self::Network(..) => false,
        }
    }

    fn has_address(&self, address: IpAddr, at: Option<u16>) -> bool {
        match self {
            Self::All => true,
            Self::Name(..) => false,
            Self::Network(network, port) => {
                network.contains(&address) && port.is_none_or(|port| Some(port) == at)
            }
        }
    }
}

/// Splits a port off, unless the colon belongs to an IPv6 address.
fn with_port(entry: &str) -> (&str, Option<u16>) {
    let split = entry.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    match split.map(|(host, port)| (host, port.parse())) {
        Some((host, Ok(port))) => (host, Some(port)),
        Some((_, Err(_))) | None => (entry, None),
    }
}

fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// The client for calls that use the proxy.
#[derive(Clone)]
pub(super) struct Proxied {
    proxy: EgressProxy,
    pub(super) client: reqwest::Client,
    lookup: Arc<dyn Lookup>,
}

impl Proxied {
    /// Creates the client from a builder whose resolver permits all addresses: it resolves only the proxy.
    pub(super) fn new(
        proxy: EgressProxy,
        builder: reqwest::ClientBuilder,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, EgressError> {
        let mut through = reqwest::Proxy::all(proxy.url.clone()).map_err(EgressError::Client)?;
        if let Some((name, password)) = &proxy.credentials {
            through = through.basic_auth(name, password);
        }
        let client = builder.proxy(through).build().map_err(EgressError::Client)?;
        Ok(Self { proxy, client, lookup })
    }

    pub(super) fn is_for(&self, url: &Url) -> bool {
        self.proxy.is_for(url)
    }

    /// Checks the addresses that a name has here. A name that has none here may have one for the proxy.
    ///
    /// # Errors
    /// All of them are blocked.
    pub(super) async fn check_name(&self, url: &Url, guard: &Guard) -> Result<(), Failure> {
        let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
        let found = timeout(LOOKUP_LIMIT, guard.permitted(name, self.lookup.lookup(name))).await;
        match found {
            Ok(Err(why @ (ResolveError::Blocked | ResolveError::Redirected | ResolveError::Own))) => {
                Err(direct::refused(url, why))
            }
            Ok(Err(ResolveError::Unknown) | Ok(_)) | Err(_) => Ok(()),
        }
    }

    /// Returns the failure for a request without a response.
    pub(super) fn no_answer(&self, url: &Url, error: &reqwest::Error, limit: Duration) -> Failure {
        fault::of_proxy(&self.proxy, url, error, limit)
            .unwrap_or_else(|| direct::no_answer(url, error, limit))
    }

    /// Checks that the proxy does not ask for credentials.
    ///
    /// # Errors
    /// It does.
    pub(super) fn check_status(&self, url: &Url, status: StatusCode) -> Result<(), Failure> {
        let is_of_proxy = url.scheme() == "http" && status == StatusCode::PROXY_AUTHENTICATION_REQUIRED;
        if is_of_proxy { Err(fault::unauthorized(&self.proxy)) } else { Ok(()) }
    }

    /// Returns who may have answered a call of `url` instead of the service; nobody else can in TLS.
    pub(super) fn speaker(&self, url: &Url) -> Option<String> {
        (url.scheme() == "http").then(|| self.proxy.name())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures_util::future::BoxFuture;

    use super::super::certificate;
    use super::super::direct::Route;
    use super::super::own::OwnListeners;
    use super::super::policy::Way;
    use super::*;

    /// Never finds anything.
    struct Silent;

    impl Lookup for Silent {
        fn lookup(&self, _: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_cannot_be_resolved_here_is_left_to_the_proxy() {
        let proxy = EgressProxy::parse("http://proxy.example", "").unwrap();
        let builder =
            reqwest::Client::builder().tls_backend_preconfigured(certificate::tls_config().unwrap());
        let proxied = Proxied::new(proxy, builder, Arc::new(Silent)).unwrap();
        let started = tokio::time::Instant::now();

        let route = Route { way: Way::default(), is_open: false };
        let guard = Guard { policy: Arc::default(), own: OwnListeners::default(), route };

        let checked = proxied.check_name(&Url::parse("https://x.example/").unwrap(), &guard).await;

        assert_eq!(checked, Ok(()));
        assert_eq!(started.elapsed(), LOOKUP_LIMIT);
    }

    #[test]
    fn credentials_are_taken_out_of_the_url_and_never_shown() {
        let proxy = EgressProxy::parse("http://us%40er:canary%3A@proxy.example:3128/", "").unwrap();

        assert_eq!(proxy.credentials, Some(("us@er".to_owned(), "canary:".to_owned())));
        assert_eq!(proxy.url.as_str(), "http://proxy.example:3128/");
        assert_eq!(proxy.name(), "proxy.example:3128");
        assert!(!format!("{proxy:?}").contains("canary"));
        let credentials = |url| EgressProxy::parse(url, "").unwrap().credentials;
        assert_eq!(credentials("https://proxy.example"), None);
        assert_eq!(credentials("https://token@proxy.example"), Some(("token".to_owned(), String::new())));
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_showing_it() {
        for (url, error) in [
            ("proxy.example:3128", ProxyError::Url),
            ("socks5://u:canary@proxy.example", ProxyError::Scheme("socks5".to_owned())),
            ("http://u:canary@", ProxyError::Url),
            ("http://u:canary@proxy.example/path", ProxyError::Url),
            ("http://u:canary@proxy.example?a", ProxyError::Url),
            ("canary:u@proxy.example", ProxyError::Url),
            ("", ProxyError::Url),
        ] {
            let found = EgressProxy::parse(url, "").unwrap_err();

            assert!(!found.to_string().contains("canary"), "{found}");
            assert_eq!(found, error, "{url}");
        }
        for entry in ["a b", "10.0.0.0/33", "http://x", "x:y", "[::1", "10.*", "/8"] {
            let error = EgressProxy::parse("http://proxy.example", entry).unwrap_err();

            assert_eq!(error, ProxyError::Exception(entry.to_owned()));
        }
    }

    #[test]
    fn exceptions_are_called_directly() {
        let list = "internal.example, .corp.example,*.lan,svc.example:8443,10.1.0.0/16,192.168.1.5,[fd00::1]:80,fd01::/16,";
        let proxy = EgressProxy::parse("http://proxy.example:3128", list).unwrap();
        for (url, is_proxied) in [
            ("https://x.example/", true),
            ("https://internal.example/", false),
            ("https://INTERNAL.example./", false),
            ("https://a.b.internal.example:444/", false),
            ("https://notinternal.example/", true),
            ("https://corp.example/", false),
            ("https://a.corp.example/", false),
            ("https://printer.lan/", false),
            ("https://svc.example:8443/", false),
            ("https://svc.example/", true),
            ("http://10.1.2.3/", false),
            ("http://10.2.2.3/", true),
            ("http://192.168.1.5:81/", false),
            ("http://[fd00::1]/", false),
            ("https://[fd00::1]/", true),
            ("http://[fd01::5]/", false),
            ("http://localhost:8080/", false),
            ("http://a.localhost/", false),
            ("http://127.0.0.1/", false),
            ("http://127.1/", false),
            ("http://[::1]/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("http://[::ffff:8.8.8.8]/", true),
        ] {
            assert_eq!(proxy.is_for(&Url::parse(url).unwrap()), is_proxied, "{url}");
        }
        let none = EgressProxy::parse("http://proxy.example:3128", "*").unwrap();
        assert!(!none.is_for(&Url::parse("https://x.example/").unwrap()));
    }
}
