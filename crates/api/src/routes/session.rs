//! Signing in with a password, and out.

use std::net::IpAddr;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use steadflow_access::{Oidc, SignInRefused, SignInWays, normal_email};
use steadflow_core::access::CredentialKind;
use steadflow_core::caller::{Actor, ActorKind, Caller};
use steadflow_core::ids::TenantId;
use steadflow_store::PrincipalRecord;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::oidc::ProviderView;
use crate::app::App;
use crate::audited::ToAudit;
use crate::authorized::{Authorized, UseOwnAccount};
use crate::browser::{FromBrowser, Secret};
use crate::cookie;
use crate::json::Json;
use crate::people::{RequestPrincipal, with_sign_in, without_sign_in};
use crate::problem::{Problem, ProblemBody};
use crate::refusals::Refusal;
use crate::reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(show_sign_in_ways, sign_in)).routes(routes!(sign_out))
}

/// How people sign in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignInWays)]
pub(crate) struct SignInWaysView {
    /// Whether they may with a password.
    passwords: bool,
    /// The providers at which they may.
    providers: Vec<ProviderView>,
    /// Whether they can have passkeys: the address of the server has a name, and TLS or this machine behind it.
    passkeys: bool,
}

/// Shows how people sign in at this server.
#[utoipa::path(get, path = "/api/v1/session", tag = "account",
    responses((status = 200, description = "The ways", body = SignInWaysView),
              (status = 409, description = "Nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_sign_in_ways(State(app): State<App>) -> Result<Response, Problem> {
    let SignInWays { passwords, oidc, passkeys } = app.people()?.ways();
    let providers = oidc.iter().flat_map(Oidc::providers).map(ProviderView::from).collect();
    Ok(reply::ok(&SignInWaysView { passwords: *passwords, providers, passkeys: passkeys.is_some() }))
}

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct SignIn {
    /// The e-mail address.
    email: String,
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

/// Signs a person in. The answer sets a cookie, which counts for pages of this server only.
///
/// Whether there is anybody with that address shows neither in the answer nor in the time that it takes.
#[utoipa::path(post, path = "/api/v1/session", tag = "account", request_body = SignIn,
    responses((status = 204, description = "The person has signed in"),
              (status = 401, description = "The e-mail address or the password is wrong", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Nobody signs in at this server, or not with a password", body = ProblemBody, content_type = "application/problem+json"),
              (status = 429, description = "There were too many wrong passwords", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    FromBrowser(browser): FromBrowser,
    audit: ToAudit,
    body: Json<SignIn>,
) -> Result<Response, Problem> {
    cookie::refuse_other_pages(&headers)?;
    let SignIn { email, password } = body.value;
    let people = app.people()?;
    let signed_in = match people.sign_in(&email, password.0, &browser, app.engine().wall()).await {
        Ok(signed_in) => signed_in,
        Err(refused) => {
            count_refused(&app, &refused, &email, audit.address).await?;
            return Err(refused.into());
        }
    };
    // Nobody has the cookie before it is in the log.
    if let Err(problem) = audit.add(&app, &by_sign_in(&signed_in.person)).await {
        people.sign_out(signed_in.token.hash(CredentialKind::SignIn)).await?;
        return Err(problem);
    }
    Ok(with_sign_in(&app, StatusCode::NO_CONTENT.into_response(), &signed_in))
}

/// Returns somebody who has just proved who they are.
fn by_sign_in(person: &PrincipalRecord) -> Caller {
    let actor = Actor { kind: ActorKind::User, id: person.email.clone() };
    Caller { tenant: person.tenant, actor, role: person.role }
}

/// Counts a sign-in that was refused. An address that nobody has is not in the log: it may be a password.
async fn count_refused(
    app: &App,
    refused: &SignInRefused,
    email: &str,
    address: Option<IpAddr>,
) -> Result<(), Problem> {
    let status = match refused {
        SignInRefused::Wrong => StatusCode::UNAUTHORIZED,
        SignInRefused::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        SignInRefused::PasswordsOff
        | SignInRefused::Unfit(_)
        | SignInRefused::Busy
        | SignInRefused::Failed(_) => return Ok(()),
    };
    let person = match normal_email(email) {
        Some(email) => app.engine().store().person(email).await?,
        None => None,
    };
    app.refusals().count(Refusal {
        tenant: person.as_ref().map_or(TenantId::DEFAULT, |person| person.tenant),
        kind: ActorKind::User,
        id: person.and_then(|person| person.email),
        address,
        action: "sign_in".into(),
        target: "/api/v1/session".into(),
        status: status.as_u16(),
    });
    Ok(())
}

/// Signs out: the sign-in of the request ends, and with it everything that is open in its browser.
#[utoipa::path(post, path = "/api/v1/studio/account/sign-out", tag = "account",
    responses((status = 204, description = "The sign-in has ended")))]
pub(crate) async fn sign_out(
    State(app): State<App>,
    _: Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
) -> Result<Response, Problem> {
    if let Some(principal) = asker.0 {
        app.people()?.sign_out(principal.credential).await?;
    }
    Ok(without_sign_in(&app, StatusCode::NO_CONTENT.into_response()))
}
