//! Credentials that stand for nothing, counted by the address that they come from.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How many a client may show in [`WINDOW`] that are looked up at once.
pub const UNKNOWN_MAX: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);
/// How many addresses are counted at a time. While there are more, further ones are limited at once.
pub const ADDRESSES_MAX: usize = 10_000;
/// The last bits of an IPv6 address, which a host or its network chooses itself.
const HOST_BITS: u32 = 64;

/// How many credentials of each address stood for nothing. Those that stand for something are not refused because of others: behind a
/// proxy, all clients have one address.
#[derive(Debug, Default)]
pub(crate) struct Unknown {
    counts: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl Unknown {
    /// Returns whether so many came from there that further ones are looked up in the lane.
    pub(crate) fn is_limited(&self, address: Option<IpAddr>) -> bool {
        let Some(client) = address.map(client) else { return false };
        let counts = self.counts.lock();
        match counts.get(&client) {
            Some((since, count)) => since.elapsed() < WINDOW && *count >= UNKNOWN_MAX,
            None => {
                counts.len() >= ADDRESSES_MAX && counts.values().all(|(since, _)| since.elapsed() < WINDOW)
            }
        }
    }

    /// Counts one.
    pub(crate) fn count(&self, address: Option<IpAddr>) {
        let Some(client) = address.map(client) else { return };
        let mut counts = self.counts.lock();
        if counts.len() >= ADDRESSES_MAX {
            counts.retain(|_, (since, _)| since.elapsed() < WINDOW);
        }
        if counts.len() >= ADDRESSES_MAX && !counts.contains_key(&client) {
            return;
        }
        let (since, count) = counts.entry(client).or_insert((Instant::now(), 0));
        if since.elapsed() >= WINDOW {
            (*since, *count) = (Instant::now(), 0);
        }
        *count = count.saturating_add(1);
    }
}

/// Returns what addresses have in common that one client may have.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> HOST_BITS << HOST_BITS)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(number.into()))
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_limited_for_a_minute_and_others_are_not() {
        let unknown = Unknown::default();
        for _ in 0..UNKNOWN_MAX {
            assert!(!unknown.is_limited(address(1)));
            unknown.count(address(1));
        }

        assert!(unknown.is_limited(address(1)));
        assert!(!unknown.is_limited(address(2)) && !unknown.is_limited(None));
        tokio::time::advance(WINDOW).await;
        assert!(!unknown.is_limited(address(1)));
        unknown.count(address(1));
        assert!(!unknown.is_limited(address(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_addresses_are_counted() {
        let unknown = Unknown::default();
        (0..u32::try_from(ADDRESSES_MAX).unwrap()).for_each(|number| unknown.count(address(number)));

        let other = address(u32::MAX);
        assert!(unknown.is_limited(other) && !unknown.is_limited(address(1)));
        unknown.count(other);
        assert_eq!(unknown.counts.lock().len(), ADDRESSES_MAX);
        tokio::time::advance(WINDOW).await;
        assert!(!unknown.is_limited(other));
        unknown.count(other);
        assert_eq!(unknown.counts.lock().len(), 1);
    }

    #[test]
    fn addresses_that_one_client_may_have_are_counted_together() {
        let of = |text: &str| client(text.parse().unwrap());

        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    }
}
