//! How connections are set up. The settings are what the promise of durability rests on, so they are checked.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::SqliteOptions;

/// Statements kept prepared on a connection; more than there are.
const STATEMENTS_MAX: usize = 128;

/// Opens the connection that writes, and checkpoints.
pub(crate) fn open_writer(path: &Path, options: &SqliteOptions) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    set_up(&db, options)?;
    // Counts for a new file only: pages that are free can be returned to the disk.
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    set_to(&db, "journal_mode", "WAL", "wal")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "cache_size", -i64::from(options.cache_kib))?;
    if let Some(pages) = options.pages_max {
        db.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(db)
}

/// Opens a connection that only reads.
pub(crate) fn open_reader(path: &Path, options: &SqliteOptions) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    set_up(&db, options)?;
    db.pragma_update(None, "query_only", true)?;
    // Checkpoints are the writer's alone.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(db)
}

fn set_up(db: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    db.busy_timeout(options.busy_timeout)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "foreign_keys", false)?;
    db.pragma_update(None, "mmap_size", 0)
}

fn set_to(db: &Connection, pragma: &str, value: &str, wanted: &str) -> rusqlite::Result<()> {
    let set: String = db.pragma_update_and_check(None, pragma, value, |row| row.get(0))?;
    if set == wanted {
        return Ok(());
    }
    Err(rusqlite::Error::ToSqlConversionFailure(
        format!("SQLite keeps {pragma} at {set} instead of {wanted}").into(),
    ))
}
