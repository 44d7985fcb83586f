//! The records of tails that no journal covers.

use steadflow_core::ids::ExecutionId;
use steadflow_store::StoreError;
use steadflow_store::batch::{self, ENTRY, Entry, Place};
use steadflow_store::parts::{PartRow, PartValue, Uncovered};
use tokio_postgres::Client;
use uuid::Uuid;

use super::Sending;
use crate::columns::{get, number};
use crate::error::{Error, Result};
use crate::value::{int, params};

/// Rows that are read at once.
const ROWS: i64 = 64;

/// Reads the records that a recovery would find. Those that were moved already come first: they are older than what is left in the tail
/// of the same worker.
pub(super) async fn read(db: &Client, sending: &mut Sending<'_>) -> Result<()> {
    let mut reading = Reading { db, uncovered: Uncovered::default(), sending };
    if reading.orphans().await? {
        reading.tails().await?;
    }
    Ok(())
}

struct Reading<'a, 's> {
    db: &'a Client,
    uncovered: Uncovered,
    sending: &'a mut Sending<'s>,
}

impl Reading<'_, '_> {
    async fn orphans(&mut self) -> Result<bool> {
        let (mut id, mut seq) = (Uuid::nil(), i64::MIN);
        loop {
            let sql =
                "SELECT execution, seq, entry, record FROM orphan_records WHERE (execution, seq) > ($1, $2)
                ORDER BY execution, seq LIMIT $3";
            let rows = self.db.query_typed(sql, params![id, seq, ROWS]).await?;
            let Some(last) = rows.last() else { return Ok(true) };
            (id, seq) = (get(last, 0)?, get(last, 1)?);
            let mut records = Vec::new();
            for row in &rows {
                let stored: &[u8] = get(row, 2)?;
                let stored: &[u8; ENTRY] = stored
                    .try_into()
                    .map_err(|_| Error::Unreadable(format!("an entry has {ENTRY} bytes")))?;
                records.push((Entry::read(stored), Some(get::<&[u8]>(row, 3)?)));
            }
            if !self.send(&records).await? {
                return Ok(false);
            }
        }
    }

    async fn tails(&mut self) -> Result<()> {
        let (mut worker, mut sequence) = (i64::MIN, i64::MIN);
        loop {
            let sql =
                "SELECT worker, sequence, entries, records FROM tail WHERE (worker, sequence) > ($1, $2)
                ORDER BY worker, sequence LIMIT $3";
            let rows = self.db.query_typed(sql, params![worker, sequence, ROWS]).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            (worker, sequence) = (get(last, 0)?, get(last, 1)?);
            for row in &rows {
                let place = Place { worker: number(row, 0)?, sequence: get(row, 1)? };
                let entries = batch::entries(place, get(row, 2)?).map_err(|damage| StoreError::Corrupt {
                    what: damage.to_string(),
                    reason: "it is not what was written".into(),
                })?;
                let records: Vec<_> = batch::records(&entries, get(row, 3)?).collect();
                if !self.send(&records).await? {
                    return Ok(());
                }
            }
        }
    }

    /// Sends those that are needed. Returns whether somebody takes them.
    async fn send(&mut self, records: &[(Entry, Option<&[u8]>)]) -> Result<bool> {
        self.look_up(records).await?;
        for (entry, record) in records {
            if self.uncovered.needs(entry, *record)? && !self.sending.add(row_of(entry, *record)).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Looks up to which record journals go.
    async fn look_up(&mut self, records: &[(Entry, Option<&[u8]>)]) -> Result<()> {
        let unknown = records.iter().map(|(entry, _)| entry.execution);
        let unknown: Vec<ExecutionId> = unknown.filter(|id| !self.uncovered.knows(*id)).collect();
        let ids: Vec<Uuid> = unknown.iter().map(|id| id.uuid()).collect();
        unknown.into_iter().for_each(|id| self.uncovered.know(id, Some(0)));
        let sql = "SELECT id, completed_at IS NOT NULL, coalesce(seq, 0)
            FROM executions
            LEFT JOIN (SELECT execution, seq FROM journals WHERE execution = ANY($1)) AS journal
                ON journal.execution = executions.id
            WHERE id = ANY($1)";
        for row in self.db.query_typed(sql, params![ids]).await? {
            let covered = if get(&row, 1)? { None } else { Some(number(&row, 2)?) };
            self.uncovered.know(ExecutionId::new(get(&row, 0)?), covered);
        }
        Ok(())
    }
}

fn row_of(entry: &Entry, record: Option<&[u8]>) -> PartRow {
    vec![
        PartValue::Id(entry.execution.uuid()),
        PartValue::Int(int(entry.seq)),
        PartValue::Bytes(entry.stored().to_vec()),
        PartValue::Bytes(record.unwrap_or_default().to_vec()),
    ]
}
