//! The API keys of who asks: what they do themselves, by a program.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use steadflow_access::{KEYS_MAX, NewKey};
use steadflow_core::access::Principal;
use steadflow_core::ids::{KeyId, TenantId};
use steadflow_store::{ApiKeyRecord, Listed, Page};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::keys::{KeyEntry, KeyView, NewKeyView, Wanted, delete, made, no_such_key};
use crate::app::App;
use crate::authorized::{Authorized, UseOwnAccount};
use crate::json::Json;
use crate::path::PathId;
use crate::people::RequestPrincipal;
use crate::problem::{Problem, ProblemBody};
use crate::reply;
use crate::views::entry::entries;

const PATH: &str = "/api/v1/studio/account/keys";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_own_keys, create_own_key)).routes(routes!(delete_own_key))
}

/// A key to be made for oneself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct OwnKeyInput {
    /// To tell it from others.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may do: `viewer`, `operator`, `editor` or `admin`, at most what you may.
    #[schema(example = "operator")]
    role: String,
    /// The flows that it is limited to; all, and everything else, unless given.
    #[schema(min_items = 1, max_items = 100)]
    flow_ids: Option<Vec<Uuid>>,
    /// The folders of flows that it is limited to; all, and everything else, unless given.
    #[schema(min_items = 1, max_items = 50)]
    folders: Option<Vec<String>>,
    /// The addresses and networks that it works from, such as `203.0.113.0/24`; all unless given.
    #[schema(min_items = 1, max_items = 20)]
    addresses: Option<Vec<String>>,
    /// When it expires, in RFC 3339; never unless given.
    #[schema(format = "date-time")]
    expires_at: Option<String>,
}

async fn keys_of(
    app: &App,
    tenant: TenantId,
    principal: &Principal,
) -> Result<Vec<Listed<ApiKeyRecord>>, Problem> {
    let page = Page { before: None, limit: KEYS_MAX };
    Ok(app.engine().store().api_keys(tenant, Some(principal.id), page).await?)
}

/// Lists your own API keys, newest first.
#[utoipa::path(get, path = "/api/v1/studio/account/keys", tag = "account",
    responses((status = 200, description = "The keys", body = [KeyEntry]),
              (status = 409, description = "Nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list_own_keys(
    State(app): State<App>,
    Authorized(caller, _): Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
) -> Result<Response, Problem> {
    let keys = keys_of(&app, caller.tenant, asker.principal()?).await?;
    Ok(reply::ok(&entries(app.metrics(), &keys, |key| Ok(KeyView::from(key)))))
}

/// Makes an API key that acts as you. It is in this answer, and in no other.
#[utoipa::path(post, path = "/api/v1/studio/account/keys", tag = "account", request_body = OwnKeyInput,
    responses((status = 201, description = "The key", body = NewKeyView,
               headers(("Location" = String, description = "The key's address, to delete it"))),
              (status = 403, description = "The key could do more than you", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "You have as many keys as you may have, or nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "You may not do as much", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create_own_key(
    State(app): State<App>,
    Authorized(caller, _): Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
    body: Json<OwnKeyInput>,
) -> Result<Response, Problem> {
    let principal = asker.principal()?;
    let OwnKeyInput { name, role, flow_ids, folders, addresses, expires_at } = &body.value;
    let (flow_ids, folders, addresses) = (flow_ids.as_deref(), folders.as_deref(), addresses.as_deref());
    let wanted = Wanted { name, role, flow_ids, folders, addresses, expires_at: expires_at.as_deref() };
    let new = wanted.read(app.engine().wall())?;
    made(&app, asker.grantor(&caller), NewKey { principal: principal.id, ..new }, PATH).await
}

/// Deletes one of your own API keys. It stands for nothing from then on, and what was begun with it ends.
#[utoipa::path(delete, path = "/api/v1/studio/account/keys/{id}", tag = "account", params(("id" = Uuid, Path)),
    responses((status = 204, description = "It is deleted"),
              (status = 404, description = "You have no such key", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete_own_key(
    State(app): State<App>,
    Authorized(caller, _): Authorized<UseOwnAccount>,
    asker: RequestPrincipal,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, Problem> {
    let keys = keys_of(&app, caller.tenant, asker.principal()?).await?;
    let is_own = |key: &Listed<ApiKeyRecord>| match key {
        Ok(key) => key.id.uuid() == id,
        Err(damaged) => damaged.id == id,
    };
    if !keys.iter().any(is_own) {
        return Err(no_such_key(KeyId::new(id)));
    }
    delete(&app, caller.tenant, KeyId::new(id)).await
}
