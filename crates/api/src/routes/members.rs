//! The members of a tenant: people, and the service accounts of programs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_access::{Grantor, Invited, TooMuch};
use steadflow_core::access::Grants;
use steadflow_core::caller::Role;
use steadflow_core::ids::PrincipalId;
use steadflow_store::{PrincipalChange, PrincipalChanged, PrincipalKind, PrincipalRecord};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::invitations::{LinkToJoin, link_to_join};
use crate::app::App;
use crate::authorized::{Authorized, ManageMembers};
use crate::folders::{GrantInput, GrantView, grants_of_body};
use crate::json::Json;
use crate::path::PathId;
use crate::people::{RequestPrincipal, name_of_body, role_of_body};
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::query::{Query, Window};
use crate::reply;
use crate::views::entry::{Entry, entries, id_of};
use crate::views::wire::Time;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_members))
        .routes(routes!(change_member, delete_member))
        .routes(routes!(create_password_link))
}

/// A person, or the service account of a program.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberView {
    id: Uuid,
    /// `person`, or `service` for a program.
    kind: &'static str,
    name: String,
    /// Of a person.
    email: Option<String>,
    /// `none`, `viewer`, `operator`, `editor` or `admin`.
    role: &'static str,
    /// Its roles in folders of flows, beside that one.
    grants: Vec<GrantView>,
    created_at: Time,
    /// Since when it may do nothing.
    disabled_at: Option<Time>,
}

/// A member in a list.
type MemberEntry = Entry<MemberView>;

impl From<&PrincipalRecord> for MemberView {
    fn from(record: &PrincipalRecord) -> Self {
        Self {
            id: record.id.uuid(),
            kind: record.kind.as_str(),
            name: record.name.to_string(),
            email: record.email.as_ref().map(ToString::to_string),
            role: record.role.as_str(),
            grants: record.grants.iter().map(GrantView::from).collect(),
            created_at: record.created_at.into(),
            disabled_at: record.disabled_at.map(Into::into),
        }
    }
}

/// Returns what a change has stored.
pub(super) fn done(id: PrincipalId, changed: PrincipalChanged) -> Result<PrincipalRecord, Problem> {
    match changed {
        PrincipalChanged::Done(record) => Ok(*record),
        PrincipalChanged::Missing => {
            Err(Problem::new(ProblemKind::NoSuchMember, format!("There is no member {id}.")))
        }
        PrincipalChanged::NameTaken => Err(Problem::new(
            ProblemKind::MemberExists,
            "Another service account has this name. Choose another one.",
        )),
        PrincipalChanged::LastAdmin => Err(Problem::new(
            ProblemKind::LastAdmin,
            "This is the last admin, and without one nobody could invite people or change roles. Make somebody else an admin first.",
        )),
    }
}

/// Lists the members, newest first.
#[utoipa::path(get, path = "/api/v1/studio/members", tag = "members", params(Window),
    responses((status = 200, description = "The members; `Link` has the next page", body = [MemberEntry])))]
pub(crate) async fn list_members(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageMembers>,
    Query(window): Query<Window>,
    uri: axum::http::Uri,
) -> Result<Response, Problem> {
    let rows = app.engine().store().principals(caller.tenant, window.page()).await?;
    let page = window.cut(rows, |row| id_of(row, |record| record.id.uuid()));
    let views = entries(app.metrics(), &page.rows, |record| Ok(MemberView::from(record)));
    Ok(page.reply(&uri, &views, page.total()))
}

/// What may be changed of a member.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct MemberPatch {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// `none`, `viewer`, `operator`, `editor` or `admin`.
    role: Option<String>,
    /// Its roles in folders, in place of those that it has.
    #[schema(max_items = 50)]
    grants: Option<Vec<GrantInput>>,
    /// Whether it may do nothing.
    disabled: Option<bool>,
}

/// Changes a member. With the role or whether it is disabled, its sign-ins end.
#[utoipa::path(patch, path = "/api/v1/studio/members/{id}", tag = "members", request_body = MemberPatch,
    params(("id" = Uuid, Path, description = "The member")),
    responses((status = 200, description = "The member", body = MemberView),
              (status = 403, description = "The member could do more than you", body = ProblemBody, content_type = "application/problem+json"),
              (status = 404, description = "There is no such member", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "It is the last admin, or another service account has the name", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn change_member(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageMembers>,
    PathId(id): PathId<PrincipalId>,
    asker: RequestPrincipal,
    body: Json<MemberPatch>,
) -> Result<Response, Problem> {
    let MemberPatch { name, role, grants, disabled } = body.value;
    let role = role.as_deref().map(role_of_body).transpose()?;
    let grants = grants.as_deref().map(grants_of_body).transpose()?;
    may_change(asker.grantor(&caller), role, grants.as_ref(), disabled)?;
    let change = PrincipalChange {
        name: name.as_deref().map(name_of_body).transpose()?,
        role,
        grants,
        is_disabled: disabled,
        at: app.engine().wall(),
        ..PrincipalChange::default()
    };
    let record = done(id, app.people()?.change(caller.tenant, id, change).await?)?;
    Ok(reply::ok(&MemberView::from(&record)))
}

/// Refuses a change after which a member may do more than who makes it.
fn may_change(
    by: Grantor<'_>,
    role: Option<Role>,
    grants: Option<&Grants>,
    disabled: Option<bool>,
) -> Result<(), TooMuch> {
    if let Some(role) = role {
        by.check_unlimited("/role")?;
        by.check_role(role)?;
    }
    if grants.is_some_and(|grants| !grants.is_empty()) {
        by.check_unlimited("/grants")?;
    }
    if disabled == Some(false) { by.check_unlimited("/disabled") } else { Ok(()) }
}

/// Deletes a member with its keys, and ends what it is signed in with. What it has done keeps its name.
#[utoipa::path(delete, path = "/api/v1/studio/members/{id}", tag = "members",
    params(("id" = Uuid, Path, description = "The member")),
    responses((status = 204, description = "It is gone"),
              (status = 404, description = "There is no such member", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "It is the last admin", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete_member(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageMembers>,
    PathId(id): PathId<PrincipalId>,
) -> Result<StatusCode, Problem> {
    done(id, app.people()?.delete(caller.tenant, id).await?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a link with which a person sets a new password. Until then, the present one stays.
#[utoipa::path(post, path = "/api/v1/studio/members/{id}/password-link", tag = "members",
    params(("id" = Uuid, Path, description = "The member")),
    responses((status = 201, description = "The link, which is not shown again", body = LinkToJoin),
              (status = 403, description = "The person may do more than you", body = ProblemBody, content_type = "application/problem+json"),
              (status = 404, description = "There is no such person", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "There are too many open invitations", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create_password_link(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageMembers>,
    PathId(id): PathId<PrincipalId>,
    asker: RequestPrincipal,
) -> Result<Response, Problem> {
    let person = app.engine().store().principal(caller.tenant, id).await?;
    let person = person.filter(|person| person.kind == PrincipalKind::Person);
    let missing = || Problem::new(ProblemKind::NoSuchMember, format!("There is no person {id}."));
    let person = person.ok_or_else(missing)?;
    let invited = Invited { email: person.email, principal: Some(id), ..Invited::new(person.role) };
    link_to_join(&app, asker.grantor(&caller), invited).await
}
