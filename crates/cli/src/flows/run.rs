//! `steadflow flows run`: starts a flow on the server, follows it and prints its result.

use std::process::ExitCode;

use anyhow::Context;
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use steadflow_core::payload::Payload;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

use crate::args::RunFlow;
use crate::client::Server;
use crate::executions::{follow, print_value};
use crate::files::Kind;
use crate::named::id_of;
use crate::shown::{print, raw, text};
use crate::{given, output};

/// The exit status of a program that was ended with Ctrl-C, by convention of shells.
const INTERRUPTED: u8 = 130;

/// What is sent to start a flow, with trigger data as they are given.
#[derive(Serialize)]
struct Sent {
    trigger_data: Payload,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_id: Option<String>,
}

/// Runs a flow, and succeeds only if it completed.
pub(super) async fn run(server: &Server, as_json: bool, how: RunFlow) -> anyhow::Result<ExitCode> {
    let RunFlow { flow, trigger, context_id, no_wait, idempotency_key } = how;
    let id = id_of(server, Kind::Flow, &flow).await?;
    let trigger_data = match trigger {
        Some(trigger) => given::json(&trigger, "value of `--trigger`")?,
        None => example(server, id).await?,
    };
    let key = idempotency_key.unwrap_or_else(|| Uuid::now_v7().to_string());
    let call = server.call(Method::POST, &format!("/flows/{id}/execute")).header("Idempotency-Key", key);
    let started = server.send(call.json(&Sent { trigger_data, context_id })).await?;
    if no_wait {
        print(&started, as_json, |started| text(&started["execution_id"]));
        return Ok(ExitCode::SUCCESS);
    }
    let execution: Uuid =
        raw(&started.value["execution_id"]).parse().context("The answer of the server has no execution")?;
    output::note(format_args!("execution {execution}"));
    let mut interrupts = signal(SignalKind::interrupt()).context("Could not listen for Ctrl-C")?;
    let end = tokio::select! {
        end = follow(server, execution, output::note) => end?,
        _ = interrupts.recv() => {
            output::note(format_args!(
                "The execution goes on. To follow it: steadflow executions watch {execution}. To end it: steadflow executions cancel \
                 {execution}"
            ));
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    let status = end.value["status"].as_str().unwrap_or_default();
    if as_json {
        output::payload(&end.text);
    } else if status == "completed" {
        print_value(server, execution, "result").await?;
    } else {
        output::notes(format_args!("{status}: {}", raw(&end.value["error_message"])));
    }
    Ok(if status == "completed" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the trigger data that the flow gives as an example.
async fn example(server: &Server, flow: Uuid) -> anyhow::Result<Payload> {
    #[derive(serde::Deserialize)]
    struct Shown {
        #[serde(default)]
        trigger_input: Input,
    }
    #[derive(Default, serde::Deserialize)]
    struct Input {
        example: Option<Payload>,
    }
    let shown = server.send(server.call(Method::GET, &format!("/flows/{flow}"))).await?;
    let shown: Shown = serde_json::from_str(shown.text.as_str())
        .context("The flow has another form than this version knows")?;
    let Some(example) = shown.trigger_input.example else {
        return Ok(Payload::from_value(&Value::Object(Default::default())));
    };
    output::note(format_args!("Trigger data: the flow's example, {}", example.as_str()));
    Ok(example)
}
