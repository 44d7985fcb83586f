//! What a worker looks for in the store again and again, and when.

use std::time::Duration;

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{InboxId, InboxItem, Worker as Lessee};

use super::ask::{Ask, Rest};
use super::config::WorkerConfig;

/// Everything that it looks for.
#[derive(Debug)]
pub(super) struct Looks {
    pub(super) due: DueLook,
    pub(super) orphans: Look,
    pub(super) inbox: InboxLook,
}

impl Looks {
    /// Begins all of them; `rest` says whether there are more orphans than those that were taken over at the start.
    pub(super) fn new(rest: Rest, config: &WorkerConfig, now: Timestamp) -> Self {
        let orphans = Look::At(orphans_at(rest, config, now));
        Self { due: DueLook::new(now), orphans, inbox: InboxLook::new(now) }
    }

    /// Looks for nothing from here on: other workers find what there is.
    pub(super) const fn stop(&mut self) {
        (self.due.look, self.orphans, self.inbox.look) = (Look::Never, Look::Never, Look::Never);
    }

    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        let all = [self.due.look, self.orphans, self.inbox.look];
        all.into_iter().filter_map(Look::next_timer).min()
    }

    /// Returns what to ask now. Orphans are not asked for while executions are being loaded, and the other way round, so
    /// that each execution comes by one way only.
    pub(super) fn begin(
        &mut self,
        lessee: Lessee,
        is_loading: bool,
        config: &WorkerConfig,
        now: Timestamp,
    ) -> Vec<Ask> {
        let mut asks = Vec::new();
        if self.due.look.is_due(now) {
            let (after, until) = (self.due.begin(config.due_every, now), now.plus(config.due_ahead));
            asks.push(Ask::FindDue { after, until, limit: config.due_limit });
        }
        if self.inbox.look.is_due(now) {
            let after = self.inbox.begin();
            asks.push(Ask::ReadInbox { lessee, after, limit: config.inbox_limit });
        }
        if self.orphans.is_due(now) {
            self.orphans = if is_loading { Look::Wanted } else { Look::Asked };
            let ask = Ask::FindOrphans { lessee, limit: config.orphans_limit };
            asks.extend((!is_loading).then_some(ask));
        }
        asks
    }

    /// Returns whether executions may be loaded: no look for orphans is under way or waits for its turn.
    pub(super) const fn may_load(&self) -> bool {
        matches!(self.orphans, Look::At(_) | Look::Never)
    }

    /// A look for orphans has an answer.
    pub(super) fn found_orphans(&mut self, rest: Rest, config: &WorkerConfig, now: Timestamp) {
        self.orphans.again(orphans_at(rest, config, now));
    }
}

/// Returns when to look for orphans again: at once if there may be more.
fn orphans_at(rest: Rest, config: &WorkerConfig, now: Timestamp) -> Timestamp {
    match rest {
        Rest::None => now.plus(config.orphans_every),
        Rest::Some => now,
    }
}

/// One thing that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It is looked for at this moment.
    At(Timestamp),
    /// It is to be looked for as soon as something else allows it.
    Wanted,
    /// The store is asked.
    Asked,
    /// It is not looked for any more.
    Never,
}

impl Look {
    const fn next_timer(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Wanted | Self::Asked | Self::Never => None,
        }
    }

    /// Returns whether it is due at `now`, or is waiting for its turn.
    fn is_due(self, now: Timestamp) -> bool {
        match self {
            Self::At(at) => at <= now,
            Self::Wanted => true,
            Self::Asked | Self::Never => false,
        }
    }

    /// The store has answered; the next look is at `at`.
    fn again(&mut self, at: Timestamp) {
        if *self != Self::Never {
            *self = Self::At(at);
        }
    }
}

/// The look into the inbox: in pages, each from where the last one ended.
#[derive(Debug)]
pub(super) struct InboxLook {
    look: Look,
    after: Option<InboxId>,
    /// Whether something was sent after the present look had begun.
    is_behind: bool,
}

impl InboxLook {
    const fn new(now: Timestamp) -> Self {
        Self { look: Look::At(now), after: None, is_behind: false }
    }

    const fn begin(&mut self) -> Option<InboxId> {
        self.look = Look::Asked;
        self.is_behind = false;
        self.after
    }

    /// Something was sent: it is looked for at once.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        match self.look {
            Look::At(_) => self.look = Look::At(now),
            Look::Asked => self.is_behind = true,
            Look::Wanted | Look::Never => {}
        }
    }

    /// Takes in a page. Behind a full one there is more, which is read at once unless enough is in hand.
    pub(super) fn found(
        &mut self,
        page: &[InboxItem],
        in_hand: usize,
        config: &WorkerConfig,
        now: Timestamp,
    ) {
        let is_full = page.len() >= config.inbox_limit;
        self.after = page.last().map(|item| item.id).filter(|_| is_full);
        let has_room = in_hand < config.inbox_in_hand_max;
        let is_at_once = has_room && (is_full || self.is_behind);
        self.look.again(if is_at_once { now } else { now.plus(config.inbox_every) });
    }

    pub(super) fn failed(&mut self, config: &WorkerConfig, now: Timestamp) {
        self.look.again(now.plus(config.inbox_every));
    }
}

/// The look for parked executions that are due: in pages, each from where the last one ended.
#[derive(Debug)]
pub(super) struct DueLook {
    look: Look,
    after: Option<(Timestamp, ExecutionId)>,
    /// When to begin with the earliest again.
    restart_at: Timestamp,
}

impl DueLook {
    /// How long before the last of a page is due the next page is read.
    const LEAD: Duration = Duration::from_secs(2);

    const fn new(now: Timestamp) -> Self {
        Self { look: Look::At(now), after: None, restart_at: now }
    }

    /// Begins a look, and returns behind which execution.
    fn begin(&mut self, every: Duration, now: Timestamp) -> Option<(Timestamp, ExecutionId)> {
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
        self.look.again(next.min(self.restart_at));
    }

    /// A look failed; it is tried again when the next one would have begun.
    pub(super) fn failed(&mut self) {
        self.look.again(self.restart_at);
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
    fn the_worker_wakes_for_the_earliest_of_its_looks() {
        let mut looks = Looks::new(Rest::None, &WorkerConfig::new("w1".into()), at(100));
        (looks.due.look, looks.orphans, looks.inbox.look) =
            (Look::At(at(103)), Look::At(at(101)), Look::Asked);
        assert_eq!(looks.next_timer(), Some(at(101)));

        looks.stop();

        assert_eq!(looks.next_timer(), None);
    }

    #[test]
    fn what_was_sent_is_looked_for_at_once_even_if_the_inbox_is_being_read() {
        let (mut look, config) = (InboxLook::new(at(100)), WorkerConfig::new("w1".into()));
        look.begin();
        look.hurry(at(100));

        look.found(&[], 0, &config, at(101));
        assert!(look.look.is_due(at(101)), "it may have been sent behind what was read");
        look.begin();
        look.found(&[], 0, &config, at(102));
        assert!(!look.look.is_due(at(102)));
        look.hurry(at(102));

        assert!(look.look.is_due(at(102)));
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
