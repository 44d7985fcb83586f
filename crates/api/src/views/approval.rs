//! What waits or waited until a person has decided on it.

use std::sync::Arc;

use serde::Serialize;
use steadflow_core::approval::{Approval, Decided, Subject, Verdict};
use steadflow_core::execution::Execution;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, NodeIndex, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::transcript::decided_on;
use utoipa::ToSchema;

use super::event::ActorView;
use super::shown::{Place, Room, Shown};
use super::wire::{SubjectName, Time, VerdictName};

/// What waits or waited for a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
pub(crate) struct ApprovalView {
    /// The idempotency key of the call; of an approval node, its execution, its id and `approval:` with a number.
    id: String,
    subject: SubjectName,
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
    /// The name of the tool; null if an output or a node waits.
    #[schema(value_type = Option<String>)]
    tool: Option<Arc<str>>,
    /// Of an output: the name of the guardrail that refuses it.
    #[schema(value_type = Option<String>)]
    guardrail: Option<Arc<str>>,
    /// What the model wants to give the tool, the output, or the input of the node. Of a request for input, its `message` and
    /// its `form`.
    #[schema(value_type = Shown)]
    arguments: Shown<'static>,
    /// The JSON Schema of the object that a person fills in: of a request for input, and of a node that has one.
    #[schema(value_type = Shown)]
    form: Option<Shown<'static>>,
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
        let subject = decided_on(&approval.step);
        let form = form_of(execution, node, approval).map(|form| room.owned(form, Place::ApprovalForm(&id)));
        let name = |is_meant: bool| is_meant.then(|| Arc::clone(&approval.tool));
        Self {
            execution_id: execution.id(),
            flow_id: execution.accepted().flow,
            flow_name: names.flow,
            node_id: of.id.clone(),
            node_name: of.name.to_string(),
            agent_name: names.agent,
            tool: name(matches!(subject, Subject::Tool | Subject::Input)),
            guardrail: name(subject == Subject::Output),
            arguments,
            form,
            arguments_hash: Arc::clone(&approval.hash),
            requested_at: approval.requested_at.into(),
            expires_at: approval.expires_at.map(Into::into),
            is_open,
            decided: approval.decided.as_ref().map(|decided| DecidedView::new(decided, subject)),
            subject: subject.into(),
            id,
        }
    }
}

impl DecidedView {
    pub(crate) fn new(decided: &Decided, subject: Subject) -> Self {
        Self {
            decision: VerdictName::of(&decided.verdict),
            is_edited: is_edited(&decided.verdict, subject),
            comment: decided.comment.clone(),
            by: ActorView::owned(&decided.by),
            at: decided.at.into(),
        }
    }
}

/// Returns whether a call has other arguments, or an output is another one, than the model wanted.
pub(crate) fn is_edited(verdict: &Verdict, subject: Subject) -> bool {
    let is_of_model = matches!(subject, Subject::Tool | Subject::Output);
    is_of_model && matches!(verdict, Verdict::Approved { arguments: Some(_) })
}

/// Returns the JSON Schema of what a person fills in.
pub(crate) fn form_of(execution: &Execution, node: NodeIndex, approval: &Approval) -> Option<Payload> {
    match decided_on(&approval.step) {
        Subject::Tool | Subject::Output => None,
        Subject::Input => {
            let asked = approval.arguments.to_value().ok()?;
            asked.get("form").map(Payload::from_value)
        }
        Subject::Node => execution.graph().node(node).kind.room().question()?.form.cloned(),
    }
}

/// Returns the id of the approval of a call: its idempotency key.
pub(crate) fn id_of_call(execution: &Execution, node: NodeIndex, step: &StepKey) -> String {
    format!("{}:{}:{step}", execution.id(), execution.graph().node(node).id)
}
