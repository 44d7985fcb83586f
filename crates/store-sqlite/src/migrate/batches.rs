//! Migration 4: the tail becomes a row a batch, and being paused or resumed says by whom.
//!
//! Both were the mere strings `"paused"` and `"resumed"` among a record's events. Nothing else of a record is touched: a
//! payload may look the same.

use rusqlite::Connection;
use serde_json::value::RawValue;

use crate::columns::execution_id;
use steadflow_store::batch::{Batch, Place};

/// Records in a batch at most.
const BATCH_RECORDS: u64 = 512;
/// What was written before batches has no worker any more.
const NO_WORKER: u64 = 0;

/// Moves the records of the old tail, and changes journals in place.
pub(super) fn rewrite(db: &Connection) -> rusqlite::Result<()> {
    rewrite_tail(db)?;
    rewrite_journals(db)?;
    db.execute_batch("DROP TABLE tail_of_records")
}

fn rewrite_tail(db: &Connection) -> rusqlite::Result<()> {
    let mut old = db.prepare("SELECT execution_id, seq, record FROM tail_of_records ORDER BY pos")?;
    let mut rows = old.query([])?;
    let mut batch = Batch::default();
    let (mut sequence, mut count) = (0, 0);
    while let Some(row) = rows.next()? {
        let record = row.get_ref(2)?.as_str()?;
        let rewritten = or_as_it_is("a record of the tail", rewritten_record(record));
        batch.push_whole(execution_id(row, 0)?, row.get(1)?, rewritten.as_deref().unwrap_or(record));
        count += 1;
        if count % BATCH_RECORDS == 0 {
            sequence += 1;
            append(db, sequence, &mut batch)?;
        }
    }
    append(db, sequence + 1, &mut batch)
}

fn append(db: &Connection, sequence: i64, batch: &mut Batch) -> rusqlite::Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let place = Place { worker: NO_WORKER, sequence };
    let (entries, records) = batch.seal(place);
    let sql = "INSERT INTO tail (worker, sequence, entries, records) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute((place.worker, sequence, entries, records))?;
    batch.clear();
    Ok(())
}

fn rewrite_journals(db: &Connection) -> rusqlite::Result<()> {
    let found =
        r#"SELECT execution FROM journals WHERE instr(records, '"paused"') OR instr(records, '"resumed"')"#;
    let numbers: Vec<i64> =
        db.prepare(found)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for number in numbers {
        let sql = "SELECT records FROM journals WHERE execution = ?1";
        let journal: String = db.prepare_cached(sql)?.query_row([number], |row| row.get(0))?;
        if let Some(rewritten) = or_as_it_is("a journal", rewritten_journal(&journal)) {
            let sql = "UPDATE journals SET records = ?2 WHERE execution = ?1";
            db.prepare_cached(sql)?.execute((number, rewritten))?;
        }
    }
    Ok(())
}

/// What cannot be read is not changed: the execution that it belongs to is reported where it is to be driven.
fn or_as_it_is(what: &'static str, rewritten: serde_json::Result<Option<String>>) -> Option<String> {
    rewritten.unwrap_or_else(|error| {
        tracing::error!(error = %error, "{what} is not readable, and stays as it is");
        None
    })
}

/// Returns what an old journal is now; `None` where nothing changes.
fn rewritten_journal(journal: &str) -> serde_json::Result<Option<String>> {
    let records: Vec<&RawValue> = serde_json::from_str(journal)?;
    let mut is_changed = false;
    let mut texts = Vec::with_capacity(records.len());
    for record in records {
        let rewritten = rewritten_record(record.get())?;
        is_changed |= rewritten.is_some();
        texts.push(rewritten.unwrap_or_else(|| record.get().to_owned()));
    }
    Ok(is_changed.then(|| format!("[{}]", texts.join(","))))
}

/// Returns what an old record is now; `None` where nothing changes.
fn rewritten_record(record: &str) -> serde_json::Result<Option<String>> {
    let (seq, at, events): (u64, i64, Vec<&RawValue>) = serde_json::from_str(record)?;
    let rewritten: Vec<&str> = events.iter().map(|event| rewritten_event(event.get())).collect();
    let is_changed = events.iter().zip(&rewritten).any(|(event, rewritten)| event.get() != *rewritten);
    Ok(is_changed.then(|| format!("[{seq},{at},[{}]]", rewritten.join(","))))
}

fn rewritten_event(event: &str) -> &str {
    match event {
        r#""paused""# => r#"{"paused":{"by":{"kind":"system"}}}"#,
        r#""resumed""# => r#"{"resumed":{"by":{"kind":"system"}}}"#,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_events_are_rewritten() {
        let record =
            r#"[4,-7,["paused",{"node_completed":{"node":0,"output":["paused", "resumed"]}},"resumed"]]"#;

        let rewritten = rewritten_record(record).unwrap().unwrap();

        let expected = r#"[4,-7,[{"paused":{"by":{"kind":"system"}}},{"node_completed":{"node":0,"output":["paused", "resumed"]}},{"resumed":{"by":{"kind":"system"}}}]]"#;
        assert_eq!(rewritten, expected);
        assert_eq!(rewritten_record(&rewritten).unwrap(), None, "once is enough");
        assert_eq!(
            rewritten_journal(&format!("[{record},{record}]")).unwrap(),
            Some(format!("[{expected},{expected}]"))
        );
        assert_eq!(rewritten_journal(r#"[[1,0,["started",{"x":["paused"]}]]]"#).unwrap(), None);
    }

    #[test]
    fn what_is_no_record_is_an_error() {
        assert!(rewritten_record("[1]").is_err());
        assert!(rewritten_journal("{}").is_err());
    }
}
