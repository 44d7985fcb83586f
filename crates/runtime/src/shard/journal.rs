//! The records of an execution in memory.

use std::ops::Deref;
use std::sync::Arc;

use steadflow_store::journal_length;

/// The records of an execution as they are stored, and how long they are together, so that nothing goes through all of them to
/// know.
#[derive(Debug)]
pub(super) struct Journal {
    records: Vec<Arc<str>>,
    bytes: usize,
    stored_bytes: usize,
}

impl From<Vec<Arc<str>>> for Journal {
    fn from(records: Vec<Arc<str>>) -> Self {
        let bytes = records.iter().map(|record| record.len()).sum();
        Self { stored_bytes: journal_length(&records), bytes, records }
    }
}

impl Deref for Journal {
    type Target = [Arc<str>];

    fn deref(&self) -> &[Arc<str>] {
        &self.records
    }
}

impl Journal {
    pub(super) fn push(&mut self, record: Arc<str>) {
        self.bytes += record.len();
        self.stored_bytes += adds(&record);
        self.records.push(record);
    }

    /// Takes back the last record, and returns how many bytes it has.
    pub(super) fn pop(&mut self) -> usize {
        let Some(record) = self.records.pop() else { return 0 };
        self.bytes -= record.len();
        self.stored_bytes -= adds(&record);
        record.len()
    }

    pub(super) fn into_records(self) -> Vec<Arc<str>> {
        self.records
    }

    /// Returns how many bytes its records have.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns how long the stored journal is, which has only the places of long records.
    pub(super) const fn stored_bytes(&self) -> usize {
        self.stored_bytes
    }
}

/// Returns by how much a record makes a stored journal longer.
fn adds(record: &Arc<str>) -> usize {
    journal_length(std::slice::from_ref(record)) - journal_length(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(journal: &Journal) -> (usize, usize) {
        (journal.bytes(), journal.stored_bytes())
    }

    #[test]
    fn its_lengths_are_those_of_its_records() {
        let (short, long): (Arc<str>, Arc<str>) = ("[1]".into(), "x".repeat(10_000).into());
        let mut journal = Journal::from(vec![Arc::clone(&short), Arc::clone(&long)]);

        for record in [&long, &short, &short] {
            journal.push(Arc::clone(record));
            assert_eq!(lengths(&journal), lengths(&Journal::from(journal.to_vec())));
        }
        let popped = [journal.pop(), journal.pop(), journal.pop()];

        assert_eq!(popped, [3, 3, 10_000]);
        assert_eq!(lengths(&journal), lengths(&Journal::from(vec![short, long])));
        assert_eq!(Journal::from(Vec::new()).pop(), 0);
    }
}
