//! Agents: registered, changed, deleted.

use serde_json::{Map, Value};
use steadflow_core::agent::{Agent, Skill, ToolAction};
use steadflow_core::caller::Caller;
use steadflow_core::document::Fault;
use steadflow_core::ids::{AgentId, ExecutionId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::trial::{SkillTrial, ToolsTrial};
use steadflow_store::{AgentChange, AgentRecord, Changed};
use uuid::Uuid;

use super::{DocumentEdit, ROUNDS_MAX, patched};
use crate::agents::limits_of;
use crate::allowed::Allowed;
use crate::engine::Engine;
use crate::error::RuntimeError;

/// What to change of an agent.
#[derive(Clone, Debug, Default)]
pub struct AgentEdit {
    /// What becomes of its document. A mask in the `config` of a patch keeps the secret that it hides, as long as the agent
    /// sends it to the same host; a restored version has its own secrets.
    pub document: DocumentEdit,
    /// The revisions that it may be made to.
    pub allowed: Allowed,
}

impl Engine {
    /// Returns an agent with its current version.
    ///
    /// # Errors
    /// [`RuntimeError::NoAgent`] if this tenant has none of that id.
    pub async fn agent(&self, tenant: TenantId, id: AgentId) -> Result<AgentRecord, RuntimeError> {
        self.store().agent(tenant, id).await?.ok_or(RuntimeError::NoAgent(id))
    }

    /// Stores an agent, new or in place of the one with its id.
    ///
    /// # Errors
    /// [`RuntimeError::AgentInvalid`] if the document has faults.
    pub async fn put_agent(
        &self,
        caller: &Caller,
        id: AgentId,
        document: &Value,
    ) -> Result<AgentRecord, RuntimeError> {
        let agent = self.checked_agent(document)?;
        self.check_asked(caller.tenant, &agent).await?;
        let document = Payload::from_value(document);
        let change = AgentChange { id, tenant: caller.tenant, document, at: self.now(), if_revision: None };
        self.change_agent(change).await
    }

    /// Changes an agent: executions that are accepted from then on use it as it is then. A change that names no
    /// revision is laid over whatever is current when it is stored.
    ///
    /// # Errors
    /// [`RuntimeError::NoAgent`] if this tenant has none of that id; [`RuntimeError::NoAgentVersion`] if there is no version
    /// to restore; [`RuntimeError::AgentInvalid`] if the changed document has faults; [`RuntimeError::VersionConflict`] if
    /// another revision than the named ones is current.
    pub async fn edit_agent(
        &self,
        caller: &Caller,
        id: AgentId,
        edit: AgentEdit,
    ) -> Result<AgentRecord, RuntimeError> {
        let mut rounds = 0;
        loop {
            let current = self.agent(caller.tenant, id).await?;
            let revision = current.revision();
            edit.allowed.check(revision)?;
            let Some(document) = self.edited_agent(&current, &edit.document).await? else {
                return Ok(current);
            };
            let agent = self.checked_agent(&document)?;
            self.check_asked(caller.tenant, &agent).await?;
            let (tenant, document) = (caller.tenant, Payload::from_value(&document));
            let change = AgentChange { id, tenant, document, at: self.now(), if_revision: Some(revision) };
            rounds += 1;
            match self.change_agent(change).await {
                Err(RuntimeError::VersionConflict(_)) if rounds < ROUNDS_MAX => {}
                result => return result,
            }
        }
    }

    /// Returns what the document becomes; `None` if there is nothing to change.
    async fn edited_agent(
        &self,
        current: &AgentRecord,
        edit: &DocumentEdit,
    ) -> Result<Option<Value>, RuntimeError> {
        match edit {
            DocumentEdit::Keep => Ok(None),
            DocumentEdit::Patch(patch) => edited(current, patch).map(Some),
            DocumentEdit::Restore(version) => {
                let (tenant, id) = (current.tenant, current.id);
                let older = self.store().agent_version(tenant, id, *version).await?;
                let older = older.ok_or(RuntimeError::NoAgentVersion(id, *version))?;
                Ok((older.document != current.document).then(|| older.read_document()).transpose()?)
            }
        }
    }

    /// Checks that tools and judges ask for skills that take one call, and that what a flow is given is known. An agent or a skill
    /// that is not there yet may be added before it is asked.
    async fn check_asked(&self, tenant: TenantId, agent: &Agent) -> Result<(), RuntimeError> {
        let mut faults = self.flow_tool_faults(tenant, agent).await?;
        for (pointer, agent_id, skill) in asked_skills(agent) {
            let asked = self.store().agent(tenant, agent_id).await?.and_then(|record| record.agent().ok());
            if asked.as_ref().and_then(|asked| asked.skill(skill)).is_some_and(Skill::is_loop) {
                let message = format!(
                    "the skill `{skill}` takes more than one call: a tool or a judge can only ask for a skill without tools of \
                     its own, and without guardrails that ask a model again, a judge or a person"
                );
                faults.push(Fault { pointer, message });
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(RuntimeError::AgentInvalid(faults)) }
    }

    /// Returns the fault of an agent that names a local command which the operator has not listed.
    pub(crate) fn unlisted_command(&self, agent: &Agent) -> Option<Fault> {
        let name = agent.command().filter(|name| !self.commands().contains(*name))?;
        let listed: Vec<String> = self.commands().iter().map(|name| format!("`{name}`")).collect();
        let listed = if listed.is_empty() { "none".to_owned() } else { listed.join(", ") };
        let message = format!(
            "there is no local command `{name}`. The operator has listed {listed}, and can add it to `steadflow.toml` as \
             `[mcp.{name}]`"
        );
        Some(Fault { pointer: "/config/command".to_owned(), message })
    }

    /// Prepares a trial of one skill of an agent's current version, with `input`.
    ///
    /// # Errors
    /// [`RuntimeError::NoAgent`] or [`RuntimeError::NoSkill`] if there is none of that name.
    pub async fn skill_trial(
        &self,
        caller: &Caller,
        id: AgentId,
        skill: &str,
        input: Payload,
    ) -> Result<SkillTrial, RuntimeError> {
        let record = self.agent(caller.tenant, id).await?;
        let rules = record.agent()?.offered(skill)?.rules_of_trial();
        let execution = ExecutionId::new(Uuid::now_v7());
        let (tenant, version, skill) = (record.tenant, record.version, skill.into());
        Ok(SkillTrial { tenant, agent_id: id, version, skill, rules, input, execution })
    }

    /// Prepares the question for the tools of an agent that is an MCP server.
    ///
    /// # Errors
    /// [`RuntimeError::NoAgent`] if this tenant has none of that id.
    pub async fn tools_trial(&self, caller: &Caller, id: AgentId) -> Result<ToolsTrial, RuntimeError> {
        let record = self.agent(caller.tenant, id).await?;
        let execution = ExecutionId::new(Uuid::now_v7());
        Ok(ToolsTrial { tenant: record.tenant, agent_id: id, version: record.version, execution })
    }

    async fn change_agent(&self, change: AgentChange) -> Result<AgentRecord, RuntimeError> {
        let id = change.id;
        let _gate = self.agent_gate().await;
        match self.store().put_agent(change).await? {
            Changed::Done(record) => {
                self.limit_agent(id, limits_of(&record)).await?;
                Ok(record)
            }
            Changed::Conflict(current) => Err(RuntimeError::VersionConflict(current.revision())),
            Changed::Missing => Err(RuntimeError::NoAgent(id)),
        }
    }

    /// Deletes an agent with all its versions, if `allowed` has its current revision. Nodes that name it fail from then
    /// on, and say so, in executions that are pinned to one of its versions as well.
    ///
    /// # Errors
    /// [`RuntimeError::NoAgent`] if this tenant has none of that id; [`RuntimeError::VersionConflict`] if another
    /// revision is current.
    pub async fn delete_agent(
        &self,
        caller: &Caller,
        id: AgentId,
        allowed: &Allowed,
    ) -> Result<(), RuntimeError> {
        let if_revision = match allowed {
            // One that cannot be read is deleted as well.
            Allowed::Any => None,
            Allowed::OneOf(_) => {
                let current = self.agent(caller.tenant, id).await?.revision();
                allowed.check(current)?;
                Some(current)
            }
        };
        let _gate = self.agent_gate().await;
        match self.store().delete_agent(caller.tenant, id, if_revision).await? {
            Changed::Done(_) => self.limit_agent(id, None).await,
            Changed::Conflict(current) => Err(RuntimeError::VersionConflict(current)),
            Changed::Missing => Err(RuntimeError::NoAgent(id)),
        }
    }

    /// Returns what an agent's document means, if it has no fault.
    ///
    /// # Errors
    /// [`RuntimeError::AgentInvalid`] with every fault.
    pub fn checked_agent(&self, document: &Value) -> Result<Agent, RuntimeError> {
        let agent = Agent::parse(document).map_err(RuntimeError::AgentInvalid)?;
        let faults = self.agent_faults(&agent);
        if faults.is_empty() { Ok(agent) } else { Err(RuntimeError::AgentInvalid(faults)) }
    }
}

/// Returns what the document becomes.
pub(super) fn edited(current: &AgentRecord, patch: &Map<String, Value>) -> Result<Value, RuntimeError> {
    let mut after = patched(current.read_document()?, patch);
    if let Ok(before) = current.agent() {
        before.unmask(&mut after).map_err(RuntimeError::AgentInvalid)?;
    }
    Ok(after)
}

/// Returns the skills of agents that tools and judges of `agent` ask for, with where its document says so.
fn asked_skills(agent: &Agent) -> impl Iterator<Item = (String, AgentId, &str)> {
    agent.skills.iter().enumerate().flat_map(|(at, skill)| {
        let tools = skill.tools.iter().enumerate().filter_map(move |(number, tool)| match &tool.action {
            ToolAction::Skill { agent_id, skill } => {
                Some((format!("/skills/{at}/tools/{number}/skill"), *agent_id, skill.as_str()))
            }
            ToolAction::HttpRequest { .. } | ToolAction::Flow { .. } => None,
        });
        let judges = skill.guardrails.iter().enumerate().filter_map(move |(number, guardrail)| {
            let judge = guardrail.judge()?;
            Some((format!("/skills/{at}/guardrails/{number}/judge/skill"), judge.agent_id, &*judge.skill))
        });
        tools.chain(judges)
    })
}
