//! When to try a failed node again.

use std::time::Duration;

use crate::failure::{ErrorClass, Failure};
use crate::ids::Attempt;

/// When to try a failed node again.
///
/// The delay after attempt `n` is `initial_interval × backoff_coefficient^(n − 1)`, at most `max_interval`. Names follow
/// Temporal's retry policy.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Attempts after the first; 0 where retries are off.
    pub count: u32,
    /// Delay after the first attempt.
    pub initial_interval: Duration,
    /// Growth per attempt, 1.0 or more; 1.0 keeps the delay fixed.
    pub backoff_coefficient: f64,
    /// Upper bound of every delay.
    pub max_interval: Duration,
    /// Random share of the delay, 0 to 1: with jitter `j` a delay `b` lies in `[(1 − j)·b, b]`.
    pub jitter: f64,
    /// Retry these and nothing else; empty: the classes that are retried by default.
    pub retry_on: Vec<ErrorMatch>,
    /// Never retry these; wins over `retry_on`.
    pub do_not_retry_on: Vec<ErrorMatch>,
}

/// One entry of `retry_on` or `do_not_retry_on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorMatch {
    /// An error class by name.
    Class(ErrorClass),
    /// An HTTP status.
    Status(u16),
}

impl ErrorMatch {
    fn fits(self, failure: &Failure) -> bool {
        match self {
            Self::Class(class) => failure.class == class,
            Self::Status(status) => failure.status == Some(status),
        }
    }
}

impl RetryPolicy {
    /// No retries; the other keys at their defaults.
    pub const NONE: Self = Self {
        count: 0,
        initial_interval: Duration::from_secs(1),
        backoff_coefficient: 2.0,
        max_interval: Duration::from_secs(600),
        jitter: 0.0,
        retry_on: Vec::new(),
        do_not_retry_on: Vec::new(),
    };

    /// Returns the delay after attempt `failed`, whether or not another attempt is left.
    ///
    /// `random` is a number from 0 to 1 that determines the jitter; the same number gives the same delay.
    pub fn delay_after(&self, failed: Attempt, random: f64) -> Duration {
        let exponent = i32::try_from(failed.number() - 1).unwrap_or(i32::MAX);
        let seconds = self.initial_interval.as_secs_f64() * self.backoff_coefficient.powi(exponent);
        // Overflow becomes infinity, which `Duration` refuses: that means the cap, too.
        let delay = Duration::try_from_secs_f64(seconds).unwrap_or(self.max_interval).min(self.max_interval);
        delay.mul_f64(1.0 - self.jitter.clamp(0.0, 1.0) * random.clamp(0.0, 1.0))
    }

    /// Returns whether this policy names such a failure as one that is never retried.
    pub fn refuses(&self, failure: &Failure) -> bool {
        self.do_not_retry_on.iter().any(|entry| entry.fits(failure))
    }

    /// Returns whether this policy retries such a failure at all.
    pub fn retries(&self, failure: &Failure) -> bool {
        if self.refuses(failure) {
            return false;
        }
        if self.retry_on.is_empty() {
            return failure.class.is_retried_by_default();
        }
        self.retry_on.iter().any(|entry| entry.fits(failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(count: u32) -> RetryPolicy {
        RetryPolicy { count, ..RetryPolicy::NONE }
    }

    #[test]
    fn ten_retries_double_from_one_second() {
        let policy = policy(10);

        let seconds: Vec<u64> =
            (1..=10).map(|n| policy.delay_after(Attempt::numbered(n), 0.5).as_secs()).collect();

        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    }

    #[test]
    fn overflow_becomes_the_cap() {
        let policy = RetryPolicy { backoff_coefficient: 1e300, ..policy(10) };

        assert_eq!(policy.delay_after(Attempt::numbered(9), 0.0), Duration::from_secs(600));
    }

    #[test]
    fn jitter_only_shortens() {
        let policy = RetryPolicy { jitter: 0.5, ..policy(3) };

        assert_eq!(policy.delay_after(Attempt::FIRST, 0.0), Duration::from_secs(1));
        assert_eq!(policy.delay_after(Attempt::FIRST, 1.0), Duration::from_millis(500));
    }

    #[test]
    fn refusal_wins_over_permission() {
        let policy = RetryPolicy {
            retry_on: vec![ErrorMatch::Class(ErrorClass::Rejected), ErrorMatch::Status(503)],
            do_not_retry_on: vec![ErrorMatch::Status(404)],
            ..policy(3)
        };
        let rejected = |status| Failure { status: Some(status), ..Failure::new(ErrorClass::Rejected, "") };

        assert!(policy.retries(&rejected(409)));
        assert!(!policy.retries(&rejected(404)));
        assert!(!policy.retries(&Failure::new(ErrorClass::Timeout, "")));
    }
}
