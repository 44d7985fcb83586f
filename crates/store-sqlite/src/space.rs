//! How much room the file has, and how it returns what it does not use.

use std::path::Path;

use rusqlite::Connection;
use steadflow_store::Space;

use crate::SqliteOptions;

/// Pages that are returned to the disk in one step.
const STEP_PAGES: u32 = 256;
/// Pages that are not used and are kept nevertheless: the next executions need them.
const KEPT_PAGES: u64 = 1_024;

/// Measures the file.
pub(crate) fn measure(db: &Connection, path: &Path, options: &SqliteOptions) -> rusqlite::Result<Space> {
    let page: u64 = pragma(db, "PRAGMA page_size")?;
    let (pages, free): (u64, u64) = (pragma(db, "PRAGMA page_count")?, pragma(db, "PRAGMA freelist_count")?);
    Ok(Space {
        used: pages.saturating_sub(free) * page,
        quota: options.pages_max.map(|pages| u64::from(pages) * page),
        disk_free: disk_free(path),
        reusable: free * page,
        can_shrink: can_shrink(db)?,
    })
}

/// Returns whether pages can be returned to the disk. A file that was made by an older version cannot until it has been
/// [written again](compact).
fn can_shrink(db: &Connection) -> rusqlite::Result<bool> {
    const INCREMENTAL: u64 = 2;
    Ok(pragma(db, "PRAGMA auto_vacuum")? == INCREMENTAL)
}

/// Returns some pages to the disk; false when there are no more to return.
pub(crate) fn shrink(db: &Connection) -> rusqlite::Result<bool> {
    let free: u64 = pragma(db, "PRAGMA freelist_count")?;
    if free <= KEPT_PAGES || !can_shrink(db)? {
        return Ok(false);
    }
    let mut statement = db.prepare(&format!("PRAGMA incremental_vacuum({STEP_PAGES})"))?;
    let mut rows = statement.query([])?;
    // Each row is a page.
    while rows.next()?.is_some() {}
    Ok(true)
}

/// Writes the file again, without what is free in it, so that it can shrink from then on.
pub(crate) fn compact(db: &Connection) -> rusqlite::Result<()> {
    // A copy of the database is made meanwhile, which may be larger than memory.
    db.pragma_update(None, "temp_store", "FILE")?;
    db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")?;
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn pragma(db: &Connection, pragma: &str) -> rusqlite::Result<u64> {
    db.query_row(pragma, [], |row| row.get(0))
}

fn disk_free(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}
