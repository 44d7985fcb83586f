//! Migrations: numbered SQL, run once each, forward only.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::OpenError;

struct Migration {
    number: u32,
    name: &'static str,
    sql: &'static str,
}

/// In order, from 1, without gaps. The text of one that was released never changes.
const MIGRATIONS: &[Migration] =
    &[Migration { number: 1, name: "initial", sql: include_str!("../migrations/0001_initial.sql") }];

/// Brings the schema up to date.
pub(crate) fn migrate(db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed =
        |source: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: source.into() };
    // One transaction around all: a crash in between leaves the schema of before.
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    if !is_ours(&tx).map_err(failed)? {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    tx.execute_batch(include_str!("queries/schema_migrations.sql")).map_err(failed)?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let found: u32 = tx
        .query_row("SELECT coalesce(max(number), 0) FROM schema_migrations", [], |row| row.get(0))
        .map_err(failed)?;
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    for migration in MIGRATIONS {
        match stored_checksum(&tx, migration.number).map_err(failed)? {
            None => run(&tx, migration).map_err(failed)?,
            Some(checksum) if checksum == migration.checksum() => {}
            Some(_) => return Err(OpenError::Differs { path: path.to_owned(), migration: migration.number }),
        }
    }
    tx.commit().map_err(failed)
}

/// Tells whether the file is empty or was made by us.
fn is_ours(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT count(*) = 0 OR count(*) FILTER (WHERE name = 'schema_migrations') = 1 FROM sqlite_schema",
        [],
        |row| row.get(0),
    )
}

fn stored_checksum(db: &Connection, number: u32) -> rusqlite::Result<Option<Vec<u8>>> {
    db.query_row("SELECT checksum FROM schema_migrations WHERE number = ?1", [number], |row| row.get(0))
        .optional()
}

fn run(db: &Connection, migration: &Migration) -> rusqlite::Result<()> {
    db.execute_batch(migration.sql)?;
    db.execute(
        "INSERT INTO schema_migrations (number, name, checksum, applied_at)
         VALUES (?1, ?2, ?3, CAST(unixepoch('subsec') * 1000000 AS INTEGER))",
        (migration.number, migration.name, migration.checksum()),
    )?;
    Ok(())
}

impl Migration {
    fn checksum(&self) -> Vec<u8> {
        Sha256::digest(self.sql).to_vec()
    }
}
