//! Name resolution that removes blocked addresses, so that only checked addresses are connected to.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::direct::Route;
use super::own::OwnListeners;
use super::policy::EgressPolicy;

/// Resolves host names.
pub trait Lookup: Send + Sync + 'static {
    /// Returns the addresses of `host`, in the order in which to try them.
    fn lookup(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let host = host.to_owned();
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// Says which addresses a call may connect to.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) policy: Arc<EgressPolicy>,
    pub(super) own: OwnListeners,
    pub(super) route: Route,
}

impl Guard {
    /// Checks one address of `host`.
    ///
    /// # Errors
    /// Why it is blocked.
    pub(super) fn check(&self, host: &str, address: IpAddr) -> Result<(), ResolveError> {
        let Route { way, is_open } = self.route;
        if !is_open && way.port.is_some_and(|port| self.own.are_at(address, port)) {
            return Err(ResolveError::Own);
        }
        if self.policy.permits(host, address, way) {
            return Ok(());
        }
        Err(if way.is_from_public { ResolveError::Redirected } else { ResolveError::Blocked })
    }

    /// Returns the addresses of `host` that it permits.
    ///
    /// # Errors
    /// There are none.
    pub(super) async fn permitted(&self, host: &str, answer: Answer) -> Result<Vec<IpAddr>, ResolveError> {
        let (mut permitted, mut refusal) = (Vec::new(), ResolveError::Unknown);
        for address in found(answer).await? {
            match self.check(host, address) {
                Ok(()) => permitted.push(address),
                Err(why) => refusal = why,
            }
        }
        if permitted.is_empty() { Err(refusal) } else { Ok(permitted) }
    }
}

/// Resolves names with `lookup` and keeps only the addresses that `guard` permits.
pub(super) struct GuardedResolver {
    pub(super) guard: Guard,
    pub(super) lookup: Arc<dyn Lookup>,
}

/// Resolves the name of the operator's proxy, which may have any address.
pub(super) struct ProxyResolver(pub(super) Arc<dyn Lookup>);

impl Resolve for ProxyResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let answer = self.0.lookup(name.as_str());
        Box::pin(async move { Ok(sockets(found(answer).await?)) })
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard.clone();
        let host = name.as_str().to_owned();
        let answer = self.lookup.lookup(&host);
        Box::pin(async move { Ok(sockets(guard.permitted(&host, answer).await?)) })
    }
}

/// The answer of a [`Lookup`], on its way.
type Answer = BoxFuture<'static, io::Result<Vec<IpAddr>>>;

async fn found(answer: Answer) -> Result<Vec<IpAddr>, ResolveError> {
    let addresses = answer.await.map_err(|_| ResolveError::Unknown)?;
    if addresses.is_empty() { Err(ResolveError::Unknown) } else { Ok(addresses) }
}

fn sockets(addresses: Vec<IpAddr>) -> Addrs {
    Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)))
}

/// Why a name has no usable address. Does not reveal addresses, because the author of the flow may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResolveError {
    /// The name has no address.
    Unknown,
    /// All its addresses are blocked.
    Blocked,
    /// All its addresses are blocked for redirects from public addresses.
    Redirected,
    /// It is this server itself.
    Own,
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "the host has no address",
            Self::Blocked => "the host's addresses are blocked",
            Self::Redirected => "the host's addresses are blocked for redirects",
            Self::Own => "the host is this server",
        })
    }
}

impl std::error::Error for ResolveError {}
