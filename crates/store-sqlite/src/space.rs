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
    })
}

/// Returns some pages to the disk; false when there are no more to return. A file that was made by an older version returns
/// none until it has been rebuilt by `VACUUM`.
pub(crate) fn shrink(db: &Connection) -> rusqlite::Result<bool> {
    const INCREMENTAL: u64 = 2;
    let free: u64 = pragma(db, "PRAGMA freelist_count")?;
    if free <= KEPT_PAGES || pragma(db, "PRAGMA auto_vacuum")? != INCREMENTAL {
        return Ok(false);
    }
    let mut statement = db.prepare(&format!("PRAGMA incremental_vacuum({STEP_PAGES})"))?;
    let mut rows = statement.query([])?;
    // Each row is a page.
    while rows.next()?.is_some() {}
    Ok(true)
}

fn pragma(db: &Connection, pragma: &str) -> rusqlite::Result<u64> {
    db.query_row(pragma, [], |row| row.get(0))
}

fn disk_free(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}
