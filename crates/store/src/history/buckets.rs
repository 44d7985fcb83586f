//! Counts over time: equal spans that begin at round moments.
//!
//! A span is a minute, five, an hour, a day …: the shortest with which 32 of them cover what was asked. They begin at
//! multiples of their width, so that the same failure stays in the same span while time goes on.

use std::time::Duration;

use steadflow_core::timestamp::Timestamp;

/// The most spans there are: 30 days by day, 7 days by six hours, a day by hour and an hour by two minutes fit.
const SPANS_MAX: i64 = 32;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Usual widths, in seconds. Longer ones are multiples of the last.
const WIDTHS: [u64; 12] = [
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    7 * DAY,
    WIDEST,
];
const WIDEST: u64 = 28 * DAY;

/// How many fell into each of equal spans of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// When the first span begins; a multiple of `width` since 1970.
    pub start: Timestamp,
    /// How long each is.
    pub width: Duration,
    /// How many fell into each, zero included; at most 32.
    pub counts: Vec<u64>,
}

impl Buckets {
    /// Returns empty spans that hold every moment from `from` to `to`, both included. A `to` before `from` counts as `from`.
    #[must_use]
    pub fn over(from: Timestamp, to: Timestamp) -> Self {
        let width = width_for(from, to.max(from));
        let mut buckets = Self { start: Timestamp::default(), width, counts: Vec::new() };
        let (first, last) = (buckets.span_of(from), buckets.span_of(to.max(from)));
        buckets.start = Timestamp::from_micros(first.saturating_mul(buckets.width_micros()));
        buckets.counts = (first..=last).map(|_| 0).collect();
        buckets
    }

    /// Counts `count` more at `moment`. What lies outside is not counted.
    pub fn add(&mut self, moment: Timestamp, count: u64) {
        let span = usize::try_from(self.span_of(moment) - self.span_of(self.start)).ok();
        if let Some(known) = span.and_then(|span| self.counts.get_mut(span)) {
            *known += count;
        }
    }

    /// Returns each span's beginning and its count.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, u64)> + '_ {
        let starts = std::iter::successors(Some(self.start), |start| Some(start.plus(self.width)));
        starts.zip(self.counts.iter().copied())
    }

    /// Returns the width in microseconds.
    #[must_use]
    pub fn width_micros(&self) -> i64 {
        micros(self.width)
    }

    /// Returns how many spans after 1970 a moment lies.
    fn span_of(&self, moment: Timestamp) -> i64 {
        moment.as_micros().div_euclid(self.width_micros())
    }
}

fn width_for(from: Timestamp, to: Timestamp) -> Duration {
    let spans = |width: i64| to.as_micros().div_euclid(width) - from.as_micros().div_euclid(width) + 1;
    let fits = |width: &Duration| spans(micros(*width)) <= SPANS_MAX;
    WIDTHS.into_iter().map(Duration::from_secs).find(fits).unwrap_or_else(|| {
        let widest = Duration::from_secs(WIDEST);
        let times = to
            .since(from)
            .as_micros()
            .div_ceil(widest.as_micros() * u128::from((SPANS_MAX - 1).unsigned_abs()));
        widest.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX))
    })
}

fn micros(width: Duration) -> i64 {
    i64::try_from(width.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MICROS: i64 = 86_400_000_000;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn over(from: &str, to: &str) -> (String, u64, usize) {
        let buckets = Buckets::over(at(from), at(to));
        let start = buckets.start.to_string().replace(".000000", "");
        (start, buckets.width.as_secs(), buckets.counts.len())
    }

    #[test]
    fn spans_are_as_short_as_their_number_allows() {
        let moment = "2027-01-15T08:03:20Z";

        assert_eq!(over(moment, moment), ("2027-01-15T08:03:00Z".into(), MINUTE, 1));
        assert_eq!(over("2027-01-15T07:03:20Z", moment), ("2027-01-15T07:02:00Z".into(), 2 * MINUTE, 31));
        assert_eq!(over("2027-01-14T08:03:20Z", moment), ("2027-01-14T08:00:00Z".into(), HOUR, 25));
        assert_eq!(over("2027-01-08T08:03:20Z", moment), ("2027-01-08T06:00:00Z".into(), 6 * HOUR, 29));
        assert_eq!(over("2026-12-16T08:03:20Z", moment), ("2026-12-16T00:00:00Z".into(), DAY, 31));
    }

    #[test]
    fn any_two_moments_are_covered_by_a_bounded_number_of_spans() {
        for days in [0, 1, 400, 4_000, 40_000, 100_000_000] {
            for from in [-DAY_MICROS - 1, 0, 1_800_000_000_000_000] {
                let (from, to) =
                    (Timestamp::from_micros(from), Timestamp::from_micros(from + days * DAY_MICROS));

                let mut buckets = Buckets::over(from, to);
                buckets.add(from, 1);
                buckets.add(to, 1);

                assert!(buckets.counts.len() <= 32, "{days} days");
                assert_eq!(buckets.counts.iter().sum::<u64>(), 2, "{days} days from {from}");
            }
        }
    }

    #[test]
    fn an_end_before_the_beginning_is_the_beginning() {
        assert_eq!(over("2027-01-15T08:00:00Z", "2027-01-14T08:00:00Z").2, 1);
    }

    #[test]
    fn what_lies_outside_is_not_counted() {
        let mut buckets = Buckets::over(at("2027-01-15T08:00:00Z"), at("2027-01-15T08:01:00Z"));

        for moment in ["2027-01-15T07:59:59Z", "2027-01-15T08:01:59Z", "2027-01-15T08:02:00Z"] {
            buckets.add(at(moment), 3);
        }

        assert_eq!(buckets.iter().map(|(_, count)| count).collect::<Vec<_>>(), [0, 3]);
        assert_eq!(buckets.iter().last(), Some((at("2027-01-15T08:01:00Z"), 3)));
    }
}
