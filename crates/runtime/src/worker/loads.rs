//! Executions that are being taken from the store: a few at once, each until the database answers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;

/// The pause after the first failure of a load; it doubles with each further one.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Loads that are wanted, under way, or to be tried again. Each execution is in it once at most.
#[derive(Debug, Default)]
pub(super) struct Loads {
    wanted: VecDeque<ExecutionId>,
    under_way: BTreeSet<ExecutionId>,
    again: BTreeSet<(Timestamp, ExecutionId)>,
    /// The last pause of those that have failed.
    pauses: BTreeMap<ExecutionId, Duration>,
}

impl Loads {
    /// Returns whether the store is not being asked for any.
    pub(super) fn is_quiet(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Drops the wish for an execution that came another way.
    pub(super) fn forget(&mut self, id: ExecutionId) {
        self.wanted.retain(|wanted| *wanted != id);
        self.again.retain(|(_, again)| *again != id);
        self.pauses.remove(&id);
    }

    /// Adds an execution that the shard waits for, unless it is to be loaded already.
    pub(super) fn want(&mut self, id: ExecutionId) {
        if !self.pauses.contains_key(&id) {
            self.wanted.push_back(id);
        }
    }

    /// Returns when a failed load is tried again.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        self.again.first().map(|&(at, _)| at)
    }

    /// Adds what is to be tried again at `now`.
    pub(super) fn tick(&mut self, now: Timestamp) {
        while let Some(&(at, id)) = self.again.first()
            && at <= now
        {
            self.again.pop_first();
            self.wanted.push_back(id);
        }
    }

    /// Takes a load to begin, unless `at_once` are under way.
    pub(super) fn begin(&mut self, at_once: usize) -> Option<ExecutionId> {
        if self.under_way.len() >= at_once {
            return None;
        }
        let id = self.wanted.pop_front()?;
        self.under_way.insert(id);
        Some(id)
    }

    /// A load has an answer.
    pub(super) fn done(&mut self, id: ExecutionId) {
        self.under_way.remove(&id);
        self.pauses.remove(&id);
    }

    /// A load failed at `now`, and is tried again after a pause.
    pub(super) fn failed(&mut self, id: ExecutionId, now: Timestamp) {
        self.under_way.remove(&id);
        let pause = self.pauses.get(&id).map_or(PAUSE_MIN, |last| (*last * 2).min(PAUSE_MAX));
        self.pauses.insert(id, pause);
        self.again.insert((now.plus(pause), id));
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> ExecutionId {
        ExecutionId::new(Uuid::from_u128(number))
    }

    #[test]
    fn only_so_many_are_under_way_at_once() {
        let mut loads = Loads::default();
        (1..=3).for_each(|number| loads.want(id(number)));

        let begun: Vec<_> = std::iter::from_fn(|| loads.begin(2)).collect();
        loads.done(id(1));

        assert_eq!(begun, [id(1), id(2)]);
        assert_eq!(loads.begin(2), Some(id(3)));
    }

    #[test]
    fn pauses_double_up_to_five_seconds() {
        let (mut loads, mut now) = (Loads::default(), Timestamp::from_micros(0));
        let mut pauses = Vec::new();
        for _ in 0..9 {
            loads.failed(id(1), now);
            let at = loads.next_timer().expect("it is tried again");
            pauses.push(at.since(now).as_millis());
            now = at;
            loads.tick(now);
        }

        assert_eq!(pauses, [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    }

    #[test]
    fn a_success_ends_the_pauses() {
        let mut loads = Loads::default();
        loads.failed(id(1), Timestamp::from_micros(0));

        loads.done(id(1));

        assert!(loads.pauses.is_empty());
    }

    #[test]
    fn an_execution_that_came_another_way_is_not_loaded_again() {
        let (mut loads, now) = (Loads::default(), Timestamp::from_micros(0));
        (1..=2).for_each(|number| loads.failed(id(number), now));

        loads.forget(id(1));
        loads.tick(now.plus(PAUSE_MIN));

        assert_eq!((loads.begin(2), loads.begin(2)), (Some(id(2)), None));
    }
}
