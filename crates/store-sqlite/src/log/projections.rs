//! What is written of an execution beside the tail: its row and its journal.

use rusqlite::{CachedStatement, Connection};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::ExecutionRow;

use crate::history::row;

/// Who drives an execution, as its row says it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hold {
    /// The worker's epoch; `None` when it is parked or has ended.
    pub(crate) owner: Option<u64>,
    /// When a parked one is due.
    pub(crate) wake_at: Option<Timestamp>,
}

/// Writes rows and journals. What most batches need several times is looked up once.
pub(crate) struct Projections<'w> {
    db: &'w Connection,
    insert_row: Option<CachedStatement<'w>>,
    insert_journal: Option<CachedStatement<'w>>,
}

/// The number of an execution's row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    /// It has none so far, and no journal either.
    New(i64),
    /// It has this.
    Known(i64),
}

impl Number {
    pub(crate) const fn get(self) -> i64 {
        match self {
            Self::New(number) | Self::Known(number) => number,
        }
    }
}

impl<'w> Projections<'w> {
    pub(crate) const fn new(db: &'w Connection) -> Self {
        Self { db, insert_row: None, insert_journal: None }
    }

    /// Writes a row. One of an execution that has ended is refused by a trigger.
    pub(crate) fn row(&mut self, number: Number, row: &ExecutionRow, hold: Hold) -> rusqlite::Result<()> {
        match number {
            Number::New(number) => {
                let sql = include_str!("../queries/insert_execution.sql");
                row::write(prepared(self.db, &mut self.insert_row, sql)?, number, row, hold)
            }
            Number::Known(number) => {
                let mut statement =
                    self.db.prepare_cached(include_str!("../queries/update_execution.sql"))?;
                row::write(&mut statement, number, row, hold)
            }
        }
    }

    /// Writes an execution's journal up to record `seq`, as its row says it.
    pub(crate) fn journal(
        &mut self,
        number: Number,
        seq: u64,
        row: &ExecutionRow,
        records: &str,
    ) -> rusqlite::Result<()> {
        let is_final = row.status.is_finished();
        match number {
            Number::New(number) => {
                let sql = "INSERT INTO journals (execution, seq, is_final, records) VALUES (?1, ?2, ?3, ?4)";
                let statement = prepared(self.db, &mut self.insert_journal, sql)?;
                statement.execute((number, seq, is_final, records)).map(drop)
            }
            Number::Known(number) => {
                let mut statement = self.db.prepare_cached(include_str!("../queries/write_journal.sql"))?;
                statement.execute((number, seq, is_final, records)).map(drop)
            }
        }
    }
}

fn prepared<'s, 'w>(
    db: &'w Connection,
    statement: &'s mut Option<CachedStatement<'w>>,
    sql: &'static str,
) -> rusqlite::Result<&'s mut CachedStatement<'w>> {
    match statement {
        Some(statement) => Ok(statement),
        None => Ok(statement.insert(db.prepare_cached(sql)?)),
    }
}
