//! Secrets: their names and where they may be sent, and never their values.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use steadflow_access::{NewSecret, NewValue, SECRETS_MAX, SecretEntry, Vault, VaultError};
use steadflow_core::access::made_by;
use steadflow_core::ids::TenantId;
use steadflow_nodes::SecretHosts;
use steadflow_runtime::RuntimeError;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::oauth::oauth_views;
use crate::app::App;
use crate::authorized::{Authorized, ManageSecrets, OfParts, RotateMasterKey, ViewSecrets};
use crate::environment_secret::EnvironmentSecret;
use crate::hidden_text::HiddenText;
use crate::json::Json;
use crate::path::PathSecret;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::reply;
use crate::views::oauth::{OauthInput, OauthView};
use crate::views::wire::Time;

/// Bytes of the value of a secret.
const SECRET_BYTES_MAX: usize = 64 * 1024;
/// Hosts of a secret.
const HOSTS_MAX: usize = 100;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_secrets))
        .routes(routes!(put_secret, delete_secret))
        .routes(routes!(rotate_master_key))
}

/// Where a secret comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SecretSource)]
pub(crate) enum Source {
    /// It is in the database, encrypted.
    Stored,
    /// It is in a variable of the server's environment, and is changed there.
    Environment,
}

/// A secret, without its value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Secret)]
pub(crate) struct SecretView {
    name: String,
    source: Source,
    /// The only hosts that it may be sent to; `null` for all, which only secrets of the environment can have. An empty list: it is sent
    /// nowhere, and only verifies calls of webhooks.
    hosts: Option<Vec<String>>,
    /// How its value is obtained, which is an access token of OAuth2; `null` if it is a value.
    oauth2: Option<OauthView>,
    /// Whether it cannot be decrypted: it was stored with another master key, or its row was changed. Flows fail that use it.
    is_damaged: bool,
    /// When it was last set, if it is stored.
    updated_at: Option<Time>,
    /// Who set it, if it is stored.
    updated_by: Option<String>,
}

impl SecretView {
    fn stored(entry: &SecretEntry, oauth2: Option<OauthView>) -> Self {
        Self {
            name: entry.name.to_string(),
            source: Source::Stored,
            hosts: Some(listed(&entry.hosts)),
            oauth2,
            is_damaged: entry.is_damaged,
            updated_at: Some(entry.updated_at.into()),
            updated_by: Some(entry.updated_by.to_string()),
        }
    }

    fn of_environment(secret: &EnvironmentSecret) -> Self {
        Self {
            name: secret.name.clone(),
            source: Source::Environment,
            hosts: secret.hosts.as_deref().map(listed),
            oauth2: None,
            is_damaged: false,
            updated_at: None,
            updated_by: None,
        }
    }
}

fn listed(hosts: &str) -> Vec<String> {
    hosts.split(',').map(|host| host.trim().to_owned()).filter(|host| !host.is_empty()).collect()
}

/// What a secret becomes: a value, or an access token that is obtained by OAuth2.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct SecretInput {
    /// The value: 1 to 65,536 bytes. It is never shown again. A change of the hosts needs it again, so that nobody can have a
    /// secret sent to themselves that they do not know.
    #[schema(value_type = Option<String>, write_only, min_length = 1, max_length = 65536)]
    value: Option<HiddenText>,
    /// How an access token is obtained, in the place of a value.
    oauth2: Option<OauthInput>,
    /// The only hosts that it may be sent to, such as `api.example.com`, `*.example.com` or `10.0.0.5:8443`. None: it is sent nowhere,
    /// and only verifies calls of webhooks.
    #[schema(max_items = 100)]
    hosts: Vec<String>,
}

impl SecretInput {
    fn checked_value(value: Option<HiddenText>, oauth2: Option<OauthInput>) -> Result<NewValue, Problem> {
        match (value, oauth2) {
            (Some(HiddenText(value)), None) => {
                if (1..=SECRET_BYTES_MAX).contains(&value.len()) {
                    return Ok(NewValue::Value(value));
                }
                let detail = format!(
                    "The value of a secret has 1 to {SECRET_BYTES_MAX} bytes, and not {}.",
                    value.len()
                );
                Err(Problem::of_body("/value", detail))
            }
            (None, Some(oauth2)) => match oauth2.checked() {
                Ok(config) => Ok(NewValue::Oauth(Box::new(config))),
                Err(fault) => Err(Problem::of_body(format!("/oauth2{}", fault.pointer), fault.message)),
            },
            (Some(_), Some(_)) => {
                Err(Problem::of_body("/oauth2", "A secret has a `value` or `oauth2`, and not both."))
            }
            (None, None) => Err(Problem::of_body("/value", "A secret has a `value`, or `oauth2`.")),
        }
    }
}

/// Lists the secrets by their names: those that are stored, and those of the environment that none of these hides.
#[utoipa::path(get, path = "/api/v1/studio/secrets", tag = "secrets",
    responses((status = 200, description = "The secrets, without their values", body = [SecretView]),
              (status = 403, description = "The role does not allow it", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list_secrets(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ViewSecrets, OfParts>,
) -> Result<Response, Problem> {
    let mut views: Vec<SecretView> =
        of_environment(&app, caller.tenant).iter().map(SecretView::of_environment).collect();
    let mut oauth = oauth_views(&app, caller.tenant).await?;
    for stored in app.vault().map(|vault| vault.list(caller.tenant)).unwrap_or_default() {
        views.retain(|view| view.name != *stored.name);
        let oauth2 = oauth.remove(&stored.name);
        views.push(SecretView::stored(&stored, oauth2));
    }
    views.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(reply::ok(&views))
}

/// Stores a secret, in the place of one of the same name. Flows use it at once, and in attempts of executions that are in progress.
///
/// Tokens that were obtained for one of the same name are deleted: one with the grant `authorization_code` has to be connected again.
#[utoipa::path(put, path = "/api/v1/studio/secrets/{name}", tag = "secrets", request_body = SecretInput,
    params(("name" = String, Path, description = "Its name: 1 to 100 letters, digits and `_`")),
    responses((status = 200, description = "The secret, without its value", body = SecretView),
              (status = 403, description = "The role does not allow it", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "There are too many secrets, or the server does not have the master key", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn put_secret(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageSecrets>,
    PathSecret(name): PathSecret,
    body: Json<SecretInput>,
) -> Result<Response, Problem> {
    let SecretInput { value, oauth2, hosts } = body.value;
    let value = SecretInput::checked_value(value, oauth2)?;
    let (hosts, at) = (checked(&hosts)?, app.engine().wall());
    let entry = SecretEntry {
        name: Arc::clone(&name),
        hosts: Arc::clone(&hosts),
        updated_at: at,
        updated_by: made_by(&caller),
        is_damaged: false,
    };
    let by = Arc::clone(&entry.updated_by);
    let new = NewSecret { tenant: caller.tenant, name, value, hosts, at, by };
    vault(&app)?.put(new).await.map_err(problem)?;
    let oauth2 = oauth_views(&app, caller.tenant).await?.remove(&entry.name);
    Ok(reply::ok(&SecretView::stored(&entry, oauth2)))
}

/// Deletes a stored secret. Flows that use it fail from then on, unless the environment has one of the same name.
#[utoipa::path(delete, path = "/api/v1/studio/secrets/{name}", tag = "secrets",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is deleted"),
              (status = 403, description = "The role does not allow it", body = ProblemBody, content_type = "application/problem+json"),
              (status = 404, description = "No such secret is stored", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete_secret(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageSecrets>,
    PathSecret(name): PathSecret,
) -> Result<Response, Problem> {
    let was_stored = match app.vault() {
        Some(vault) => vault.delete(caller.tenant, &name).await.map_err(problem)?,
        None => false,
    };
    if was_stored {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let is_elsewhere = of_environment(&app, caller.tenant).iter().any(|secret| *secret.name == *name);
    let detail = if is_elsewhere {
        format!(
            "The secret `{name}` is not stored here: it comes from the variable STEADFLOW_SECRET_{name} of the server, and \
             is deleted there."
        )
    } else {
        format!("There is no secret `{name}`.")
    };
    Err(Problem::new(ProblemKind::NoSuchSecret, detail))
}

/// What came of a rotation of the master key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MasterKeyRotation)]
pub(crate) struct RotationView {
    /// Which master key encrypts all secrets now: the beginning of a hash of it.
    master_key: String,
    /// How many tenants had secrets that it did not encrypt before.
    rotated: usize,
}

/// Encrypts the stored secrets of all tenants with the next master key. Do it once all servers have both keys; afterwards they can be
/// started with the next one alone. Doing it again changes nothing.
#[utoipa::path(post, path = "/api/v1/studio/master-key/rotate", tag = "secrets",
    responses((status = 200, description = "All secrets are encrypted with the next master key", body = RotationView),
              (status = 403, description = "The role does not allow it", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "The server has no next master key, or not the one that secrets are encrypted with", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn rotate_master_key(
    State(app): State<App>,
    _: Authorized<RotateMasterKey>,
) -> Result<Response, Problem> {
    let rotated = vault(&app)?.rotate().await.map_err(problem)?;
    Ok(reply::ok(&RotationView { master_key: rotated.master.to_string(), rotated: rotated.data_keys }))
}

/// The secrets of the environment belong to the first tenant.
fn of_environment(app: &App, tenant: TenantId) -> &[EnvironmentSecret] {
    if tenant == TenantId::DEFAULT { app.environment_secrets() } else { &[] }
}

pub(super) fn vault(app: &App) -> Result<&Vault, Problem> {
    app.vault().ok_or_else(|| problem(VaultError::NoMasterKey))
}

/// Checks each host, and returns all in the form in which they are compared.
fn checked(hosts: &[String]) -> Result<Arc<str>, Problem> {
    if hosts.len() > HOSTS_MAX {
        return Err(Problem::of_body("/hosts", format!("A secret has up to {HOSTS_MAX} hosts.")));
    }
    let read = |(place, host): (usize, &String)| {
        // A comma would make two hosts of one.
        let parsed = SecretHosts::parse(host).ok().filter(|_| !host.contains(','));
        parsed.map(|host| host.to_string()).ok_or_else(|| {
            Problem::of_body(
                format!("/hosts/{place}"),
                "This is not a host such as `api.example.com`, `*.example.com`, `api.example.com:8443` or `10.0.0.5`.",
            )
        })
    };
    let hosts = hosts.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(hosts.join(", ").into())
}

pub(super) fn problem(error: VaultError) -> Problem {
    match error {
        VaultError::Store(error) => RuntimeError::from(error).into(),
        VaultError::NoMasterKey => Problem::new(
            ProblemKind::NoMasterKey,
            "The server has no master key, so it cannot encrypt secrets. Let its operator set `master_key_file` or \
             STEADFLOW_MASTER_KEY, and start it again.",
        ),
        VaultError::NoNextMasterKey => Problem::new(
            ProblemKind::NoMasterKey,
            "The server has no next master key. Let its operator set `next_master_key_file` or STEADFLOW_NEXT_MASTER_KEY, and \
             start all servers again; then rotate.",
        ),
        VaultError::OtherMasterKey { stored, own } => {
            let own = own.map_or_else(|| "has none".to_owned(), |own| format!("has {own}"));
            let detail = format!(
                "Secrets are stored that need the master key {stored}, and the server {own}, so nothing was stored. Let its \
                 operator start it with that one; or delete the damaged secrets if it is lost."
            );
            Problem::new(ProblemKind::NoMasterKey, detail)
        }
        VaultError::TooMany => {
            let detail = format!("There are {SECRETS_MAX} secrets already. Delete one that no flow uses.");
            Problem::new(ProblemKind::TooManySecrets, detail)
        }
        VaultError::MasterKey(error) => Problem::new(
            ProblemKind::NoMasterKey,
            "The server could not make its master key, so nothing was stored; its log says why.",
        )
        .caused_by(error.to_string()),
        VaultError::Random(error) => {
            Problem::new(ProblemKind::Internal, "The secret could not be encrypted; the log says why.")
                .caused_by(error.to_string())
        }
    }
}
