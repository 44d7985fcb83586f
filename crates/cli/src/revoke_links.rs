//! `steadflow revoke-links`: replaces the key that signs links to decide with.

use std::process::ExitCode;

use anyhow::Context;
use steadflow_runtime::replace_link_key;

use crate::output;
use crate::settings::Database;
use crate::wiring::open_present;

/// Ends all links that were made before.
pub(crate) async fn revoke_links(database: Database) -> anyhow::Result<ExitCode> {
    let store = open_present(&database).await?;
    replace_link_key(&*store).await.with_context(|| format!("Could not replace the key in {database}"))?;
    store.close().await.with_context(|| format!("Could not close {database}"))?;
    output::note(format_args!(
        "{database}: all links to decide with that were made before lead to nothing from now on. New ones work."
    ));
    Ok(ExitCode::SUCCESS)
}
