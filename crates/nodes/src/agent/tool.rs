//! Tools of skills: what a model asks for is looked up in the document of its agent, checked, and called once.

use serde_json::Value;
use steadflow_core::agent::{Agent, Skill, Tool, ToolAction, request_of};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::guardrail::{Guardrail, Then};
use steadflow_core::ids::AgentId;
use steadflow_core::node::HttpInput;
use steadflow_core::payload::Payload;
use steadflow_core::work::{Outcome, Stop, Task, Work};

use super::guard::Looked;
use super::{Wanted, find_agent, find_skill, guard, misconfigured, run_skill};
use crate::action::http_request;
use crate::nodes::Shared;
use crate::secrets::Keyring;

/// Calls the tool that `work` names, with `work.input` as its arguments. Only the tools of the document can be called, and
/// only with arguments that fit: what a model writes is no more trusted than what a stranger sends.
pub(crate) async fn call_tool(
    shared: &Shared,
    stop: &Stop,
    work: &Work,
    keyring: &mut Keyring<'_>,
) -> Outcome {
    let Task::Tool { agent_id, version, skill, tool: name, asked_version, refusal } = &work.task else {
        return Outcome::failed(misconfigured("This is no call of a tool.".to_owned()));
    };
    if let Some(refusal) = refusal {
        return Outcome::failed(invalid(refusal.to_string()));
    }
    let wanted = Wanted { agent: *agent_id, version: *version, skill };
    let found = find_tool(shared, work, wanted, name, keyring).await;
    let called = match found {
        Ok(tool) => tool,
        Err(failure) => return work.failed(failure),
    };
    match called.action {
        ToolAction::HttpRequest { input_schema, request } => {
            let checked = check(shared, input_schema.as_deref(), work, name, keyring).await;
            let resolved = checked.and_then(|()| request_of(&request, &work.input, work.execution));
            let body = match resolved {
                Ok(resolved) => {
                    let work = Work {
                        task: Task::HttpRequest,
                        input: resolved.input,
                        secrets: resolved.secrets,
                        ..work.clone()
                    };
                    http_request(shared, stop, &work, HttpInput::read, keyring)
                        .await
                        .and_then(|output| body_of(&output))
                }
                Err(failure) => Err(failure),
            };
            body.map_or_else(Outcome::failed, Outcome::completed)
        }
        // What does the rest is an execution, which is started where this call was.
        ToolAction::Flow { input_schema, .. } => {
            let checked = check(shared, input_schema.as_deref(), work, name, keyring).await;
            checked.map_or_else(Outcome::failed, |()| Outcome::completed(Payload::null()))
        }
        ToolAction::Skill { agent_id, skill } => {
            ask(shared, stop, work, (agent_id, *asked_version, &skill), keyring).await
        }
    }
}

/// Asks another agent. What the model gave is the input; errors of earlier attempts are none of this agent.
async fn ask(
    shared: &Shared,
    stop: &Stop,
    work: &Work,
    (agent, version, skill): (AgentId, Option<u32>, &str),
    keyring: &mut Keyring<'_>,
) -> Outcome {
    let task = Task::Skill { agent_id: agent, version, skill: skill.into() };
    let work = Work { task, previous_error: None, ..work.clone() };
    let mut outcome = run_skill(shared, stop, &work, Wanted { agent, version, skill }, keyring).await;
    // What the guardrails of the other agent refuse is an answer to this one.
    if let Err(failure) = &mut outcome.result
        && failure.class == ErrorClass::Guardrail
    {
        failure.class = ErrorClass::Tool;
    }
    outcome
}

/// Finds a tool in the document of its agent, and takes only arguments that are an object and that no guardrail refuses.
async fn find_tool(
    shared: &Shared,
    work: &Work,
    wanted: Wanted<'_>,
    name: &str,
    keyring: &Keyring<'_>,
) -> Result<Tool, Failure> {
    let agent = find_agent(shared, work.tenant, wanted.agent, wanted.version).await?;
    let skill = find_skill(&agent, wanted.skill)?;
    let Some(tool) = skill.tools.iter().find(|tool| tool.name == name) else {
        let names: Vec<&str> = skill.tools.iter().map(|tool| tool.name.as_str()).collect();
        let name: String = name.chars().take(100).collect();
        return Err(invalid(format!("There is no tool `{name}`. The tools are {}.", names.join(", "))));
    };
    let arguments = match work.input.to_value() {
        Ok(arguments @ Value::Object(_)) => arguments,
        Ok(Value::String(_)) => return Err(invalid(format!("The arguments of `{name}` are not JSON."))),
        Ok(_) => return Err(invalid(format!("The arguments of `{name}` are not a JSON object."))),
        Err(error) => return Err(invalid(format!("The arguments of `{name}` cannot be read: {error}."))),
    };
    let is_meant = |guardrail: &Guardrail| guardrail.checks_tool(name);
    match guard::refusal(shared, skill, is_meant, &Looked::at(&arguments), &keyring.scrubber()).await? {
        None => Ok(tool.clone()),
        Some(refusal) => {
            let what = format!("the arguments of `{name}`");
            Err(match refusal.then() {
                Then::Repair => invalid(refusal.message(&what)),
                Then::Fail | Then::Retry | Then::Ask => Failure { is_unsent: true, ..refusal.failure(&what) },
            })
        }
    }
}

/// Checks the arguments against the schema of the tool.
async fn check(
    shared: &Shared,
    schema: Option<&Value>,
    work: &Work,
    name: &str,
    keyring: &Keyring<'_>,
) -> Result<(), Failure> {
    let Some(schema) = schema else { return Ok(()) };
    let arguments = work.input.to_value().unwrap_or_default();
    let misfit = shared.checks.misfit(schema, &arguments, &keyring.scrubber()).await;
    match misfit.map_err(|message| misconfigured(format!("`input_schema` of `{name}`: {message}.")))? {
        Some(misfit) => {
            Err(invalid(format!("The arguments of `{name}` do not match its input schema: {misfit}.")))
        }
        None => Ok(()),
    }
}

/// Returns what the model gets of a response: its body.
fn body_of(output: &Payload) -> Result<Payload, Failure> {
    let response = output.to_value().map_err(|error| {
        Failure::new(ErrorClass::Internal, format!("The response of the tool cannot be read: {error}."))
    })?;
    Ok(response.get("body").map_or_else(Payload::null, Payload::from_value))
}

/// Returns the skill that a tool asks for.
///
/// # Errors
/// A failure of class `configuration` if there is none, or if it takes more than one call.
pub(super) fn asked_skill<'a>(agent: &'a Agent, tool: &str, skill: &str) -> Result<&'a Skill, Failure> {
    let found = find_skill(agent, skill).map_err(|failure| {
        misconfigured(format!("The tool `{tool}` cannot be called: {}", failure.message))
    })?;
    if found.is_loop() {
        return Err(misconfigured(format!(
            "The tool `{tool}` asks {} for `{skill}`, which takes more than one call: a tool can only ask for a skill without \
             tools of its own, and without guardrails that ask a model again, a judge or a person.",
            agent.name
        )));
    }
    Ok(found)
}

fn invalid(message: String) -> Failure {
    Failure::new(ErrorClass::Validation, message)
}
