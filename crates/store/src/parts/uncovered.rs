//! Which records of tails no journal covers.

use std::collections::HashMap;

use steadflow_core::ids::ExecutionId;

use crate::StoreError;
use crate::batch::{Damage, Entry};

/// The executions of which tails have records, with the last record that is known of each.
#[derive(Debug, Default)]
pub struct Uncovered(HashMap<ExecutionId, Option<u64>>);

impl Uncovered {
    /// Returns whether [`Self::know`] was called for an execution.
    #[must_use]
    pub fn knows(&self, execution: ExecutionId) -> bool {
        self.0.contains_key(&execution)
    }

    /// Notes up to which record the journal of an execution goes; `None` if it has ended.
    pub fn know(&mut self, execution: ExecutionId, covered: Option<u64>) {
        self.0.insert(execution, covered);
    }

    /// Returns whether a record is needed: it comes next. What journals cover may still be in tails, and records may be in more than
    /// one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if there is a gap before it, or if it is not what was written.
    pub fn needs(&mut self, entry: &Entry, record: Option<&[u8]>) -> Result<bool, StoreError> {
        let Some(last) = self.0.entry(entry.execution).or_insert(Some(0)) else { return Ok(false) };
        if entry.seq <= *last {
            return Ok(false);
        }
        if entry.seq > *last + 1 {
            return Err(damaged(&Damage::Record(entry.execution, *last + 1)));
        }
        if !entry.is_apart() {
            entry.checked(record).map_err(|damage| damaged(&damage))?;
        }
        *last = entry.seq;
        Ok(true)
    }
}

/// Returns the error that says what is damaged.
pub(crate) fn damaged(damage: &Damage) -> StoreError {
    StoreError::Corrupt { what: damage.to_string(), reason: "it is not what was written".into() }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::batch::{Batch, Place, entries};

    fn entry(execution: ExecutionId, seq: u64) -> Entry {
        let mut batch = Batch::default();
        batch.push(execution, seq, "[]");
        let place = Place { worker: 0, sequence: 1 };
        entries(place, batch.seal(place).0).expect("it was just written")[0]
    }

    #[test]
    fn each_record_above_the_journal_is_needed_once() {
        let (long, new, ended) = [1, 2, 3].map(|number| ExecutionId::new(Uuid::from_u128(number))).into();
        let mut uncovered = Uncovered::default();
        uncovered.know(long, Some(4));
        uncovered.know(ended, None);

        let mut needs = |execution, seq| uncovered.needs(&entry(execution, seq), Some(b"[]")).ok();

        assert_eq!([4, 5, 5, 4, 6].map(|seq| needs(long, seq)), [false, true, false, false, true].map(Some));
        assert_eq!([1, 2].map(|seq| needs(new, seq)), [Some(true), Some(true)]);
        assert_eq!(needs(ended, 7), Some(false));
        assert_eq!(needs(long, 8), None, "7 is missing");
        assert!(uncovered.needs(&entry(new, 3), Some(b"[1]")).is_err());
    }
}
