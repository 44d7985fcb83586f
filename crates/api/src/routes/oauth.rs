//! Connecting an OAuth2 secret: a person allows it at the provider, which sends the browser back here.
//!
//! The way back asks nobody who they are: the provider comes from elsewhere, so browsers do not send the cookie of the sign-in.
//! What counts is the state, which somebody with the permission has got, and which counts once.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use steadflow_access::OauthConfig;
use steadflow_access::{
    AUTHORIZATION_TTL, AUTHORIZATIONS_MAX, Begun, ConnectError, Finished, Oauth, Returned,
};
use steadflow_core::audit::{AuditEntry, AuditOutcome};
use steadflow_core::ids::TenantId;
use steadflow_runtime::RuntimeError;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::secrets::{problem, vault};
use crate::app::App;
use crate::audited::ToAudit;
use crate::authorized::{Authorized, ManageSecrets};
use crate::cookie::{Cookie, is_of_browser};
use crate::path::PathSecret;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::reply;
use crate::views::oauth::OauthView;
use crate::views::wire::Time;

/// The page of the studio that shows secrets.
const PAGE: &str = "/secrets";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(authorize_secret))
        .route(CALLBACK, axum::routing::get(finish_authorization))
}

/// Where a person allows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OauthAuthorization)]
pub(crate) struct AuthorizationView {
    /// The page of the provider. It works once.
    url: String,
    /// Where the provider sends the browser back to, which has to be registered there.
    redirect_uri: String,
    /// Until when it can be finished.
    expires_at: Time,
}

/// What a provider sends a browser back with. Providers add parameters of their own.
#[derive(Deserialize)]
struct CalledBack {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Begins to connect an OAuth2 secret with the grant `authorization_code`: returns the page of the provider where a person allows
/// it. A browser has to come back as the one that has begun.
#[utoipa::path(post, path = "/api/v1/studio/secrets/{name}/authorize", tag = "secrets",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 201, description = "The page of the provider", body = AuthorizationView),
              (status = 403, description = "The role does not allow it", body = ProblemBody, content_type = "application/problem+json"),
              (status = 404, description = "No such secret is stored", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "The secret is not one that is connected, or too many were begun", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn authorize_secret(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageSecrets>,
    PathSecret(name): PathSecret,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let is_stored = vault(&app)?.secret(caller.tenant, &name).is_some();
    let Some(oauth) = app.oauth().filter(|_| is_stored) else {
        return Err(Problem::new(ProblemKind::NoSuchSecret, format!("There is no secret `{name}`.")));
    };
    let browser = is_of_browser(&headers).then(|| browser(&app, &headers)).transpose()?;
    let redirect_uri = redirect_uri(&app);
    let begun = oauth.begin(&caller, &name, &redirect_uri, browser.as_deref()).await;
    let Begun { url, expires_at } = begun.map_err(|error| not_begun(error, &name))?;
    let view = AuthorizationView { url: url.into(), redirect_uri, expires_at: expires_at.into() };
    let mut response = reply::json(StatusCode::CREATED, &view);
    if let Some(browser) = browser {
        let cookie = Cookie::Connect.set(&browser, AUTHORIZATION_TTL.as_secs(), app.is_secure());
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Returns what a browser is known by that connects secrets: one that connects several keeps it.
fn browser(app: &App, headers: &HeaderMap) -> Result<String, Problem> {
    match Cookie::Connect.read(headers, app.is_secure()).filter(|value| Oauth::is_browser(value)) {
        Some(known) => Ok(known.to_owned()),
        None => Oauth::new_browser().map_err(|error| problem(error.into())),
    }
}

fn not_begun(error: ConnectError, name: &str) -> Problem {
    let detail = match error {
        ConnectError::Vault(error) => return problem(error),
        ConnectError::NoSuchSecret => {
            format!("The secret `{name}` is a value, or cannot be decrypted, so there is nothing to connect.")
        }
        ConnectError::NothingToAllow => format!(
            "The secret `{name}` gets its tokens with the credentials of the client (`client_credentials`), so nobody has to \
             connect it."
        ),
        ConnectError::TooMany => format!(
            "{AUTHORIZATIONS_MAX} authorizations were begun and not finished. Finish one, or wait {} minutes.",
            AUTHORIZATION_TTL.as_secs() / 60
        ),
    };
    Problem::new(ProblemKind::NothingToConnect, detail)
}

/// Takes what a provider sends the browser back with, and leads to the page of secrets, which shows what came of it.
async fn finish_authorization(
    State(app): State<App>,
    headers: HeaderMap,
    uri: Uri,
    audit: ToAudit,
) -> Result<Response, Problem> {
    let Some(oauth) = app.oauth() else { return Ok(to_page("expired", None)) };
    let Ok(Query(CalledBack { state, code, error, iss })) = Query::try_from_uri(&uri) else {
        return Ok(to_page("expired", None));
    };
    let taken = oauth.take(state.as_deref().unwrap_or_default()).await.map_err(RuntimeError::from)?;
    let Some(finished) = taken else { return Ok(to_page("expired", None)) };
    let name = finished.name.to_string();
    let returned = Returned {
        code: code.as_deref(),
        error: error.as_deref(),
        issuer: iss.as_deref(),
        browser: Cookie::Connect.read(&headers, app.is_secure()),
    };
    let is_connected = finish(&app, oauth, finished, returned, &audit).await?;
    Ok(to_page(if is_connected { "connected" } else { "failed" }, Some(&name)))
}

/// Finishes an authorization, as a change by who has begun it: it is in the audit log first. Returns whether the secret is connected.
async fn finish(
    app: &App,
    oauth: &Oauth,
    finished: Finished,
    returned: Returned<'_>,
    audit: &ToAudit,
) -> Result<bool, Problem> {
    let tenant = finished.tenant;
    let entry = AuditEntry {
        at: app.engine().wall(),
        actor: finished.actor.clone(),
        address: audit.address.map(|address| address.to_string().into()),
        action: "finish_authorization".into(),
        target: format!("/api/v1/studio/secrets/{}", finished.name).into(),
        outcome: None,
        refused: None,
    };
    let row = app.engine().store().append_audit(tenant, entry.clone()).await?;
    let is_connected = oauth.finish(finished, returned).await.is_ok();
    let status = if is_connected { StatusCode::OK } else { StatusCode::CONFLICT };
    let outcome = AuditOutcome { of: row.number, status: status.as_u16(), made: None };
    let entry = AuditEntry { at: app.engine().wall(), outcome: Some(outcome), ..entry };
    if let Err(error) = app.engine().store().append_audit(tenant, entry).await {
        tracing::error!(error = %error, action = "finish_authorization", of = row.number, "the outcome of a request is not in the audit log");
    }
    Ok(is_connected)
}

/// Leads to the page of secrets. The name of a secret has letters, digits and `_`.
fn to_page(outcome: &str, name: Option<&str>) -> Response {
    let name = name.map(|name| format!("&name={name}")).unwrap_or_default();
    let location = HeaderValue::try_from(format!("{PAGE}?authorization={outcome}{name}"));
    let location = location.unwrap_or(HeaderValue::from_static(PAGE));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// Where providers send the browser back to.
const CALLBACK: &str = "/oauth/callback";

/// Returns the whole address of that.
fn redirect_uri(app: &App) -> String {
    format!("{}{CALLBACK}", app.engine().public_url())
}

/// Returns the OAuth2 secrets of a tenant by their names.
pub(super) async fn oauth_views(
    app: &App,
    tenant: TenantId,
) -> Result<BTreeMap<Arc<str>, OauthView>, Problem> {
    let (Some(oauth), Some(vault)) = (app.oauth(), app.vault()) else { return Ok(BTreeMap::new()) };
    let configs = vault.oauth_configs(tenant);
    if configs.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut statuses = oauth.statuses(tenant).await.map_err(RuntimeError::from)?;
    let view = |(name, config): (Arc<str>, Arc<OauthConfig>)| {
        let status = statuses.remove(&name)?;
        Some((name, OauthView::new(&config, status, redirect_uri(app))))
    };
    Ok(configs.into_iter().filter_map(view).collect())
}
