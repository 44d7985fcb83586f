//! `steadflow openapi`: prints the OpenAPI document that the server serves.

use std::process::ExitCode;

use anyhow::Context;

use crate::output;

/// Prints the document.
pub(crate) fn openapi() -> anyhow::Result<ExitCode> {
    let description = steadflow_api::openapi();
    let text =
        serde_json::to_string_pretty(&description).context("Could not serialize the OpenAPI document")?;
    output::lines(text);
    Ok(ExitCode::SUCCESS)
}
