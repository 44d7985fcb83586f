//! What the writer keeps in memory: one small entry for each execution that a worker drives.
//!
//! It says in which batch of the tail an execution's records begin, so that the tail can be trimmed below the lowest of
//! them without an index. It runs ahead of the disk while a transaction is open; [`Tips::undo_to`] takes it back. It is
//! rebuilt from the disk when the database is opened.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension};
use steadflow_core::ids::ExecutionId;
use steadflow_store::ById;
use steadflow_store::batch::{self, Damage, Entry, Place};

use crate::columns::{blob, execution_id};

/// What the writer knows of an execution that a worker drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tip {
    /// The number of its last record.
    pub(crate) seq: u64,
    /// The batch of the tail with its first record that no journal covers.
    pub(crate) first: Option<i64>,
    /// The number of its row in `executions`, if it has one.
    pub(crate) row: Option<i64>,
    /// The epoch of the worker that drives it; 0 for a worker of an earlier process.
    pub(crate) owner: u64,
}

/// All tips, and the bounds of the tail.
#[derive(Debug, Default)]
pub(crate) struct Tips {
    by_execution: ById<Tip>,
    /// How many executions begin in a batch.
    firsts: BTreeMap<i64, usize>,
    undo: Vec<(ExecutionId, Option<Tip>)>,
    /// The number of the next batch.
    next: i64,
    /// The number of the oldest batch that is not deleted.
    oldest: i64,
    /// The number of the next row in `executions`.
    next_row: i64,
    /// Executions whose records in the tail are not all readable. They are driven no further.
    damaged: HashSet<ExecutionId>,
}

/// A moment to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    undo: usize,
    next: i64,
    oldest: i64,
    next_row: i64,
}

impl Tips {
    pub(crate) fn tip(&self, id: ExecutionId) -> Option<Tip> {
        self.by_execution.get(&id).copied()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (ExecutionId, Tip)> {
        self.by_execution.iter().map(|(id, tip)| (*id, *tip))
    }

    /// Returns whether records of an execution in the tail are not readable.
    pub(crate) fn is_damaged(&self, id: ExecutionId) -> bool {
        self.damaged.contains(&id)
    }

    /// Notes what has become of an execution; `None` if no worker drives it.
    pub(crate) fn set(&mut self, id: ExecutionId, tip: Option<Tip>) {
        let before = self.put(id, tip);
        self.undo.push((id, before));
    }

    /// Returns the number of one more batch.
    pub(crate) fn append(&mut self) -> i64 {
        let sequence = self.next;
        self.next += 1;
        sequence
    }

    /// Returns the number of one more row in `executions`.
    pub(crate) fn next_row(&mut self) -> i64 {
        let number = self.next_row;
        self.next_row += 1;
        number
    }

    /// Returns the oldest batch that holds a record still needed.
    pub(crate) fn low_water(&self) -> i64 {
        self.firsts.first_key_value().map_or(self.next, |(first, _)| *first)
    }

    /// Returns how many batches at the tail's old end are not needed.
    pub(crate) fn surplus(&self) -> i64 {
        self.low_water() - self.oldest
    }

    /// Returns the end of the next step of trimming, at most `step` batches long, and counts them as deleted.
    pub(crate) fn trim(&mut self, step: i64) -> i64 {
        self.oldest = self.low_water().min(self.oldest.saturating_add(step));
        self.oldest
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { undo: self.undo.len(), next: self.next, oldest: self.oldest, next_row: self.next_row }
    }

    /// Forgets what was noted since `mark`.
    pub(crate) fn undo_to(&mut self, mark: Mark) {
        while self.undo.len() > mark.undo {
            let Some((id, before)) = self.undo.pop() else { break };
            self.put(id, before);
        }
        self.next = mark.next;
        self.oldest = mark.oldest;
        self.next_row = mark.next_row;
    }

    /// Makes what was noted last.
    pub(crate) fn settle(&mut self) {
        self.undo.clear();
    }

    fn put(&mut self, id: ExecutionId, tip: Option<Tip>) -> Option<Tip> {
        let before = match tip {
            Some(tip) => self.by_execution.insert(id, tip),
            None => self.by_execution.remove(&id),
        };
        let (first_before, first) = (before.and_then(|tip| tip.first), tip.and_then(|tip| tip.first));
        if first_before != first {
            self.count_first(first_before, first);
        }
        before
    }

    fn count_first(&mut self, before: Option<i64>, after: Option<i64>) {
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

    /// Reads from the disk what is to be driven. Nothing of it has an owner: the lock file proves that the workers that
    /// drove it have ended.
    pub(crate) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let mut loading = Loading::default();
        let mut tail = db.prepare("SELECT worker, sequence, entries FROM tail ORDER BY sequence")?;
        let mut rows = tail.query([])?;
        while let Some(row) = rows.next()? {
            let place = Place { worker: row.get(0)?, sequence: row.get(1)? };
            loading.batch(db, place, batch::entries(place, row.get_ref(2)?.as_blob()?))?;
        }
        let mut tips = loading.tips;
        tips.next = tips.next.max(1);
        tips.oldest = tips.oldest.max(1);
        let last = "SELECT coalesce(max(number), 0) FROM executions";
        tips.next_row = db.query_row(last, [], |row| row.get::<_, i64>(0))? + 1;
        tips.load_owned(db)?;
        if let Some(unreadable) = loading.unreadable {
            let ids = tips.by_execution.keys().copied();
            let may_be_in_it = |id: &ExecutionId| loading.last.get(id).is_none_or(|last| *last < unreadable);
            tips.damaged.extend(ids.filter(may_be_in_it));
        }
        for id in &tips.damaged {
            tracing::error!(
                execution.id = %id,
                "its records in the tail are damaged; it is driven no further: run `steadflow doctor`"
            );
        }
        Ok(tips)
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

/// The tail being read.
#[derive(Default)]
struct Loading {
    tips: Tips,
    known: HashMap<ExecutionId, StoredTip>,
    /// The last batch with a record of an execution.
    last: HashMap<ExecutionId, i64>,
    /// The last batch whose executions are unknown.
    unreadable: Option<i64>,
}

impl Loading {
    fn batch(
        &mut self,
        db: &Connection,
        place: Place,
        entries: Result<Vec<Entry>, Damage>,
    ) -> rusqlite::Result<()> {
        if self.tips.next == 0 {
            self.tips.oldest = place.sequence;
        }
        self.tips.next = place.sequence + 1;
        match entries {
            Ok(entries) => entries.iter().try_for_each(|entry| self.entry(db, place.sequence, entry)),
            Err(damage) => {
                tracing::error!("{damage} is not readable");
                self.unreadable = Some(place.sequence);
                Ok(())
            }
        }
    }

    fn entry(&mut self, db: &Connection, sequence: i64, entry: &Entry) -> rusqlite::Result<()> {
        let id = entry.execution;
        self.last.insert(id, sequence);
        let stored = match self.known.get(&id) {
            Some(stored) => *stored,
            None => *self.known.entry(id).or_insert(StoredTip::read(db, id)?),
        };
        if stored.is_finished || entry.seq <= stored.tip.seq {
            return Ok(());
        }
        let tip = self.tips.tip(id).unwrap_or(stored.tip);
        if entry.seq != tip.seq + 1 {
            self.tips.damaged.insert(id);
        }
        self.tips.put(id, Some(Tip { seq: entry.seq, first: tip.first.or(Some(sequence)), ..tip }));
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

    fn appended(tips: &mut Tips, number: u128) {
        let first = tips.append();
        tips.set(id(number), Some(Tip { seq: 1, first: Some(first), row: None, owner: 1 }));
    }

    #[test]
    fn the_oldest_execution_holds_the_tail_back() {
        let mut tips = Tips::default();
        appended(&mut tips, 1);
        appended(&mut tips, 2);

        tips.set(id(2), None);
        assert_eq!(tips.surplus(), 0);

        tips.set(id(1), None);
        assert_eq!(tips.surplus(), 2);
        assert_eq!(tips.trim(1), 1);
        assert_eq!(tips.surplus(), 1);
    }

    #[test]
    fn undoing_brings_everything_back() {
        let mut tips = Tips::default();
        appended(&mut tips, 1);
        let mark = tips.mark();

        appended(&mut tips, 2);
        tips.set(id(1), None);
        tips.set(id(1), Some(Tip::default()));
        tips.trim(9);
        tips.undo_to(mark);

        assert_eq!(tips.tip(id(1)).and_then(|tip| tip.first), Some(0));
        assert_eq!(tips.tip(id(2)), None);
        assert_eq!((tips.low_water(), tips.append(), tips.surplus()), (0, 1, 0));
    }
}
