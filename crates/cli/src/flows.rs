//! `steadflow flows …`: the flows of a server.

mod run;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{bail, ensure};
use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::{Value, json};

use crate::args::{Apply, Diff, DiffFlows, Export, FlowsCommand};
use crate::client::Server;
use crate::files::{self, Applying, Exporting, Kind, Kinds};
use crate::named::id_of;
use crate::output;
use crate::settings::ServerAddress;
use crate::shown::{moment, print, shortened, text};

/// Runs one of the commands on a server.
pub(crate) async fn flows(
    address: ServerAddress,
    as_json: bool,
    command: FlowsCommand,
) -> anyhow::Result<ExitCode> {
    let server = Server::new(&address)?;
    match command {
        FlowsCommand::List { status, folder, search, limit } => {
            let query = [
                ("status", status),
                ("folder", folder.map(|folder| folder.to_string())),
                ("q", search),
                ("limit", Some(limit.to_string())),
            ];
            let given: Vec<_> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            print(&server.send(server.call(Method::GET, "/flows").query(&given)).await?, as_json, table);
        }
        FlowsCommand::Show { flow, version } => {
            let id = id_of(&server, Kind::Flow, &flow).await?;
            let query = Vec::from_iter(version.map(|version| ("version", version)));
            let shown = server.call(Method::GET, &format!("/flows/{id}")).query(&query);
            print(&server.send(shown).await?, as_json, detail);
        }
        FlowsCommand::Run(run) => return run::run(&server, as_json, run).await,
        FlowsCommand::Pause { flow } => set_paused(&server, as_json, &flow, true).await?,
        FlowsCommand::Resume { flow } => set_paused(&server, as_json, &flow, false).await?,
        FlowsCommand::Apply(apply) => return applied(&server, as_json, Kinds::FLOWS, apply).await,
        FlowsCommand::Export(export) => return exported(&server, as_json, Kinds::FLOWS, export).await,
        FlowsCommand::Diff(diff) => return diffed(&server, as_json, diff).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// Applies files with what a command is about.
pub(crate) async fn applied(
    server: &Server,
    as_json: bool,
    kinds: Kinds,
    Apply { paths, dry_run, prune }: Apply,
) -> anyhow::Result<ExitCode> {
    let applying = Applying { paths, kinds, is_dry_run: dry_run, prunes: prune };
    files::apply_paths(server, applying, as_json).await
}

/// Exports what a command is about.
pub(crate) async fn exported(
    server: &Server,
    as_json: bool,
    kinds: Kinds,
    Export { dir, folder, dry_run }: Export,
) -> anyhow::Result<ExitCode> {
    let exporting = Exporting { into: dir, kinds, folder, is_dry_run: dry_run };
    files::export(server, exporting, as_json).await
}

/// Compares files with what a command is about.
pub(crate) async fn compared(
    server: &Server,
    as_json: bool,
    kinds: Kinds,
    Diff { paths }: Diff,
) -> anyhow::Result<ExitCode> {
    files::diff(server, &paths, kinds, as_json).await
}

async fn diffed(server: &Server, as_json: bool, diff: DiffFlows) -> anyhow::Result<ExitCode> {
    let DiffFlows { paths, from: Some(from), to } = diff else {
        return compared(server, as_json, Kinds::FLOWS, Diff { paths: diff.paths }).await;
    };
    let [flow] = &paths[..] else { bail!("With --from, give the ID or the name of one flow.") };
    ensure!(flow != Path::new("."), "With --from, give the ID or the name of a flow.");
    let id = id_of(server, Kind::Flow, &flow.to_string_lossy()).await?;
    files::diff_versions(server, Kind::Flow, id, [Some(from), to], as_json).await
}

async fn set_paused(server: &Server, as_json: bool, flow: &str, is_paused: bool) -> anyhow::Result<()> {
    let id = id_of(server, Kind::Flow, flow).await?;
    let shown = server.send(server.call(Method::GET, &format!("/flows/{id}"))).await?.value;
    let (name, status) = (text(&shown["name"]), shown["status"].as_str().unwrap_or_default());
    let (from, to) = if is_paused { ("active", "paused") } else { ("paused", "active") };
    if status != from && status != to {
        bail!("The flow {name} is {status}, and only one that is {from} can become {to}.");
    }
    let tag = shown["etag"].as_str().unwrap_or_default();
    let call = server.call(Method::PATCH, &format!("/flows/{id}")).header(IF_MATCH, tag);
    let answer = server.send(call.json(&json!({ "status": to }))).await?;
    print(&answer, as_json, |_| format!("The flow {name} is {to}."));
    Ok(())
}

fn table(list: &Value) -> String {
    let rows = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return "No flows.".to_owned();
    }
    let mut table = output::table(["id", "name", "status", "folder", "version", "changed"]);
    for row in rows {
        let name = if row["damaged"].is_null() {
            text(&row["name"])
        } else {
            format!("damaged: {}", text(&row["damaged"]))
        };
        table.add_row([
            text(&row["id"]),
            name,
            text(&row["status"]),
            text(&row["folder"]),
            text(&row["version"]),
            moment(&row["updated_at"]),
        ]);
    }
    output::fitted(table)
}

fn detail(flow: &Value) -> String {
    let mut lines = vec![format!(
        "{} · {} · {} · version {}",
        text(&flow["name"]),
        text(&flow["id"]),
        text(&flow["status"]),
        text(&flow["version"])
    )];
    let mut add = |title: &str, value: &Value| {
        let text = text(value);
        if !text.is_empty() && text != "[]" && text != "false" {
            lines.push(format!("{title}: {text}"));
        }
    };
    add("folder", &flow["folder"]);
    add("description", &flow["description"]);
    for key in [
        "category",
        "tags",
        "is_template",
        "timeout_seconds",
        "max_concurrent_executions",
        "concurrency_key",
        "priority",
        "budget",
    ] {
        add(&key.replace('_', " "), &flow[key]);
    }
    if flow["retry_on_failure"] == true {
        add("retries", &flow["retry_count"]);
    }
    let counts = &flow["execution_counts"];
    if counts["total"].as_u64().is_some_and(|total| total > 0) {
        lines.push(format!(
            "executions: {} ({} completed, {} failed, {} cancelled, {} unfinished)",
            text(&counts["total"]),
            text(&counts["completed"]),
            text(&counts["failed"]),
            text(&counts["cancelled"]),
            text(&counts["unfinished"])
        ));
    }
    lines.push(nodes(&flow["flow_definition"]));
    for warning in flow["warnings"].as_array().into_iter().flatten() {
        lines.push(format!("warning at {}: {}", text(&warning["pointer"]), text(&warning["message"])));
    }
    lines.join("\n")
}

fn nodes(definition: &Value) -> String {
    let edges = definition["edges"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut table = output::table(["node", "type", "name", "leads to"]);
    for node in definition["nodes"].as_array().into_iter().flatten() {
        let next = edges.iter().filter(|edge| edge["from"] == node["id"]);
        let next: Vec<String> = next.map(|edge| text(&edge["to"])).collect();
        let action =
            if node["action"].is_null() { String::new() } else { format!(" {}", text(&node["action"])) };
        let kind = format!("{}{action}", text(&node["type"]));
        table.add_row([text(&node["id"]), kind, shortened(text(&node["name"])), next.join(", ")]);
    }
    output::fitted(table)
}
