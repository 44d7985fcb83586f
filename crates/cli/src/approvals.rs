//! `steadflow approvals …`: what waits for a person.

use std::process::ExitCode;

use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use steadflow_core::payload::Payload;

use crate::args::{ApprovalsCommand, Decision};
use crate::client::Server;
use crate::settings::ServerAddress;
use crate::shown::{print, raw, shortened, text};
use crate::value_address::segment;
use crate::{given, output};

/// Runs one of the commands on a server.
pub(crate) async fn approvals(
    at: ServerAddress,
    as_json: bool,
    command: ApprovalsCommand,
) -> anyhow::Result<ExitCode> {
    let server = Server::new(&at)?;
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
        ApprovalsCommand::Link { id, made_for, expires_in } => {
            let wanted = Wanted { made_for, expires_in_seconds: expires_in };
            let link = server.call(Method::POST, &format!("{}/links", address(&id))).json(&wanted);
            print(&server.send(link).await?, as_json, link_lines);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is sent to make a link.
#[derive(Serialize)]
struct Wanted {
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    made_for: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_seconds: Option<u64>,
}

/// Returns a link on a line of its own, and when it ends.
fn link_lines(link: &Value) -> String {
    format!("{}\nexpires: {}", text(&link["url"]), text(&link["expires_at"]))
}

async fn show(server: &Server, id: &str, as_json: bool) -> anyhow::Result<()> {
    let approval = server.send(server.call(Method::GET, &address(id))).await?;
    if as_json {
        output::payload(&approval.text);
        return Ok(());
    }
    let whole = server.send(server.call(Method::GET, &format!("{}/arguments", address(id)))).await?;
    output::lines(detail(&approval.value));
    let shown = if approval.value["subject"] == "node" { "input" } else { "arguments" };
    output::line(format_args!("{shown}: {}", output::escaped_json(whole.text.as_str())));
    if !approval.value["form"].is_null() && approval.value["is_open"] == Value::Bool(true) {
        let form = server.send(server.call(Method::GET, &format!("{}/form", address(id)))).await?;
        output::lines(form_lines(&form.value));
    }
    Ok(())
}

/// Returns a line for each field that a person fills in: its name, what it takes, and its title.
fn form_lines(form: &Value) -> String {
    let required = |name: &str| {
        form["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name))
    };
    let fields = form["properties"].as_object().into_iter().flatten();
    let lines = fields.map(|(name, field)| {
        let needed = if required(name) { " (required)" } else { "" };
        let title = match field["title"].as_str() {
            Some(title) => format!(", \"{title}\""),
            None => String::new(),
        };
        format!("  {name}{needed}: {}{title}", taken_by(field))
    });
    std::iter::once("form, filled in with `--form`:".to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}

/// Returns what a field takes: its choices, or its type.
fn taken_by(field: &Value) -> String {
    let choices = |of: &Value| {
        let listed = ["enum", "oneOf", "anyOf"].into_iter().find_map(|key| of[key].as_array())?;
        let names = listed.iter().map(|choice| text(choice.get("const").unwrap_or(choice)));
        Some(names.collect::<Vec<_>>().join(", "))
    };
    match (choices(field), choices(&field["items"])) {
        (Some(one), _) => format!("one of {one}"),
        (None, Some(several)) => format!("a list of {several}"),
        (None, None) => text(&field["type"]),
    }
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
    output::fitted(table)
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

/// Returns what waits and what was decided, without its arguments.
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
    ];
    if !approval["agent_name"].is_null() {
        lines.push(format!("agent: {}", text(&approval["agent_name"])));
    }
    lines.push(format!("asked: {}", text(&approval["requested_at"])));
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
    format!("{what}{edited} {}at {at}{comment}", by(&decided["by"]))
}

/// Returns who decided; nothing for the end of the time.
fn by(actor: &Value) -> String {
    match (actor["type"].as_str(), actor["id"].as_str()) {
        (None | Some("system"), _) => String::new(),
        (Some("link"), None) => "by a link ".to_owned(),
        (Some("link"), Some(_)) => format!("by {} (link) ", text(&actor["id"])),
        (Some(kind), None) => format!("by {kind} "),
        (Some(kind), Some(_)) => format!("by {kind} {} ", text(&actor["id"])),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_told_field_by_field() {
        let form = json!({ "type": "object", "required": ["reason"], "properties": {
            "reason": { "type": "string", "enum": ["late", "lost"], "title": "Reason" },
            "size": { "type": "string", "oneOf": [{ "const": "s", "title": "Small" }] },
            "days": { "type": "array", "items": { "type": "string", "enum": ["mon", "tue"] } },
            "ways": { "type": "array", "items": { "anyOf": [{ "const": "w", "title": "Walk" }] } },
            "count": { "type": "integer" } } });
        insta::assert_snapshot!(form_lines(&form), @r#"
        form, filled in with `--form`:
          reason (required): one of late, lost, "Reason"
          size: one of s
          days: a list of mon, tue
          ways: a list of w
          count: integer
        "#);
    }

    #[test]
    fn a_decision_says_who_made_it() {
        let decided = |decision: &str, by: Value| json!({ "decided": { "decision": decision, "is_edited": false, "comment": null, "at": "08:00", "by": by } });
        assert_eq!(
            state(&decided("rejected", json!({ "type": "key", "id": "eva" }))),
            "rejected by key eva at 08:00"
        );
        assert_eq!(
            state(&decided("approved", json!({ "type": "user", "id": null }))),
            "approved by user at 08:00"
        );
        assert_eq!(
            state(&decided("approved", json!({ "type": "link", "id": "ann" }))),
            "approved by ann (link) at 08:00"
        );
        assert_eq!(
            state(&decided("approved", json!({ "type": "link", "id": null }))),
            "approved by a link at 08:00"
        );
        assert_eq!(state(&decided("expired", json!({ "type": "system", "id": null }))), "expired at 08:00");
    }
}
