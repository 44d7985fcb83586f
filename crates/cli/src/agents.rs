//! `steadflow agents …`: the agents of a server.

use std::process::ExitCode;

use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};
use steadflow_core::payload::Payload;
use uuid::Uuid;

use crate::args::AgentsCommand;
use crate::client::Server;
use crate::files::{Kind, Kinds};
use crate::flows::{applied, compared, exported};
use crate::named::id_of;
use crate::settings::ServerAddress;
use crate::shown::{moment, print, shortened, text};
use crate::{given, output};

/// Runs one of the commands on a server.
pub(crate) async fn agents(
    address: ServerAddress,
    as_json: bool,
    command: AgentsCommand,
) -> anyhow::Result<ExitCode> {
    let server = Server::new(&address)?;
    match command {
        AgentsCommand::List { skill, agent_type, limit } => {
            let query = [("skill", skill), ("agent_type", agent_type), ("limit", Some(limit.to_string()))];
            let given: Vec<_> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            print(&server.send(server.call(Method::GET, "/agents").query(&given)).await?, as_json, table);
        }
        AgentsCommand::Show { agent } => {
            let id = id_of(&server, Kind::Agent, &agent).await?;
            print(&server.send(server.call(Method::GET, &format!("/agents/{id}"))).await?, as_json, detail);
        }
        AgentsCommand::Test { agent, skill: None, .. } => {
            let id = id_of(&server, Kind::Agent, &agent).await?;
            return test(&server, as_json, id).await;
        }
        AgentsCommand::Test { agent, skill: Some(skill), input } => {
            let id = id_of(&server, Kind::Agent, &agent).await?;
            return try_skill(&server, as_json, id, skill, input).await;
        }
        AgentsCommand::Apply(apply) => return applied(&server, as_json, Kinds::AGENTS, apply).await,
        AgentsCommand::Export(export) => return exported(&server, as_json, Kinds::AGENTS, export).await,
        AgentsCommand::Diff(diff) => return compared(&server, as_json, Kinds::AGENTS, diff).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn test(server: &Server, as_json: bool, id: Uuid) -> anyhow::Result<ExitCode> {
    let call = server.call(Method::POST, &format!("/agents/{id}/test")).json(&json!({}));
    let answer = server.send(call).await?;
    let is_good = answer.value["success"] == true;
    print(&answer, as_json, |test| {
        let error = &test["error"];
        let said = if is_good {
            text(&test["message"])
        } else {
            format!("{} ({})", text(&error["message"]), text(&error["class"]))
        };
        let took = std::time::Duration::from_millis(test["duration_ms"].as_u64().unwrap_or_default());
        format!("{} after {}: {said}", if is_good { "reached" } else { "failed" }, output::span(took))
    });
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn try_skill(
    server: &Server,
    as_json: bool,
    id: Uuid,
    skill: String,
    input: Option<String>,
) -> anyhow::Result<ExitCode> {
    /// What is sent, with the input as it is given.
    #[derive(Serialize)]
    struct Sent {
        skill: String,
        input_data: Payload,
    }
    let input = input.unwrap_or_else(|| "{}".to_owned());
    let input_data = given::json(&input, "value of `--input`")?;
    let call = server.call(Method::POST, &format!("/agents/{id}/execute"));
    let answer = server.send(call.json(&Sent { skill, input_data })).await?;
    print(&answer, as_json, |tried| {
        let pretty = serde_json::to_string_pretty(&tried["result"]).unwrap_or_default();
        output::escaped_json(&pretty)
    });
    Ok(ExitCode::SUCCESS)
}

fn table(list: &Value) -> String {
    let rows = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return "No agents.".to_owned();
    }
    let mut table = output::table(["id", "name", "type", "version", "skills", "calls", "last used"]);
    for row in rows {
        let name = if row["damaged"].is_null() {
            text(&row["name"])
        } else {
            format!("damaged: {}", text(&row["damaged"]))
        };
        let skills: Vec<String> = row["skills"].as_array().into_iter().flatten().map(text).collect();
        table.add_row([
            text(&row["id"]),
            name,
            text(&row["agent_type"]),
            text(&row["version"]),
            shortened(skills.join(", ")),
            text(&row["usage_count"]),
            moment(&row["last_used_at"]),
        ]);
    }
    output::fitted(table)
}

fn detail(agent: &Value) -> String {
    let mut lines = vec![format!(
        "{} · {} · {} · version {}",
        text(&agent["name"]),
        text(&agent["id"]),
        text(&agent["agent_type"]),
        text(&agent["version"])
    )];
    for key in ["description", "category", "department", "config", "prices", "protection", "budget"] {
        let value = text(&agent[key]);
        if !value.is_empty() {
            lines.push(format!("{key}: {value}"));
        }
    }
    let mut table = output::table(["skill", "description", "tools"]);
    for skill in agent["skill_definitions"].as_array().into_iter().flatten() {
        let tools = skill["tools"].as_array().into_iter().flatten();
        let tools: Vec<String> = tools.map(|tool| text(&tool["name"])).collect();
        table.add_row([text(&skill["name"]), shortened(text(&skill["description"])), tools.join(", ")]);
    }
    lines.push(output::fitted(table));
    lines.join("\n")
}
