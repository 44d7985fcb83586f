//! The engine's time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use steadflow_core::timestamp::Timestamp;

/// Where the engine's time comes from.
pub trait Clock: Send + Sync + std::fmt::Debug + 'static {
    /// Returns the present moment; never earlier than one returned before.
    fn now(&self) -> Timestamp;

    /// Returns what the clock of the machine shows, which people and other programs can set.
    fn wall(&self) -> Timestamp {
        self.now()
    }
}

/// The machine's time at the start, carried on by the monotonic clock: a step of the wall clock moves no timer.
#[derive(Debug)]
pub struct SystemClock {
    started_at: Timestamp,
    started: Instant,
}

impl SystemClock {
    /// Reads the wall clock, once.
    pub fn new() -> Self {
        Self { started_at: wall(), started: Instant::now() }
    }
}

fn wall() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.started_at.plus(self.started.elapsed())
    }

    fn wall(&self) -> Timestamp {
        wall()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_time_is_that_of_the_machine() {
        let clock = SystemClock::new();
        let of_the_machine = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");

        let apart = clock.now().since(Timestamp::from_micros(0)).abs_diff(of_the_machine);
        assert!(apart.as_secs() < 3_600, "{apart:?}");
    }
}
