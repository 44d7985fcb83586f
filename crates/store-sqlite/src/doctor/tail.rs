//! The tail against what is stored beside it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension};
use steadflow_core::ids::ExecutionId;

use super::Findings;
use crate::columns::blob;
use crate::log::journal;
use steadflow_store::batch::{self, Place};

/// What the tail holds of an execution, and what is stored beside it.
#[derive(Debug)]
struct Found {
    /// The numbers of its records in the tail.
    records: Vec<u64>,
    /// The number of the last record in its journal.
    covered: u64,
    has_ended: bool,
    is_parked: bool,
}

/// What an examination of the tail has found.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) findings: Vec<String>,
    /// The number of the last record of each execution in it.
    pub(super) last: BTreeMap<ExecutionId, u64>,
    /// Those of them that have not ended.
    pub(super) unfinished: BTreeSet<ExecutionId>,
}

/// Examines the whole tail.
pub(super) fn examine(db: &Connection) -> rusqlite::Result<Examined> {
    let mut damaged = Findings::default();
    let mut executions = BTreeMap::new();
    let mut statement = db.prepare(include_str!("../queries/batches.sql"))?;
    let mut rows = statement.query([0])?;
    while let Some(row) = rows.next()? {
        let place = Place { worker: row.get(0)?, sequence: row.get(1)? };
        let entries = match batch::entries(place, row.get_ref(2)?.as_blob()?) {
            Ok(entries) => entries,
            Err(damage) => {
                damaged.add(format!("Damaged, so that the executions in it are not known: {damage}."));
                continue;
            }
        };
        let records = batch::records(&entries, row.get_ref(3)?.as_blob()?);
        journal::each_record(db, records, |entry, record| {
            found(db, &mut executions, entry.execution)?.records.push(entry.seq);
            record.map_or_else(|damage| damaged.add(format!("Damaged: {damage}.")), drop);
            Ok(())
        })?;
    }
    let last =
        executions.iter().filter_map(|(id, found)| Some((*id, *found.records.iter().max()?))).collect();
    let unfinished = executions.iter().filter(|(_, found)| !found.has_ended).map(|(id, _)| *id).collect();
    let mut findings = damaged.into_sentences();
    findings.extend(broken(executions));
    Ok(Examined { findings, last, unfinished })
}

fn found<'a>(
    db: &Connection,
    executions: &'a mut BTreeMap<ExecutionId, Found>,
    id: ExecutionId,
) -> rusqlite::Result<&'a mut Found> {
    match executions.entry(id) {
        std::collections::btree_map::Entry::Occupied(known) => Ok(known.into_mut()),
        std::collections::btree_map::Entry::Vacant(new) => Ok(new.insert(beside(db, id)?)),
    }
}

/// Reads what is stored of an execution beside the tail.
fn beside(db: &Connection, id: ExecutionId) -> rusqlite::Result<Found> {
    let mut statement = db.prepare_cached(include_str!("../queries/stored_tip.sql"))?;
    let stored = statement.query_row([blob(id.uuid())], |row| {
        let (has_ended, is_owned): (bool, bool) = (row.get(1)?, row.get(2)?);
        let is_parked = !has_ended && !is_owned;
        Ok(Found { records: Vec::new(), covered: row.get(3)?, has_ended, is_parked })
    });
    let unknown = Found { records: Vec::new(), covered: 0, has_ended: false, is_parked: false };
    Ok(stored.optional()?.unwrap_or(unknown))
}

/// Above what its journal covers, an execution's records are there without a gap, and there are none of one that no
/// worker drives.
fn broken(executions: BTreeMap<ExecutionId, Found>) -> Vec<String> {
    let mut findings = Findings::default();
    for (id, mut found) in executions {
        found.records.sort_unstable();
        let above = found.records.iter().filter(|seq| **seq > found.covered);
        let Some(first) = above.clone().next() else { continue };
        if found.has_ended {
            findings.add(format!("Execution {id} has ended, but the tail goes on with record {first}."));
        } else if found.is_parked {
            findings.add(format!("Execution {id} is parked, but the tail goes on with record {first}."));
        } else if let Some((_, seq)) = (found.covered + 1..).zip(above).find(|(next, seq)| next != *seq) {
            findings.add(format!("Execution {id} has no record before record {seq} in the tail."));
        }
    }
    findings.into_sentences()
}
