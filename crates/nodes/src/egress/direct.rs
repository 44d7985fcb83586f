//! Clients for calls without a proxy. What a resolver permits depends on the port and on where a redirect comes from, which it
//! does not see; so there is a client for each way of coming to an address that matters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::EgressError;
use super::own::OwnListeners;
use super::policy::{EgressPolicy, Way};
use super::resolver::{Guard, GuardedResolver, Lookup};

/// Makes clients, and keeps them.
pub(super) struct Direct {
    build: Box<dyn Fn() -> reqwest::ClientBuilder + Send + Sync>,
    policy: Arc<EgressPolicy>,
    own: OwnListeners,
    lookup: Arc<dyn Lookup>,
    clients: Mutex<BTreeMap<Route, reqwest::Client>>,
}

/// What a client is for. There are two for each port of the allow-list and of this server, and two for all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    pub(super) way: Way,
    /// Whether it may reach this server itself.
    pub(super) is_open: bool,
}

impl Direct {
    /// Creates the client of most calls.
    ///
    /// # Errors
    /// [`EgressError`] if it cannot be set up; then none can.
    pub(super) fn new(
        build: Box<dyn Fn() -> reqwest::ClientBuilder + Send + Sync>,
        policy: Arc<EgressPolicy>,
        own: OwnListeners,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, EgressError> {
        let direct = Self { build, policy, own, lookup, clients: Mutex::default() };
        direct.client(Route { way: Way::default(), is_open: false }).map_err(EgressError::Client)?;
        Ok(direct)
    }

    /// Returns the client for `route`.
    ///
    /// # Errors
    /// It cannot be set up.
    pub(super) fn client(&self, route: Route) -> Result<reqwest::Client, reqwest::Error> {
        // Whatever a thread did that held the lock, the clients in the map are whole.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&route) {
            return Ok(client.clone());
        }
        let guard = Guard { policy: Arc::clone(&self.policy), own: self.own.clone(), route };
        let resolver = GuardedResolver { guard, lookup: Arc::clone(&self.lookup) };
        let client = (self.build)().dns_resolver(Arc::new(resolver)).build()?;
        clients.insert(route, client.clone());
        Ok(client)
    }
}
