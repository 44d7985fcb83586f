//! Which executions a bulk operation is about: what lists can be asked for, too.

use std::sync::Arc;

use serde::Deserialize;
use steadflow_core::execution::{ExecutionStatus, Wait};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{FlowId, NodeId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::ExecutionFilter;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::query::TEXT_CHARS_MAX;
use crate::views::node::WaitingFor;
use crate::views::wire::{ErrorClassName, ExecutionStatusName, Time};

/// Which executions. Every key that is given must fit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct BulkFilter {
    #[schema(value_type = Option<Uuid>)]
    flow_id: Option<FlowId>,
    /// In one of these statuses; unless given, in those that the operation is for.
    #[schema(value_type = Option<Vec<ExecutionStatusName>>)]
    status: Option<Vec<ExecutionStatus>>,
    /// Waiting out a backoff, or not.
    retrying: Option<bool>,
    /// Waiting for this, where nothing goes on until it comes.
    #[schema(value_type = Option<WaitingFor>)]
    waiting_for: Option<Arc<str>>,
    #[schema(value_type = Option<ErrorClassName>)]
    error_class: Option<ErrorClass>,
    /// Whose failure this node caused.
    #[schema(value_type = Option<String>, max_length = 200)]
    node: Option<Arc<str>>,
    #[schema(value_type = Option<String>, max_length = 200)]
    fingerprint: Option<Arc<str>>,
    /// With exactly this context id.
    #[schema(value_type = Option<String>, max_length = 200)]
    context_id: Option<Arc<str>>,
    /// With this text in the id (as a prefix), the context id or the error message.
    #[schema(value_type = Option<String>, max_length = 200)]
    q: Option<Arc<str>>,
    /// Accepted at or after.
    #[schema(value_type = Option<Time>)]
    start_date: Option<String>,
    /// Accepted before.
    #[schema(value_type = Option<Time>)]
    end_date: Option<String>,
}

impl BulkFilter {
    /// Returns it for an operation that is for executions in one of `statuses`; in those of `default`, unless it says.
    pub(in crate::routes) fn into_filter(
        self,
        default: &[ExecutionStatus],
        statuses: &[ExecutionStatus],
    ) -> Result<ExecutionFilter, Problem> {
        Ok(ExecutionFilter {
            flow: self.flow_id,
            statuses: self.status.map_or_else(|| Ok(default.to_vec()), |asked| some_of(asked, statuses))?,
            retrying: self.retrying,
            waiting_for: self.waiting_for.as_deref().map(wait).transpose()?,
            error_class: self.error_class,
            failed_node: bounded("node", self.node)?.map(NodeId::new),
            fingerprint: bounded("fingerprint", self.fingerprint)?,
            context_id: bounded("context_id", self.context_id)?,
            text: bounded("q", self.q)?,
            from: self.start_date.map(|text| moment("start_date", &text)).transpose()?,
            to: self.end_date.map(|text| moment("end_date", &text)).transpose()?,
            ..ExecutionFilter::default()
        })
    }
}

fn some_of(
    asked: Vec<ExecutionStatus>,
    statuses: &[ExecutionStatus],
) -> Result<Vec<ExecutionStatus>, Problem> {
    if !asked.is_empty() && asked.iter().all(|status| statuses.contains(status)) {
        return Ok(asked);
    }
    let names: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
    let detail = format!("`filter.status` must have some of {}: this is not for others.", names.join(", "));
    Err(Problem::of_body("/filter/status", detail))
}

fn wait(given: &str) -> Result<&'static str, Problem> {
    Wait::NAMES.into_iter().find(|name| *name == given).ok_or_else(|| {
        let detail = format!("`filter.waiting_for` must be one of {}.", Wait::NAMES.join(", "));
        Problem::of_body("/filter/waiting_for", detail)
    })
}

/// Refuses a text that no list could be asked with either.
fn bounded(key: &str, text: Option<Arc<str>>) -> Result<Option<Arc<str>>, Problem> {
    if text.as_ref().is_none_or(|text| text.chars().count() <= TEXT_CHARS_MAX) {
        return Ok(text);
    }
    let detail = format!("`filter.{key}` must be a text of at most {TEXT_CHARS_MAX} characters.");
    Err(Problem::of_body(format!("/filter/{key}"), detail))
}

fn moment(key: &str, text: &str) -> Result<Timestamp, Problem> {
    Timestamp::parse(text).map_err(|_| {
        let detail = format!("`filter.{key}` must be a moment in RFC 3339, such as 2026-11-23T10:00:00Z.");
        Problem::of_body(format!("/filter/{key}"), detail)
    })
}
