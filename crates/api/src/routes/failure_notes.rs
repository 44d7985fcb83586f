//! What people note about failure groups: who cares for one, that it is muted, that it is resolved.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Deserializer, Serialize};
use steadflow_core::execution::last_error;
use steadflow_core::ids::{FlowId, PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::{Fixed, GroupChange, GroupId, GroupNotes, Mute};
use steadflow_store::{Page, PrincipalKind};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::executions::flow_names;
use crate::app::App;
use crate::authorized::{Authorized, ControlExecutions, OfFlows, ViewExecutions};
use crate::json::Json;
use crate::path::PathFailures;
use crate::people::RequestPrincipal;
use crate::problem::{Problem, ProblemBody};
use crate::reply;
use crate::views::event::ActorView;
use crate::views::wire::Time;

/// How many people are offered.
const PEOPLE_MAX: usize = 1_000;
/// How many groups that somebody cares for are listed. The studio asks for them often, and each is looked up.
const ASSIGNED_MAX: usize = 100;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(note_failures))
        .routes(routes!(list_assigned_failures))
        .routes(routes!(list_assignees))
}

/// Whether a failure group asks for something.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FailureState)]
pub(crate) enum FailureState {
    /// It does.
    #[default]
    Open,
    /// It is not shown for a while.
    Muted,
    /// It is done with, until it fails in a later version.
    Resolved,
}

/// What is noted about a failure group.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = FailureNotes)]
pub(crate) struct NotesView {
    state: FailureState,
    /// Who cares for it.
    assigned_to: Option<AssigneeView>,
    /// With `muted`: until when, unless it is until it fails in a later version.
    muted_until: Option<Time>,
    /// With `muted` or `resolved`: it opens again when it fails in a version after this one.
    after_version: Option<u32>,
    /// Who has muted or resolved it.
    by: Option<ActorView<'static>>,
    /// When.
    at: Option<Time>,
}

/// Somebody who can care for failures.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Assignee)]
pub(crate) struct AssigneeView {
    id: Uuid,
    name: String,
}

impl From<&GroupNotes> for NotesView {
    fn from(notes: &GroupNotes) -> Self {
        let assigned_to =
            notes.assigned.as_ref().map(|to| AssigneeView { id: to.to.uuid(), name: to.name.to_string() });
        if let Some(resolved) = &notes.resolved {
            return Self {
                state: FailureState::Resolved,
                assigned_to,
                muted_until: None,
                after_version: Some(resolved.after_version),
                by: Some(ActorView::owned(&resolved.by)),
                at: Some(resolved.at.into()),
            };
        }
        let Some(muted) = &notes.muted else { return Self { assigned_to, ..Self::default() } };
        Self {
            state: FailureState::Muted,
            assigned_to,
            muted_until: muted.until.map(Into::into),
            after_version: muted.after_version,
            by: Some(ActorView::owned(&muted.by)),
            at: Some(muted.at.into()),
        }
    }
}

/// What to note about a failure group. What is left out stays, and null takes it back.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChangeFailureNotes)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NotesBody {
    /// Who cares for it: the ID of a person, from `GET …/failures/assignees`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    assigned_to: Option<Option<PrincipalId>>,
    /// For how long it is not shown.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<MuteBody>)]
    muted: Option<Option<MuteBody>>,
    /// Which version mends it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<FixedName>)]
    resolved: Option<Option<FixedName>>,
}

/// Tells null from what is left out.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// For how long a failure group is muted.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MuteFailures)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct MuteBody {
    /// Until this moment; unless given, until it fails in a version after the current one.
    #[schema(value_type = Option<Time>)]
    until: Option<String>,
}

/// Which version mends what failed.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FixedIn)]
pub(crate) enum FixedName {
    /// It opens again when it fails in the current version or a later one.
    InCurrent,
    /// It opens again when it fails in a version after the current one.
    InNext,
}

/// Notes something about a failure group: who cares for it, that it is muted for a while, or that a version mends it.
#[utoipa::path(patch, path = "/api/v1/studio/flows/{id}/failures/{fingerprint}", tag = "retries",
    params(("id" = Uuid, Path, description = "The flow"), ("fingerprint" = String, Path, description = "The group")),
    request_body = NotesBody,
    responses((status = 200, description = "What is noted then", body = NotesView),
              (status = 409, description = "Too much is noted", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn note_failures(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions>,
    PathFailures(flow, fingerprint): PathFailures,
    body: Json<NotesBody>,
) -> Result<Response, Problem> {
    let NotesBody { assigned_to, muted, resolved } = body.value;
    let assigned = match assigned_to {
        None => None,
        Some(None) => Some(None),
        Some(Some(id)) => Some(Some((id, assignee(&app, caller.tenant, id).await?))),
    };
    let change = GroupChange {
        assigned,
        muted: muted.map(|mute| mute.map(|mute| mute_of(&app, &mute)).transpose()).transpose()?,
        resolved: resolved.map(|fixed| {
            fixed.map(|fixed| match fixed {
                FixedName::InCurrent => Fixed::InCurrent,
                FixedName::InNext => Fixed::InNext,
            })
        }),
    };
    let group = GroupId { flow, fingerprint };
    let notes = app.engine().note_failures(&caller, &group, change).await?;
    Ok(reply::ok(&NotesView::from(&notes)))
}

fn mute_of(app: &App, body: &MuteBody) -> Result<Mute, Problem> {
    let Some(text) = &body.until else { return Ok(Mute::NextVersion) };
    let until = Timestamp::parse(text).ok().filter(|until| *until > app.engine().wall());
    until.map(Mute::Until).ok_or_else(|| {
        let detail = "`muted.until` must be a moment to come in RFC 3339, such as 2026-11-23T10:00:00Z.";
        Problem::of_body("/muted/until", detail)
    })
}

/// Returns what somebody is called who can care for failures.
async fn assignee(app: &App, tenant: TenantId, id: PrincipalId) -> Result<Arc<str>, Problem> {
    let found = app.engine().store().principal(tenant, id).await?;
    let found = found.filter(|found| found.kind == PrincipalKind::Person && found.disabled_at.is_none());
    found.map(|found| found.name).ok_or_else(|| {
        let detail = format!("`assigned_to` must be the ID of a person who can sign in, and {id} is none.");
        Problem::of_body("/assigned_to", detail)
    })
}

/// A failure group that somebody cares for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssignedFailures {
    #[schema(value_type = Uuid)]
    flow_id: FlowId,
    flow_name: Option<String>,
    fingerprint: String,
    /// The last error of the newest of them.
    message: String,
    last_seen: Time,
    assigned_at: Time,
}

/// Lists the open failure groups that are assigned to who asks, the newest failure first: of those assigned last, at most 100.
#[utoipa::path(get, path = "/api/v1/studio/failures/assigned", tag = "retries",
    responses((status = 200, description = "The groups", body = [AssignedFailures])))]
pub(crate) async fn list_assigned_failures(
    State(app): State<App>,
    Authorized(caller, reach): Authorized<ViewExecutions, OfFlows>,
    RequestPrincipal(principal): RequestPrincipal,
) -> Result<Response, Problem> {
    let Some(principal) = principal else { return Ok(reply::ok(&Vec::<AssignedFailures>::new())) };
    let is_own = |notes: &GroupNotes| notes.assigned.as_ref().is_some_and(|to| to.to == principal.id);
    let noted = app.engine().failure_notes(caller.tenant, &[]).await?;
    let mut own: Vec<_> = noted.into_iter().filter(|(_, notes)| is_own(notes)).collect();
    own.sort_by_key(|(_, notes)| std::cmp::Reverse(notes.assigned.as_ref().map(|assigned| assigned.at)));
    let own: Vec<GroupId> = own.into_iter().map(|(id, _)| id).take(ASSIGNED_MAX).collect();
    let noted = app.engine().failure_notes(caller.tenant, &own).await?;
    let names = flow_names(&app, caller.tenant, own.iter().map(|group| group.flow)).await;
    let mut all = Vec::new();
    for group in own {
        let Some(notes) = noted.get(&group).filter(|notes| notes.is_open()) else { continue };
        let folder = app.engine().current_flow(caller.tenant, group.flow).await;
        let folder = folder.ok().and_then(|flow| flow.record.folder.clone());
        if reach.within.as_ref().is_some_and(|within| !within.include(folder.as_ref())) {
            continue;
        }
        let newest = app.engine().newest_failures(caller.tenant, &group, 1).await?;
        let (Some(newest), Some(assigned)) = (newest.first(), &notes.assigned) else { continue };
        all.push(AssignedFailures {
            flow_id: group.flow,
            flow_name: names.get(&group.flow).cloned(),
            fingerprint: group.fingerprint.to_string(),
            message: newest.error_message.as_deref().map_or("", last_error).to_owned(),
            last_seen: newest.completed_at.unwrap_or(newest.created_at).into(),
            assigned_at: assigned.at.into(),
        });
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.last_seen.moment()));
    Ok(reply::ok(&all))
}

/// Lists the people who can care for failures, by name. Nobody where nobody signs in.
#[utoipa::path(get, path = "/api/v1/studio/failures/assignees", tag = "retries",
    responses((status = 200, description = "The people", body = [AssigneeView])))]
pub(crate) async fn list_assignees(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ControlExecutions, OfFlows>,
    RequestPrincipal(principal): RequestPrincipal,
) -> Result<Response, Problem> {
    if principal.is_none() {
        return Ok(reply::ok(&Vec::<AssigneeView>::new()));
    }
    let page = Page { before: None, limit: PEOPLE_MAX };
    let all = app.engine().store().principals(caller.tenant, page).await?;
    let can = all
        .into_iter()
        .flatten()
        .filter(|one| one.kind == PrincipalKind::Person && one.disabled_at.is_none());
    let mut people: Vec<AssigneeView> =
        can.map(|one| AssigneeView { id: one.id.uuid(), name: one.name.to_string() }).collect();
    people.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(reply::ok(&people))
}
