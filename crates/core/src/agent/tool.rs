//! What a model may call: HTTP requests, skills of other agents, and flows.

use std::sync::Arc;

use serde_json::Value;

use crate::approval::Policy;
use crate::expression::Meter;
use crate::failure::Failure;
use crate::ids::{AgentId, ExecutionId, FlowId, NodeId};
use crate::limits::Limits;
use crate::payload::Payload;
use crate::scope::{ARGUMENTS, NodeScope, Scope};
use crate::template::{Resolved, Template};
use crate::timestamp::Timestamp;

/// Something that the model of a skill may call.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Unique in the skill; all providers take it.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// Which of its calls a person has to approve; `None` for none.
    pub approval: Option<Policy>,
    /// What calling it does.
    pub action: ToolAction,
}

/// What calling a tool does.
#[derive(Clone, Debug)]
pub enum ToolAction {
    /// Sends an HTTP request. The result is the body of the response.
    HttpRequest {
        /// JSON Schema of the arguments; `None` for an object with any fields.
        input_schema: Option<Arc<Value>>,
        /// What [`crate::node::HttpInput`] is read from once the arguments are in their places.
        request: Template,
    },
    /// Asks an agent for a skill that has no tools itself. The arguments are its input.
    Skill {
        /// The agent.
        agent_id: AgentId,
        /// Its skill.
        skill: String,
    },
    /// Runs a flow as a child execution. The arguments are its trigger data, and the result is its own.
    Flow {
        /// The flow. Its version is pinned when the execution is accepted.
        flow_id: FlowId,
        /// JSON Schema of the arguments; `None` for the form of the flow.
        input_schema: Option<Arc<Value>>,
    },
}

/// Returns `request` with `arguments` in their places.
///
/// # Errors
/// A failure of class `expression`: the request names an argument that is not there.
pub fn request_of(
    request: &Template,
    arguments: &Payload,
    execution: ExecutionId,
) -> Result<Resolved, Failure> {
    let input = NodeScope { id: NodeId::new(ARGUMENTS), output: Some(arguments.clone()), error: None };
    let scope = Scope {
        trigger_data: Payload::null(),
        context_id: None,
        context_type: None,
        execution_id: execution,
        retry_of: None,
        error: None,
        started_at: Timestamp::default(),
        attempt: 1,
        now: Timestamp::default(),
        reader: NodeId::new(ARGUMENTS),
        item: None,
        index: None,
        nodes: vec![input],
        meter: Meter::new(Limits::DEFAULT.node_fuel),
    };
    request.resolve_call(&scope).map_err(|error| Failure::of_expression(&error))
}
