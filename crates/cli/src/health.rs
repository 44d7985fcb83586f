//! `steadflow health`: whether a running server takes new work.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use crate::client::Server;
use crate::output;

/// Asks the server at `base`, which has `timeout` seconds, and prints what it answers.
pub(crate) async fn health(base: String, timeout: f64) -> anyhow::Result<ExitCode> {
    let timeout = Duration::try_from_secs_f64(timeout)
        .with_context(|| format!("`{timeout}` is no time to wait. Use seconds, such as 5"))?;
    let server = Server::new(&base)?;
    let answer = server.send(server.readiness(timeout)).await?;
    output::json(&answer);
    Ok(ExitCode::SUCCESS)
}
