//! Where a client is.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// The last bits of an IPv6 address, which a host or its network chooses itself.
const HOST_BITS: u32 = 64;

/// The address that a client has connected from, by which clients share what there is. The last half of an IPv6 address does
/// not count: one client may have all of them.
///
/// The server that accepts connections puts it into the extensions of their requests. Clients for which that was not done are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientAddress(Option<IpAddr>);

impl ClientAddress {
    /// Returns the part of the address by which clients are told apart.
    pub(crate) const fn shared(self) -> Option<IpAddr> {
        self.0
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self(Some(match address.to_canonical() {
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> HOST_BITS << HOST_BITS))
            }
            address @ IpAddr::V4(_) => address,
        }))
    }
}

/// The whole address of a client, for what is said of it, and for what is allowed from some addresses only.
///
/// The server that accepts connections puts it into the extensions of their requests. Where it is that of a proxy, this crate replaces it
/// by the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_one_client_may_have_are_one() {
        let same = |one: &str, other: &str| {
            let [one, other] = [one, other].map(|text| text.parse::<IpAddr>().unwrap());
            ClientAddress::from(one) == ClientAddress::from(other)
        };

        assert!(same("2001:db8::1", "2001:db8::ffff:0:0:2"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
