//! API keys: made, listed and deleted by admins. A key itself is in one answer, that to who makes it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_access::{
    Forgotten, Grantor, IssueError, NewKey, issue, network, normal_name, service_account,
};
use steadflow_core::access::FlowScope;
use steadflow_core::caller::Role;
use steadflow_core::ids::{FlowId, KeyId, PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::RuntimeError;
use steadflow_store::ApiKeyRecord;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::App;
use crate::authorized::{Authorized, ManageKeys};
use crate::folders::folders_of_body;
use crate::json::Json;
use crate::path::PathId;
use crate::people::RequestPrincipal;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::query::{Query, Window};
use crate::reply;
use crate::views::entry::{Entry, entries, id_of};
use crate::views::wire::Time;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_keys, create_key)).routes(routes!(delete_key))
}

/// A key to be made for a service account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct KeyInput {
    /// To tell it from others.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may do: `viewer`, `operator`, `editor` or `admin`, at most what you may.
    #[schema(example = "operator")]
    role: String,
    /// The name of the service account that acts by it, which is made if there is none.
    #[schema(min_length = 1, max_length = 100)]
    account: String,
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

/// A key, without what makes it one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(super) struct KeyView {
    id: Uuid,
    /// Its beginning, which journals name.
    prefix: String,
    name: String,
    role: &'static str,
    /// The person or the service account that acts by it. It may do no more than these may.
    owner_id: Uuid,
    flow_ids: Option<Vec<Uuid>>,
    folders: Option<Vec<String>>,
    addresses: Option<Vec<String>>,
    created_at: Time,
    /// Who has made it.
    created_by: String,
    expires_at: Option<Time>,
    /// When it was used last, to about a minute.
    last_used_at: Option<Time>,
    /// From where.
    last_used_from: Option<String>,
}

/// A key in a list.
pub(super) type KeyEntry = Entry<KeyView>;

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewApiKey)]
pub(super) struct NewKeyView {
    #[serde(flatten)]
    made: KeyView,
    /// The key itself. It is stored nowhere, and never shown again.
    key: String,
}

impl From<&ApiKeyRecord> for KeyView {
    fn from(record: &ApiKeyRecord) -> Self {
        let texts = |all: &Arc<[Arc<str>]>| all.iter().map(ToString::to_string).collect();
        let flows = |all: &BTreeSet<FlowId>| all.iter().map(|flow| flow.uuid()).collect();
        Self {
            id: record.id.uuid(),
            prefix: record.prefix.to_string(),
            name: record.name.to_string(),
            role: record.role.as_str(),
            owner_id: record.principal.uuid(),
            flow_ids: record.flows.flows().map(flows),
            folders: record.folders.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
            addresses: record.networks.as_ref().map(texts),
            created_at: record.created_at.into(),
            created_by: record.created_by.to_string(),
            expires_at: record.expires_at.map(Into::into),
            last_used_at: record.used_at.map(Into::into),
            last_used_from: record.used_from.as_ref().map(ToString::to_string),
        }
    }
}

/// A key to be made, as it was sent.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) role: &'a str,
    pub(super) flow_ids: Option<&'a [Uuid]>,
    pub(super) folders: Option<&'a [String]>,
    pub(super) addresses: Option<&'a [String]>,
    pub(super) expires_at: Option<&'a str>,
}

impl Wanted<'_> {
    /// Returns the key to make. Whose it is, is filled in later.
    pub(super) fn read(&self, now: Timestamp) -> Result<NewKey, Problem> {
        let role = self.role.parse().ok().filter(|role| *role > Role::None).ok_or_else(|| {
            Problem::of_body("/role", "A role is `viewer`, `operator`, `editor` or `admin`.")
        })?;
        let ids = self.flow_ids.map(|ids| ids.iter().copied().map(FlowId::new).collect());
        let addresses = self.addresses.into_iter().flatten().enumerate();
        let networks: Result<Vec<_>, Problem> = addresses
            .map(|(at, text)| network(text).map_err(|why| Problem::of_body(format!("/addresses/{at}"), why)))
            .collect();
        Ok(NewKey {
            principal: PrincipalId::new(Uuid::nil()),
            name: name_at("/name", self.name)?,
            role,
            flows: ids.map_or(FlowScope::All, |ids| FlowScope::Only(Arc::new(ids))),
            folders: self.folders.map(folders_of_body).transpose()?,
            networks: self.addresses.is_some().then_some(networks?),
            expires_at: self.expires_at.map(|text| expiry(text, now)).transpose()?,
        })
    }
}

fn name_at(pointer: &'static str, text: &str) -> Result<Arc<str>, Problem> {
    normal_name(text).ok_or_else(|| Problem::of_body(pointer, "A name is one line of 1 to 100 characters."))
}

fn expiry(text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let later = Timestamp::parse(text).ok().filter(|end| *end > now);
    later.ok_or_else(|| {
        Problem::of_body(
            "/expires_at",
            "A key expires at a moment that is to come, such as 2027-01-31T12:00:00Z.",
        )
    })
}

/// Lists the API keys, newest first.
#[utoipa::path(get, path = "/api/v1/studio/keys", tag = "access", params(Window),
    responses((status = 200, description = "The keys", body = [KeyEntry],
               headers(("Link" = Option<String>, description = "Where the next page is, if there is one")))))]
pub(crate) async fn list_keys(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageKeys>,
    uri: Uri,
    Query(window): Query<Window>,
) -> Result<Response, Problem> {
    let found = app.engine().store().api_keys(caller.tenant, None, window.page()).await?;
    let page = window.cut(found, |key| id_of(key, |key| key.id.uuid()));
    let views = entries(app.metrics(), &page.rows, |key| Ok(KeyView::from(key)));
    Ok(page.reply(&uri, &views, page.total()))
}

/// Makes an API key. It is in this answer, and in no other.
#[utoipa::path(post, path = "/api/v1/studio/keys", tag = "access", request_body = KeyInput,
    responses((status = 201, description = "The key", body = NewKeyView,
               headers(("Location" = String, description = "The key's address, to delete it"))),
              (status = 403, description = "The key could do more than you", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "The account has as many keys as it may have", body = ProblemBody, content_type = "application/problem+json"),
              (status = 422, description = "The account may not do as much, or is disabled", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create_key(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageKeys>,
    asker: RequestPrincipal,
    body: Json<KeyInput>,
) -> Result<Response, Problem> {
    let (store, now) = (app.engine().store(), app.engine().wall());
    let KeyInput { name, role, account, flow_ids, folders, addresses, expires_at } = &body.value;
    let (flow_ids, folders, addresses) = (flow_ids.as_deref(), folders.as_deref(), addresses.as_deref());
    let new =
        Wanted { name, role, flow_ids, folders, addresses, expires_at: expires_at.as_deref() }.read(now)?;
    let account = name_at("/account", account)?;
    let account = service_account(&**store, caller.tenant, account, Role::Admin, now).await?;
    made(&app, asker.grantor(&caller), NewKey { principal: account.id, ..new }, "/api/v1/studio/keys").await
}

/// Makes a key, and answers with it. It is deleted below `path`.
pub(super) async fn made(app: &App, by: Grantor<'_>, new: NewKey, path: &str) -> Result<Response, Problem> {
    let issued = issue(&**app.engine().store(), by, new, app.engine().wall()).await?;
    let view = NewKeyView { made: KeyView::from(&issued.record), key: issued.secret() };
    Ok(reply::located(reply::json(StatusCode::CREATED, &view), &format!("{path}/{}", issued.record.id)))
}

/// Deletes an API key. It stands for nothing from then on, and what was begun with it ends.
#[utoipa::path(delete, path = "/api/v1/studio/keys/{id}", tag = "access", params(("id" = Uuid, Path)),
    responses((status = 204, description = "It is deleted"),
              (status = 404, description = "There is no such key", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete_key(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageKeys>,
    PathId(id): PathId<Uuid>,
) -> Result<StatusCode, Problem> {
    delete(&app, caller.tenant, KeyId::new(id)).await
}

/// Deletes a key, and forgets it at once.
pub(super) async fn delete(app: &App, tenant: TenantId, id: KeyId) -> Result<StatusCode, Problem> {
    let deleted = steadflow_access::delete_key(&**app.engine().store(), tenant, id).await?;
    let deleted = deleted.ok_or_else(|| no_such_key(id))?;
    if let Some(authenticator) = app.authenticator() {
        authenticator.forget(Forgotten::One(deleted.hash));
    }
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn no_such_key(id: KeyId) -> Problem {
    Problem::new(ProblemKind::NoSuchKey, format!("There is no API key {id}."))
}

impl From<IssueError> for Problem {
    fn from(error: IssueError) -> Self {
        let kind = match error {
            IssueError::MoreThanOwn(refused) => return refused.into(),
            IssueError::TooMany => ProblemKind::TooManyKeys,
            IssueError::MoreThanOwner { .. }
            | IssueError::Missing
            | IssueError::Disabled(_)
            | IssueError::Limits => ProblemKind::KeyUnfit,
            IssueError::NoRandom(_) => ProblemKind::Unavailable,
            IssueError::Store(error) => return RuntimeError::from(error).into(),
        };
        Self::new(kind, error.to_string())
    }
}
