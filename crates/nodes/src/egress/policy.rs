//! Which addresses flows may call: public ones, and those that the operator allows.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;

use super::address;

/// Which addresses may be called. The default allows only public ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    hosts: BTreeSet<String>,
    networks: Vec<IpNet>,
    sockets: Vec<SocketAddr>,
}

/// An entry of the allow-list that is none of what [`EgressPolicy::parse`] takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an IP address, with or without a port, a network like 10.1.0.0/16 nor a host name")]
pub struct PolicyError(String);

impl EgressPolicy {
    /// Parses the operator's allow-list: addresses, addresses with a port, networks and host names, separated by commas.
    ///
    /// A host name allows all addresses that it resolves to. An address or a network is allowed under any name, an address
    /// with a port only where the URL has the address itself.
    ///
    /// # Errors
    /// The first invalid entry.
    pub fn parse(list: &str) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            policy.allow(entry)?;
        }
        Ok(policy)
    }

    fn allow(&mut self, entry: &str) -> Result<(), PolicyError> {
        let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
        if let Ok(address) = bare.parse::<IpAddr>() {
            self.networks.push(IpNet::from(address));
        } else if let Ok(network) = entry.parse::<IpNet>() {
            self.networks.push(network);
        } else if let Ok(socket) = entry.parse::<SocketAddr>() {
            self.sockets.push(socket);
        } else if is_host_name(entry) {
            self.hosts.insert(canonical(entry));
        } else {
            return Err(PolicyError(entry.to_owned()));
        }
        Ok(())
    }

    /// Returns whether a call to `host` may connect to `address`.
    pub fn permits(&self, host: &str, address: IpAddr) -> bool {
        let plain = address::without_wrapping(address);
        self.hosts.contains(&canonical(host))
            || self.networks.iter().any(|network| network.contains(&plain) || network.contains(&address))
            || address::is_public(address)
    }

    /// Returns whether a call to the literal address and port `socket` may connect to it.
    pub fn permits_socket(&self, socket: SocketAddr) -> bool {
        self.sockets.contains(&socket)
    }
}

impl FromStr for EgressPolicy {
    type Err = PolicyError;

    fn from_str(list: &str) -> Result<Self, PolicyError> {
        Self::parse(list)
    }
}

fn canonical(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// A name whose last label is a number would be parsed as an IPv4 address (URL standard, host parsing).
fn is_host_name(text: &str) -> bool {
    let labels: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    let is_numeric = labels.last().is_some_and(|label| label.starts_with(|c: char| c.is_ascii_digit()));
    !is_numeric
        && labels.iter().all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_from_a_text() {
        let policy: EgressPolicy = "10.0.0.0/8".parse().unwrap();

        assert!(
            policy.permits("a.example", [10, 1, 2, 3].into())
                && !policy.permits("a.example", [192, 168, 1, 1].into())
        );
        assert!("10.0.0.0/99".parse::<EgressPolicy>().is_err());
    }

    #[test]
    fn addresses_networks_and_host_names_are_allowed() {
        let policy = EgressPolicy::parse("127.0.0.1, 10.1.0.0/16,models.internal,").unwrap();

        assert!(policy.permits("x", ip("127.0.0.1")));
        assert!(policy.permits("x", ip("::ffff:127.0.0.1")));
        assert!(policy.permits("x", ip("10.1.255.1")));
        assert!(policy.permits("Models.Internal.", ip("192.168.0.1")));
        assert!(!policy.permits("x", ip("127.0.0.2")));
        assert!(!policy.permits("x", ip("10.2.0.1")));
        assert!(!policy.permits("evil.models.internal", ip("192.168.0.1")));
    }

    #[test]
    fn an_address_with_a_port_allows_no_other_port() {
        let policy = EgressPolicy::parse("127.0.0.1:8123,[::1]:80").unwrap();

        assert!(policy.permits_socket("127.0.0.1:8123".parse().unwrap()));
        assert!(policy.permits_socket("[::1]:80".parse().unwrap()));
        assert!(!policy.permits_socket("127.0.0.1:8124".parse().unwrap()));
        assert!(!policy.permits("127.0.0.1", ip("127.0.0.1")));
    }

    #[test]
    fn only_public_addresses_are_allowed_by_default() {
        let policy = EgressPolicy::default();

        assert!(policy.permits("x", ip("8.8.8.8")));
        assert!(!policy.permits("localhost", ip("127.0.0.1")));
        assert!(!policy.permits("x", ip("::1")));
    }

    #[test]
    fn invalid_entries_are_refused() {
        for entry in ["10.0.0.0/33", "127.1", "http://x", "a b", "*", "x:80", "2130706433", "x/8"] {
            assert_eq!(EgressPolicy::parse(entry), Err(PolicyError(entry.to_owned())));
        }
        assert!(EgressPolicy::parse("[::1]").unwrap().permits("x", ip("::1")));
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }
}
