//! What a process keeps in memory of a worker: one small entry for each execution that it drives.
//!
//! It says in which batch of the worker's tail the records of an execution begin, so that the tail can be trimmed below the lowest of
//! them. It is changed after a commit has succeeded, and never before.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use steadflow_core::ids::ExecutionId;
use steadflow_store::ById;
use steadflow_store::batch::Place;
use uuid::Uuid;

use super::lost::{Accepted, Timeline};
use crate::statement_cache::CachingConnection;

/// Batches of the tail that a commit deletes at once; fewer are left to a later one.
const TRIM_STEP: i64 = 64;

/// What is known of an execution that the worker drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tip {
    /// The number of its last record.
    pub(crate) seq: u64,
    /// The batch of the tail with its first record that no journal covers.
    pub(crate) first: Option<i64>,
}

/// What a batch changes of the tips; `None` where the worker drives an execution no longer.
pub(crate) type Changes = HashMap<ExecutionId, Option<Tip>>;

/// Which worker writes. Its row says that it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lessee {
    pub(crate) epoch: u64,
    /// What the row has besides, so that it is no other one's of the same epoch.
    pub(crate) incarnation: Uuid,
}

/// A worker of this process.
#[derive(Debug)]
pub(crate) struct Driven {
    pub(crate) lessee: Lessee,
    /// The history of the database in which it was registered.
    pub(crate) timeline: Timeline,
    /// The format of what it writes.
    pub(crate) format: i64,
    pub(crate) accepted: Accepted,
    /// Whether the database has gone back since.
    pub(crate) is_lost: bool,
    /// Whether executions may have been claimed of which nothing is known here. It writes nothing then: its next place may be taken.
    pub(crate) may_have_claimed: bool,
    /// The connection that it commits on, once it has one.
    pub(crate) connection: Option<CachingConnection>,
    tips: ById<Tip>,
    /// How many executions begin in a batch of the tail.
    firsts: BTreeMap<i64, usize>,
    /// The number of the next batch of the tail.
    next: i64,
    /// The number of the oldest batch that is not deleted.
    oldest: i64,
}

impl Driven {
    pub(crate) fn new(lessee: Lessee, timeline: Timeline, format: i64) -> Self {
        Self {
            lessee,
            timeline,
            format,
            accepted: Accepted::default(),
            is_lost: false,
            may_have_claimed: false,
            connection: None,
            tips: ById::default(),
            firsts: BTreeMap::new(),
            next: 1,
            oldest: 1,
        }
    }

    pub(crate) fn tip(&self, id: ExecutionId) -> Option<Tip> {
        self.tips.get(&id).copied()
    }

    /// Returns the executions that it drives.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ExecutionId> {
        self.tips.keys().copied()
    }

    /// Returns where the next batch stands in the tail.
    pub(crate) const fn next(&self) -> Place {
        Place { worker: self.lessee.epoch, sequence: self.next }
    }

    /// Notes that the next batch was not written, and that its place is taken.
    pub(crate) const fn skip(&mut self) {
        self.next += 1;
    }

    /// Returns which batches of the tail can be deleted now, if that is worth a statement. The next one stays: it says that it was
    /// written.
    pub(crate) fn surplus(&self) -> Option<Range<i64>> {
        let low_water = self.firsts.first_key_value().map_or(self.next, |(first, _)| *first);
        (low_water - self.oldest >= TRIM_STEP).then_some(self.oldest..low_water)
    }

    /// Notes what the next batch has changed.
    pub(crate) fn committed(&mut self, changes: Changes, trimmed: Option<i64>) {
        self.change(changes);
        self.next += 1;
        self.oldest = trimmed.unwrap_or(self.oldest);
    }

    /// Notes what was changed without a batch.
    pub(crate) fn change(&mut self, changes: Changes) {
        for (id, tip) in changes {
            self.put(id, tip);
        }
    }

    fn put(&mut self, id: ExecutionId, tip: Option<Tip>) {
        let before = match tip {
            Some(tip) => self.tips.insert(id, tip),
            None => self.tips.remove(&id),
        };
        let (before, after) = (before.and_then(|tip| tip.first), tip.and_then(|tip| tip.first));
        if before == after {
            return;
        }
        if let Some(before) = before
            && let Some(count) = self.firsts.get_mut(&before)
        {
            *count -= 1;
            if *count == 0 {
                self.firsts.remove(&before);
            }
        }
        if let Some(after) = after {
            *self.firsts.entry(after).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended(driven: &mut Driven, number: u128) -> ExecutionId {
        let id = ExecutionId::new(Uuid::from_u128(number));
        let tip = Tip { seq: 1, first: Some(driven.next().sequence) };
        driven.committed(Changes::from([(id, Some(tip))]), None);
        id
    }

    #[test]
    fn the_oldest_execution_holds_the_tail_back() {
        let mut driven = Driven::new(Lessee { epoch: 1, incarnation: Uuid::nil() }, Timeline::default(), 1);
        let all: Vec<_> = (0..=100).map(|number| appended(&mut driven, number)).collect();

        driven.change(all[1..].iter().map(|id| (*id, None)).collect());
        assert_eq!(driven.surplus(), None);

        driven.change(Changes::from([(all[0], None)]));
        assert_eq!(driven.surplus(), Some(1..102));
        driven.committed(Changes::new(), Some(102));
        assert_eq!(driven.surplus(), None);
    }
}
