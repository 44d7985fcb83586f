//! How often clients of an address may ask, with or without credentials. It is counted before anything is read of a body.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use steadflow_access::{Rate, Used};
use tokio::time::Instant;

use crate::client_address::ClientAddress;
use crate::problem::{Problem, ProblemKind};
use crate::whole_seconds::whole_seconds;

/// How many addresses are counted at a time. While there are more, further ones are counted as one.
const ADDRESSES_MAX: usize = 10_000;
/// How often room is made for further ones.
const SWEPT_EVERY: Duration = Duration::from_secs(1);

/// The rates of addresses. This machine's own are not limited.
#[derive(Debug)]
pub(crate) struct AddressRates {
    rate: Option<Rate>,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    by_address: HashMap<ClientAddress, Used>,
    others: Used,
    swept_at: Option<Instant>,
}

impl AddressRates {
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Self { rate, counted: Mutex::default() }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`ProblemKind::TooManyRequests`].
    pub(crate) fn check(&self, address: ClientAddress) -> Result<(), Problem> {
        let Some(rate) = self.rate else { return Ok(()) };
        if address.shared().is_none_or(is_of_this_machine) {
            return Ok(());
        }
        let now = Instant::now();
        let taken = rate.take(self.counted.lock().of(address, now), now);
        taken.map_err(|wait| {
            too_many(
                wait,
                "Too many requests come from your address",
                "Other addresses are not limited by that.",
            )
        })
    }
}

/// Of `::1`, only the first half is left.
fn is_of_this_machine(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

impl Counted {
    fn of(&mut self, address: ClientAddress, now: Instant) -> &mut Used {
        let is_full = self.by_address.len() >= ADDRESSES_MAX;
        if is_full && self.swept_at.is_none_or(|swept_at| now - swept_at >= SWEPT_EVERY) {
            self.swept_at = Some(now);
            self.by_address.retain(|_, used| !used.is_over(now));
        }
        if self.by_address.len() >= ADDRESSES_MAX && !self.by_address.contains_key(&address) {
            return &mut self.others;
        }
        self.by_address.entry(address).or_default()
    }
}

/// Returns the problem of a request that came too early.
pub(crate) fn too_many(wait: Duration, what: &str, more: &str) -> Problem {
    let seconds = whole_seconds(wait);
    let detail = format!("{what}, so nothing was done. Try again in {seconds} seconds. {more}");
    Problem::new(ProblemKind::TooManyRequests, detail).after(seconds)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn address(number: u32) -> ClientAddress {
        IpAddr::from(number.to_be_bytes()).into()
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_beyond_those_that_are_counted_are_one() {
        let rates = AddressRates::new(Some(Rate::per_second(NonZeroU32::MIN)));
        let first = 0x0a00_0000;
        for number in 0..u32::try_from(ADDRESSES_MAX).unwrap() {
            assert!(rates.check(address(first + number)).is_ok());
        }

        let others = (0..11).map(|number| rates.check(address(0x0b00_0000 + number)));
        let refused: Vec<_> = others.map(|checked| checked.is_err()).collect();

        assert_eq!(refused.iter().filter(|refused| **refused).count(), 1, "{refused:?}");
        assert!(rates.check(address(first)).is_ok(), "it is counted by itself");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(rates.check(address(0x0b00_0000)).is_ok(), "those that have not asked for a while make room");
        assert_eq!(rates.counted.lock().by_address.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn this_machine_is_not_limited_by_its_address() {
        let rates = AddressRates::new(Some(Rate::per_second(NonZeroU32::MIN)));
        let refused = |text: &str| {
            let address = ClientAddress::from(text.parse::<IpAddr>().unwrap());
            (0..11).filter(|_| rates.check(address).is_err()).count()
        };

        assert_eq!(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"].map(refused), [0; 4]);
        assert_eq!(["192.0.2.1", "2001:db8::1"].map(refused), [1; 2]);
    }

    #[test]
    fn what_is_left_of_a_second_is_a_second() {
        let seconds = |millis| whole_seconds(Duration::from_millis(millis)).get();

        assert_eq!([0, 1, 999, 1_000, 1_001].map(seconds), [1, 1, 1, 1, 2]);
    }
}
