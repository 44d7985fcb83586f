//! The listeners of this server, which flows never call: its API has no other protection against a flow that an outsider
//! writes, or a redirect that a called service answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, PoisonError, RwLock};

use url::Url;

use super::address::without_wrapping;

/// The addresses that this server listens on. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct OwnListeners(Arc<RwLock<Vec<Listener>>>);

#[derive(Clone, Debug)]
struct Listener {
    address: SocketAddr,
    /// What flows may call there all the same: this path and all below it.
    open_path: Option<&'static str>,
}

impl OwnListeners {
    /// Adds a listener, before it accepts connections. Flows may call what is below `open_path`.
    pub fn add(&self, address: SocketAddr, open_path: Option<&'static str>) {
        self.listeners_mut().push(Listener { address, open_path });
    }

    /// Returns whether one of them has this port.
    pub(super) fn have_port(&self, port: u16) -> bool {
        self.any(|listener| listener.address.port() == port)
    }

    /// Returns whether one of them is reached at `address`.
    pub(super) fn are_at(&self, address: IpAddr, port: u16) -> bool {
        self.any(|listener| listener.address.port() == port && is_reached(listener.address.ip(), address))
    }

    /// Returns whether flows may call `url` even if it is one of them. Its path is that of a parsed URL, so it has no `..`.
    pub(super) fn are_open_for(&self, url: &Url) -> bool {
        let is_open = |path: &str| {
            url.path().strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let port = url.port_or_known_default();
        self.any(|listener| Some(listener.address.port()) == port && listener.open_path.is_some_and(is_open))
    }

    fn any(&self, is_meant: impl Fn(&Listener) -> bool) -> bool {
        // A list of addresses is whole whatever a thread did that held the lock.
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().any(is_meant)
    }

    fn listeners_mut(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Listener>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether a call of `called` reaches what listens on `listening`.
fn is_reached(listening: IpAddr, called: IpAddr) -> bool {
    let (listening, called) =
        (without_wrapping(listening), loopback_for_unspecified(without_wrapping(called)));
    if listening.is_unspecified() { is_local(called) } else { loopback_for_unspecified(listening) == called }
}

/// Returns the address that systems connect to when they are asked for `0.0.0.0` or `::`.
fn loopback_for_unspecified(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other @ (IpAddr::V4(_) | IpAddr::V6(_)) => other,
    }
}

/// Returns whether `address` is one of this machine: only such addresses can be bound.
fn is_local(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_known_by_every_address_that_reaches_it() {
        for (listening, called, is_own) in [
            ("127.0.0.1:80", "127.0.0.1", true),
            ("127.0.0.1:80", "::ffff:127.0.0.1", true),
            ("127.0.0.1:80", "0.0.0.0", true),
            ("127.0.0.1:80", "127.0.0.2", false),
            ("127.0.0.1:80", "::1", false),
            ("[::1]:80", "::1", true),
            ("[::1]:80", "::", true),
            ("[::1]:80", "2001:db8::1", false),
            ("0.0.0.0:80", "127.0.0.9", true),
            ("0.0.0.0:80", "0.0.0.0", true),
            ("[::]:80", "127.0.0.1", true),
            ("[::]:80", "::1", true),
            ("0.0.0.0:80", "192.0.2.1", false),
            ("192.0.2.1:80", "192.0.2.1", true),
        ] {
            let own = OwnListeners::default();
            own.add(listening.parse().unwrap(), None);

            assert_eq!(own.are_at(called.parse().unwrap(), 80), is_own, "{listening} {called}");
            assert!(!own.are_at(called.parse().unwrap(), 81));
        }
    }

    #[test]
    fn a_listener_on_all_addresses_is_at_each_of_this_machine() {
        // Where there is no network, this is a loopback address.
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        let _ = socket.connect("192.0.2.1:9").or_else(|_| socket.connect("127.0.0.1:9"));
        let address = socket.local_addr().unwrap().ip();
        let own = OwnListeners::default();
        own.add("0.0.0.0:80".parse().unwrap(), None);

        assert!(own.are_at(address, 80), "{address}");
    }

    #[test]
    fn an_open_path_is_open_with_all_below_it() {
        let own = OwnListeners::default();
        own.add("127.0.0.1:8080".parse().unwrap(), Some("/demo/peer"));
        for (url, is_open) in [
            ("http://127.0.0.1:8080/demo/peer/ok", true),
            ("http://127.0.0.1:8080/demo/peer", true),
            ("http://127.0.0.1:8080/demo/peers", false),
            ("http://127.0.0.1:8080/demo/peer/../../api/v1", false),
            ("http://127.0.0.1:8080/demo/peer/%2e%2e/%2E./api/v1", false),
            ("http://127.0.0.1:8080/api?/demo/peer/", false),
            ("http://127.0.0.1:8081/demo/peer/ok", false),
        ] {
            assert_eq!(own.are_open_for(&Url::parse(url).unwrap()), is_open, "{url}");
        }
    }
}
