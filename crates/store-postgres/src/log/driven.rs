//! What a process keeps in memory of a worker: one small entry for each execution that it drives.
//!
//! It says in which batch of the worker's tail the records of an execution begin, so that the tail can be trimmed below the lowest of
//! them. It is changed after a commit has succeeded, and never before.

use std::collections::{BTreeMap, HashMap};

use steadflow_core::ids::ExecutionId;
use steadflow_store::ById;
use uuid::Uuid;

use super::lost::{Accepted, Timeline};
use crate::prepared::PreparingConnection;

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
    /// The number of the last batch in the row of the worker.
    pub(crate) batch: i64,
    /// The connection that it commits on, once it has one.
    pub(crate) connection: Option<PreparingConnection>,
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
            batch: 0,
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

    /// Returns the number of the next batch of the tail.
    pub(crate) const fn next(&self) -> i64 {
        self.next
    }

    /// Returns up to which batch the tail can be deleted now, if that is worth a statement.
    pub(crate) fn surplus(&self) -> Option<i64> {
        let low_water = self.firsts.first_key_value().map_or(self.next, |(first, _)| *first);
        (low_water - self.oldest >= TRIM_STEP).then_some(low_water)
    }

    /// Notes what was committed.
    pub(crate) fn committed(&mut self, changes: Changes, has_appended: bool, trimmed: Option<i64>) {
        for (id, tip) in changes {
            self.put(id, tip);
        }
        self.next += i64::from(has_appended);
        self.oldest = trimmed.unwrap_or(self.oldest);
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
        let tip = Tip { seq: 1, first: Some(driven.next()) };
        driven.committed(Changes::from([(id, Some(tip))]), true, None);
        id
    }

    #[test]
    fn the_oldest_execution_holds_the_tail_back() {
        let mut driven = Driven::new(Lessee { epoch: 1, incarnation: Uuid::nil() }, Timeline::default(), 1);
        let all: Vec<_> = (0..=100).map(|number| appended(&mut driven, number)).collect();

        driven.committed(all[1..].iter().map(|id| (*id, None)).collect(), false, None);
        assert_eq!(driven.surplus(), None);

        driven.committed(Changes::from([(all[0], None)]), false, None);
        assert_eq!(driven.surplus(), Some(102));
        driven.committed(Changes::new(), false, Some(102));
        assert_eq!(driven.surplus(), None);
    }
}
