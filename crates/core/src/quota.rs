//! What the provider of a model says it still has room for, in the headers of a response.

use std::time::Duration;

use crate::timestamp::Timestamp;

/// What a provider said when it responded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// When it said so.
    pub read_at: Timestamp,
    /// Of requests.
    pub requests: Option<Allowance>,
    /// Of tokens.
    pub tokens: Option<Allowance>,
}

/// How much of one kind is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How much there is when nothing is used; `None` where that is not said.
    pub limit: Option<u64>,
    /// How much is left.
    pub left: u64,
    /// How long it takes until all of it is there again.
    pub full_after: Duration,
}

impl Allowance {
    /// Returns how long it takes until `wanted` is there, if nothing else is used: it comes back evenly, or all at once
    /// where the limit is not known. More than the limit is never there, and does not wait longer than for all of it.
    pub fn comes_after(&self, wanted: u64) -> Duration {
        let missing = wanted.saturating_sub(self.left);
        let used = self.limit.map_or(0, |limit| limit.saturating_sub(self.left));
        if missing == 0 {
            Duration::ZERO
        } else if missing >= used {
            self.full_after
        } else {
            let micros = self.full_after.as_micros() * u128::from(missing) / u128::from(used);
            Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_comes_back_evenly_or_all_at_once() {
        let of = |limit, left| Allowance { limit, left, full_after: Duration::from_secs(60) };
        for (allowance, wanted, seconds) in [
            (of(Some(100), 40), 40, 0),
            (of(Some(100), 40), 41, 1),
            (of(Some(100), 40), 70, 30),
            (of(Some(100), 40), 100, 60),
            (of(Some(100), 40), 1_000, 60),
            (of(Some(100), 100), 101, 60),
            (of(Some(10), 40), 41, 60),
            (of(None, 5), 5, 0),
            (of(None, 5), 6, 60),
        ] {
            assert_eq!(allowance.comes_after(wanted), Duration::from_secs(seconds), "{allowance:?} {wanted}");
        }
    }
}
