//! The retry budget: calls that repeat failed ones, and fail again, are a small part of all.
//!
//! Retries help while few calls fail, and make it worse when all do. So repeated calls that failed or are under way may be so
//! many percent of the calls of the last minute, and a few more. Those that succeed count as any call: once a peer responds
//! again, the more succeed the more follow, and nothing that waits is given up.

use std::collections::VecDeque;
use std::time::Duration;

use crate::timestamp::Timestamp;

/// How many percent of the calls of the last minute repeated calls that fail may be.
pub const RETRIES_PERCENT: u64 = 10;
/// How many of them there may be in a minute in any case.
pub const RETRIES_A_MINUTE: u64 = 10;
/// The last minute is counted in parts of so long.
const PART: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);

/// The calls of the last minute.
#[derive(Debug, Default)]
pub(super) struct Retries {
    parts: VecDeque<Part>,
    /// Repeated calls under way.
    open: u64,
}

#[derive(Debug)]
struct Part {
    began_at: Timestamp,
    calls: u64,
    failed_repeats: u64,
}

impl Retries {
    /// Returns whether a further call may repeat one at `now`.
    pub(super) fn has_room(&mut self, now: Timestamp) -> bool {
        self.pass(now);
        let sum = |count: fn(&Part) -> u64| self.parts.iter().map(count).sum::<u64>();
        let allowed = RETRIES_A_MINUTE + sum(|part| part.calls) * RETRIES_PERCENT / 100;
        self.open + sum(|part| part.failed_repeats) < allowed
    }

    /// Returns when there may be more room although no call ends; `None` where only the end of a call makes it.
    pub(super) fn more_at(&self) -> Option<Timestamp> {
        self.parts.front().map(|part| part.began_at.plus(MINUTE))
    }

    pub(super) fn began(&mut self, is_repeat: bool, now: Timestamp) {
        if is_repeat {
            self.open += 1;
        } else {
            self.part(now).calls += 1;
        }
    }

    /// Takes in the end of a call; `has_failed` is `None` for one that says nothing.
    pub(super) fn ended(&mut self, is_repeat: bool, has_failed: Option<bool>, now: Timestamp) {
        if !is_repeat {
            return;
        }
        self.open = self.open.saturating_sub(1);
        match has_failed {
            Some(true) => self.part(now).failed_repeats += 1,
            Some(false) => self.part(now).calls += 1,
            None => {}
        }
    }

    /// A call did not begin after all.
    pub(super) fn given_back(&mut self, is_repeat: bool) {
        if is_repeat {
            self.open = self.open.saturating_sub(1);
        } else if let Some(part) = self.parts.back_mut() {
            part.calls = part.calls.saturating_sub(1);
        }
    }

    fn part(&mut self, now: Timestamp) -> &mut Part {
        self.pass(now);
        let is_new = self.parts.back().is_none_or(|part| now >= part.began_at.plus(PART));
        if is_new {
            self.parts.push_back(Part { began_at: now, calls: 0, failed_repeats: 0 });
        }
        self.parts.back_mut().expect("there is a part, or one was added")
    }

    /// Forgets what was before the last minute.
    fn pass(&mut self, now: Timestamp) {
        while self.parts.front().is_some_and(|part| now >= part.began_at.plus(MINUTE)) {
            self.parts.pop_front();
        }
    }
}
