//! `steadflow doctor`: checks the consistency of a database.

use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::output;
use crate::settings::Database;
use crate::wiring::open_store;

/// Checks a database.
pub(crate) async fn doctor(database: Database) -> anyhow::Result<ExitCode> {
    let Database::Sqlite(path) = &database;
    if !path.exists() {
        bail!("There is no database at {}.", path.display());
    }
    let store = open_store(&database)?;
    let findings = store.doctor().await.with_context(|| format!("Could not check {database}"))?;
    let durability = store.durability();
    store.close().await.with_context(|| format!("Could not close {database}"))?;
    findings.iter().for_each(output::line);
    output::note(format_args!("{database} ({durability}): {}", output::count(findings.len(), "finding")));
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
