//! Flows as answers show them.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use steadflow_core::budget::Budget;
use steadflow_core::execution::FlowVersion;
use steadflow_core::flow::{Document, Fault, Flow};
use steadflow_core::folder::Folder;
use steadflow_core::ids::FlowId;
use steadflow_core::payload::Payload;
use steadflow_core::sensitive::Sensitive;
use steadflow_core::timestamp::Seconds;
use steadflow_runtime::CurrentFlow;
use steadflow_store::{ExecutionCounts, FlowDraftMark, FlowRecord, FlowVersionRecord, StoreError};
use utoipa::ToSchema;

use super::entry::{DamagedVersionView, Entry};
use super::fault::DocumentFault;
use super::wire::{AnyJson, FlowStatusName, Time, ValueTypeName};
use crate::reply::etag;

/// A flow document with every key set; the `flow_definition` as it came in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowDocument)]
pub(crate) struct DocumentView {
    name: String,
    description: String,
    category: Option<String>,
    tags: Vec<String>,
    is_template: bool,
    retry_on_failure: bool,
    #[schema(minimum = 0, maximum = 10)]
    retry_count: u32,
    #[schema(value_type = Option<f64>)]
    timeout_seconds: Option<Seconds>,
    #[schema(minimum = 1)]
    max_concurrent_executions: Option<u32>,
    /// A template over `trigger_data`.
    concurrency_key: Option<String>,
    #[schema(minimum = 1)]
    max_concurrent_per_key: Option<u32>,
    /// A whole number from -10 to 10, or a template over `trigger_data`.
    #[schema(value_type = AnyJson)]
    priority: Option<Value>,
    #[schema(value_type = Option<f64>)]
    debounce_seconds: Option<Seconds>,
    #[schema(value_type = Option<f64>)]
    max_delay_seconds: Option<Seconds>,
    #[schema(value_type = Option<super::super::documents::Budget>)]
    budget: Option<Budget>,
    context_id_template: Option<String>,
    context_type_default: Option<String>,
    #[schema(value_type = Option<super::super::documents::SensitiveData>)]
    sensitive: Option<Sensitive>,
    #[schema(value_type = super::super::documents::FlowDefinition)]
    flow_definition: Payload,
}

impl From<Document> for DocumentView {
    fn from(Document { settings, definition }: Document) -> Self {
        Self {
            name: settings.name,
            description: settings.description,
            category: settings.category,
            tags: settings.tags,
            is_template: settings.is_template,
            retry_on_failure: settings.retry_on_failure,
            retry_count: settings.retry_count,
            timeout_seconds: settings.timeout_seconds,
            max_concurrent_executions: settings.max_concurrent_executions,
            concurrency_key: settings.concurrency_key,
            max_concurrent_per_key: settings.max_concurrent_per_key,
            priority: settings.priority,
            debounce_seconds: settings.debounce_seconds,
            max_delay_seconds: settings.max_delay_seconds,
            budget: settings.budget,
            context_id_template: settings.context_id_template,
            context_type_default: settings.context_type_default,
            sensitive: settings.sensitive,
            flow_definition: definition,
        }
    }
}

impl DocumentView {
    /// Reads the document of a version of a flow, as it is stored.
    fn stored(flow: FlowId, version: u32, document: &Payload) -> Result<Self, StoreError> {
        let document = Document::restore(document).map_err(|error| StoreError::Corrupt {
            what: format!("version {version} of flow {flow}"),
            reason: error.to_string(),
        })?;
        Ok(document.into())
    }
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
    /// Where it is, such as `billing/refunds`; `null` is the top.
    #[schema(value_type = Option<String>)]
    folder: Option<Folder>,
    created_at: Time,
    updated_at: Time,
    /// Who has changed it since without saving a version; `null` without a draft.
    draft: Option<DraftMarkView>,
    /// Its entity tag, as in the header `ETag`: send it as `If-Match` with a change. Older versions have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    etag: Option<String>,
    /// Its executions by status; in the answers for one flow only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    execution_counts: Option<CountsView>,
    /// What the form that starts it asks for; in the answers for one flow only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trigger_input: Option<TriggerInputView>,
    /// What is probably not meant in it; in the answers for one flow only. It does not keep the flow from running.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warnings: Option<Vec<DocumentFault>>,
    #[serde(flatten)]
    document: DocumentView,
}

/// That a flow has a draft.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DraftMark)]
pub(crate) struct DraftMarkView {
    /// When it was last changed.
    updated_at: Time,
    /// Who changed it last.
    updated_by: String,
}

impl From<&FlowDraftMark> for DraftMarkView {
    fn from(mark: &FlowDraftMark) -> Self {
        Self { updated_at: mark.updated_at.into(), updated_by: mark.updated_by.to_string() }
    }
}

/// The trigger data that a flow asks for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TriggerInput)]
pub(crate) struct TriggerInputView {
    /// The fields that its expressions read, and those of its example.
    fields: Vec<TriggerFieldView>,
    /// Trigger data to try it with: the `example` of its trigger.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    example: Option<AnyJson>,
}

/// A field of the trigger data.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TriggerField)]
pub(crate) struct TriggerFieldView {
    /// The way to it: `["vendor", "id"]` is `id` in the object `vendor`.
    #[schema(min_items = 1)]
    path: Vec<String>,
    /// The type of its values: as in the example, or as its use expects. `any` if neither says.
    #[serde(rename = "type")]
    value_type: ValueTypeName,
    /// The names of the nodes that read it.
    #[schema(value_type = Vec<String>)]
    used_by: Vec<Arc<str>>,
}

impl TriggerInputView {
    fn of(flow: &Flow) -> Self {
        let fields = flow.trigger_fields().iter().map(|field| TriggerFieldView {
            path: field.path.clone(),
            value_type: field.value_type.into(),
            used_by: field.used_by.clone(),
        });
        Self { fields: fields.collect(), example: flow.graph.trigger_example().map(Into::into) }
    }
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

/// A flow in a list.
pub(crate) type FlowEntry = Entry<FlowView>;

impl FlowView {
    /// Returns the flow at its current version as lists show it.
    pub(crate) fn new(record: &FlowRecord) -> Result<Self, StoreError> {
        Ok(Self {
            id: record.id,
            version: record.version,
            status: record.status.into(),
            folder: record.folder.clone(),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
            draft: None,
            etag: Some(etag(record.revision())),
            execution_counts: None,
            trigger_input: None,
            warnings: None,
            document: DocumentView::stored(record.id, record.version, &record.document)?,
        })
    }

    /// Returns the flow with the mark of its draft, if one of the marks is.
    pub(crate) fn marked(self, marks: &[FlowDraftMark]) -> Self {
        let draft = marks.iter().find(|mark| mark.flow == self.id).map(Into::into);
        Self { draft, ..self }
    }

    /// Returns the flow at its current version as it is shown alone, with the warnings about this version.
    pub(crate) fn alone(
        flow: &CurrentFlow,
        counts: ExecutionCounts,
        warnings: Vec<Fault>,
    ) -> Result<Self, StoreError> {
        let view = Self::new(&flow.record)?;
        let trigger_input = Some(TriggerInputView::of(&flow.version.flow));
        let warnings = Some(warnings.into_iter().map(Into::into).collect());
        Ok(Self { execution_counts: Some(counts.into()), trigger_input, warnings, ..view })
    }

    /// Returns the flow as it was at an older version, with the warnings about that one.
    pub(crate) fn at_version(self, version: &FlowVersion, warnings: Vec<Fault>) -> Self {
        Self {
            version: version.version,
            etag: None,
            trigger_input: Some(TriggerInputView::of(&version.flow)),
            warnings: Some(warnings.into_iter().map(Into::into).collect()),
            document: Document::of(&version.flow).into(),
            ..self
        }
    }
}

/// A version of a flow in a list.
pub(crate) type FlowVersionEntry = Entry<FlowVersionView, DamagedVersionView>;

/// One version of a flow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowVersion)]
pub(crate) struct FlowVersionView {
    version: u32,
    created_at: Time,
    /// Whether it is the one that new executions run on.
    is_current: bool,
    /// What somebody has written about it when it was saved.
    note: Option<String>,
    #[serde(flatten)]
    document: DocumentView,
}

impl FlowVersionView {
    pub(crate) fn new(version: &FlowVersionRecord, current: u32) -> Result<Self, StoreError> {
        Ok(Self {
            version: version.version,
            created_at: version.created_at.into(),
            is_current: version.version == current,
            note: version.note.clone(),
            document: DocumentView::stored(version.flow, version.version, &version.document)?,
        })
    }
}
