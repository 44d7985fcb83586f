//! The proxies that clients come through, and for whom they speak.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The addresses and networks of proxies, which say where clients are. Nobody else is believed that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxies(Arc<[IpNet]>);

/// Something that is neither an address nor a network. Its message says what to give instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an IP address nor a network like 10.1.0.0/16")]
pub struct NotAProxy(String);

impl Proxies {
    /// Reads a list of addresses and networks.
    ///
    /// # Errors
    /// The first entry that is neither.
    pub fn parse<'a>(list: impl IntoIterator<Item = &'a str>) -> Result<Self, NotAProxy> {
        let network = |text: &str| {
            let text = text.trim();
            let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            address.or_else(|_| text.parse()).map_err(|_| NotAProxy(text.to_owned()))
        };
        Ok(Self(list.into_iter().map(network).collect::<Result<_, _>>()?))
    }

    /// Returns whether this is the address of a proxy.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Returns where the client is whose request has come from `peer`.
    ///
    /// Each proxy adds the address from which it was asked at the end of `X-Forwarded-For`, so the list is read from there, for
    /// as long as the speaker is a proxy. What a client has written itself stands before that.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lists = headers.get_all(X_FORWARDED_FOR).iter().map(|list| list.to_str().unwrap_or_default());
        let said: Vec<&str> = lists.flat_map(|list| list.split(',')).collect();
        let mut said = said.into_iter().rev().map(read_address);
        let mut client = peer;
        while self.contains(client)
            && let Some(Some(before)) = said.next()
        {
            client = before;
        }
        client
    }
}

/// Reads an address as proxies write it: some add the port.
fn read_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    address.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip())).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, lists: &[&str]) -> String {
        let proxies = Proxies::parse(["10.0.0.0/8", "fd00::/8", "192.0.2.1"]).unwrap();
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(X_FORWARDED_FOR, list.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_proxy_says_who_has_asked_it() {
        assert_eq!(client("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.7:4711"]), "203.0.113.7");
        assert_eq!(client("fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(client("fd00::1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(client("192.0.2.1", &[]), "192.0.2.1");
    }

    #[test]
    fn a_proxy_behind_a_proxy_is_believed_and_a_client_is_not() {
        assert_eq!(client("10.0.0.1", &["203.0.113.7, 10.0.0.2"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, 203.0.113.7"]), "203.0.113.7", "forged by the client");
        assert_eq!(client("10.0.0.1", &["10.9.9.9, 203.0.113.7"]), "203.0.113.7", "forged as a proxy");
        assert_eq!(
            client("10.0.0.1", &["198.51.100.1", "203.0.113.7"]),
            "203.0.113.7",
            "two headers are one"
        );
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3", "proxies only");
    }

    #[test]
    fn nobody_else_is_believed() {
        for peer in ["203.0.113.9", "192.0.2.2", "127.0.0.1"] {
            assert_eq!(client(peer, &["198.51.100.1"]), peer);
        }
    }

    #[test]
    fn what_is_no_address_ends_the_list() {
        for list in ["", "unknown", "203.0.113.7, _hidden", "203.0.113.7,", "for=203.0.113.7", "\u{e9}"] {
            assert_eq!(client("10.0.0.1", &[list]), "10.0.0.1", "{list}");
        }
        assert_eq!(client("10.0.0.1", &["nonsense, 203.0.113.7, 10.0.0.2"]), "203.0.113.7");
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        for text in ["proxy.example", "10.0.0.0/33", "", "10.0.0.1:80", "*"] {
            assert_eq!(Proxies::parse([text]), Err(NotAProxy(text.into())));
        }
    }
}
