//! How often somebody may ask.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

/// How many seconds' worth of requests may come at once.
const BURST_SECONDS: u32 = 10;

/// So many requests a second, and ten times as many at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The time between two of them.
    interval: Duration,
    /// How far ahead of its time a request may come.
    ahead: Duration,
}

/// What somebody has used of a [`Rate`]: the moment at which nothing of it is used any more.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used(Option<Instant>);

impl Rate {
    /// Returns a rate.
    pub const fn per_second(count: NonZeroU32) -> Self {
        // Both are a second and more apart from overflow: the count is 1 at least.
        let interval = Duration::from_nanos(1_000_000_000 / count.get() as u64);
        let burst = count.get() as u64 * BURST_SECONDS as u64 - 1;
        Self { interval, ahead: Duration::from_nanos(interval.as_nanos() as u64 * burst) }
    }

    /// Takes one request at `now`.
    ///
    /// # Errors
    /// How long it has to wait.
    pub fn take(self, used: &mut Used, now: Instant) -> Result<(), Duration> {
        let free_at = used.0.map_or(now, |free_at| free_at.max(now));
        let wait = (free_at - now).saturating_sub(self.ahead);
        if !wait.is_zero() {
            return Err(wait);
        }
        used.0 = Some(free_at + self.interval);
        Ok(())
    }
}

impl Used {
    /// Returns whether nothing is used any more.
    pub fn is_over(&self, now: Instant) -> bool {
        self.0.is_none_or(|free_at| free_at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_seconds_worth_at_once_and_then_one_at_a_time() {
        let (rate, mut used) = (Rate::per_second(NonZeroU32::new(5).unwrap()), Used::default());
        for _ in 0..50 {
            assert_eq!(rate.take(&mut used, Instant::now()), Ok(()));
        }

        let wait = rate.take(&mut used, Instant::now()).unwrap_err();
        assert_eq!(wait, Duration::from_millis(200));
        tokio::time::advance(wait).await;
        assert_eq!(rate.take(&mut used, Instant::now()), Ok(()), "what it says is true");
        assert!(rate.take(&mut used, Instant::now()).is_err(), "who is refused does not wait longer for it");
        assert!(!used.is_over(Instant::now()));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(used.is_over(Instant::now()));
    }
}
