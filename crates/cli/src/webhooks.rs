//! `steadflow webhooks …`: the webhooks of a server, and calls of them as their senders make them.

use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context, anyhow, bail};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use steadflow_core::flow::Flow;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::webhook::{SECRET_BYTES_MIN, Unsigned, Webhook};
use uuid::Uuid;

use crate::args::{SendCall, WebhooksCommand};
use crate::client::{Answer, Server};
use crate::settings::ServerAddress;
use crate::shown::{moment, print, raw, text};
use crate::{given, output, secrets};

/// Runs one of the commands on a server.
pub(crate) async fn webhooks(
    address: ServerAddress,
    as_json: bool,
    command: WebhooksCommand,
) -> anyhow::Result<ExitCode> {
    let server = Server::new(&address)?;
    match command {
        WebhooksCommand::List { flow } => {
            let query = flow.map(|id| ("flow_id", id.to_string()));
            let list = server.call(Method::GET, "/webhooks").query(&Vec::from_iter(query));
            print(&server.send(list).await?, as_json, |list| list_table(list, &address.url));
        }
        WebhooksCommand::Show { path } => {
            let (webhook, whole) = find(&server, &path).await?;
            if as_json {
                output::payload(&whole);
            } else {
                output::lines(detail(&webhook, &address.url));
            }
        }
        WebhooksCommand::Send(call) => return send(&server, as_json, call).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the webhook that is called at a path, and the same as the server sent it: that of the flow which is active or else,
/// of those that are paused, of the newest.
async fn find(server: &Server, path: &str) -> anyhow::Result<(Value, Payload)> {
    let list = server.send(server.call(Method::GET, "/webhooks")).await?;
    let whole: Vec<Payload> =
        serde_json::from_str(list.text.as_str()).context("The list of webhooks is not a list")?;
    let path = path.strip_prefix("/hooks/").unwrap_or(path);
    let url_path = format!("/hooks/{path}");
    let all = list.value.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<usize> = (0..all.len()).filter(|at| all[*at]["url_path"] == *url_path).collect();
    found.sort_by_key(|at| match all[*at]["flow_status"].as_str() {
        Some("active") => 0,
        Some("paused") => 1,
        _ => 2,
    });
    let at = *found.first().ok_or_else(|| {
        anyhow!("No flow has a webhook at `{path}`. `steadflow webhooks list` shows those that there are.")
    })?;
    Ok((all[at].clone(), whole[at].clone()))
}

async fn send(server: &Server, as_json: bool, call: SendCall) -> anyhow::Result<ExitCode> {
    let body = if call.content_type.starts_with("application/json") {
        given::json(&call.data, "value of `--data`")?.as_str().to_owned()
    } else {
        given::text(&call.data, "value of `--data`")?
    };
    let (listed, _) = find(server, &call.path).await?;
    let secret = secret(&listed, call.secret.as_deref())?;
    let event_id = call.event_id.unwrap_or_else(|| Uuid::now_v7().to_string());
    let unsigned = Unsigned { event_id: &event_id, sent_at: now(), body: body.as_bytes() };
    let headers = webhook(server, &listed).await?.signed_headers(&secret, &unsigned).ok_or_else(|| {
        anyhow!(
            "The call cannot be signed as `{}`: its secret has at least {SECRET_BYTES_MIN} bytes, for `standard_webhooks` \
             in Base64, and `--event-id` has no dot there.",
            raw(&listed["scheme"])
        )
    })?;
    let mut request = server.root(Method::POST, &raw(&listed["url_path"])).body(body);
    request = request.header("content-type", call.content_type);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if let Some(seconds) = call.wait {
        request = request.query(&[("wait", seconds)]);
    }
    let answer = server.send(request).await?;
    print(&answer, as_json, |_| answered(&answer));
    let has_failed = matches!(answer.value["status"].as_str(), Some("failed" | "cancelled"));
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns how calls of a webhook are signed, as its flow says.
async fn webhook(server: &Server, listed: &Value) -> anyhow::Result<Webhook> {
    let flow = server.send(server.call(Method::GET, &format!("/flows/{}", raw(&listed["flow_id"])))).await?;
    let nodes = flow.value["flow_definition"]["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let trigger = nodes.iter().find(|node| node["id"] == listed["node_id"]);
    let trigger = trigger.context("The flow of this webhook has just been changed. Send the call again")?;
    // Nothing else of the flow matters, and this version of the program may not know all of it.
    let alone = json!({ "name": "alone", "flow_definition": { "nodes": [trigger], "edges": [] } });
    let read = Flow::parse(&alone, &Limits::DEFAULT).ok();
    let webhook =
        read.as_ref().and_then(|flow| flow.webhook()).map(|(_, _, webhook)| Webhook::clone(webhook));
    webhook.context("This version of steadflow cannot read the webhook. Use the version of the server")
}

/// Returns the value of the secret that is named or else, of those of the webhook, of the first one that is set here.
fn secret(listed: &Value, named: Option<&str>) -> anyhow::Result<String> {
    if let Some(named) = named {
        return secrets::named_value(named);
    }
    let names: Vec<String> =
        listed["secrets"].as_array().into_iter().flatten().map(|secret| raw(&secret["name"])).collect();
    match names.iter().find_map(|name| secrets::value_in_environment(name)) {
        Some(value) => Ok(value),
        None => bail!(
            "There is no variable {} to sign the call with. Set it to the secret that the server has, or use \
             `--secret NAME=@FILE`.",
            names.iter().map(|name| secrets::variable(name)).collect::<Vec<_>>().join(" or ")
        ),
    }
}

fn now() -> Timestamp {
    let micros = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn list_table(list: &Value, base: &str) -> String {
    let rows = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return "No flow has a webhook.".to_owned();
    }
    let mut table = output::table(["address", "flow", "status", "signed as by", "secrets", "last call"]);
    for row in rows {
        table.add_row([
            address(row, base),
            text(&row["flow_name"]),
            text(&row["flow_status"]),
            text(&row["scheme"]),
            secret_names(row),
            row["calls"]
                .get(0)
                .map(|call| format!("{} {}", moment(&call["at"]), verdict(call)))
                .unwrap_or_default(),
        ]);
    }
    output::fitted(table)
}

fn address(webhook: &Value, base: &str) -> String {
    format!("{}{}", base.trim_end_matches('/'), text(&webhook["url_path"]))
}

/// Returns the names of secrets, each with what is wrong with it.
fn secret_names(webhook: &Value) -> String {
    let of = |secret: &Value| match secret["status"].as_str() {
        Some("set") => text(&secret["name"]),
        _ => format!("{} ({})", text(&secret["name"]), text(&secret["status"])),
    };
    let all = webhook["secrets"].as_array().into_iter().flatten();
    all.map(of).collect::<Vec<_>>().join(", ")
}

/// Returns what became of a call, and why.
fn verdict(call: &Value) -> String {
    let reason =
        if call["reason"].is_null() { String::new() } else { format!(": {}", text(&call["reason"])) };
    format!("{}{reason}", text(&call["verdict"]))
}

fn detail(webhook: &Value, base: &str) -> String {
    let mut lines = vec![
        address(webhook, base),
        format!(
            "flow: {} {}, {}, node {}",
            text(&webhook["flow_name"]),
            text(&webhook["flow_id"]),
            text(&webhook["flow_status"]),
            text(&webhook["node_id"])
        ),
        format!("signed as by: {}", text(&webhook["scheme"])),
        format!("secrets: {}", secret_names(webhook)),
    ];
    let calls = webhook["calls"].as_array().map(Vec::as_slice).unwrap_or_default();
    if calls.is_empty() {
        lines.push("no calls since the server was started".to_owned());
        return lines.join("\n");
    }
    let mut table = output::table(["last call", "calls", "verdict", "execution"]);
    for call in calls {
        table.add_row([
            moment(&call["at"]),
            text(&call["count"]),
            verdict(call),
            text(&call["execution_id"]),
        ]);
    }
    lines.push(output::fitted(table));
    lines.join("\n")
}

/// Returns the id of the execution and, if it has been waited for, how it ended, with its result as the text that it is.
fn answered(answer: &Answer) -> String {
    #[derive(Deserialize)]
    struct Ended {
        result: Option<Payload>,
    }
    let value = &answer.value;
    let mut lines = vec![text(&value["execution_id"])];
    if value.get("result").is_some() {
        lines.push(text(&value["status"]));
    }
    if !value["error_class"].is_null() {
        lines.push(format!("error: {}", text(&value["error_class"])));
    }
    if let Ok(Ended { result: Some(result) }) = serde_json::from_str(answer.text.as_str()) {
        lines.push(output::escaped_json(result.as_str()));
    }
    lines.join("\n")
}
