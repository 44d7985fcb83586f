//! A batch as one row of the tail: its records, and whose they are.
//!
//! A row has two blobs. `records` holds the records one behind the other, as they are. `entries` says for each of them
//! whose it is, its number, its length and its checksum, and ends with a checksum of itself and of its row's key. So a
//! record that is damaged has a name, and the start of the server need not read records at all. A long record is not in
//! `records` but in a table of its own: its length is 0.
//!
//! Numbers are little-endian. Checksums are CRC-32, as gzip has it.

use std::fmt;

use steadflow_core::ids::ExecutionId;
use uuid::Uuid;

use crate::is_long;

/// The length of an entry: 16 bytes of id, 8 of the record's number, 4 of its length, 4 of its checksum.
pub const ENTRY: usize = 32;
const CHECKSUM: usize = 4;

/// The key of a row of the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The epoch of the worker that wrote it.
    pub worker: u64,
    /// Larger than that of every batch before it.
    pub sequence: i64,
}

/// A batch being put together. It is used again for the next one.
#[derive(Debug, Default)]
pub struct Batch {
    entries: Vec<u8>,
    records: Vec<u8>,
}

impl Batch {
    /// Returns whether it has no record.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes all records out.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.records.clear();
    }

    /// Adds a record; of a long one, its entry.
    pub fn push(&mut self, execution: ExecutionId, seq: u64, record: &str) {
        let here = if is_long(record) { "" } else { record };
        self.push_in_parts(execution, seq, record, here);
    }

    /// Adds a record as databases have it that have no table of long records.
    pub fn push_whole(&mut self, execution: ExecutionId, seq: u64, record: &str) {
        self.push_in_parts(execution, seq, record, record);
    }

    /// Adds a record of which `here` is in the batch. One of 4 GiB or more, which no limit allows, would be found damaged.
    fn push_in_parts(&mut self, execution: ExecutionId, seq: u64, record: &str, here: &str) {
        let length = u32::try_from(here.len()).unwrap_or(u32::MAX);
        let checksum = crc32fast::hash(record.as_bytes());
        self.add(&Entry { execution, seq, length, checksum }, here.as_bytes());
    }

    /// Adds what another batch has.
    pub fn add(&mut self, entry: &Entry, record: &[u8]) {
        self.entries.extend_from_slice(&entry.stored());
        self.records.extend_from_slice(record);
    }

    /// Ends the batch: returns its entries and its records as they are stored at `place`.
    pub fn seal(&mut self, place: Place) -> (&[u8], &[u8]) {
        let checksum = checksum_of(place, &self.entries);
        self.entries.extend_from_slice(&checksum.to_le_bytes());
        (&self.entries, &self.records)
    }
}

/// One record's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose record it is.
    pub execution: ExecutionId,
    /// The record's number.
    pub seq: u64,
    length: u32,
    checksum: u32,
}

impl Entry {
    /// Returns whether the record is in the table of long records. None is empty.
    pub const fn is_apart(&self) -> bool {
        self.length == 0
    }

    /// Returns what was found as the record, if that is what was written.
    pub fn checked<'a>(&self, found: Option<&'a [u8]>) -> Result<&'a str, Damage> {
        let whole = found.filter(|record| crc32fast::hash(record) == self.checksum);
        let text = whole.and_then(|record| std::str::from_utf8(record).ok());
        text.ok_or(Damage::Record(self.execution, self.seq))
    }

    /// Returns it as batches have it.
    #[must_use]
    pub fn stored(&self) -> [u8; ENTRY] {
        let mut stored = [0; ENTRY];
        stored[..16].copy_from_slice(self.execution.uuid().as_bytes());
        stored[16..24].copy_from_slice(&self.seq.to_le_bytes());
        stored[24..28].copy_from_slice(&self.length.to_le_bytes());
        stored[28..].copy_from_slice(&self.checksum.to_le_bytes());
        stored
    }

    /// Reads what [`Self::stored`] returns.
    #[must_use]
    pub fn read(stored: &[u8; ENTRY]) -> Self {
        let (id, numbers) = stored.split_at(16);
        let (numbers, _) = numbers.as_chunks::<4>();
        let number = |at: usize| u32::from_le_bytes(numbers[at]);
        Self {
            execution: ExecutionId::new(Uuid::from_slice(id).expect("an id has 16 bytes")),
            seq: u64::from(number(1)) << 32 | u64::from(number(0)),
            length: number(2),
            checksum: number(3),
        }
    }
}

/// Why something in the tail is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Whose records the batch holds is not readable.
    Entries(Place),
    /// A record is not readable.
    Record(ExecutionId, u64),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entries(Place { worker, sequence }) => {
                write!(f, "batch {sequence} of worker {worker} in the tail")
            }
            Self::Record(execution, seq) => write!(f, "record {seq} of execution {execution} in the tail"),
        }
    }
}

/// Reads the entries of the batch at `place`.
pub fn entries(place: Place, stored: &[u8]) -> Result<Vec<Entry>, Damage> {
    let damaged = Damage::Entries(place);
    let (entries, checksum) = stored.split_last_chunk::<CHECKSUM>().ok_or(damaged)?;
    let (entries, rest) = entries.as_chunks::<ENTRY>();
    if !rest.is_empty() || checksum_of(place, entries.as_flattened()) != u32::from_le_bytes(*checksum) {
        return Err(damaged);
    }
    Ok(entries.iter().map(Entry::read).collect())
}

/// Returns the same batch without the records of some executions, damaged or not.
pub fn without(stored: (&[Entry], &[u8]), is_unwanted: impl Fn(ExecutionId) -> bool) -> Batch {
    let mut rest = Batch::default();
    for (entry, record) in records(stored.0, stored.1).filter(|(entry, _)| !is_unwanted(entry.execution)) {
        rest.add(&entry, record.unwrap_or_default());
    }
    rest
}

/// Returns each entry with the bytes that are its record's, if they are there; of a long one, it has none here.
pub fn records<'a>(
    entries: &'a [Entry],
    records: &'a [u8],
) -> impl Iterator<Item = (Entry, Option<&'a [u8]>)> + 'a {
    let mut end = 0;
    entries.iter().map(move |entry| {
        let start = end;
        end += entry.length as usize;
        (*entry, records.get(start..end))
    })
}

fn checksum_of(place: Place, entries: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&place.worker.to_le_bytes());
    hasher.update(&place.sequence.to_le_bytes());
    hasher.update(entries);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LONG_RECORD;

    const HERE: Place = Place { worker: 3, sequence: 7 };

    fn id(number: u128) -> ExecutionId {
        ExecutionId::new(Uuid::from_u128(number))
    }

    fn long() -> String {
        "x".repeat(LONG_RECORD)
    }

    fn stored() -> (Vec<u8>, Vec<u8>) {
        let mut batch = Batch::default();
        batch.push(id(1), 1, "[1,0,[]]");
        batch.push(id(2), u64::MAX, &long());
        batch.push(id(1), 2, "[2,0,[\"ü\"]]");
        let (entries, records) = batch.seal(HERE);
        (entries.to_vec(), records.to_vec())
    }

    type Found = Result<(u128, u64, String), Damage>;

    fn read(entries: &[u8], records: &[u8]) -> Result<Vec<Found>, Damage> {
        let entries = super::entries(HERE, entries)?;
        let long = long();
        let named = |(entry, record): (Entry, Option<&[u8]>)| {
            let record = if entry.is_apart() { Some(long.as_bytes()) } else { record };
            Ok((entry.execution.uuid().as_u128(), entry.seq, entry.checked(record)?.to_owned()))
        };
        Ok(super::records(&entries, records).map(named).collect())
    }

    #[test]
    fn batch_is_read_as_it_was_written() {
        let (entries, records) = stored();

        let read = read(&entries, &records).unwrap();

        let whole = |id, seq, record: &str| Ok((id, seq, record.to_owned()));
        assert_eq!(
            read,
            [whole(1, 1, "[1,0,[]]"), whole(2, u64::MAX, &long()), whole(1, 2, "[2,0,[\"ü\"]]")]
        );
    }

    #[test]
    fn each_changed_byte_of_a_record_is_found_and_named() {
        let (entries, mut records) = stored();
        for at in 0..records.len() {
            records[at] ^= 0x10;

            let read = read(&entries, &records).unwrap();

            let damaged: Vec<_> = read.into_iter().filter_map(Result::err).collect();
            assert_eq!(damaged, [Damage::Record(id(1), if at < 8 { 1 } else { 2 })], "byte {at}");
            records[at] ^= 0x10;
        }
    }

    #[test]
    fn each_changed_byte_of_the_entries_is_found() {
        let (mut entries, records) = stored();
        for at in 0..entries.len() {
            entries[at] ^= 0x10;

            assert_eq!(read(&entries, &records), Err(Damage::Entries(HERE)), "byte {at}");
            entries[at] ^= 0x10;
        }
    }

    #[test]
    fn what_is_cut_off_or_elsewhere_is_found() {
        let (entries, records) = stored();

        let elsewhere = super::entries(Place { sequence: 8, ..HERE }, &entries);
        let cut = read(&entries, &records[..records.len() - 1]).unwrap();

        assert!(elsewhere.is_err());
        assert_eq!(cut.into_iter().filter_map(Result::err).count(), 1);
        assert_eq!(read(&entries[..ENTRY], &records), Err(Damage::Entries(HERE)));
        assert_eq!(read(&[], &[]), Err(Damage::Entries(HERE)));
    }

    #[test]
    fn rest_of_a_batch_is_as_it_was() {
        let (entries, mut records) = stored();
        *records.last_mut().unwrap() ^= 0x10;
        let entries = super::entries(HERE, &entries).unwrap();

        let mut rest = without((&entries, &records), |execution| execution == id(2));

        let (entries, records) = rest.seal(HERE);
        let whole = Ok((1, 1, "[1,0,[]]".to_owned()));
        assert_eq!(read(entries, records).unwrap(), [whole, Err(Damage::Record(id(1), 2))]);
        assert!(without((&[], b""), |_| false).is_empty());
    }

    #[test]
    fn only_the_entry_of_a_long_record_is_in_the_batch() {
        let (entries, records) = stored();
        let entries = super::entries(HERE, &entries).unwrap();

        assert_eq!(records, "[1,0,[]][2,0,[\"ü\"]]".as_bytes());
        assert_eq!(entries.iter().map(Entry::is_apart).collect::<Vec<_>>(), [false, true, false]);
        let other = long().replacen('x', "y", 1);
        for damaged in [Some(other.as_bytes()), Some(&long().as_bytes()[1..]), Some(b"".as_slice()), None] {
            assert_eq!(entries[1].checked(damaged), Err(Damage::Record(id(2), u64::MAX)));
        }
    }

    #[test]
    fn cleared_batch_is_empty() {
        let mut batch = Batch::default();
        batch.push(id(1), 1, "[]");
        batch.seal(HERE);

        batch.clear();

        assert!(batch.is_empty());
        assert_eq!(batch.seal(HERE).1, b"");
    }
}
