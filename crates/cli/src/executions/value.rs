//! `steadflow executions show ID --value …`: one value, whole, without keeping it in memory.

use std::fmt::Display;

use anyhow::Context;
use reqwest::Method;
use uuid::Uuid;

use crate::client::Server;
use crate::output;

/// Prints a value, named by its address below that of the execution, as it arrives.
pub(crate) async fn print_value(server: &Server, id: Uuid, value: impl Display) -> anyhow::Result<()> {
    let call = server.call(Method::GET, &format!("/executions/{id}/{value}"));
    let mut response = server.open(call).await?;
    let mut out = output::Pieces::new();
    while let Some(piece) = response.chunk().await.context("The response of the server is incomplete")? {
        if out.write(&piece).is_err() {
            // Standard output is closed.
            return Ok(());
        }
    }
    out.end();
    Ok(())
}
