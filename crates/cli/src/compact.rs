//! `steadflow compact`: writes a database again, without what is free in it.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::json;
use steadflow_store_sqlite::SqliteStore;

use crate::output;
use crate::settings::Database;

/// Writes a database again.
pub(crate) fn compact(database: &Database, as_json: bool) -> anyhow::Result<ExitCode> {
    let Database::Sqlite(path) = database else {
        bail!(
            "`compact` is for SQLite. PostgreSQL frees room by itself (autovacuum); `VACUUM FULL` gives it back to the disk."
        );
    };
    if !path.exists() {
        bail!("There is no database at {}.", path.display());
    }
    let before = bytes(path)?;
    SqliteStore::compact(path).with_context(|| format!("Could not compact {database}"))?;
    let after = bytes(path)?;
    if as_json {
        output::json(&json!({ "bytes_before": before, "bytes": after }));
    } else {
        output::note(format_args!("{database}: {before} bytes before, {after} bytes now"));
    }
    Ok(ExitCode::SUCCESS)
}

fn bytes(path: &Path) -> anyhow::Result<u64> {
    let file = path.metadata().with_context(|| format!("Could not read {}", path.display()))?;
    Ok(file.len())
}
