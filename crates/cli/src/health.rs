//! `steadflow health`: checks whether a server accepts new work.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use crate::client::Server;
use crate::output;
use crate::settings::ServerAddress;

/// Checks a server, with a limit of `timeout` seconds, and prints its response.
pub(crate) async fn health(address: ServerAddress, timeout: f64) -> anyhow::Result<ExitCode> {
    let timeout = Duration::try_from_secs_f64(timeout)
        .with_context(|| format!("`{timeout}` is not a valid timeout. Use a number of seconds, such as 5"))?;
    let server = Server::new(&address)?;
    let answer = server.send(server.readiness(timeout)).await?;
    output::payload(&answer.text);
    Ok(ExitCode::SUCCESS)
}
