//! `steadflow approvals …`: what waits for a person.

use std::process::ExitCode;

use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use steadflow_core::payload::Payload;

use crate::args::{ApprovalsCommand, Decision};
use crate::client::Server;
use crate::shown::{print, raw, shortened, text};
use crate::value_address::segment;
use crate::{given, output};

/// Runs one of the commands on the server at `base`.
pub(crate) async fn approvals(
    base: String,
    as_json: bool,
    command: ApprovalsCommand,
) -> anyhow::Result<ExitCode> {
    let server = Server::new(&base)?;
    match command {
        ApprovalsCommand::List { limit } => {
            let list = server.call(Method::GET, "/approvals").query(&[("limit", limit)]);
            print(&server.send(list).await?, as_json, list_table);
        }
        ApprovalsCommand::Show { id } => show(&server, &id, as_json).await?,
        ApprovalsCommand::Approve { decision, arguments, form } => {
            let arguments =
                arguments.map(|given| given::json(&given, "value of `--arguments`")).transpose()?;
            let form = form.map(|given| given::json(&given, "value of `--form`")).transpose()?;
            decide(&server, as_json, "approved", decision, Given { arguments, form }).await?;
        }
        ApprovalsCommand::Reject { decision } => {
            decide(&server, as_json, "rejected", decision, Given::default()).await?;
        }
        ApprovalsCommand::Cancel { decision } => {
            decide(&server, as_json, "cancelled", decision, Given::default()).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(server: &Server, id: &str, as_json: bool) -> anyhow::Result<()> {
    let approval = server.send(server.call(Method::GET, &address(id))).await?;
    if as_json {
        output::payload(&approval.text);
        return Ok(());
    }
    let whole = server.send(server.call(Method::GET, &format!("{}/arguments", address(id)))).await?;
    output::lines(detail(&approval.value));
    output::line(format_args!("arguments: {}", output::escaped_json(whole.text.as_str())));
    Ok(())
}

/// What is sent to decide on a call.
#[derive(Serialize)]
struct Sent<'a> {
    decision: &'a str,
    arguments_hash: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<Payload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<Payload>,
}

/// What a person who approves gives with it.
#[derive(Default)]
struct Given {
    arguments: Option<Payload>,
    form: Option<Payload>,
}

async fn decide(
    server: &Server,
    as_json: bool,
    verdict: &str,
    Decision { id, comment, hash }: Decision,
    Given { arguments, form }: Given,
) -> anyhow::Result<()> {
    let hash = match hash {
        Some(hash) => hash,
        None => {
            let approval = server.send(server.call(Method::GET, &address(&id))).await?;
            raw(&approval.value["arguments_hash"])
        }
    };
    let sent = Sent { decision: verdict, arguments_hash: &hash, comment, arguments, form };
    let answer = server.send(server.call(Method::POST, &address(&id)).json(&sent)).await?;
    print(&answer, as_json, detail);
    Ok(())
}

fn address(id: &str) -> String {
    format!("/approvals/{}", segment(id))
}

fn list_table(list: &Value) -> String {
    let rows = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return "Nothing waits for approval.".to_owned();
    }
    let mut table = output::table([
        "id",
        "flow",
        "agent",
        "tool, guardrail or node",
        "arguments, output or input",
        "asked",
        "expires",
    ]);
    for row in rows {
        table.add_row([
            text(&row["id"]),
            text(&row["flow_name"]),
            text(&row["agent_name"]),
            text(subject(row)),
            shortened(arguments(&row["arguments"])),
            text(&row["requested_at"]),
            text(&row["expires_at"]),
        ]);
    }
    table.to_string()
}

/// Returns arguments, or the beginning that the API shows of long ones.
fn arguments(shown: &Value) -> String {
    match shown.pointer("/$preview/text") {
        Some(beginning) => format!("{}…", text(beginning)),
        None => text(shown),
    }
}

/// Returns the name of the tool that is to be called, of the guardrail that refuses an output, or of the node that asks.
fn subject(approval: &Value) -> &Value {
    let keys = ["tool", "guardrail", "node_name"];
    keys.map(|key| &approval[key]).into_iter().find(|name| !name.is_null()).unwrap_or(&Value::Null)
}

/// Returns what a call is and what was decided, without its arguments.
fn detail(approval: &Value) -> String {
    let kind = match approval["subject"].as_str() {
        Some("input") => "input, asked for by the tool",
        Some("output") => "output, refused by",
        Some("node") => "approval",
        Some("tool") => "tool",
        other => other.unwrap_or("unknown"),
    };
    let mut lines = vec![
        text(&approval["id"]),
        format!("{kind}: {}", text(subject(approval))),
        format!("flow: {}, node {}", text(&approval["flow_name"]), text(&approval["node_id"])),
        format!("agent: {}", text(&approval["agent_name"])),
        format!("asked: {}", text(&approval["requested_at"])),
    ];
    if !approval["expires_at"].is_null() {
        lines.push(format!("expires: {}", text(&approval["expires_at"])));
    }
    lines.push(format!("hash: {}", text(&approval["arguments_hash"])));
    lines.push(state(approval));
    lines.join("\n")
}

fn state(approval: &Value) -> String {
    let decided = &approval["decided"];
    if decided.is_null() {
        let is_open = approval["is_open"] == Value::Bool(true);
        return if is_open { "waits for a decision" } else { "ended before a decision" }.to_owned();
    }
    let edited = if decided["is_edited"] == Value::Bool(true) { " with other arguments" } else { "" };
    let comment =
        if decided["comment"].is_null() { String::new() } else { format!(": {}", text(&decided["comment"])) };
    let (what, at) = (text(&decided["decision"]), text(&decided["at"]));
    format!("{what}{edited} at {at}{comment}")
}
