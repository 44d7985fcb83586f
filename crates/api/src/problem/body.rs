//! What a problem looks like on the wire.

use serde::Serialize;
use steadflow_core::flow::Fault;
use utoipa::ToSchema;

use crate::views::execution_error::ErrorView;
use crate::views::fault::DocumentFault;
use crate::views::usage::UsageView;
use crate::views::verdict::VerdictView;

/// What a problem looks like on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Which kind of problem; a stable address on the page that explains it.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/docs/problems#flow-invalid")]
    pub(super) kind: String,
    /// The kind in a few words.
    pub(super) title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub(super) status: u16,
    /// What happened and what to do, as a sentence.
    pub(super) detail: &'a str,
    /// What is wrong with a document, place by place.
    #[serde(skip_serializing_if = "slice_is_empty")]
    #[schema(value_type = Option<Vec<DocumentFault>>, nullable = false)]
    pub(super) errors: &'a [Fault],
    /// With `version-conflict`: what is current instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) current: Option<CurrentView>,
    /// Where a skill failed: why, and what the service said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) error: Option<&'a ErrorView>,
    /// Where a skill failed: what the call used nevertheless.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) usage: Option<&'a UsageView>,
    /// Where a skill failed: what judges said.
    #[serde(skip_serializing_if = "slice_is_empty")]
    #[schema(value_type = Option<Vec<VerdictView>>, nullable = false)]
    pub(super) verdicts: &'a [VerdictView],
}

/// The current state of a flow or an agent, which is not the one that a change was made to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CurrentView {
    pub(super) version: u32,
    /// Its entity tag, for `If-Match`.
    #[schema(example = "\"3-active\"")]
    pub(super) etag: String,
}

const fn slice_is_empty<T>(slice: &&[T]) -> bool {
    slice.is_empty()
}
