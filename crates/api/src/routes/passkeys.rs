//! Passkeys: signing in with one, and those of one's own account.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use steadflow_access::{CEREMONY_TTL, PasskeyAnswer, PasskeyAsked, PasskeyRefused};
use steadflow_core::access::CredentialKind;
use steadflow_core::caller::{Actor, ActorKind, Caller};
use steadflow_core::ids::TenantId;
use steadflow_store::PasskeyRecord;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::audited::ToAudit;
use crate::authorized::{Authorized, UseOwnAccount};
use crate::browser::{FromBrowser, Secret};
use crate::cookie::{self, Cookie};
use crate::json::Json;
use crate::path::PathId;
use crate::people::{RequestPrincipal, with_sign_in};
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::refusals::Refusal;
use crate::reply;
use crate::views::entry::{Entry, entries};
use crate::views::wire::Time;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(ask_passkey))
        .routes(routes!(sign_in_with_passkey))
        .routes(routes!(list_passkeys, ask_new_passkey))
        .routes(routes!(add_passkey))
        .routes(routes!(delete_passkey))
}

/// What a page asks a device with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyRequest {
    /// What the device signs, in Base64 for addresses.
    challenge: String,
    /// The site that the passkey is for.
    rp_id: String,
}

/// Asks for a passkey to sign in with. The answer sets a cookie, with which the same browser answers within 5 minutes.
#[utoipa::path(post, path = "/api/v1/session/passkey", tag = "account",
    responses((status = 200, description = "What the device is asked with", body = PasskeyRequest),
              (status = 409, description = "Nobody signs in at this server, or there are no passkeys at its address", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn ask_passkey(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    cookie::refuse_other_pages(&headers)?;
    let asked = app.people()?.ask_passkey(app.engine().wall()).await?;
    let PasskeyAsked { challenge, site, cookie } = asked;
    Ok(with_cookie(&app, reply::ok(&PasskeyRequest { challenge, rp_id: site.id.to_string() }), &cookie))
}

fn with_cookie(app: &App, mut response: Response, value: &str) -> Response {
    let seconds = if value.is_empty() { 0 } else { CEREMONY_TTL.as_secs() };
    let cookie = Cookie::Passkey.set(value, seconds, app.is_secure());
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// What a device has answered, in Base64 for addresses.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct SignedByPasskey {
    /// What the device calls the passkey.
    credential: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
}

/// Signs a person in with a passkey. The answer sets a cookie, as of one with a password.
#[utoipa::path(post, path = "/api/v1/session/passkey/answer", tag = "account", request_body = SignedByPasskey,
    responses((status = 204, description = "The person has signed in"),
              (status = 401, description = "The passkey is not one of this server, or what came back proves nothing", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Nobody signs in at this server, or there are no passkeys at its address", body = ProblemBody, content_type = "application/problem+json"),
              (status = 429, description = "There were too many refusals", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn sign_in_with_passkey(
    State(app): State<App>,
    headers: HeaderMap,
    FromBrowser(browser): FromBrowser,
    audit: ToAudit,
    body: Json<SignedByPasskey>,
) -> Result<Response, Problem> {
    cookie::refuse_other_pages(&headers)?;
    let SignedByPasskey { credential, client_data, authenticator_data, signature } = &body.value;
    let answer = PasskeyAnswer {
        cookie: Cookie::Passkey.read(&headers, app.is_secure()),
        credential,
        client_data,
        authenticator_data,
        signature,
    };
    let people = app.people()?;
    let signed_in = people.sign_in_with_passkey(answer, &browser, app.engine().wall()).await;
    let signed_in = signed_in.inspect_err(|refused| count_refused(&app, refused, &audit))?;
    let actor = Actor { kind: ActorKind::User, id: signed_in.person.email.clone() };
    let by = Caller { tenant: signed_in.person.tenant, actor, role: signed_in.person.role };
    // Nobody has the cookie before it is in the log.
    if let Err(problem) = audit.add(&app, &by).await {
        people.sign_out(signed_in.token.hash(CredentialKind::SignIn)).await?;
        return Err(problem);
    }
    let response = with_sign_in(&app, StatusCode::NO_CONTENT.into_response(), &signed_in);
    Ok(with_cookie(&app, response, ""))
}

/// Counts a sign-in that was refused, with why.
fn count_refused(app: &App, refused: &PasskeyRefused, audit: &ToAudit) {
    let PasskeyRefused::Refused(reason) = refused else { return };
    app.refusals().count(Refusal {
        tenant: TenantId::DEFAULT,
        kind: ActorKind::User,
        id: None,
        address: audit.address,
        action: "sign_in_with_passkey".into(),
        target: format!("/api/v1/session/passkey/answer: {reason}").into(),
        status: StatusCode::UNAUTHORIZED.as_u16(),
    });
}

/// A passkey.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Passkey)]
pub(crate) struct PasskeyView {
    id: Uuid,
    name: String,
    created_at: Time,
    used_at: Option<Time>,
}

/// A passkey in a list.
type PasskeyEntry = Entry<PasskeyView>;

impl From<&PasskeyRecord> for PasskeyView {
    fn from(record: &PasskeyRecord) -> Self {
        Self {
            id: record.id,
            name: record.name.to_string(),
            created_at: record.created_at.into(),
            used_at: record.used_at.map(Into::into),
        }
    }
}

/// Lists the passkeys of who asks, oldest first.
#[utoipa::path(get, path = "/api/v1/studio/account/passkeys", tag = "account",
    responses((status = 200, description = "The passkeys", body = [PasskeyEntry]),
              (status = 409, description = "Nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list_passkeys(
    State(app): State<App>,
    Authorized(caller, _): Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
) -> Result<Response, Problem> {
    let principal = asker.principal()?;
    let passkeys = app.engine().store().passkeys(caller.tenant, principal.id).await?;
    Ok(reply::ok(&entries(app.metrics(), &passkeys, |record| Ok(PasskeyView::from(record)))))
}

/// Who adds a passkey.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NewPasskeyAsker {
    /// Their password, where their sign-in is older than 10 minutes.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
}

/// What a page asks a device with for a new passkey.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewPasskeyRequest {
    challenge: String,
    rp_id: String,
    /// What the device calls the person, in Base64 for addresses.
    user_id: String,
    user_name: String,
    user_display_name: String,
    /// What their devices have already.
    known: Vec<String>,
}

/// Asks for a new passkey of who asks, who has signed in within 10 minutes or gives their password.
#[utoipa::path(post, path = "/api/v1/studio/account/passkeys", tag = "account", request_body = NewPasskeyAsker,
    responses((status = 200, description = "What the device is asked with", body = NewPasskeyRequest),
              (status = 409, description = "The sign-in is not recent, there are too many passkeys, or none at this address", body = ProblemBody, content_type = "application/problem+json"),
              (status = 429, description = "There were too many wrong passwords", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn ask_new_passkey(
    State(app): State<App>,
    _: Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
    FromBrowser(browser): FromBrowser,
    body: Json<NewPasskeyAsker>,
) -> Result<Response, Problem> {
    let (people, principal) = (app.people()?, asker.principal()?);
    let password = body.value.password.map(|Secret(password)| password);
    let asked = people.ask_new_passkey(principal, password, &browser, app.engine().wall()).await?;
    let (PasskeyAsked { challenge, site, cookie }, person, known) = asked;
    let view = NewPasskeyRequest {
        challenge,
        rp_id: site.id.to_string(),
        user_id: URL_SAFE_NO_PAD.encode(person.id.uuid().as_bytes()),
        user_name: person.email.as_deref().unwrap_or_default().to_owned(),
        user_display_name: person.name.to_string(),
        known: known.iter().map(|passkey| URL_SAFE_NO_PAD.encode(&passkey.credential)).collect(),
    };
    Ok(with_cookie(&app, reply::ok(&view), &cookie))
}

/// What a device has made, in Base64 for addresses.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct MadePasskey {
    /// What the person calls it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    credential: String,
    client_data: String,
    authenticator_data: String,
}

/// Adds a passkey that a device has made.
#[utoipa::path(post, path = "/api/v1/studio/account/passkeys/answer", tag = "account", request_body = MadePasskey,
    responses((status = 201, description = "The passkey", body = PasskeyView),
              (status = 401, description = "What came back is no passkey of this server", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "There are too many passkeys, or none at this address", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn add_passkey(
    State(app): State<App>,
    _: Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
    headers: HeaderMap,
    body: Json<MadePasskey>,
) -> Result<Response, Problem> {
    let MadePasskey { name, credential, client_data, authenticator_data } = &body.value;
    let answer = PasskeyAnswer {
        cookie: Cookie::Passkey.read(&headers, app.is_secure()),
        credential,
        client_data,
        authenticator_data,
        signature: "",
    };
    let added = app.people()?.add_passkey(asker.principal()?, name, answer, app.engine().wall()).await?;
    let response = (StatusCode::CREATED, reply::ok(&PasskeyView::from(&added))).into_response();
    Ok(with_cookie(&app, response, ""))
}

/// Deletes a passkey of who asks. What it has signed in stays signed in.
#[utoipa::path(delete, path = "/api/v1/studio/account/passkeys/{id}", tag = "account",
    params(("id" = Uuid, Path, description = "The passkey")),
    responses((status = 204, description = "It is gone"),
              (status = 404, description = "There is no such passkey", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete_passkey(
    State(app): State<App>,
    Authorized(caller, _): Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, Problem> {
    if app.engine().store().delete_passkey(caller.tenant, asker.principal()?.id, id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(ProblemKind::NoSuchPasskey, format!("You have no passkey {id}; it may be gone.")))
}
