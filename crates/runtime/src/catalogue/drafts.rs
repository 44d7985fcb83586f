//! Agents as somebody edits them, before they are stored.

use serde_json::{Map, Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::caller::Caller;
use steadflow_core::ids::AgentId;

use super::agents::edited;
use crate::engine::Engine;
use crate::error::RuntimeError;

impl Engine {
    /// Returns the agent that a patch would make of a stored one, or of nothing. Masks in it keep their secrets as for a change.
    ///
    /// # Errors
    /// [`RuntimeError::NoAgent`] if this tenant has none of that id; [`RuntimeError::AgentInvalid`] if the document has faults.
    pub async fn drafted_agent(
        &self,
        caller: &Caller,
        id: Option<AgentId>,
        patch: &Map<String, Value>,
    ) -> Result<Agent, RuntimeError> {
        self.checked_agent(&self.drafted(caller, id, patch).await?)
    }

    /// Returns what of that agent is needed to call it: its `agent_type` and its `config`, which have a model if `model` is
    /// given.
    ///
    /// # Errors
    /// As [`Self::drafted_agent`], but faults of other keys do not count.
    pub async fn reachable_agent(
        &self,
        caller: &Caller,
        id: Option<AgentId>,
        (patch, model): (&Map<String, Value>, Option<&str>),
    ) -> Result<Agent, RuntimeError> {
        let mut document = self.drafted(caller, id, patch).await?;
        let agent_type = document["agent_type"].take();
        let mut config = document["config"].take();
        if let (Some(model), Some(keys)) = (model, config.as_object_mut())
            && agent_type == "llm"
            && keys.get("model").is_none_or(|model| model.is_null() || model == "")
        {
            keys.insert("model".to_owned(), model.into());
        }
        let reach =
            json!({ "name": "draft", "agent_type": agent_type, "config": config, "skills": ["draft"] });
        self.checked_agent(&reach)
    }

    async fn drafted(
        &self,
        caller: &Caller,
        id: Option<AgentId>,
        patch: &Map<String, Value>,
    ) -> Result<Value, RuntimeError> {
        match id {
            Some(id) => edited(&self.agent(caller.tenant, id).await?, patch),
            None => Ok(Value::Object(patch.clone())),
        }
    }
}
