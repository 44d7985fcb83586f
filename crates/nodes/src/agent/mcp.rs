//! `mcp` agents: a skill is a tool of an MCP server, called over streamable HTTP or as a local command.
//!
//! The client is ours, like those of language models, and for the same reasons: every request over HTTP goes through the
//! guarded client ([`client`]), a command is one that the operator has listed ([`command`]), responses have a limit and pass
//! through exactly, and a call ends when its future is dropped.

mod client;
mod command;
mod conversation;
mod definition;
mod era;
mod input;
mod local;
mod message;
mod mirrored;
mod output;
mod process;
mod session;
mod task;

use std::sync::Arc;

use serde_json::{Value, json};
use steadflow_core::agent::{Agent, Backend, McpConfig, Skill};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::AgentId;
use steadflow_core::payload::Payload;
use steadflow_core::remote_task::RemoteTask;
use steadflow_core::work::{Outcome, Stop, Work};

use self::client::Caller;
pub(crate) use self::command::Commands;
pub use self::command::{McpCommand, McpCommands};
use self::conversation::{Conversation, Reach};
use self::definition::Definition;
pub(crate) use self::era::Eras;
pub(super) use self::task::Awaiting;
pub(crate) use self::task::cancel_task;
pub(super) use self::task::cancel_task_of;
use super::{SkillCall, find_agent, misconfigured, output_misfit};
use crate::nodes::Shared;
use crate::secrets::Keyring;
use crate::slots::Party;

/// Maximum number of tools of a server.
const TOOLS_MAX: usize = 1_000;
/// Maximum number of pages of the list of them.
const PAGES_MAX: usize = 100;

/// What a server did with a call.
enum Called {
    /// It has returned this.
    Output(Payload),
    /// It does it as a task.
    Task(RemoteTask),
}

/// Calls the tool that has the name of the skill, if its definition is the one that was accepted.
pub(super) async fn run(call: &SkillCall<'_>, config: &McpConfig, keyring: &mut Keyring<'_>) -> Outcome {
    match call_tool(call, config, keyring).await {
        Ok(Called::Output(output)) => Outcome::completed(output),
        Ok(Called::Task(task)) => {
            let rest = Work { remote_task: Some(Arc::new(task)), ..call.work.clone() };
            Outcome { goes_on: Some(Box::new(rest)), ..Outcome::completed(Payload::null()) }
        }
        Err(failure) => Outcome::failed(failure),
    }
}

async fn call_tool(
    call: &SkillCall<'_>,
    config: &McpConfig,
    keyring: &mut Keyring<'_>,
) -> Result<Called, Failure> {
    let arguments = match call.input {
        Value::Object(_) => call.input.clone(),
        Value::Null => json!({}),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            let message =
                format!("The input of `{}` must be an object: the arguments of the tool.", call.skill.name);
            return Err(Failure::new(ErrorClass::Validation, message));
        }
    };
    let reach = Reach::of(config, call.shared, keyring)?;
    let caller = Caller { shared: call.shared, slot: call.slot, work: call.work, keyring };
    let mut conversation = Conversation::begin(caller, reach).await?;
    let tool = &call.skill.name;
    if let Some(pinned) = &call.skill.hash {
        let tools = tools(&mut conversation).await?;
        definition::check(&tools, tool, pinned, conversation.who())?;
    }
    let result = conversation.call(call.skill, &arguments).await?;
    let (who, has_tasks) = (conversation.who().to_owned(), conversation.has_tasks());
    drop(conversation);
    if has_tasks && let Some(task) = task::begun(&result, &who, tool, call.wanted.agent)? {
        if keyring.scrubber().text(&task.id) != *task.id {
            let message = format!("{who} does the call of `{tool}` as a task whose ID holds a secret.");
            return Err(Failure::new(ErrorClass::Rejected, message));
        }
        return Ok(Called::Task(task));
    }
    output_of(call.shared, call.skill, &result, &who, keyring).await.map(Called::Output)
}

/// Returns the output that the result of a tool is, if it is one and matches the output schema of the skill.
async fn output_of(
    shared: &Shared,
    skill: &Skill,
    result: &Payload,
    who: &str,
    keyring: &Keyring<'_>,
) -> Result<Payload, Failure> {
    let output = output::output_of(result, who, &skill.name)?;
    let misfit = output_misfit(shared, skill, &message::value_of(&output), &keyring.scrubber()).await?;
    match misfit {
        Some(misfit) => {
            let message = format!("The response of {who} does not match the output schema: {misfit}.");
            Err(Failure::new(ErrorClass::ModelOutput, message))
        }
        None => Ok(output),
    }
}

/// Lists the tools of the server that an agent is, and says which of its skills they are.
pub(crate) async fn list_tools(
    shared: &Shared,
    stop: &Stop,
    work: &Work,
    (id, version): (AgentId, Option<u32>),
    keyring: &mut Keyring<'_>,
) -> Result<Payload, Failure> {
    let agent = find_agent(shared, work.tenant, id, version).await?;
    let tools = tools_of(shared, stop, work, &agent, keyring).await?;
    let listed = tools.iter().map(|tool| tool.listed(agent.skill(&tool.name)));
    Ok(Payload::from_value(
        &json!({ "tools": listed.collect::<Vec<_>>(), "missing": missing(&agent, &tools) }),
    ))
}

/// Returns how many tools the server has that an agent is.
pub(super) async fn count_tools(
    shared: &Shared,
    stop: &Stop,
    work: &Work,
    agent: &Agent,
    keyring: &mut Keyring<'_>,
) -> Result<usize, Failure> {
    Ok(tools_of(shared, stop, work, agent, keyring).await?.len())
}

async fn tools_of(
    shared: &Shared,
    stop: &Stop,
    work: &Work,
    agent: &Agent,
    keyring: &mut Keyring<'_>,
) -> Result<Vec<Definition>, Failure> {
    let Backend::Mcp(config) = &agent.backend else {
        let message = format!(
            "The agent {} is no MCP server: only agents of type `mcp` have tools to list.",
            agent.name
        );
        return Err(misconfigured(message));
    };
    let reach = Reach::of(config, shared, keyring)?;
    // A question belongs to no flow, and has an execution of its own.
    let party = Party { flow: work.flow, peer: work.execution.to_string().into() };
    let slot = shared.slots.acquire_unless(stop, party).await;
    let mut conversation = Conversation::begin(Caller { shared, slot: &slot, work, keyring }, reach).await?;
    tools(&mut conversation).await
}

/// Returns the skills that the server has no tools for.
fn missing<'a>(agent: &'a Agent, tools: &[Definition]) -> Vec<&'a str> {
    let is_there = |name: &str| tools.iter().any(|tool| tool.name == name);
    agent.skills.iter().map(|skill| &*skill.name).filter(|name| !is_there(name)).collect()
}

/// Returns all tools of a server.
async fn tools(conversation: &mut Conversation<'_>) -> Result<Vec<Definition>, Failure> {
    let who = conversation.who().to_owned();
    let (mut tools, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..PAGES_MAX {
        let params = cursor.take().map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
        let page = conversation.request("tools/list", params).await?;
        let mut page = message::value_of(&page);
        let Some(Value::Array(listed)) = page.get_mut("tools").map(Value::take) else {
            let message = format!("{who} did not respond with a list of tools.");
            return Err(Failure::new(ErrorClass::Rejected, message));
        };
        tools.extend(listed.into_iter().filter_map(Definition::read));
        if tools.len() > TOOLS_MAX {
            break;
        }
        match page.get("nextCursor") {
            None | Some(Value::Null) => return Ok(tools),
            Some(Value::String(next)) => cursor = Some(next.clone()),
            Some(_) => {
                let message =
                    format!("{who} continued its list of tools with a `nextCursor` that is no text.");
                return Err(Failure::new(ErrorClass::Rejected, message));
            }
        }
    }
    let message = format!("{who} has more than {TOOLS_MAX} tools, or a list of more than {PAGES_MAX} pages.");
    Err(Failure::new(ErrorClass::Rejected, message))
}
