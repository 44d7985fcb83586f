//! Which addresses flows may call: public ones, and those that the operator allows.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::address;

/// Begins an entry that a redirect from a public address may lead to.
const OF_REDIRECTS: &str = "redirects:";

/// Which addresses may be called. The default allows only public ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    allowed: Vec<Entry>,
    /// Those of them that a redirect from a public address may lead to.
    of_redirects: Vec<Entry>,
}

/// What is allowed, on one port or on all.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    place: Allowed,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Allowed {
    Host(String),
    Network(IpNet),
}

/// How a call comes to an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    /// The port, where it matters.
    pub(super) port: Option<u16>,
    /// Whether a redirect from a public address led there.
    pub(super) is_from_public: bool,
}

/// An entry of the allow-list that is none of what [`EgressPolicy::parse`] takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an IP address, a network like 10.1.0.0/16 nor a host name, with or without a port")]
pub struct PolicyError(String);

impl EgressPolicy {
    /// Parses the operator's allow-list: addresses, networks and host names, each with or without a port, separated by commas.
    ///
    /// A host name allows all addresses that it resolves to. An address or a network is allowed under any name. A redirect
    /// from a public address may lead to an entry only if it begins with `redirects:`.
    ///
    /// # Errors
    /// The first invalid entry.
    pub fn parse(list: &str) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        for text in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (bare, is_of_redirects) =
                text.strip_prefix(OF_REDIRECTS).map_or((text, false), |bare| (bare, true));
            let entry = Entry::parse(bare).ok_or_else(|| PolicyError(text.to_owned()))?;
            if is_of_redirects {
                policy.of_redirects.push(entry.clone());
            }
            policy.allowed.push(entry);
        }
        Ok(policy)
    }

    /// Returns whether an entry names this port.
    pub(super) fn has_port(&self, port: u16) -> bool {
        self.allowed.iter().any(|entry| entry.port == Some(port))
    }

    /// Returns whether a call to `host` may connect to `address`.
    pub(super) fn permits(&self, host: &str, address: IpAddr, way: Way) -> bool {
        let entries = if way.is_from_public { &self.of_redirects } else { &self.allowed };
        address::is_public(address) || entries.iter().any(|entry| entry.is_for(host, address, way.port))
    }

    /// Returns whether the operator allows `host` by its name.
    pub(super) fn names(&self, host: &str) -> bool {
        let host = canonical(host);
        self.allowed.iter().any(|entry| matches!(&entry.place, Allowed::Host(known) if *known == host))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let (text, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(port.parse().ok()?))
            }
            Some(_) | None => (text, None),
        };
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let place = if let Ok(address) = bare.parse::<IpAddr>() {
            Allowed::Network(IpNet::from(address))
        } else if let Ok(network) = bare.parse::<IpNet>() {
            Allowed::Network(network)
        } else {
            is_host_name(text).then(|| Allowed::Host(canonical(text)))?
        };
        Some(Self { place, port })
    }

    fn is_for(&self, host: &str, address: IpAddr, port: Option<u16>) -> bool {
        let fits = match &self.place {
            Allowed::Host(known) => *known == canonical(host),
            Allowed::Network(network) => {
                network.contains(&address::without_wrapping(address)) || network.contains(&address)
            }
        };
        fits && (self.port.is_none() || self.port == port)
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

    const ANY: Way = Way { port: None, is_from_public: false };

    #[test]
    fn a_list_is_read_from_a_text() {
        let policy: EgressPolicy = "10.0.0.0/8".parse().unwrap();

        assert!(
            policy.permits("a.example", [10, 1, 2, 3].into(), ANY)
                && !policy.permits("a.example", [192, 168, 1, 1].into(), ANY)
        );
        assert!("10.0.0.0/99".parse::<EgressPolicy>().is_err());
    }

    #[test]
    fn addresses_networks_and_host_names_are_allowed() {
        let policy = EgressPolicy::parse("127.0.0.1, 10.1.0.0/16,models.internal,").unwrap();

        assert!(policy.permits("x", ip("127.0.0.1"), ANY));
        assert!(policy.permits("x", ip("::ffff:127.0.0.1"), ANY));
        assert!(policy.permits("x", ip("10.1.255.1"), ANY));
        assert!(policy.permits("Models.Internal.", ip("192.168.0.1"), ANY));
        assert!(!policy.permits("x", ip("127.0.0.2"), ANY));
        assert!(!policy.permits("x", ip("10.2.0.1"), ANY));
        assert!(!policy.permits("evil.models.internal", ip("192.168.0.1"), ANY));
        assert!(policy.names("models.internal.") && !policy.names("10.1.0.0"));
    }

    #[test]
    fn an_entry_with_a_port_allows_no_other_port() {
        let policy = EgressPolicy::parse(
            "127.0.0.1:8123,[::1]:80,models.internal:11434,10.1.0.0/16:443,[fd00::/8]:80",
        )
        .unwrap();
        let permits = |host: &str, address: &str, port| {
            policy.permits(host, ip(address), Way { port, is_from_public: false })
        };

        for (host, address, port) in [
            ("x", "127.0.0.1", 8123),
            ("x", "::1", 80),
            ("models.internal", "192.168.0.1", 11434),
            ("x", "10.1.2.3", 443),
            ("x", "fd12::1", 80),
        ] {
            assert!(permits(host, address, Some(port)), "{address}");
            assert!(!permits(host, address, Some(port + 1)) && !permits(host, address, None), "{address}");
        }
        assert!([80, 443, 8123, 11434].iter().all(|port| policy.has_port(*port)) && !policy.has_port(81));
    }

    #[test]
    fn a_redirect_from_a_public_address_leads_only_where_that_is_asked_for() {
        let policy = EgressPolicy::parse("10.1.0.0/16,redirects:10.2.0.0/16,redirects:[::1]:80").unwrap();
        let way = Way { port: Some(80), is_from_public: true };

        assert!(policy.permits("x", ip("8.8.8.8"), way));
        assert!(!policy.permits("x", ip("10.1.0.1"), way) && policy.permits("x", ip("10.1.0.1"), ANY));
        assert!(policy.permits("x", ip("10.2.0.1"), way) && policy.permits("x", ip("10.2.0.1"), ANY));
        assert!(policy.permits("x", ip("::1"), way));
    }

    #[test]
    fn only_public_addresses_are_allowed_by_default() {
        let policy = EgressPolicy::default();

        assert!(policy.permits("x", ip("8.8.8.8"), ANY));
        assert!(!policy.permits("localhost", ip("127.0.0.1"), ANY));
        assert!(!policy.permits("x", ip("::1"), ANY));
    }

    #[test]
    fn invalid_entries_are_refused() {
        for entry in [
            "10.0.0.0/33",
            "127.1",
            "http://x",
            "a b",
            "*",
            "x:port",
            "x:70000",
            "2130706433",
            "x/8",
            "redirects:",
            "[x]:80",
            "[::1]x",
        ] {
            assert_eq!(EgressPolicy::parse(entry), Err(PolicyError(entry.to_owned())));
        }
        assert!(EgressPolicy::parse("[::1]").unwrap().permits("x", ip("::1"), ANY));
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }
}
