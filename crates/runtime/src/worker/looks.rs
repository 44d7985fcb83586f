//! What a worker looks for in the store again and again, and when.

use std::time::Duration;

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;

/// One thing that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It is looked for at this moment.
    At(Timestamp),
    /// It is to be looked for as soon as something else allows it.
    Wanted,
    /// The store is asked.
    Asked,
}

impl Look {
    pub(super) const fn next_timer(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Wanted | Self::Asked => None,
        }
    }

    /// Returns whether it is due at `now`, or is waiting for its turn.
    pub(super) fn is_due(self, now: Timestamp) -> bool {
        match self {
            Self::At(at) => at <= now,
            Self::Wanted => true,
            Self::Asked => false,
        }
    }
}

/// The look for parked executions that are due: in pages, each from where the last one ended.
#[derive(Debug)]
pub(super) struct DueLook {
    pub(super) look: Look,
    after: Option<(Timestamp, ExecutionId)>,
    /// When to begin with the earliest again.
    restart_at: Timestamp,
}

impl DueLook {
    /// How long before the last of a page is due the next page is read.
    const LEAD: Duration = Duration::from_secs(2);

    pub(super) const fn new(now: Timestamp) -> Self {
        Self { look: Look::At(now), after: None, restart_at: now }
    }

    /// Begins a look, and returns behind which execution.
    pub(super) fn begin(&mut self, every: Duration, now: Timestamp) -> Option<(Timestamp, ExecutionId)> {
        if self.restart_at <= now {
            self.after = None;
            self.restart_at = now.plus(every);
        }
        self.look = Look::Asked;
        self.after
    }

    /// Takes in a page. Behind a full one there is more, which is read when the last of it is due soon: so no more than
    /// a page is kept in memory, however many are due.
    pub(super) fn found(&mut self, page: &[(Timestamp, ExecutionId)], limit: usize, now: Timestamp) {
        let next = match page.last() {
            Some(&last) if page.len() >= limit => {
                self.after = Some(last);
                let lead = i64::try_from(Self::LEAD.as_micros()).unwrap_or(0);
                Timestamp::from_micros(last.0.as_micros().saturating_sub(lead)).max(now)
            }
            Some(_) | None => self.restart_at,
        };
        self.look = Look::At(next.min(self.restart_at));
    }

    /// A look failed; it is tried again when the next one would have begun.
    pub(super) const fn failed(&mut self) {
        self.look = Look::At(self.restart_at);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const EVERY: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_secs(seconds))
    }

    fn due(seconds: u64, number: u128) -> (Timestamp, ExecutionId) {
        (at(seconds), ExecutionId::new(Uuid::from_u128(number)))
    }

    #[test]
    fn behind_a_full_page_of_what_is_overdue_it_reads_on_at_once() {
        let mut look = DueLook::new(at(100));
        assert_eq!(look.begin(EVERY, at(100)), None);

        look.found(&[due(1, 1), due(2, 2)], 2, at(100));

        assert_eq!(look.look, Look::At(at(100)));
        assert_eq!(look.begin(EVERY, at(100)), Some(due(2, 2)));
    }

    #[test]
    fn behind_a_full_page_of_what_is_due_later_it_reads_on_when_that_is_due_soon() {
        let mut look = DueLook::new(at(100));
        look.begin(EVERY, at(100));

        look.found(&[due(101, 1), due(105, 2)], 2, at(100));

        assert_eq!(look.look, Look::At(at(103)));
    }

    #[test]
    fn behind_the_last_page_it_begins_with_the_earliest_again() {
        let mut look = DueLook::new(at(100));
        look.begin(EVERY, at(100));
        look.found(&[due(1, 1), due(2, 2)], 2, at(100));
        look.begin(EVERY, at(101));

        look.found(&[due(3, 3)], 2, at(101));

        assert_eq!(look.look, Look::At(at(110)));
        assert_eq!(look.begin(EVERY, at(110)), None);
    }

    #[test]
    fn what_was_parked_meanwhile_is_found_although_every_page_is_full() {
        let mut look = DueLook::new(at(100));
        for second in 100..110 {
            look.begin(EVERY, at(second));
            look.found(&[due(1, 1), due(2, 2)], 2, at(second));
        }

        assert_eq!(look.begin(EVERY, at(110)), None);
    }
}
