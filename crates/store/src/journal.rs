//! Journals as they are stored, and the records that are stored apart from them.
//!
//! The *journal* of an execution is a JSON array of its records, in their order. A record of [`LONG_RECORD`] bytes or more
//! is *long*: its commit stores it under its execution and its number, and it is never moved or changed again. Wherever
//! else its text would be, in the tail and in the journal, its place is kept: the journal has `null` there. So an execution
//! that holds much is written once, and not again each time its journal is.
//!
//! What is in a blob ([`crate::Blob`]) has a reference as its text here. That is no array, and stored apart however short it is.
//!
//! Journals of databases from before long records have all records in them.

use std::sync::Arc;

use serde_json::value::RawValue;
use steadflow_core::ids::ExecutionId;

use crate::StoreError;

/// Bytes of a record, as JSON text, from which on it is long.
pub const LONG_RECORD: usize = 4 * 1024;

/// What a journal has in the place of a long record.
const APART: &str = "null";

/// Returns whether a record is stored apart: a long one, or the reference to one that is in a blob.
#[must_use]
pub const fn is_long(record: &str) -> bool {
    record.len() >= LONG_RECORD || is_reference(record)
}

/// Returns whether it is not a record, but the reference to one that is in a blob.
#[must_use]
pub const fn is_reference(record: &str) -> bool {
    matches!(record.as_bytes().first(), Some(b'{'))
}

/// Returns the journal of these records, which are all of an execution from its first on.
#[must_use]
pub fn journal_of(records: &[Arc<str>]) -> String {
    let mut text = String::with_capacity(journal_length(records));
    for record in records {
        text.push(if text.is_empty() { '[' } else { ',' });
        text.push_str(in_journal(record));
    }
    text.push(']');
    text
}

/// Returns how long the journal of these records is, in bytes.
#[must_use]
pub fn journal_length(records: &[Arc<str>]) -> usize {
    records.iter().map(|record| in_journal(record).len() + 1).sum::<usize>() + 1
}

/// Returns what a journal has of a record.
const fn in_journal(record: &str) -> &str {
    if is_long(record) { APART } else { record }
}

/// Returns all records of a journal. `long` returns the long one of a number, if it is stored.
///
/// # Errors
/// [`StoreError::Corrupt`] if the journal is not readable, or a long record of it is missing; what `long` returns.
pub fn records_of(
    execution: ExecutionId,
    journal: &str,
    mut long: impl FnMut(u64) -> Result<Option<Arc<str>>, StoreError>,
) -> Result<Vec<Arc<str>>, StoreError> {
    let corrupt = |what: String, reason: String| StoreError::Corrupt { what, reason };
    let records: Vec<&RawValue> = serde_json::from_str(journal)
        .map_err(|error| corrupt(format!("journal of {execution}"), error.to_string()))?;
    let whole = |(seq, record): (u64, &RawValue)| match record.get() {
        APART => long(seq)?.ok_or_else(|| {
            corrupt(format!("record {seq} of execution {execution}"), "its text is missing".into())
        }),
        text => Ok(Arc::from(text)),
    };
    (1..).zip(records).map(whole).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ID: ExecutionId = ExecutionId::new(Uuid::nil());

    /// A record of so many bytes.
    fn record(bytes: usize) -> Arc<str> {
        format!("[{}]", "1".repeat(bytes - 2)).into()
    }

    #[test]
    fn only_the_place_of_a_long_record_is_in_the_journal() {
        let (short, long) = (record(LONG_RECORD - 1), record(LONG_RECORD));

        let records = [long.clone(), short.clone(), long];

        assert_eq!(journal_of(&records), format!("[null,{short},null]"));
        assert_eq!(journal_length(&records), journal_of(&records).len());
    }

    #[test]
    fn a_journal_is_read_with_the_records_that_are_apart() {
        let records = [record(7), record(LONG_RECORD), record(9), record(LONG_RECORD + 1)];
        let stored = |seq| Ok(Some(Arc::clone(&records[usize::try_from(seq).expect("it is small") - 1])));

        let read = records_of(ID, &journal_of(&records), stored).expect("it is whole");

        assert_eq!(read, records);
    }

    #[test]
    fn long_records_in_a_journal_of_before_are_read_as_they_are() {
        let journal = format!("[{},{}]", record(LONG_RECORD), record(7));

        let read = records_of(ID, &journal, |seq| panic!("nothing is apart, and {seq} not asked for"));

        assert_eq!(read.expect("it is whole"), [record(LONG_RECORD), record(7)]);
    }

    #[test]
    fn a_long_record_that_is_missing_is_named() {
        let read = records_of(ID, "[[1],null]", |_| Ok(None));

        let said = format!("record 2 of execution {ID}");
        assert!(matches!(&read, Err(StoreError::Corrupt { what, .. }) if *what == said), "{read:?}");
        assert!(matches!(records_of(ID, "{", |_| Ok(None)), Err(StoreError::Corrupt { .. })));
    }
}
