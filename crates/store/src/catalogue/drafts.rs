//! Drafts of flows: what somebody edits, kept with each change, with faults or without.

use std::sync::Arc;

use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;

/// The draft of a flow. A flow has one, which everybody edits.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowDraftRecord {
    /// The flow.
    pub flow: FlowId,
    /// Its tenant.
    pub tenant: TenantId,
    /// What it is known by: each change has a larger one, also after the draft was discarded and begun again.
    pub revision: u64,
    /// The version of the flow that it was begun from.
    pub base_version: u32,
    /// The graph, as JSON: an object, of which nothing else is known.
    pub definition: Payload,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom, for people to read.
    pub updated_by: Arc<str>,
}

/// A change of a draft.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowDraftChange {
    /// The flow.
    pub flow: FlowId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The revision that it replaces; `None` if there must be no draft.
    pub replaces: Option<u64>,
    /// The version of the flow that the draft was begun from.
    pub base_version: u32,
    /// The graph.
    pub definition: Payload,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Arc<str>,
}

impl FlowDraftChange {
    /// Returns the draft after the change: its revision is the time in microseconds, or the next number where the clock went back.
    #[must_use]
    pub fn into_draft(self) -> FlowDraftRecord {
        let Self { flow, tenant, replaces, base_version, definition, at, by } = self;
        let now = u64::try_from(at.as_micros()).unwrap_or_default();
        let revision = now.max(replaces.map_or(1, |before| before + 1));
        FlowDraftRecord { flow, tenant, revision, base_version, definition, updated_at: at, updated_by: by }
    }
}

/// That a flow has a draft, and since when and of whom, without the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowDraftMark {
    /// The flow.
    pub flow: FlowId,
    /// When the draft was last changed.
    pub updated_at: Timestamp,
    /// By whom, for people to read.
    pub updated_by: Arc<str>,
}

impl From<&FlowDraftRecord> for FlowDraftMark {
    fn from(draft: &FlowDraftRecord) -> Self {
        Self { flow: draft.flow, updated_at: draft.updated_at, updated_by: Arc::clone(&draft.updated_by) }
    }
}
