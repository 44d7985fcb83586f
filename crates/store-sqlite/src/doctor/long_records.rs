//! Long records without the record that they are the text of.

use std::collections::BTreeMap;

use rusqlite::Connection;
use steadflow_core::ids::ExecutionId;

use super::Findings;
use crate::columns::first_bytes;
use crate::log::tips::StoredTip;

/// Examines the long records, given the number of the last record in the tail of those executions that have some there.
pub(super) fn examine(db: &Connection, tail: &BTreeMap<ExecutionId, u64>) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(include_str!("../queries/doctor_long_records.sql"))?;
    let mut rows = statement.query([])?;
    let (mut findings, mut lost) = (Findings::default(), 0);
    while let Some(row) = rows.next()? {
        let id = ExecutionId::new(first_bytes(row));
        let (count, last): (u64, u64) = (row.get(1)?, row.get(2)?);
        let in_tail = tail.get(&id).copied().unwrap_or(0);
        match in_tail.max(StoredTip::read(db, id)?.tip.seq) {
            0 => lost += count,
            end if last > end => {
                findings
                    .add(format!("Execution {id} ends with record {end}, but a record {last} is stored."));
            }
            _ => {}
        }
    }
    let mut findings = findings.into_sentences();
    if lost > 0 {
        findings.push(format!("{lost} long records belong to no execution."));
    }
    Ok(findings)
}
