//! What a person with a link is shown: what is needed to decide, and nothing else of the execution.

use std::sync::Arc;

use serde::Serialize;
use steadflow_core::approval::{Approval, Subject};
use steadflow_core::decision_link::DecisionLink;
use steadflow_core::execution::Execution;
use steadflow_core::ids::NodeIndex;
use steadflow_core::payload::Payload;
use steadflow_core::transcript::decided_on;
use utoipa::ToSchema;

use super::approval::{DecidedView, Names, form_of};
use super::wire::{AnyJson, SubjectName, Time};

/// A link to decide with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionLink)]
pub(crate) struct LinkView {
    /// Where the link leads. Anyone who has it can decide until it expires, so it is a secret.
    #[schema(format = "uri")]
    pub(crate) url: String,
    pub(crate) expires_at: Time,
}

/// What a person with a link decides on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub(crate) struct DecisionView {
    subject: SubjectName,
    /// The flow's present name.
    flow_name: Option<String>,
    node_name: String,
    /// The name of the agent that asks, if one does and can be read.
    agent_name: Option<String>,
    /// The name of the tool; null if an output or a node waits.
    #[schema(value_type = Option<String>)]
    tool: Option<Arc<str>>,
    /// Of an output: the name of the guardrail that refuses it.
    #[schema(value_type = Option<String>)]
    guardrail: Option<Arc<str>>,
    /// What the model wants to give the tool, the output, or the input of the node, whole. Of a request for input, its
    /// `message` and its `form`.
    #[schema(value_type = AnyJson)]
    arguments: Payload,
    /// The JSON Schema of the object that a person fills in: of a request for input, and of a node that has one; else null.
    #[schema(value_type = AnyJson)]
    form: Option<Payload>,
    /// The hash of the arguments, which a decision names.
    #[schema(value_type = String)]
    arguments_hash: Arc<str>,
    requested_at: Time,
    /// When it is refused if nobody has decided; null for when its execution ends.
    expires_at: Option<Time>,
    /// When the link ends.
    link_expires_at: Time,
    /// Whom the link was made for.
    #[schema(value_type = Option<String>)]
    made_for: Option<Arc<str>>,
}

/// What became of a decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionTaken)]
pub(crate) struct DecisionTakenView {
    /// What was decided; null where another process drives the execution and has yet to take it in.
    decided: Option<DecidedView>,
}

impl DecisionView {
    pub(crate) fn new(
        execution: &Execution,
        node: NodeIndex,
        approval: &Approval,
        names: Names,
        link: DecisionLink,
    ) -> Self {
        let subject = decided_on(&approval.step);
        let name = |is_meant: bool| is_meant.then(|| Arc::clone(&approval.tool));
        Self {
            flow_name: names.flow,
            node_name: execution.graph().node(node).name.to_string(),
            agent_name: names.agent,
            tool: name(matches!(subject, Subject::Tool | Subject::Input)),
            guardrail: name(subject == Subject::Output),
            arguments: approval.arguments.clone(),
            form: form_of(execution, node, approval),
            arguments_hash: Arc::clone(&approval.hash),
            requested_at: approval.requested_at.into(),
            expires_at: approval.expires_at.map(Into::into),
            link_expires_at: link.expires_at.into(),
            made_for: link.made_for,
            subject: subject.into(),
        }
    }
}

impl DecisionTakenView {
    pub(crate) fn new(approval: &Approval) -> Self {
        let subject = decided_on(&approval.step);
        Self { decided: approval.decided.as_ref().map(|decided| DecidedView::new(decided, subject)) }
    }
}
