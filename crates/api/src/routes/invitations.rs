//! Invitations: how one is made, and what somebody does with it who has no account yet.
//!
//! To open a link accepts nothing: programs of mail and chats open links by themselves.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use steadflow_access::{Grantor, Invited, Joining, invite, normal_email};
use steadflow_core::caller::{Actor, ActorKind, Caller};
use steadflow_store::InvitationRecord;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::audited::ToAudit;
use crate::authorized::{Authorized, ManageMembers};
use crate::browser::{FromBrowser, Secret};
use crate::cookie;
use crate::folders::{GrantInput, GrantView, grants_of_body};
use crate::json::Json;
use crate::path::{PathId, PathInvitation};
use crate::people::{RequestPrincipal, name_of_body, role_of_body, with_sign_in};
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::reply;
use crate::views::entry::{Entry, entries};
use crate::views::wire::Time;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_invitations, create_invitation))
        .routes(routes!(delete_invitation))
        .routes(routes!(show_invitation, accept_invitation))
}

/// The person to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NewInvitation {
    /// What they may do: `none`, `viewer`, `operator`, `editor` or `admin`.
    role: String,
    /// Their roles in folders of flows, beside that one.
    #[schema(max_items = 50)]
    grants: Option<Vec<GrantInput>>,
    /// Their e-mail address; unless given, the person who opens the link says theirs.
    #[schema(max_length = 254)]
    email: Option<String>,
}

/// An invitation that nobody has accepted yet. Its link was shown when it was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct InvitationView {
    id: Uuid,
    role: &'static str,
    /// The roles in folders of flows, beside that one.
    grants: Vec<GrantView>,
    email: Option<String>,
    /// Whether it is for somebody who is there already, and sets a new password with it.
    is_new_password: bool,
    created_at: Time,
    created_by: String,
    expires_at: Time,
}

/// An invitation in a list.
type InvitationEntry = Entry<InvitationView>;

impl From<&InvitationRecord> for InvitationView {
    fn from(record: &InvitationRecord) -> Self {
        Self {
            id: record.id,
            role: record.role.as_str(),
            grants: record.grants.iter().map(GrantView::from).collect(),
            email: record.email.as_ref().map(ToString::to_string),
            is_new_password: record.principal.is_some(),
            created_at: record.created_at.into(),
            created_by: record.created_by.to_string(),
            expires_at: record.expires_at.into(),
        }
    }
}

/// A link to join with. Anyone who has it can use it, once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkToJoin {
    id: Uuid,
    url: String,
    expires_at: Time,
}

/// Makes an invitation and answers its link.
pub(super) async fn link_to_join(app: &App, by: Grantor<'_>, to: Invited) -> Result<Response, Problem> {
    Ok(reply::json(StatusCode::CREATED, &invited(app, by, to).await?))
}

/// Makes an invitation to the tenant of `by`, and returns its link.
pub(super) async fn invited(app: &App, by: Grantor<'_>, to: Invited) -> Result<LinkToJoin, Problem> {
    app.people()?;
    let made = invite(app.engine().store(), by, to, app.engine().wall()).await?;
    let Some((token, record)) = made else {
        return Err(Problem::new(
            ProblemKind::TooManyInvitations,
            "There are too many invitations that nobody has accepted. Withdraw those that are not needed, then invite again.",
        ));
    };
    let url = format!("{}/join/{}", app.engine().public_url(), token.text());
    Ok(LinkToJoin { id: record.id, url, expires_at: record.expires_at.into() })
}

/// Lists the invitations that nobody has accepted yet, newest first.
#[utoipa::path(get, path = "/api/v1/studio/invitations", tag = "members",
    responses((status = 200, description = "The invitations", body = [InvitationEntry])))]
pub(crate) async fn list_invitations(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageMembers>,
) -> Result<Response, Problem> {
    let (now, all) = (app.engine().wall(), app.engine().store().invitations(caller.tenant).await?);
    let open: Vec<_> =
        all.into_iter().filter(|row| row.as_ref().is_ok_and(|record| record.expires_at > now)).collect();
    Ok(reply::ok(&entries(app.metrics(), &open, |record| Ok(InvitationView::from(record)))))
}

/// Invites somebody: makes a link with which they become a member, once, within 7 days.
#[utoipa::path(post, path = "/api/v1/studio/invitations", tag = "members", request_body = NewInvitation,
    responses((status = 201, description = "The link, which is not shown again", body = LinkToJoin),
              (status = 403, description = "The account could do more than you", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "There are too many open invitations, or nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create_invitation(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageMembers>,
    asker: RequestPrincipal,
    body: Json<NewInvitation>,
) -> Result<Response, Problem> {
    let NewInvitation { role, grants, email } = body.value;
    let invited = Invited {
        grants: grants_of_body(grants.as_deref().unwrap_or_default())?,
        email: email.as_deref().map(email_of_body).transpose()?,
        ..Invited::new(role_of_body(&role)?)
    };
    link_to_join(&app, asker.grantor(&caller), invited).await
}

/// Withdraws an invitation.
#[utoipa::path(delete, path = "/api/v1/studio/invitations/{id}", tag = "members",
    params(("id" = Uuid, Path, description = "The invitation")),
    responses((status = 204, description = "It is withdrawn"),
              (status = 404, description = "There is no such invitation", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete_invitation(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageMembers>,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, Problem> {
    if app.engine().store().delete_invitation(caller.tenant, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        let detail = format!("There is no invitation {id}; it may have been accepted.");
        Err(Problem::new(ProblemKind::NoSuchInvitation, detail))
    }
}

/// What a link to join with is about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationToYou {
    role: &'static str,
    /// The roles in folders of flows, beside that one.
    grants: Vec<GrantView>,
    /// The e-mail address that it is for; `null` if who accepts it says one.
    email: Option<String>,
    /// Whether it is for somebody who is there already, and sets a new password with it.
    is_new_password: bool,
    /// Whether it makes the first admin of this server.
    is_first_admin: bool,
    /// Whether it can be accepted with a password.
    takes_password: bool,
    expires_at: Time,
}

/// Shows what a link to join with is about. It accepts nothing, however often it is called.
#[utoipa::path(get, path = "/api/v1/invitations/{token}", tag = "members",
    params(("token" = String, Path, description = "The last part of the link")),
    responses((status = 200, description = "The invitation", body = InvitationToYou),
              (status = 404, description = "The link is not valid", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_invitation(
    State(app): State<App>,
    PathInvitation { invitation, .. }: PathInvitation,
) -> Result<Response, Problem> {
    Ok(reply::ok(&InvitationToYou {
        role: invitation.role.as_str(),
        grants: invitation.grants.iter().map(GrantView::from).collect(),
        email: invitation.email.as_ref().map(ToString::to_string),
        is_new_password: invitation.principal.is_some(),
        is_first_admin: invitation.is_first_admin,
        takes_password: app.people()?.takes_password(&invitation),
        expires_at: invitation.expires_at.into(),
    }))
}

/// Who accepts an invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NewMember {
    /// Their name; not needed for a new password.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[schema(max_length = 254)]
    email: String,
    /// 10 to 256 characters.
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

/// Accepts an invitation: makes an account, or gives the one that is there a new password, and signs in. It works once.
#[utoipa::path(post, path = "/api/v1/invitations/{token}", tag = "members", request_body = NewMember,
    params(("token" = String, Path, description = "The last part of the link")),
    responses((status = 204, description = "Somebody is a member, and has signed in"),
              (status = 404, description = "The link is not valid", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Somebody with this address has an account already, or passwords are not used here", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The password cannot be set", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn accept_invitation(
    State(app): State<App>,
    PathInvitation { token, invitation }: PathInvitation,
    headers: HeaderMap,
    FromBrowser(browser): FromBrowser,
    audit: ToAudit,
    body: Json<NewMember>,
) -> Result<Response, Problem> {
    cookie::refuse_other_pages(&headers)?;
    let NewMember { name, email, password } = body.value;
    let email = email_of_body(&email)?;
    let name = match name {
        Some(name) => name_of_body(&name)?,
        // Who is there already keeps theirs.
        None if invitation.principal.is_some() => Arc::clone(&email),
        None => {
            return Err(Problem::of_body("/name", "`name` is missing: others see by it who does something."));
        }
    };
    let whom = invitation.email.as_ref().unwrap_or(&email);
    let actor = Actor { kind: ActorKind::User, id: Some(Arc::clone(whom)) };
    let by = Caller { tenant: invitation.tenant, actor, role: invitation.role };
    audit.add(&app, &by).await?;
    let joining = Joining { name, email, password: password.0 };
    let signed_in = app.people()?.join(&token, joining, &browser, app.engine().wall()).await?;
    Ok(with_sign_in(&app, StatusCode::NO_CONTENT.into_response(), &signed_in))
}

pub(super) fn email_of_body(text: &str) -> Result<Arc<str>, Problem> {
    normal_email(text).ok_or_else(|| {
        Problem::of_body("/email", "`email` must be an e-mail address, such as `ann@example.org`.")
    })
}
