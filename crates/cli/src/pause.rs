//! `steadflow pause` and `steadflow resume`: the switch that pauses everything.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::json;

use crate::args::{Pause, Resume};
use crate::client::Server;
use crate::settings::ServerAddress;
use crate::shown::{print, text};

/// Pauses everything.
pub(crate) async fn pause(address: ServerAddress, pause: Pause) -> anyhow::Result<ExitCode> {
    let server = Server::new(&address)?;
    let body = pause.reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
    let answer = server.send(server.call(Method::POST, "/pause").json(&body)).await?;
    print(&answer, pause.asked.json, |answer| {
        format!("Everything is paused since {}.", text(&answer["since"]))
    });
    Ok(ExitCode::SUCCESS)
}

/// Resumes everything.
pub(crate) async fn resume(address: ServerAddress, resume: Resume) -> anyhow::Result<ExitCode> {
    let server = Server::new(&address)?;
    let answer = server.send(server.call(Method::POST, "/resume")).await?;
    print(&answer, resume.asked.json, |_| "Everything is resumed.".to_owned());
    Ok(ExitCode::SUCCESS)
}
