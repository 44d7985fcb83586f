//! Skills of agents.

mod guard;
mod http;
mod judge;
mod llm;
mod mcp;
mod question;
mod tool;

use serde_json::Value;
use steadflow_core::agent::{Agent, Backend, SecretText, Skill};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::file;
use steadflow_core::guardrail::{Guardrail, Stage};
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::trial::UNSTORED;
use steadflow_core::work::{NextTurn, Outcome, Stop, Summarizing, Task, Work};

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use self::guard::Looked;
pub(crate) use self::judge::ask_judge;
pub(crate) use self::llm::Fits;
use self::mcp::Awaiting;
pub(crate) use self::mcp::{Commands, Eras, cancel_task, list_tools};
pub use self::mcp::{McpCommand, McpCommands};
pub(crate) use self::question::answer_question;
pub(crate) use self::tool::call_tool;
use crate::call::{header, headers_of};
use crate::nodes::Shared;
use crate::secrets::{Keyring, Scrubber};
use crate::slots::{Party, Slot};

/// A skill to run, with its input.
struct SkillCall<'a> {
    shared: &'a Shared,
    /// The right to make the call.
    slot: &'a Slot,
    work: &'a Work,
    wanted: Wanted<'a>,
    agent: &'a Agent,
    skill: &'a Skill,
    input: &'a Value,
}

/// A skill that is asked for: of which agent, in which version.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) agent: AgentId,
    /// `None` for the current one.
    pub(crate) version: Option<u32>,
    pub(crate) skill: &'a str,
}

/// Runs a skill.
pub(crate) async fn run_skill(
    shared: &Shared,
    stop: &Stop,
    work: &Work,
    wanted: Wanted<'_>,
    keyring: &mut Keyring<'_>,
) -> Outcome {
    let agent = match find_agent(shared, work.tenant, wanted.agent, wanted.version).await {
        Ok(agent) => agent,
        Err(failure) => return work.failed(failure),
    };
    let prepared = if let Task::Summary(_) = work.task {
        find_skill(&agent, wanted.skill).map(|skill| (Cow::Owned(plain(skill)), Value::Null))
    } else {
        let prepared = prepare(shared, work, &agent, wanted.skill, keyring).await;
        prepared.map(|(skill, input)| (Cow::Borrowed(skill), input))
    };
    let (skill, input) = match prepared {
        Ok(prepared) => prepared,
        Err(failure) => return work.failed(failure),
    };
    let party = Party { flow: work.flow, peer: wanted.agent.to_string().into() };
    if let Some(task) = &work.remote_task {
        let awaiting = Awaiting { shared, stop, work, task, agent: &agent, skill: &skill, party };
        return awaiting.outcome(keyring).await;
    }
    let slot = shared.slots.acquire_unless(stop, party).await;
    let call = SkillCall { shared, slot: &slot, work, wanted, agent: &agent, skill: &skill, input: &input };
    call.run(keyring).await
}

/// Returns a skill that takes and gives text: a summary is no answer of the skill.
fn plain(skill: &Skill) -> Skill {
    Skill {
        instructions: None,
        input_schema: None,
        output_schema: None,
        tools: Vec::new(),
        guardrails: Vec::new(),
        rules: None,
        ..skill.clone()
    }
}

/// Finds the skill, inserts secrets into the input, and validates the input against the schema of the skill.
async fn prepare<'a>(
    shared: &Shared,
    work: &Work,
    agent: &'a Agent,
    name: &str,
    keyring: &mut Keyring<'_>,
) -> Result<(&'a Skill, Value), Failure> {
    let skill = find_skill(agent, name)?;
    if skill.is_loop() && matches!(work.task, Task::Skill { .. }) {
        return Err(misconfigured(format!(
            "The skill `{name}` has tools, or guardrails that ask a model again, a judge or a person. So only a flow can run \
             it, in an execution that began after its agent was registered."
        )));
    }
    let input = keyring.open_input(&work.input, &work.secrets)?;
    if let Some(schema) = &skill.input_schema {
        let misfit = shared.checks.misfit(schema, &input, &keyring.scrubber()).await;
        let misfit = misfit.map_err(|message| misconfigured(format!("`input_schema`: {message}.")))?;
        if let Some(misfit) = misfit {
            let message = format!("The input does not match the input schema of `{name}`: {misfit}.");
            return Err(Failure::new(ErrorClass::Validation, message));
        }
    }
    let is_meant = |guardrail: &Guardrail| guardrail.on == Stage::Input;
    let is_read = matches!(agent.backend, Backend::Llm(_)) && skill.guardrails.iter().any(is_meant);
    // What is wrong with a file is said when the model is asked.
    let named = if is_read { file::named(&input).ok() } else { None };
    let looked = Looked { whole: &input, text: named.as_ref().map_or(&input, |named| &named.input) };
    if let Some(refusal) = guard::refusal(shared, skill, is_meant, &looked, &keyring.scrubber()).await? {
        let failure = refusal.failure(&format!("the input of `{name}`"));
        return Err(Failure { is_unsent: true, ..failure });
    }
    Ok((skill, input))
}

/// Finds an agent in the version that is asked for.
async fn find_agent(
    shared: &Shared,
    tenant: TenantId,
    id: AgentId,
    version: Option<u32>,
) -> Result<Arc<Agent>, Failure> {
    let found = shared.agents.agent(tenant, id, version).await.map_err(|error| {
        tracing::warn!(agent.id = %id, error = &error as &dyn std::error::Error, "could not read an agent");
        Failure::new(ErrorClass::Internal, "Could not read the agent from the store.")
    })?;
    found.ok_or_else(|| {
        misconfigured(match version {
            Some(version) => format!("There is no version {version} of agent {id} any more: it was deleted."),
            None => format!("There is no agent {id}."),
        })
    })
}

fn find_skill<'a>(agent: &'a Agent, name: &str) -> Result<&'a Skill, Failure> {
    agent.offered(name).map_err(|missing| {
        let offered = missing.offered.join(", ");
        misconfigured(format!("The agent {} has no skill `{name}`. Its skills are {offered}.", agent.name))
    })
}

impl<'a> SkillCall<'a> {
    /// Returns what a summary is asked for with, if the call asks for one.
    fn summarizing(&self) -> Option<&'a Summarizing> {
        if let Task::Summary(wanted) = &self.work.task { Some(wanted) } else { None }
    }

    /// Returns the turn that this call is, if it is one.
    fn turn(&self) -> Option<&'a NextTurn> {
        match &self.work.task {
            Task::Turn(turn) => Some(turn),
            Task::Skill { .. }
            | Task::Summary(_)
            | Task::Tool { .. }
            | Task::Judge(_)
            | Task::ListTools { .. }
            | Task::CancelTask { .. }
            | Task::HttpRequest
            | Task::Message(_)
            | Task::Code(_)
            | Task::Echo => None,
        }
    }
}

impl SkillCall<'_> {
    async fn run(&self, keyring: &mut Keyring<'_>) -> Outcome {
        if self.work.session.is_some() && !matches!(self.agent.backend, Backend::Llm(_)) {
            return Outcome::failed(misconfigured(format!(
                "The agent {} is no language model, so it has no sessions. Remove `session` from the node.",
                self.agent.name
            )));
        }
        match &self.agent.backend {
            Backend::Http(config) => Outcome::new(http::run(self, config, keyring).await),
            Backend::Llm(_) => llm::run(self, keyring).await,
            Backend::Mcp(config) => mcp::run(self, config, keyring).await,
        }
    }

    /// Returns whether the agent is stored, so that what is learned about its server is of use to others.
    fn is_stored(&self) -> bool {
        self.wanted.agent != UNSTORED
    }

    /// Returns the headers of a JSON request: those of the attempt and those of the agent.
    fn headers(
        &self,
        own: &BTreeMap<String, SecretText>,
        keyring: &mut Keyring<'_>,
    ) -> Result<HeaderMap, Failure> {
        let mut headers = headers_of(self.work, self.shared.traces);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, text) in own {
            let (name, value) = header(name, &keyring.open_header(name, text)?).map_err(misconfigured)?;
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

/// Describes where `output` does not match the output schema of the skill; `None` if it matches.
async fn output_misfit(
    shared: &Shared,
    skill: &Skill,
    output: &Value,
    scrubber: &Arc<Scrubber>,
) -> Result<Option<String>, Failure> {
    match &skill.output_schema {
        Some(schema) => shared
            .checks
            .misfit(schema, output, scrubber)
            .await
            .map_err(|message| misconfigured(format!("`output_schema`: {message}."))),
        None => Ok(None),
    }
}

fn misconfigured(message: String) -> Failure {
    Failure::new(ErrorClass::Configuration, message)
}
