//! `steadflow openapi`: the API's description, as the server gives it.

use std::process::ExitCode;

use anyhow::Context;

use crate::output;

/// Prints the description.
pub(crate) fn openapi() -> anyhow::Result<ExitCode> {
    let description = steadflow_api::openapi();
    let text = serde_json::to_string_pretty(&description).context("The description could not be written")?;
    output::line(text);
    Ok(ExitCode::SUCCESS)
}
