//! A call that waits or waited until a person has approved it.

use std::sync::Arc;

use serde::Serialize;
use steadflow_core::approval::{Approval, Decided, Verdict};
use steadflow_core::execution::Execution;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, NodeIndex, StepKey};
use steadflow_core::transcript::is_of_output;
use utoipa::ToSchema;

use super::event::ActorView;
use super::shown::{Place, Room, Shown};
use super::wire::{Time, VerdictName};

/// A call, or an output, that waits or waited for approval.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
pub(crate) struct ApprovalView {
    /// The idempotency key of the call.
    id: String,
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    /// The flow's present name.
    flow_name: Option<String>,
    #[schema(value_type = String)]
    node_id: NodeId,
    node_name: String,
    /// The name of the agent whose model wants to call the tool, if it can be read.
    agent_name: Option<String>,
    /// The name of the tool; null if it is an output that waits.
    #[schema(value_type = Option<String>)]
    tool: Option<Arc<str>>,
    /// Of an output: the name of the guardrail that refuses it.
    #[schema(value_type = Option<String>)]
    guardrail: Option<Arc<str>>,
    /// Whether it is a request for input, of the server that does a call of the tool as a task.
    asks_input: bool,
    /// What the model wants to give the tool, or the output. Of a request for input, its `message`, and its `form`: a JSON
    /// Schema of the object that answers it.
    #[schema(value_type = Shown)]
    arguments: Shown<'static>,
    /// Their hash, which a decision names.
    #[schema(value_type = String)]
    arguments_hash: Arc<str>,
    requested_at: Time,
    /// When it is refused if nobody has decided; null for when its execution ends.
    expires_at: Option<Time>,
    /// Whether it can be decided on: nobody has, and its node has not ended.
    is_open: bool,
    /// What was decided.
    decided: Option<DecidedView>,
}

/// What was decided on a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApprovalDecided)]
pub(crate) struct DecidedView {
    decision: VerdictName,
    /// Whether the call has other arguments than those that the model wanted.
    is_edited: bool,
    #[schema(value_type = Option<String>)]
    comment: Option<Arc<str>>,
    by: ActorView<'static>,
    at: Time,
}

/// What people call the flow and the agent of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) flow: Option<String>,
    pub(crate) agent: Option<String>,
}

impl ApprovalView {
    pub(crate) fn new(
        execution: &Execution,
        node: NodeIndex,
        approval: &Approval,
        names: Names,
        room: &mut Room,
    ) -> Self {
        let of = execution.graph().node(node);
        let id = id_of_call(execution, node, &approval.step);
        let arguments = room.owned(approval.arguments.clone(), Place::Approval(&id));
        let is_open = approval.is_open() && !execution.node(node).is_ended();
        let is_of_output = is_of_output(&approval.step);
        let name = |is_meant: bool| is_meant.then(|| Arc::clone(&approval.tool));
        Self {
            execution_id: execution.id(),
            flow_id: execution.accepted().flow,
            flow_name: names.flow,
            node_id: of.id.clone(),
            node_name: of.name.to_string(),
            agent_name: names.agent,
            tool: name(!is_of_output),
            guardrail: name(is_of_output),
            asks_input: approval.input.is_some(),
            arguments,
            arguments_hash: Arc::clone(&approval.hash),
            requested_at: approval.requested_at.into(),
            expires_at: approval.expires_at.map(Into::into),
            is_open,
            decided: approval.decided.as_ref().map(|decided| {
                let view = DecidedView::from(decided);
                DecidedView { is_edited: view.is_edited && approval.input.is_none(), ..view }
            }),
            id,
        }
    }
}

impl From<&Decided> for DecidedView {
    fn from(decided: &Decided) -> Self {
        Self {
            decision: VerdictName::of(&decided.verdict),
            is_edited: matches!(&decided.verdict, Verdict::Approved { arguments: Some(_) }),
            comment: decided.comment.clone(),
            by: ActorView::owned(&decided.by),
            at: decided.at.into(),
        }
    }
}

/// Returns the id of the approval of a call: its idempotency key.
pub(crate) fn id_of_call(execution: &Execution, node: NodeIndex, step: &StepKey) -> String {
    format!("{}:{}:{step}", execution.id(), execution.graph().node(node).id)
}
