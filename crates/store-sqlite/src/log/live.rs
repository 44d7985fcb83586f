//! What the writer keeps in memory: one small entry for each execution that somebody drives.
//!
//! It says where an execution's records begin in the tail, so that the tail can be trimmed below the lowest of them
//! without an index. It runs ahead of the disk while a transaction is open; [`Live::undo_to`] takes it back. It is
//! rebuilt from the disk when the database is opened.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension};
use steadflow_core::ids::ExecutionId;

use crate::columns::{blob, execution_id};

/// What the writer knows of an execution that somebody drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tip {
    /// The number of its last record.
    pub(crate) seq: u64,
    /// Where in the tail its first record is that no journal covers.
    pub(crate) first: Option<i64>,
    /// The number of its row in `executions`, if it has one.
    pub(crate) row: Option<i64>,
    /// The epoch of the worker that drives it; 0 for one that is gone.
    pub(crate) owner: u64,
}

/// All tips, and the bounds of the tail.
#[derive(Debug, Default)]
pub(crate) struct Live {
    tips: HashMap<ExecutionId, Tip>,
    firsts: BTreeSet<i64>,
    undo: Vec<(ExecutionId, Option<Tip>)>,
    /// Where the next record goes.
    next: i64,
    /// Where the oldest record stands that is not deleted.
    oldest: i64,
}

/// A moment to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    undo: usize,
    next: i64,
    oldest: i64,
}

impl Live {
    pub(crate) fn tip(&self, id: ExecutionId) -> Option<Tip> {
        self.tips.get(&id).copied()
    }

    pub(crate) fn tips(&self) -> impl Iterator<Item = (ExecutionId, Tip)> {
        self.tips.iter().map(|(id, tip)| (*id, *tip))
    }

    /// Notes what has become of an execution; `None` if nobody drives it any more.
    pub(crate) fn set(&mut self, id: ExecutionId, tip: Option<Tip>) {
        let before = self.put(id, tip);
        self.undo.push((id, before));
    }

    /// Returns the place in the tail for one more record.
    pub(crate) fn append(&mut self) -> i64 {
        let pos = self.next;
        self.next += 1;
        pos
    }

    /// Returns the oldest place that holds a record still needed.
    pub(crate) fn low_water(&self) -> i64 {
        self.firsts.first().copied().unwrap_or(self.next)
    }

    /// Returns how many places at the tail's old end are not needed.
    pub(crate) fn surplus(&self) -> i64 {
        self.low_water() - self.oldest
    }

    /// Returns the end of the next step of trimming, at most `step` places long, and counts them as deleted.
    pub(crate) fn trim(&mut self, step: i64) -> i64 {
        self.oldest = self.low_water().min(self.oldest.saturating_add(step));
        self.oldest
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { undo: self.undo.len(), next: self.next, oldest: self.oldest }
    }

    /// Forgets what was noted since `mark`.
    pub(crate) fn undo_to(&mut self, mark: Mark) {
        while self.undo.len() > mark.undo {
            let Some((id, before)) = self.undo.pop() else { break };
            self.put(id, before);
        }
        self.next = mark.next;
        self.oldest = mark.oldest;
    }

    /// Makes what was noted last.
    pub(crate) fn settle(&mut self) {
        self.undo.clear();
    }

    fn put(&mut self, id: ExecutionId, tip: Option<Tip>) -> Option<Tip> {
        let before = match tip {
            Some(tip) => self.tips.insert(id, tip),
            None => self.tips.remove(&id),
        };
        let (first_before, first) = (before.and_then(|tip| tip.first), tip.and_then(|tip| tip.first));
        if first_before != first {
            first_before.map(|pos| self.firsts.remove(&pos));
            self.firsts.extend(first);
        }
        before
    }

    /// Reads from the disk who is to be driven. Nobody of them has an owner: the lock file proves that whoever drove
    /// them is gone.
    pub(crate) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let mut live = Self { next: 1, oldest: 1, ..Self::default() };
        let mut known = HashMap::new();
        let mut tail = db.prepare("SELECT pos, execution_id, seq FROM tail ORDER BY pos")?;
        let mut rows = tail.query([])?;
        while let Some(row) = rows.next()? {
            let (pos, id, seq): (i64, ExecutionId, u64) = (row.get(0)?, execution_id(row, 1)?, row.get(2)?);
            if live.next == 1 {
                live.oldest = pos;
            }
            live.next = pos + 1;
            let stored = match known.get(&id) {
                Some(stored) => *stored,
                None => *known.entry(id).or_insert(StoredTip::read(db, id)?),
            };
            if stored.is_finished || seq <= stored.tip.seq {
                continue;
            }
            let tip = live.tip(id).unwrap_or(stored.tip);
            live.put(id, Some(Tip { seq, first: tip.first.or(Some(pos)), ..tip }));
        }
        live.load_owned(db)?;
        Ok(live)
    }

    /// Those whose journal covers everything, and which are not parked.
    fn load_owned(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let mut owned = db.prepare("SELECT id FROM executions WHERE owner_epoch IS NOT NULL")?;
        let mut rows = owned.query([])?;
        while let Some(row) = rows.next()? {
            let id = execution_id(row, 0)?;
            let stored = StoredTip::read(db, id)?;
            if !stored.is_finished && self.tip(id).is_none() {
                self.put(id, Some(stored.tip));
            }
        }
        Ok(())
    }
}

/// What the tables beside the tail know of an execution.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StoredTip {
    pub(crate) tip: Tip,
    pub(crate) is_finished: bool,
    pub(crate) is_parked: bool,
}

impl StoredTip {
    pub(crate) fn read(db: &Connection, id: ExecutionId) -> rusqlite::Result<Self> {
        let mut statement = db.prepare_cached(include_str!("../queries/stored_tip.sql"))?;
        let stored = statement.query_row([blob(id.uuid())], |row| {
            let (is_finished, is_owned): (bool, bool) = (row.get(1)?, row.get(2)?);
            let tip = Tip { seq: row.get(3)?, first: None, row: Some(row.get(0)?), owner: 0 };
            Ok(Self { tip, is_finished, is_parked: !is_finished && !is_owned })
        });
        Ok(stored.optional()?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use steadflow_core::ids::ExecutionId;

    use super::*;

    fn id(number: u128) -> ExecutionId {
        ExecutionId::new(uuid::Uuid::from_u128(number))
    }

    fn appended(live: &mut Live, number: u128) {
        let first = live.append();
        live.set(id(number), Some(Tip { seq: 1, first: Some(first), row: None, owner: 1 }));
    }

    #[test]
    fn the_oldest_execution_holds_the_tail_back() {
        let mut live = Live::default();
        appended(&mut live, 1);
        appended(&mut live, 2);

        live.set(id(2), None);
        assert_eq!(live.surplus(), 0);

        live.set(id(1), None);
        assert_eq!(live.surplus(), 2);
        assert_eq!(live.trim(1), 1);
        assert_eq!(live.surplus(), 1);
    }

    #[test]
    fn undoing_brings_everything_back() {
        let mut live = Live::default();
        appended(&mut live, 1);
        let mark = live.mark();

        appended(&mut live, 2);
        live.set(id(1), None);
        live.set(id(1), Some(Tip::default()));
        live.trim(9);
        live.undo_to(mark);

        assert_eq!(live.tip(id(1)).and_then(|tip| tip.first), Some(0));
        assert_eq!(live.tip(id(2)), None);
        assert_eq!((live.low_water(), live.append(), live.surplus()), (0, 1, 0));
    }
}
