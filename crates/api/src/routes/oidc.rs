//! Signing in at a provider of OpenID Connect: what is needed to go there, and what comes back from there.
//!
//! The page that a provider sends people back to belongs to the studio, and posts what it was given. So all is asked by a page of
//! ours, cookies that only such pages use count, and opening a link changes nothing.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_access::{ATTEMPT_TTL, OidcAnswer, OidcProvider, OidcRefused};
use steadflow_core::access::Token;
use steadflow_core::caller::ActorKind;
use steadflow_core::ids::TenantId;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::audited::ToAudit;
use crate::browser::{FromBrowser, Secret};
use crate::cookie::{self, Cookie};
use crate::json::Json;
use crate::path::PathProvider;
use crate::people::with_sign_in;
use crate::problem::{Problem, ProblemBody};
use crate::refusals::Refusal;
use crate::reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(begin_at_provider)).routes(routes!(finish_at_provider))
}

/// A provider at which people sign in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignInProvider)]
pub(crate) struct ProviderView {
    /// What it is called in addresses.
    id: String,
    /// What people call it.
    label: String,
}

impl From<&OidcProvider> for ProviderView {
    fn from(provider: &OidcProvider) -> Self {
        Self { id: provider.id.to_string(), label: provider.label.to_string() }
    }
}

/// What a browser goes to a provider with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewProviderSignIn)]
pub(crate) struct NewAttempt {
    /// The page of the studio that is shown afterwards, such as `/flows`. What is no page of this server counts as `/`.
    #[schema(max_length = 1_000)]
    return_to: Option<String>,
    /// The last part of a link to join with, which is accepted so.
    #[schema(value_type = Option<String>)]
    invitation: Option<Secret>,
}

/// Where somebody signs in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderSignIn)]
pub(crate) struct AttemptView {
    /// The page of the provider.
    url: String,
}

/// Begins to sign a person in at a provider. The answer sets a cookie, with which the same browser ends it within 10 minutes.
#[utoipa::path(post, path = "/api/v1/session/oidc/{provider}", tag = "account", request_body = NewAttempt,
    params(("provider" = String, Path, description = "The id of the provider")),
    responses((status = 200, description = "Where the person signs in", body = AttemptView),
              (status = 404, description = "There is no such provider, or the link to join with is not valid", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json"),
              (status = 502, description = "The provider does not answer, or not as it must", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn begin_at_provider(
    State(app): State<App>,
    headers: HeaderMap,
    PathProvider(provider): PathProvider,
    body: Json<NewAttempt>,
) -> Result<Response, Problem> {
    cookie::refuse_other_pages(&headers)?;
    let NewAttempt { return_to, invitation } = body.value;
    let people = app.people()?;
    let token = |Secret(text): Secret| Token::read(&text).ok_or_else(Problem::no_such_invitation);
    let invitation = invitation.map(token).transpose()?;
    let return_to = return_to.unwrap_or_default();
    let now = app.engine().wall();
    let begun = people.begin_at_provider(&provider, &return_to, invitation.as_ref(), now).await?;
    let cookie = Cookie::Attempt.set(&begun.cookie, ATTEMPT_TTL.as_secs(), app.is_secure());
    let mut response = reply::ok(&AttemptView { url: begun.url });
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// What a provider has sent somebody back with: the parameters of the address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct ProviderAnswer {
    #[schema(value_type = Option<String>)]
    code: Option<Secret>,
    state: Option<String>,
    /// Who the provider says to be (RFC 9207).
    iss: Option<String>,
    /// Why the provider has refused it.
    error: Option<String>,
}

/// The page that is shown to somebody who has signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedInAt {
    /// A path of this server.
    return_to: String,
}

/// Signs a person in who comes back from a provider. The answer sets a cookie, as of one with a password.
///
/// Why it is refused is in the log of the server, and not in the answer.
#[utoipa::path(post, path = "/api/v1/session/oidc/{provider}/answer", tag = "account", request_body = ProviderAnswer,
    params(("provider" = String, Path, description = "The id of the provider")),
    responses((status = 200, description = "The person has signed in", body = SignedInAt),
              (status = 401, description = "The person may not sign in, or what came back proves nothing", body = ProblemBody, content_type = "application/problem+json"),
              (status = 404, description = "There is no such provider, or the link to join with is not valid", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Nobody signs in at this server, or somebody with this address has an account already", body = ProblemBody, content_type = "application/problem+json"),
              (status = 429, description = "There were too many refusals", body = ProblemBody, content_type = "application/problem+json"),
              (status = 502, description = "The provider does not answer, or not as it must", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn finish_at_provider(
    State(app): State<App>,
    headers: HeaderMap,
    PathProvider(provider): PathProvider,
    FromBrowser(browser): FromBrowser,
    audit: ToAudit,
    body: Json<ProviderAnswer>,
) -> Result<Response, Problem> {
    cookie::refuse_other_pages(&headers)?;
    let (people, now) = (app.people()?, app.engine().wall());
    let answer = OidcAnswer {
        cookie: Cookie::Attempt.read(&headers, app.is_secure()),
        state: body.value.state.as_deref(),
        code: body.value.code.as_ref().map(|Secret(code)| code.as_str()),
        issuer: body.value.iss.as_deref(),
        error: body.value.error.as_deref(),
    };
    let identified = people.identify(&provider, answer, &browser, now).await;
    let identified = identified.inspect_err(|refused| count_refused(&app, &provider, refused, &audit))?;
    // Nothing of it is done before it is in the log.
    audit.add(&app, &identified.caller()).await?;
    let return_to = identified.return_to.clone();
    let signed_in = people.let_in(identified, &browser, now).await;
    let signed_in = signed_in.inspect_err(|refused| count_refused(&app, &provider, refused, &audit))?;
    let mut response = with_sign_in(&app, reply::ok(&SignedInAt { return_to }), &signed_in);
    response.headers_mut().append(header::SET_COOKIE, Cookie::Attempt.set("", 0, app.is_secure()));
    Ok(response)
}

/// Counts a sign-in that was refused, with why. Who it was is not known for sure.
fn count_refused(app: &App, provider: &str, refused: &OidcRefused, audit: &ToAudit) {
    let (reason, status) = match refused {
        OidcRefused::Refused(reason) => (reason.to_string(), StatusCode::UNAUTHORIZED),
        OidcRefused::TooMany(_) => ("too_many".to_owned(), StatusCode::TOO_MANY_REQUESTS),
        OidcRefused::NoProvider
        | OidcRefused::Busy
        | OidcRefused::Unavailable(_)
        | OidcRefused::Join(_)
        | OidcRefused::Failed(_) => return,
    };
    app.refusals().count(Refusal {
        tenant: TenantId::DEFAULT,
        kind: ActorKind::User,
        id: None,
        address: audit.address,
        action: "finish_at_provider".into(),
        target: format!("/api/v1/session/oidc/{provider}/answer: {reason}").into(),
        status: status.as_u16(),
    });
}
