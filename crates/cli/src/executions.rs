//! `steadflow executions …`: the executions of a server.

mod filter;
mod many;
mod value;
mod watch;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use steadflow_core::payload::Payload;
use uuid::Uuid;

use crate::args::{ExecutionsCommand, Fork, RetryFrom, Which};
use crate::client::{Answer, Server};
use crate::given;
use crate::output;
use crate::settings::ServerAddress;
use crate::shown::{moment, print, raw, shortened, text};
use many::{Change, Many};

pub(crate) use value::print_value;
pub(crate) use watch::follow;

/// How much of a long result is shown, in bytes.
const SHOWN_BYTES: usize = 1_024;

/// Runs one of the commands on a server.
pub(crate) async fn executions(
    address: ServerAddress,
    as_json: bool,
    command: ExecutionsCommand,
) -> anyhow::Result<ExitCode> {
    let server = Server::new(&address)?;
    match command {
        ExecutionsCommand::List { flow, parent, children, status, search, filter, limit } => {
            let query = [
                ("flow_id", flow.map(|id| id.to_string())),
                ("parent_id", parent.map(|id| id.to_string())),
                ("roots", children.then(|| "false".to_owned())),
                ("status", status),
                ("q", search),
                ("limit", Some(limit.to_string())),
            ];
            let mut given: Vec<_> =
                query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            given.extend(filter::parameters(&server, &filter).await?);
            let list = server.send(server.call(Method::GET, "/executions").query(&given)).await?;
            print(&list, as_json, list_table);
        }
        ExecutionsCommand::Show { id, value: Some(value) } => print_value(&server, id, &value).await?,
        ExecutionsCommand::Show { id, value: None } => {
            let execution = server.send(server.call(Method::GET, &format!("/executions/{id}"))).await?;
            print_execution(&execution, as_json);
        }
        ExecutionsCommand::Retry { which: Which { id: Some(id), .. }, from, idempotency_key } => {
            let answer = retry(&server, id, from, idempotency_key).await?;
            print(&answer, as_json, |answer| text(&answer["new_execution_id"]));
        }
        ExecutionsCommand::Retry { which, from, .. } => {
            return many::change(&server, which.into(), Change::Retry(from), as_json).await;
        }
        ExecutionsCommand::Fork(how) => {
            let answer = fork(&server, how).await?;
            print(&answer, as_json, |answer| text(&answer["execution_id"]));
        }
        ExecutionsCommand::Cancel { which: Which { id: Some(id), .. } } => {
            let answer = server.send(server.call(Method::POST, &format!("/executions/{id}/cancel"))).await?;
            print(&answer, as_json, |answer| text(&answer["message"]));
        }
        ExecutionsCommand::Cancel { which } => {
            return many::change(&server, which.into(), Change::Cancel, as_json).await;
        }
        ExecutionsCommand::StopCompensation { id } => {
            let path = format!("/executions/{id}/stop-compensation");
            let answer = server.send(server.call(Method::POST, &path)).await?;
            print(&answer, as_json, |answer| text(&answer["message"]));
        }
        ExecutionsCommand::Watch { id } => return watch::watch(&server, id, as_json).await,
    }
    Ok(ExitCode::SUCCESS)
}

impl From<Which> for Many {
    fn from(which: Which) -> Self {
        let limit = which.limit.map(|limit| limit as usize);
        Self { filter: which.filter, is_dry_run: which.dry_run, limit }
    }
}

async fn retry(server: &Server, id: Uuid, from: RetryFrom, key: Option<String>) -> anyhow::Result<Answer> {
    let key = key.unwrap_or_else(|| Uuid::now_v7().to_string());
    let call = server.call(Method::POST, &format!("/executions/{id}/retry"));
    server.send(call.header("Idempotency-Key", key).json(&json!({ "mode": from.mode() }))).await
}

async fn fork(server: &Server, how: Fork) -> anyhow::Result<Answer> {
    /// The body of the call, with values as they are given.
    #[derive(Serialize)]
    struct Sent {
        node_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        trigger_data: Option<Payload>,
        outputs: BTreeMap<String, Payload>,
        flow_version: &'static str,
    }
    let Fork { id, node, outputs, trigger, current, idempotency_key } = how;
    let mut given = BTreeMap::new();
    for (node, output) in outputs {
        let output = given::json(&output, &format!("value of `--output {node}=`"))?;
        if given.insert(node.clone(), output).is_some() {
            anyhow::bail!("`--output` is given twice for node `{node}`. Give one output for each node.");
        }
    }
    let sent = Sent {
        node_id: node,
        trigger_data: trigger.map(|text| given::json(&text, "value of `--trigger`")).transpose()?,
        outputs: given,
        flow_version: if current { "current" } else { "same" },
    };
    let key = idempotency_key.unwrap_or_else(|| Uuid::now_v7().to_string());
    let call = server.call(Method::POST, &format!("/executions/{id}/fork"));
    server.send(call.header("Idempotency-Key", key).json(&sent)).await
}

fn print_execution(execution: &Answer, as_json: bool) {
    print(execution, as_json, |value| format!("{}{}", detail(value), result(&execution.text)));
}

/// Returns a line with the result, as the text that it is, or its beginning and how to print all of it; nothing if there is
/// none.
fn result(execution: &Payload) -> String {
    #[derive(Deserialize)]
    struct Ended {
        id: Uuid,
        result: Option<Payload>,
    }
    let Ok(Ended { id, result: Some(result) }) = serde_json::from_str(execution.as_str()) else {
        return String::new();
    };
    let Some(Preview { bytes, text }) = preview(&result) else {
        return format!("\nresult: {}", output::escaped_json(result.as_str()));
    };
    let beginning = output::escaped_json(&text[..text.floor_char_boundary(SHOWN_BYTES)]);
    format!(
        "\nresult: {beginning}…\nThis is the beginning of {bytes} bytes. All of it: steadflow executions show {id} --value result"
    )
}

/// What the API shows in the place of a long value.
#[derive(Deserialize)]
struct Preview {
    bytes: u64,
    text: String,
}

fn preview(value: &Payload) -> Option<Preview> {
    #[derive(Deserialize)]
    struct Shown {
        #[serde(rename = "$preview")]
        preview: Preview,
    }
    let shown: Shown = serde_json::from_str(value.as_str()).ok()?;
    Some(shown.preview)
}

fn list_table(list: &Value) -> String {
    let rows = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return "No executions.".to_owned();
    }
    let mut table = output::table(["id", "flow", "status", "created", "duration", "attempts", "error"]);
    for row in rows {
        let error = if row["damaged"].is_null() { &row["error_message"] } else { &row["damaged"] };
        table.add_row([
            text(&row["id"]),
            text(&row["flow_name"]),
            status(row),
            moment(&row["created_at"]),
            took(row),
            text(&row["attempts"]),
            first_line(error),
        ]);
    }
    output::fitted(table)
}

fn detail(execution: &Value) -> String {
    let mut nodes = output::table(["node", "status", "attempts", "duration", "error"]);
    for node in execution["node_executions"].as_array().into_iter().flatten() {
        nodes.add_row([
            match node["compensates"].as_str() {
                Some(undone) => format!("{} (undoes {})", text(&node["node_id"]), output::escaped(undone)),
                None => text(&node["node_id"]),
            },
            status(node),
            node["attempts"].as_array().map_or(0, Vec::len).to_string(),
            took(node),
            shortened(text(&node["error_message"])),
        ]);
    }
    let head = format!(
        "{} {} · {} · version {} · {}",
        text(&execution["id"]),
        status(execution),
        text(&execution["flow_name"]),
        text(&execution["flow_version"]),
        took(execution)
    );
    // It may have a line for each attempt.
    let error = raw(&execution["error_message"]);
    let error = if error.is_empty() { error } else { format!("\n{error}") };
    format!("{head}\n{}{error}", output::fitted(nodes))
}

fn status(of: &Value) -> String {
    if let Some(end) = of["ending_as"].as_str() {
        return format!("{} (undoing, then {})", text(&of["status"]), output::escaped(end));
    }
    let waits = match of["waiting_for"].as_str() {
        Some(what) => format!(" ({})", output::escaped(what)),
        None if !of["next_retry_at"].is_null() || of["retrying"] == json!(true) => " (retrying)".to_owned(),
        None => String::new(),
    };
    format!("{}{waits}", text(&of["status"]))
}

fn took(of: &Value) -> String {
    of["duration_ms"].as_u64().map_or_else(String::new, |ms| output::span(Duration::from_millis(ms)))
}

fn first_line(value: &Value) -> String {
    output::escaped(raw(value).lines().next().unwrap_or_default())
}
