//! `steadflow doctor`: whether what is stored keeps the rules that hold in every state.

use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::output;
use crate::settings::Database;
use crate::wiring::open_store;

/// Checks a database.
pub(crate) async fn doctor(database: Database) -> anyhow::Result<ExitCode> {
    let Database::Sqlite(path) = &database;
    if !path.exists() {
        bail!("There is no database {}.", path.display());
    }
    let store = open_store(&database)?;
    let findings = store.doctor().await.with_context(|| format!("{database} could not be checked"))?;
    let durability = store.durability();
    store.close().await.with_context(|| format!("{database} could not be closed"))?;
    findings.iter().for_each(output::line);
    output::note(format_args!("{database} ({durability}): {}", output::count(findings.len(), "finding")));
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
