//! How soon one turn that takes long follows another.

use std::time::Duration;

use tokio::time::Instant;

/// Keeps turns that take long apart, so that an execution whose commits follow each other waits for one of them, not for one
/// before each commit.
///
/// After such a turn, the next one waits while the store has questions to answer, at most as long as the last one took: turns
/// that take long get half of the time at least.
#[derive(Debug)]
pub(super) struct Pace {
    rests_until: Instant,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { rests_until: Instant::now() }
    }

    /// Notes that a turn has just ended that took so long.
    pub(super) fn took(&mut self, time: Duration) {
        self.rests_until = Instant::now() + time;
    }

    /// Returns until when there is no such turn; `None` if one may be taken now.
    pub(super) fn rests_until(&self, is_store_asked: bool) -> Option<Instant> {
        (is_store_asked && Instant::now() < self.rests_until).then_some(self.rests_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURN: Duration = Duration::from_millis(20);

    #[tokio::test(start_paused = true)]
    async fn a_turn_waits_for_others_as_long_as_the_last_one_took() {
        let mut pace = Pace::new();
        assert_eq!(pace.rests_until(true), None, "there was none before");

        pace.took(TURN);

        assert_eq!(pace.rests_until(false), None, "there are no others");
        assert_eq!(pace.rests_until(true), Some(Instant::now() + TURN));
        tokio::time::advance(TURN).await;
        assert_eq!(pace.rests_until(true), None);
    }
}
