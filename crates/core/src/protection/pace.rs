//! A rate per minute, kept even: after each unit, the next one waits its share of a minute.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);
/// How much time an agent that was not called can make up for.
const CREDIT: Duration = Duration::from_secs(1);

/// When the next unit is due. (This is the generic cell rate algorithm of ATM, whose cells are requests or tokens here.)
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Pace {
    next_at: Timestamp,
}

impl Pace {
    /// Returns the pace of who has used one unit at `now`, at `per_minute`.
    pub(super) fn begun(now: Timestamp, per_minute: Option<u32>) -> Self {
        Self { next_at: now.plus(span(1, per_minute)) }
    }

    /// Returns when the next unit may be used.
    pub(super) const fn next_at(&self) -> Timestamp {
        self.next_at
    }

    /// Uses `units` at `now`, more than are due if need be: the next ones wait until they are.
    pub(super) fn take(&mut self, units: u64, per_minute: Option<u32>, now: Timestamp) {
        let one = span(1, per_minute);
        let credit = i64::try_from(CREDIT.saturating_sub(one).as_micros()).unwrap_or(0);
        let since = Timestamp::from_micros(now.as_micros().saturating_sub(credit));
        self.next_at = self.next_at.max(since).plus(span(units, per_minute));
    }

    /// Makes up for units that were not used after all.
    pub(super) fn put_back(&mut self, units: u64, per_minute: Option<u32>) {
        let span = i64::try_from(span(units, per_minute).as_micros()).unwrap_or(i64::MAX);
        self.next_at = Timestamp::from_micros(self.next_at.as_micros().saturating_sub(span));
    }

    /// Changes the rate: what is still to be waited for becomes longer or shorter with it.
    pub(super) fn change(&mut self, before: Option<u32>, after: Option<u32>, now: Timestamp) {
        if let (Some(before), Some(after)) = (before, after) {
            let left = self.next_at.since(now).as_micros() * u128::from(before) / u128::from(after.max(1));
            let left = Duration::from_micros(u64::try_from(left).unwrap_or(u64::MAX));
            self.next_at = self.next_at.min(now).plus(left);
        }
    }
}

/// Returns how long `units` take at a rate, rounded up; no time where there is none.
fn span(units: u64, per_minute: Option<u32>) -> Duration {
    let Some(per_minute) = per_minute else { return Duration::ZERO };
    let micros = (u128::from(units) * MINUTE.as_micros()).div_ceil(u128::from(per_minute.max(1)));
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
