//! Event streams: what changes, as it is committed.

use std::str::FromStr;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_store::{ExecutionFilter, Lineage, Page};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::executions::flow_names;
use crate::app::App;
use crate::authorized::{Authorized, OfFlows, ViewExecutions};
use crate::client_address::ClientAddress;
use crate::heavy::{NODES_AT_ONCE, RECORDS_AT_ONCE};
use crate::path::PathId;
use crate::problem::{Problem, ProblemKind};
use crate::query::{FromParams, Params, Query};
use crate::sse;
use crate::views::message::{ExecutionStream, ListMessage, ListStream};
use crate::views::row::RowView;
use crate::watch::{Follower, Sources, copy_bytes};

/// Executions in the snapshot of the stream of all.
const SNAPSHOT_ROWS: usize = 100;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(follow_execution)).routes(routes!(follow_executions))
}

/// Streams an execution until it has ended: a `snapshot`, then each record of its journal as it is committed.
///
/// A record is a `journal` message for each event, a `node` message for each node that it changed, and at last an
/// `execution` message. The id of the snapshot and of an `execution` message is the number of the last record. With
/// `Last-Event-ID` the stream continues after that record, without a gap and without a snapshot; where there is no such
/// record, it begins with a snapshot.
///
/// A client that does not read for ten seconds receives a `resync` message with the number of records that are left out,
/// and then a snapshot.
#[utoipa::path(get, path = "/api/v1/studio/executions/{id}/events", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution"),
           ("Last-Event-ID" = Option<u64>, Header, description = "The id of the last message that arrived")),
    responses((status = 200, description = "The messages", body = ExecutionStream, content_type = "text/event-stream")))]
pub(crate) async fn follow_execution(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewExecutions>,
    address: ClientAddress,
    PathId(id): PathId<ExecutionId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let detail = "The header Last-Event-ID must be the id of an event of this stream, which is a number.";
    let last_seen = last_event_id(&headers, detail)?;
    let changes = app.engine().follow(id);
    let snapshot = app.engine().execution(caller.tenant, id).await?;
    let room = app.copies(address).room(copy_bytes(&snapshot.execution))?;
    let end = app.streams_end();
    let sources = Sources { app: app.clone(), tenant: caller.tenant, id, changes, end };
    let is_long =
        snapshot.execution.nodes().len() > NODES_AT_ONCE || snapshot.journal_bytes() > RECORDS_AT_ONCE;
    let begin = || Follower::begin(sources, room, &snapshot, last_seen);
    let (follower, first) = app.heavy_turns().view(is_long, begin).await?;
    sse::stream(app.backlog(address), first, follower)
}

/// Returns the id that a client names of a stream; `detail` says what such an id is.
pub(super) fn last_event_id<T: FromStr>(
    headers: &HeaderMap,
    detail: &'static str,
) -> Result<Option<T>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| Problem::new(ProblemKind::InvalidParameter, detail))
}

/// Whose executions to follow.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FollowQuery {
    /// Of this flow.
    #[param(value_type = Option<Uuid>)]
    flow_id: Option<FlowId>,
}

impl FromParams for FollowQuery {
    fn from_params(params: &mut Params) -> Self {
        Self { flow_id: params.flow("flow_id") }
    }
}

/// Streams all executions: a `snapshot` of the latest hundred, then an `execution` message for each that changed, at most
/// ten a second of one execution.
///
/// Where more than a hundred changed within 100 ms, or after a gap, a `resync` message has the number of changes that
/// were left out, at most once a second: read the list again.
#[utoipa::path(get, path = "/api/v1/studio/events", tag = "executions", params(FollowQuery),
    responses((status = 200, description = "The messages", body = ListStream, content_type = "text/event-stream")))]
pub(crate) async fn follow_executions(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ViewExecutions, OfFlows>,
    address: ClientAddress,
    Query(FollowQuery { flow_id }): Query<FollowQuery>,
) -> Result<Response, Problem> {
    let filter = ExecutionFilter {
        tenant: Some(caller.tenant),
        flow: flow_id,
        folders: reach.within,
        ..ExecutionFilter::default()
    };
    let listener = app.feed().listen(caller.tenant, flow_id, filter.folders.clone(), app.streams_end());
    let snapshot = snapshot_of(&app, caller.tenant, filter).await?;
    sse::stream(app.backlog(address), snapshot, listener)
}

async fn snapshot_of(app: &App, tenant: TenantId, filter: ExecutionFilter) -> Result<String, Problem> {
    let filter = ExecutionFilter { lineage: Some(Lineage::Root), ..filter };
    let rows = app.engine().executions(filter, Page { before: None, limit: SNAPSHOT_ROWS }).await?;
    let names = flow_names(app, tenant, rows.iter().flatten().map(|row| row.flow)).await;
    // What is damaged is in the list, which says so.
    let views = rows
        .iter()
        .flatten()
        .map(|row| RowView::new(row, names.get(&row.flow).map(String::as_str)))
        .collect();
    Ok(ListMessage::Snapshot(views).to_text())
}
