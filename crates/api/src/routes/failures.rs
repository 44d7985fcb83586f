//! Failed executions that are alike.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use steadflow_core::execution::last_error;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::GroupId;
use steadflow_store::{FailureGroup, FailureQuery};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::executions::flow_names;
use super::failure_notes::NotesView;
use crate::app::App;
use crate::authorized::{Authorized, OfFlows, ViewExecutions};
use crate::problem::Problem;
use crate::query::{FromParams, Params, Query};
use crate::reply;
use crate::views::entry::{Entry, entries};
use crate::views::wire::{ErrorClassName, Time};

const GROUPS_MAX: usize = 100;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_failures))
}

/// Which failures to group.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FailuresQuery {
    /// Of this flow.
    #[param(value_type = Option<Uuid>)]
    flow_id: Option<FlowId>,
    /// Ended at or after.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Ended before.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

impl FromParams for FailuresQuery {
    fn from_params(params: &mut Params) -> Self {
        Self { flow_id: params.flow("flow_id"), from: params.time("from"), to: params.time("to") }
    }
}

/// Failed executions that have flow, node, error class and normalised message in common.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailureGroup)]
pub(crate) struct GroupView<'a> {
    /// Give it as `fingerprint` to lists and to the bulk retry.
    fingerprint: &'a str,
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    flow_name: Option<&'a str>,
    /// The node that failed; null for a timeout of the flow.
    node_id: Option<&'a str>,
    error_class: Option<ErrorClassName>,
    /// The last error of the newest of them, as it was.
    message: &'a str,
    /// What their messages have in common: the message with numbers and ids taken out.
    pattern: &'a str,
    count: u64,
    /// How many of them were never retried by hand.
    open: u64,
    /// How many of them were retried by hand.
    retried: u64,
    /// How many of them were retried by hand, and one of their retries completed.
    recovered: u64,
    first_seen: Time,
    last_seen: Time,
    /// How long each bucket is, in seconds.
    bucket_seconds: u64,
    /// How many ended when: equal spans, the same for all groups, from `from` or the first failure to `to` or now.
    /// They begin at multiples of their length, so the first and the last may reach beyond what was asked.
    #[schema(max_items = 32)]
    buckets: Vec<FailureBucket>,
    /// Some of them, newest first.
    #[schema(value_type = Vec<Uuid>)]
    execution_ids: &'a [ExecutionId],
    /// What people have noted about it.
    notes: NotesView,
}

/// A group in a list; a damaged one is named by its newest execution.
type GroupEntry<'a> = Entry<GroupView<'a>>;

/// How many failed in a span of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureBucket {
    start: Time,
    count: u64,
}

/// Groups failed executions by fingerprint, the largest group first, at most 100 groups.
#[utoipa::path(get, path = "/api/v1/studio/failures", tag = "retries", params(FailuresQuery),
    responses((status = 200, description = "The groups", body = [GroupEntry])))]
pub(crate) async fn list_failures(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ViewExecutions, OfFlows>,
    Query(query): Query<FailuresQuery>,
) -> Result<Response, Problem> {
    app.engine().show().await?;
    let FailuresQuery { flow_id: flow, from, to } = query;
    let query = FailureQuery {
        tenant: caller.tenant,
        flow,
        folders: reach.within,
        from,
        to,
        now: app.now(),
        limit: GROUPS_MAX,
    };
    let groups = app.engine().store().failures(query).await?;
    let names = flow_names(&app, caller.tenant, groups.iter().flatten().map(|group| group.flow)).await;
    let ids: Vec<GroupId> = groups.iter().flatten().map(id_of).collect();
    let noted = app.engine().failure_notes(caller.tenant, &ids).await?;
    let view = |group| {
        let notes = noted.get(&id_of(group)).map(NotesView::from).unwrap_or_default();
        Ok(view_of(group, names.get(&group.flow).map(String::as_str), notes))
    };
    Ok(reply::ok(&entries(app.metrics(), &groups, view)))
}

fn id_of(group: &FailureGroup) -> GroupId {
    GroupId { flow: group.flow, fingerprint: Arc::clone(&group.fingerprint.id) }
}

fn view_of<'a>(group: &'a FailureGroup, flow_name: Option<&'a str>, notes: NotesView) -> GroupView<'a> {
    GroupView {
        fingerprint: &group.fingerprint.id,
        flow_id: group.flow,
        flow_name,
        node_id: group.fingerprint.node.as_ref().map(|node| node.as_str()),
        error_class: group.fingerprint.class.map(Into::into),
        message: group.message.as_deref().map_or(&*group.fingerprint.message, last_error),
        pattern: &group.fingerprint.message,
        count: group.count,
        open: group.count.saturating_sub(group.retried),
        retried: group.retried,
        recovered: group.recovered,
        first_seen: group.first_seen.into(),
        last_seen: group.last_seen.into(),
        bucket_seconds: group.buckets.width.as_secs(),
        buckets: group
            .buckets
            .iter()
            .map(|(start, count)| FailureBucket { start: start.into(), count })
            .collect(),
        execution_ids: &group.executions,
        notes,
    }
}
