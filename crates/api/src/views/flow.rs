//! Flows as answers show them, and the document as it is stored.

use serde::{Deserialize, Serialize};
use serde_json::Number;
use steadflow_core::flow::Flow;
use steadflow_core::ids::FlowId;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Seconds;
use steadflow_store::{ExecutionCounts, FlowRecord, FlowVersionRecord};
use utoipa::ToSchema;

use super::wire::{FlowStatusName, Time};
use crate::problem::{Problem, ProblemKind};

/// A flow document with every key set; the `flow_definition` as it came in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FlowDocument {
    pub(crate) name: String,
    description: String,
    pub(crate) category: Option<String>,
    tags: Vec<String>,
    pub(crate) is_template: bool,
    retry_on_failure: bool,
    #[schema(minimum = 0, maximum = 10)]
    retry_count: u32,
    #[schema(value_type = Option<f64>)]
    timeout_seconds: Option<Number>,
    #[schema(minimum = 1)]
    max_concurrent_executions: Option<u32>,
    context_id_template: Option<String>,
    context_type_default: Option<String>,
    #[schema(value_type = super::super::documents::FlowDefinition)]
    flow_definition: Payload,
}

impl From<&Flow> for FlowDocument {
    fn from(flow: &Flow) -> Self {
        let settings = flow.settings.clone();
        Self {
            name: settings.name,
            description: settings.description,
            category: settings.category,
            tags: settings.tags,
            is_template: settings.is_template,
            retry_on_failure: settings.retry_on_failure,
            retry_count: settings.retry_count,
            timeout_seconds: settings.timeout_seconds.and_then(number),
            max_concurrent_executions: settings.max_concurrent_executions,
            context_id_template: settings.context_id_template,
            context_type_default: settings.context_type_default,
            flow_definition: flow.definition.clone(),
        }
    }
}

impl FlowDocument {
    /// Reads a stored document.
    pub(crate) fn stored(document: &Payload) -> Result<Self, Problem> {
        serde_json::from_str(document.as_str()).map_err(|error| {
            Problem::new(ProblemKind::Internal, "A stored flow cannot be read.").caused_by(error.to_string())
        })
    }

    /// Writes it as it is stored.
    pub(crate) fn to_payload(&self) -> Payload {
        let text = serde_json::to_string(self).expect("a flow document has string keys and no failing parts");
        Payload::parse(text).expect("serde_json writes JSON")
    }
}

/// Whole seconds as a whole number, as people write them.
fn number(seconds: Seconds) -> Option<Number> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the bounds are checked beside it"
    )]
    if seconds.0.fract() == 0.0 && (0.0..9e15).contains(&seconds.0) {
        return Some(Number::from(seconds.0 as u64));
    }
    Number::from_f64(seconds.0)
}

/// A flow: its document and what is true of it as a whole.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Flow)]
pub(crate) struct FlowView {
    #[schema(value_type = Uuid)]
    id: FlowId,
    /// The number of its current version.
    version: u32,
    status: FlowStatusName,
    created_at: Time,
    updated_at: Time,
    /// Its executions by status; in the answers for one flow only.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_counts: Option<CountsView>,
    #[serde(flatten)]
    document: FlowDocument,
}

/// A flow's executions by status.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExecutionCounts)]
pub(crate) struct CountsView {
    total: u64,
    completed: u64,
    failed: u64,
    cancelled: u64,
    /// Pending, running and paused ones.
    unfinished: u64,
}

impl From<ExecutionCounts> for CountsView {
    fn from(counts: ExecutionCounts) -> Self {
        let ExecutionCounts { total, completed, failed, cancelled } = counts;
        Self {
            total,
            completed,
            failed,
            cancelled,
            unfinished: total.saturating_sub(completed + failed + cancelled),
        }
    }
}

impl FlowView {
    /// Returns the flow at its current version.
    pub(crate) fn new(record: &FlowRecord, counts: Option<ExecutionCounts>) -> Result<Self, Problem> {
        Ok(Self {
            id: record.id,
            version: record.version,
            status: record.status.into(),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
            execution_counts: counts.map(Into::into),
            document: FlowDocument::stored(&record.document)?,
        })
    }

    /// Returns the flow as it was at an older version.
    pub(crate) fn at_version(self, version: &FlowVersionRecord) -> Result<Self, Problem> {
        let document = FlowDocument::stored(&version.document)?;
        Ok(Self { version: version.version, document, ..self })
    }
}

/// One version of a flow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowVersion)]
pub(crate) struct FlowVersionView {
    version: u32,
    created_at: Time,
    /// Whether it is the one that new executions run on.
    is_current: bool,
    #[serde(flatten)]
    document: FlowDocument,
}

impl FlowVersionView {
    pub(crate) fn new(version: &FlowVersionRecord, current: u32) -> Result<Self, Problem> {
        Ok(Self {
            version: version.version,
            created_at: version.created_at.into(),
            is_current: version.version == current,
            document: FlowDocument::stored(&version.document)?,
        })
    }
}
