//! The account of who asks: what they may do, their password, where they are signed in.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use steadflow_access::{Oidc, People};
use steadflow_core::access::{Grants, Permission, Place, decide};
use steadflow_core::caller::Caller;
use steadflow_store::{PrincipalChange, PrincipalRecord, SignInRecord, StoreError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::authorized::{Authorized, UseOwnAccount};
use crate::browser::{FromBrowser, Secret};
use crate::folders::GrantView;
use crate::json::Json;
use crate::path::PathId;
use crate::people::{RequestPrincipal, name_of_body, with_sign_in};
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::reply;
use crate::views::entry::{Entry, entries};
use crate::views::wire::Time;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(show_account, change_account))
        .routes(routes!(change_password))
        .routes(routes!(list_sign_ins, end_other_sign_ins))
        .routes(routes!(end_sign_in))
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountView {
    /// Whether nobody signs in at this server: it answers this machine only.
    is_local: bool,
    id: Option<Uuid>,
    /// `person`, or `service` for a program.
    kind: Option<&'static str>,
    name: Option<String>,
    email: Option<String>,
    /// `none`, `viewer`, `operator`, `editor` or `admin`.
    role: &'static str,
    /// Their roles in folders of flows, beside that one.
    grants: Vec<GrantView>,
    /// What they may do, by the names that the reference of access has.
    permissions: Vec<&'static str>,
    /// Whether they have a password with which they can sign in.
    has_password: bool,
    /// The providers at which they have signed in.
    providers: Vec<UsedProvider>,
}

/// A provider at which somebody has signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsedProvider {
    /// What people call it.
    label: String,
    /// To about ten minutes.
    used_at: Time,
}

impl AccountView {
    async fn read(
        app: &App,
        caller: &Caller,
        grants: &Grants,
        record: Option<&PrincipalRecord>,
    ) -> Result<Self, StoreError> {
        let mut view = Self::new(caller, grants, record);
        let Some(record) = record else { return Ok(view) };
        let Ok(ways) = app.people().map(People::ways) else { return Ok(view) };
        view.has_password = ways.passwords && record.password.is_some();
        let used = app.engine().store().oidc_subjects(record.tenant, record.id).await?;
        // One that is no more in the settings signs nobody in.
        view.providers = used
            .iter()
            .flatten()
            .filter_map(|used| {
                let provider = ways.oidc.iter().flat_map(Oidc::providers);
                let provider = provider.into_iter().find(|provider| provider.issuer == used.issuer)?;
                Some(UsedProvider { label: provider.label.to_string(), used_at: used.used_at.into() })
            })
            .collect();
        Ok(view)
    }

    fn new(caller: &Caller, grants: &Grants, record: Option<&PrincipalRecord>) -> Self {
        let may = Permission::ALL
            .iter()
            .filter(|permission| decide(caller, &Grants::default(), **permission, Place::Tenant).is_ok());
        Self {
            is_local: record.is_none(),
            id: record.map(|record| record.id.uuid()),
            kind: record.map(|record| record.kind.as_str()),
            name: record.map(|record| record.name.to_string()),
            email: record.and_then(|record| record.email.as_ref()).map(ToString::to_string),
            role: caller.role.as_str(),
            grants: grants.iter().map(GrantView::from).collect(),
            permissions: may.map(|permission| permission.as_str()).collect(),
            has_password: false,
            providers: Vec::new(),
        }
    }
}

/// Shows who asks, and what they may do.
#[utoipa::path(get, path = "/api/v1/studio/account", tag = "account",
    responses((status = 200, description = "The account", body = AccountView)))]
pub(crate) async fn show_account(
    State(app): State<App>,
    Authorized(caller, _): Authorized<UseOwnAccount>,
    RequestPrincipal(principal): RequestPrincipal,
) -> Result<Response, Problem> {
    let grants = principal.as_ref().map(|principal| principal.grants.clone()).unwrap_or_default();
    let record = match principal {
        Some(principal) => app.engine().store().principal(caller.tenant, principal.id).await?,
        None => None,
    };
    Ok(reply::ok(&AccountView::read(&app, &caller, &grants, record.as_ref()).await?))
}

/// What may be changed of an account by whose it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct AccountPatch {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Changes the name of who asks.
#[utoipa::path(patch, path = "/api/v1/studio/account", tag = "account", request_body = AccountPatch,
    responses((status = 200, description = "The account", body = AccountView),
              (status = 409, description = "Nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn change_account(
    State(app): State<App>,
    Authorized(caller, _): Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
    body: Json<AccountPatch>,
) -> Result<Response, Problem> {
    let (people, principal) = (app.people()?, asker.principal()?);
    let name = Some(name_of_body(&body.value.name)?);
    let change = PrincipalChange { name, at: app.engine().wall(), ..PrincipalChange::default() };
    let changed = people.change(caller.tenant, principal.id, change).await?;
    let record = super::members::done(principal.id, changed)?;
    Ok(reply::ok(&AccountView::read(&app, &caller, &principal.grants, Some(&record)).await?))
}

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NewPassword {
    #[schema(value_type = String, format = Password)]
    current_password: Secret,
    /// 10 to 256 characters.
    #[schema(value_type = String, format = Password)]
    new_password: Secret,
}

/// Changes the password of who asks. All their other sign-ins end.
#[utoipa::path(post, path = "/api/v1/studio/account/password", tag = "account", request_body = NewPassword,
    responses((status = 204, description = "The password is changed; the answer sets a new cookie"),
              (status = 401, description = "The present password is another one", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Nobody signs in at this server, or not with a password, or it was asked with a key", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The new password cannot be set", body = ProblemBody, content_type = "application/problem+json"),
              (status = 429, description = "There were too many wrong passwords", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn change_password(
    State(app): State<App>,
    _: Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
    FromBrowser(browser): FromBrowser,
    body: Json<NewPassword>,
) -> Result<Response, Problem> {
    let (people, principal) = (app.people()?, asker.principal()?);
    let NewPassword { current_password: Secret(current), new_password: Secret(new) } = body.value;
    let signed_in = people.change_password(principal, current, new, &browser, app.engine().wall()).await?;
    Ok(with_sign_in(&app, StatusCode::NO_CONTENT.into_response(), &signed_in))
}

/// Where somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignedInBrowser)]
pub(crate) struct SignInView {
    id: Uuid,
    created_at: Time,
    /// To about a minute.
    used_at: Time,
    expires_at: Time,
    /// From where it was used last.
    address: Option<String>,
    user_agent: Option<String>,
    /// Whether it is the one of this request.
    is_current: bool,
}

/// A sign-in in a list.
type SignInEntry = Entry<SignInView>;

/// Lists where who asks is signed in, last used first.
#[utoipa::path(get, path = "/api/v1/studio/account/sign-ins", tag = "account",
    responses((status = 200, description = "The sign-ins", body = [SignInEntry]),
              (status = 409, description = "Nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list_sign_ins(
    State(app): State<App>,
    Authorized(caller, _): Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
) -> Result<Response, Problem> {
    let principal = asker.principal()?;
    let sign_ins = app.engine().store().sign_ins(caller.tenant, principal.id).await?;
    let views = entries(app.metrics(), &sign_ins, |sign_in: &SignInRecord| {
        Ok(SignInView {
            id: sign_in.id,
            created_at: sign_in.created_at.into(),
            used_at: sign_in.used_at.into(),
            expires_at: sign_in.expires_at.into(),
            address: sign_in.address.as_ref().map(ToString::to_string),
            user_agent: sign_in.user_agent.as_ref().map(ToString::to_string),
            is_current: sign_in.hash == principal.credential,
        })
    });
    Ok(reply::ok(&views))
}

/// Ends all sign-ins of who asks, but the one of this request.
#[utoipa::path(delete, path = "/api/v1/studio/account/sign-ins", tag = "account",
    responses((status = 204, description = "They have ended"),
              (status = 409, description = "Nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn end_other_sign_ins(
    State(app): State<App>,
    _: Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
) -> Result<StatusCode, Problem> {
    app.people()?.end_sign_ins(asker.principal()?, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a sign-in of who asks.
#[utoipa::path(delete, path = "/api/v1/studio/account/sign-ins/{id}", tag = "account",
    params(("id" = Uuid, Path, description = "The sign-in")),
    responses((status = 204, description = "It has ended"),
              (status = 404, description = "There is no such sign-in", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn end_sign_in(
    State(app): State<App>,
    _: Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, Problem> {
    if app.people()?.end_sign_ins(asker.principal()?, Some(id)).await? == 0 {
        let detail = format!("You have no sign-in {id}; it may have ended.");
        return Err(Problem::new(ProblemKind::NoSuchSignIn, detail));
    }
    Ok(StatusCode::NO_CONTENT)
}
