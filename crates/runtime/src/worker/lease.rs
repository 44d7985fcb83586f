//! The right to drive, and how it is kept.
//!
//! The store's clock counts from the moment at which a renewal arrives, this one from the moment before it was sent, so
//! this side always thinks that its lease ends earlier. It stops a third of the lease before that, in case the two
//! clocks run at different speeds.
//!
//! A process that stood still can stop no earlier than when it is woken, and its calls may have run on beyond the lease
//! by then. So it waits no longer than a fifteenth of the lease for each answer, and not again if it stands still again.

use std::time::Duration;

use steadflow_core::timestamp::Timestamp;

/// What the lease asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send a renewal.
    Renew,
    /// The lease may have ended: stop driving.
    GiveUp,
}

/// A lease as its holder sees it.
#[derive(Debug)]
pub(super) struct Lease {
    ttl: Duration,
    /// Until when no other worker can have taken over.
    certain_until: Timestamp,
    renewal: Renewal,
}

/// The next renewal, or the one that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewal {
    Due(Timestamp),
    Sent {
        at: Timestamp,
        give_up_at: Timestamp,
    },
    /// Sent before the process stood still. Its answer may be there already, and is read before it is given up.
    Overdue {
        at: Timestamp,
        give_up_at: Timestamp,
    },
}

impl Lease {
    /// Returns a lease that was asked for at `asked_at`.
    pub(super) fn new(asked_at: Timestamp, ttl: Duration) -> Self {
        let mut lease = Self { ttl, certain_until: asked_at, renewal: Renewal::Due(asked_at) };
        lease.counts_from(asked_at);
        lease
    }

    /// How often it is renewed.
    fn interval(&self) -> Duration {
        self.ttl / 3
    }

    /// How long an answer is waited for at least.
    fn patience(&self) -> Duration {
        self.ttl / 15
    }

    fn counts_from(&mut self, asked_at: Timestamp) {
        self.certain_until = self.certain_until.max(asked_at.plus(self.ttl - self.interval()));
        self.renewal = Renewal::Due(asked_at.plus(self.interval()));
    }

    /// Returns whether no other worker can have taken over yet.
    pub(super) fn is_certain(&self, now: Timestamp) -> bool {
        now < self.certain_until
    }

    /// Returns when to call [`Self::tick`] next.
    pub(super) fn next_timer(&self) -> Timestamp {
        match self.renewal {
            Renewal::Due(at) => at,
            Renewal::Sent { give_up_at, .. } | Renewal::Overdue { give_up_at, .. } => give_up_at,
        }
    }

    /// Returns what is due at `now`.
    ///
    /// A process that stood still may find its lease ended without having tried to renew it, or without having read
    /// the answer. Expiry alone takes nothing away, so it asks, or listens, before it gives up.
    pub(super) fn tick(&mut self, now: Timestamp) -> Option<Step> {
        if now < self.next_timer() {
            return None;
        }
        let give_up_at = now.plus(self.patience());
        let stood_still = now.since(self.next_timer()) > self.patience();
        match self.renewal {
            Renewal::Due(_) => {
                self.renewal = Renewal::Sent { at: now, give_up_at: give_up_at.max(self.certain_until) };
                Some(Step::Renew)
            }
            Renewal::Sent { at, .. } if stood_still => {
                self.renewal = Renewal::Overdue { at, give_up_at };
                None
            }
            Renewal::Sent { .. } | Renewal::Overdue { .. } => Some(Step::GiveUp),
        }
    }

    /// The renewal under way came through.
    pub(super) fn renewed(&mut self) {
        if let Renewal::Sent { at, .. } | Renewal::Overdue { at, .. } = self.renewal {
            self.counts_from(at);
        }
    }

    /// The renewal under way failed; the next one follows soon, if there is time for it.
    pub(super) fn failed(&mut self, now: Timestamp) -> Option<Step> {
        if !self.is_certain(now) {
            return Some(Step::GiveUp);
        }
        self.renewal = Renewal::Due(now.plus(self.ttl / 30));
        None
    }

    /// The database has no room for the renewal under way. Then it has none for another worker's takeover either, so
    /// the lease holds for as long as that is all that is wrong.
    pub(super) fn has_no_room(&mut self, now: Timestamp) {
        self.certain_until = self.certain_until.max(now.plus(self.interval()));
        self.renewal = Renewal::Due(now.plus(self.ttl / 30));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(15);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn it_is_renewed_after_a_third_and_counts_from_before_the_renewal_was_sent() {
        let mut lease = Lease::new(at(0), TTL);

        assert_eq!(lease.tick(at(4)), None);
        assert_eq!(lease.tick(at(5)), Some(Step::Renew));
        lease.renewed();

        assert_eq!(lease.next_timer(), at(10));
        assert!(lease.is_certain(at(14)) && !lease.is_certain(at(15)));
    }

    #[test]
    fn failed_renewals_are_tried_again_until_it_may_have_ended() {
        let mut lease = Lease::new(at(0), TTL);
        lease.tick(at(5));

        assert_eq!(lease.failed(at(9)), None);
        assert_eq!(lease.next_timer(), at(9).plus(Duration::from_millis(500)));
        assert_eq!(lease.tick(at(10)), Some(Step::Renew));

        assert_eq!(lease.failed(at(11)), Some(Step::GiveUp));
    }

    #[test]
    fn a_renewal_without_an_answer_is_given_up_in_time() {
        let mut lease = Lease::new(at(0), TTL);
        lease.tick(at(5));

        assert_eq!(lease.tick(at(9)), None);
        assert_eq!(lease.tick(at(10)), Some(Step::GiveUp));
    }

    #[test]
    fn a_late_renewal_without_an_answer_is_given_up_before_the_lease_ends() {
        let mut lease = Lease::new(at(0), TTL);
        lease.tick(at(5));
        lease.failed(at(9));
        assert_eq!(lease.tick(at(9).plus(TTL / 30)), Some(Step::Renew));

        assert_eq!(lease.next_timer(), at(10).plus(TTL / 30));
    }

    #[test]
    fn a_process_that_stood_still_asks_before_it_gives_up() {
        let mut lease = Lease::new(at(0), TTL);

        assert_eq!(lease.tick(at(60)), Some(Step::Renew));
        assert!(!lease.is_certain(at(60)));
        lease.renewed();

        assert!(lease.is_certain(at(61)));
    }

    #[test]
    fn a_process_that_stood_still_reads_the_answer_before_it_gives_up() {
        let mut lease = Lease::new(at(0), TTL);
        lease.tick(at(5));

        assert_eq!(lease.tick(at(60)), None);
        assert_eq!(lease.tick(at(61)), Some(Step::GiveUp));
    }

    #[test]
    fn a_process_that_stands_still_again_and_again_gives_up() {
        let mut lease = Lease::new(at(0), TTL);
        lease.tick(at(5));

        assert_eq!(lease.tick(at(60)), None);
        assert_eq!(lease.tick(at(70)), Some(Step::GiveUp));
    }

    #[test]
    fn a_wake_up_that_is_a_fifteenth_of_the_lease_late_is_no_standstill() {
        let mut lease = Lease::new(at(0), TTL);
        lease.tick(at(5));

        assert_eq!(lease.tick(at(11)), Some(Step::GiveUp));
    }

    #[test]
    fn a_renewal_sent_after_it_may_have_ended_is_given_up_soon() {
        let mut lease = Lease::new(at(0), TTL);
        lease.tick(at(5));
        lease.failed(at(9));

        assert_eq!(lease.tick(at(11)), Some(Step::Renew));
        assert_eq!(lease.tick(at(12)), Some(Step::GiveUp));
    }

    #[test]
    fn a_full_disk_takes_no_lease_away() {
        let mut lease = Lease::new(at(0), TTL);
        for second in 5..100 {
            lease.tick(at(second));
            lease.has_no_room(at(second));
            assert_eq!(lease.next_timer(), at(second).plus(TTL / 30), "it is tried again soon");
        }

        assert!(lease.is_certain(at(100)));
    }
}
