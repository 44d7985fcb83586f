//! `steadflow backup` and `steadflow restore`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::json;
use steadflow_runtime::{Clock, SystemClock};
use steadflow_store_sqlite::SqliteStore;

use crate::settings::{BlobSettings, Database};
use crate::{blobs, output};

/// Makes a backup.
pub(crate) async fn back_up(
    database: &Database,
    blobs: Option<BlobSettings>,
    file: &Path,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let path = file_of(database, "backup")?;
    if !path.exists() {
        bail!("There is no database at {}.", path.display());
    }
    let bytes = SqliteStore::back_up(path, file, SystemClock::new().wall())
        .with_context(|| format!("Could not make a backup of {database}"))?;
    if as_json {
        output::json(&json!({ "file": file, "bytes": bytes }));
    } else {
        output::note(format_args!(
            "{database}: the backup {} has {bytes} bytes. The master key of secrets is not in it.",
            file.display()
        ));
    }
    let places = SqliteStore::blobs_in(file)?;
    if places.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let is_needed = || SqliteStore::blobs_in(path).context("Could not read the database again");
    blobs::back_up(blobs, &places, &folder_of(file), is_needed).await
}

/// Makes a database of a backup.
pub(crate) async fn restore(
    database: &Database,
    blobs: Option<BlobSettings>,
    file: &Path,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let path = file_of(database, "restore")?;
    if !file.exists() {
        bail!("There is no backup at {}.", file.display());
    }
    let restored =
        SqliteStore::restore(file, path).with_context(|| format!("Could not restore {}", file.display()))?;
    if as_json {
        let unfinished: Vec<String> = restored.unfinished.iter().map(ToString::to_string).collect();
        let taken_at = restored.taken_at.to_string();
        output::json(&json!({ "taken_at": taken_at, "unfinished": unfinished }));
    } else {
        restored.unfinished.iter().for_each(output::line);
    }
    let (count, taken_at) = (restored.unfinished.len(), restored.taken_at);
    let unfinished = match count {
        0 => "All executions had ended.".to_owned(),
        _ => format!(
            "{} had not ended, and will go on from there: what was done afterwards is done again, with the same idempotency keys.",
            output::count(count, "execution")
        ),
    };
    output::note(format_args!("{database}: as it was at {taken_at}. {unfinished}"));
    let places = SqliteStore::blobs_in(path)?;
    if places.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    blobs::restore(blobs.map(|blobs| blobs.storage()), &places, &folder_of(file)).await
}

/// Returns the folder with the blobs of a backup.
fn folder_of(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(".blobs");
    name.into()
}

fn file_of<'a>(database: &'a Database, command: &str) -> anyhow::Result<&'a Path> {
    match database {
        Database::Sqlite(path) => Ok(path),
        Database::Postgres(_) => bail!(
            "`{command}` is for SQLite. PostgreSQL has its own: `pg_dump` and `pg_restore` while servers run, or `pg_basebackup` with \
             an archive of its log to restore any moment."
        ),
    }
}
