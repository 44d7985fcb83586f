//! Tenants: made, limited, disabled and deleted by who runs the installation.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use steadflow_access::{Invited, TENANTS_MAX, TenantRefused, make_tenant};
use steadflow_core::budget::Budget;
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::TenantId;
use steadflow_core::tenant::{DEFAULT_NAME, TenantQuota, check_name};
use steadflow_runtime::TenantUse;
use steadflow_store::{Listed, TenantChange, TenantChanged, TenantRecord};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::invitations::{LinkToJoin, email_of_body, invited};
use crate::app::App;
use crate::authorized::{Authorized, ManageTenants};
use crate::json::Json;
use crate::path::PathId;
use crate::people::RequestPrincipal;
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::query::{FromParams, Params, Query};
use crate::reply;
use crate::views::entry::{Entry, entries};
use crate::views::wire::Time;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_tenants, create_tenant)).routes(routes!(
        show_tenant,
        change_tenant,
        delete_tenant
    ))
}

/// A tenant, what it may use, and what it uses of that.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantView {
    id: Uuid,
    name: String,
    /// Whether it is the one that is always there, and runs the installation.
    is_default: bool,
    /// `null` for the default one.
    created_at: Option<Time>,
    /// Since when nobody of it may do anything, and nothing of it starts.
    disabled_at: Option<Time>,
    /// Since when its executions are being cancelled.
    cancelling_since: Option<Time>,
    /// Since when it is being deleted.
    deleting_since: Option<Time>,
    quota: QuotaView,
    uses: UseView,
}

/// What a tenant may use; `null` is not limited.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = TenantQuota)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct QuotaView {
    /// Executions that have not ended, without those that others have started.
    #[schema(minimum = 1)]
    executions: Option<u32>,
    /// Starts in any minute.
    #[schema(minimum = 1)]
    starts_per_minute: Option<u32>,
    /// Bytes of stored executions and conversations.
    #[schema(minimum = 1)]
    stored_bytes: Option<u64>,
    /// Tokens that models may use in a day of UTC.
    #[schema(minimum = 1)]
    tokens_per_day: Option<u64>,
    /// What models may cost in a day of UTC.
    #[schema(minimum = 0, exclusive_minimum = 0)]
    cost_per_day: Option<f64>,
    /// The currency of `cost_per_day`, such as `EUR`; `null` where prices name none.
    #[schema(value_type = Option<String>, min_length = 3, max_length = 3)]
    currency: Option<String>,
}

/// What a tenant uses; `null` where that is not limited, and so not counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantUse)]
pub(crate) struct UseView {
    /// Executions that have not ended.
    executions: Option<u64>,
    /// Starts in the last minute, as this process knows of them.
    starts_last_minute: Option<u64>,
    /// Bytes of stored executions and conversations, as they were measured last.
    stored_bytes: Option<u64>,
    /// Tokens that models have used today, of executions that have ended.
    tokens_today: Option<u64>,
    /// What models have cost today.
    cost_today: Option<f64>,
}

/// A tenant in a list.
type TenantEntry = Entry<TenantView>;

impl From<TenantQuota> for QuotaView {
    fn from(quota: TenantQuota) -> Self {
        let Budget { max_tokens, max_cost, currency } = quota.per_day;
        Self {
            executions: quota.executions,
            starts_per_minute: quota.starts_per_minute,
            stored_bytes: quota.stored_bytes,
            tokens_per_day: max_tokens,
            cost_per_day: max_cost,
            currency: currency.map(|currency| currency.as_str().to_owned()),
        }
    }
}

impl QuotaView {
    fn read(self) -> Result<TenantQuota, Problem> {
        let whole = [
            ("executions", self.executions.map(u64::from)),
            ("starts_per_minute", self.starts_per_minute.map(u64::from)),
            ("stored_bytes", self.stored_bytes),
            ("tokens_per_day", self.tokens_per_day),
        ];
        if let Some((name, _)) = whole.iter().find(|(_, limit)| *limit == Some(0)) {
            let detail =
                format!("`{name}` must be at least 1; disable the tenant if nothing of it is to start.");
            return Err(Problem::of_body(format!("/quota/{name}"), detail));
        }
        if self.cost_per_day.is_some_and(|cost| !cost.is_finite() || cost <= 0.0) {
            return Err(Problem::of_body("/quota/cost_per_day", "`cost_per_day` must be more than 0."));
        }
        let currency = self.currency.map(String::try_into).transpose().map_err(|error| {
            Problem::of_body("/quota/currency", format!("`currency` is not valid: {error}."))
        })?;
        if currency.is_some() && self.cost_per_day.is_none() {
            return Err(Problem::of_body(
                "/quota/currency",
                "`currency` is that of `cost_per_day`, which is missing.",
            ));
        }
        Ok(TenantQuota {
            executions: self.executions,
            starts_per_minute: self.starts_per_minute,
            stored_bytes: self.stored_bytes,
            per_day: Budget { max_tokens: self.tokens_per_day, max_cost: self.cost_per_day, currency },
        })
    }
}

impl From<TenantUse> for UseView {
    fn from(of: TenantUse) -> Self {
        Self {
            executions: of.unfinished,
            starts_last_minute: of.starts,
            stored_bytes: of.bytes,
            tokens_today: of.spent.map(|spent| spent.tokens),
            cost_today: of.spent.map(|spent| spent.cost),
        }
    }
}

fn view(app: &App, record: &TenantRecord, quotas: &[(TenantId, TenantQuota)]) -> TenantView {
    let is_default = record.id == TenantId::DEFAULT;
    let quota = quotas.iter().find(|(tenant, _)| *tenant == record.id).map(|(_, quota)| *quota);
    TenantView {
        id: record.id.uuid(),
        name: record.name.to_string(),
        is_default,
        created_at: (!is_default).then(|| record.created_at.into()),
        disabled_at: record.disabled_at.map(Into::into),
        cancelling_since: record.cancelling_since.map(Into::into),
        deleting_since: record.deleting_since.map(Into::into),
        quota: quota.unwrap_or_default().into(),
        uses: app.engine().tenant_use(record.id).into(),
    }
}

/// The default tenant, which has no record.
fn default_tenant() -> TenantRecord {
    TenantRecord::new(
        TenantId::DEFAULT,
        DEFAULT_NAME.into(),
        steadflow_core::timestamp::Timestamp::from_micros(0),
    )
}

async fn all(app: &App) -> Result<Vec<Listed<TenantRecord>>, Problem> {
    let mut all = vec![Ok(default_tenant())];
    all.extend(app.engine().store().tenants().await?);
    Ok(all)
}

async fn found(app: &App, id: TenantId) -> Result<TenantRecord, Problem> {
    let found = all(app).await?.into_iter().flatten().find(|tenant| tenant.id == id);
    found.ok_or_else(|| missing(id))
}

fn missing(id: TenantId) -> Problem {
    Problem::new(ProblemKind::NoSuchTenant, format!("There is no tenant {id}."))
}

async fn show(app: &App, record: &TenantRecord) -> Result<TenantView, Problem> {
    Ok(view(app, record, &app.engine().store().tenant_quotas().await?))
}

/// Lists the tenants, the default one first.
#[utoipa::path(get, path = "/api/v1/studio/tenants", tag = "tenants",
    responses((status = 200, description = "The tenants", body = [TenantEntry])))]
pub(crate) async fn list_tenants(
    State(app): State<App>,
    _: Authorized<ManageTenants>,
) -> Result<Response, Problem> {
    let (all, quotas) = (all(&app).await?, app.engine().store().tenant_quotas().await?);
    Ok(reply::ok(&entries(app.metrics(), &all, |record| Ok(view(&app, record, &quotas)))))
}

/// The tenant to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NewTenant {
    /// Lower-case letters, digits, and hyphens inside.
    #[schema(min_length = 1, max_length = 63)]
    name: String,
    /// The e-mail address of its first admin; unless given, the person who opens the link says theirs.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// What it may use; unless given, it is not limited.
    quota: Option<QuotaView>,
}

/// A tenant that was made, and the link with which its first admin joins.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeTenant {
    tenant: TenantView,
    invitation: LinkToJoin,
}

/// Makes a tenant, and a link with which its first admin becomes a member, once, within 7 days.
#[utoipa::path(post, path = "/api/v1/studio/tenants", tag = "tenants", request_body = NewTenant,
    responses((status = 201, description = "The tenant, and the link, which is not shown again", body = MadeTenant),
              (status = 403, description = "The first admin could do more than you", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "There is a tenant of this name, there are too many, or nobody signs in at this server", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn create_tenant(
    State(app): State<App>,
    Authorized(caller, _): Authorized<ManageTenants>,
    asker: RequestPrincipal,
    body: Json<NewTenant>,
) -> Result<Response, Problem> {
    let NewTenant { name, email, quota } = body.value;
    let quota = quota.map(QuotaView::read).transpose()?;
    let email = email.as_deref().map(email_of_body).transpose()?;
    app.people()?;
    asker.grantor(&caller).check_unlimited("")?;
    let (store, now) = (app.engine().store(), app.engine().wall());
    let record = make_tenant(&**store, &name, now).await?;
    if let Some(quota) = quota {
        store.put_tenant_quota(record.id, quota).await?;
    }
    app.engine().read_tenants().await?;
    let theirs = Caller { tenant: record.id, ..caller };
    let invitation =
        invited(&app, asker.grantor(&theirs), Invited { email, ..Invited::new(Role::Admin) }).await?;
    let made = MadeTenant { tenant: show(&app, &record).await?, invitation };
    let path = format!("/api/v1/studio/tenants/{}", record.id);
    Ok(reply::located(reply::json(StatusCode::CREATED, &made), &path))
}

impl From<TenantRefused> for Problem {
    fn from(refused: TenantRefused) -> Self {
        match refused {
            TenantRefused::Name(unfit) => Self::of_body("/name", unfit.to_string()),
            TenantRefused::Taken => taken(),
            TenantRefused::TooMany => Self::new(
                ProblemKind::TooManyTenants,
                format!(
                    "There are {TENANTS_MAX} tenants, which is as many as there can be. Delete one that is not needed."
                ),
            ),
            TenantRefused::Store(error) => error.into(),
        }
    }
}

fn taken() -> Problem {
    Problem::new(ProblemKind::TenantExists, "Another tenant has this name. Choose another one.")
}

/// Shows a tenant.
#[utoipa::path(get, path = "/api/v1/studio/tenants/{id}", tag = "tenants",
    params(("id" = Uuid, Path, description = "The tenant")),
    responses((status = 200, description = "The tenant", body = TenantView),
              (status = 404, description = "There is no such tenant", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show_tenant(
    State(app): State<App>,
    _: Authorized<ManageTenants>,
    PathId(id): PathId<TenantId>,
) -> Result<Response, Problem> {
    Ok(reply::ok(&show(&app, &found(&app, id).await?).await?))
}

/// What may be changed of a tenant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct TenantPatch {
    /// Lower-case letters, digits, and hyphens inside.
    #[schema(min_length = 1, max_length = 63)]
    name: Option<String>,
    /// Whether nobody of it may do anything, and nothing of it starts. What runs goes on.
    disabled: Option<bool>,
    /// Whether the executions of a tenant that is disabled are cancelled.
    cancel_executions: Option<bool>,
    /// What it may use, as a whole.
    quota: Option<QuotaView>,
}

impl TenantPatch {
    const fn is_of_record(&self) -> bool {
        self.name.is_some() || self.disabled.is_some() || self.cancel_executions.is_some()
    }
}

/// Changes a tenant. Of the default one, only what it may use can be changed.
#[utoipa::path(patch, path = "/api/v1/studio/tenants/{id}", tag = "tenants", request_body = TenantPatch,
    params(("id" = Uuid, Path, description = "The tenant")),
    responses((status = 200, description = "The tenant", body = TenantView),
              (status = 404, description = "There is no such tenant", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "Another tenant has the name, or the state of this one does not allow it", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn change_tenant(
    State(app): State<App>,
    _: Authorized<ManageTenants>,
    PathId(id): PathId<TenantId>,
    body: Json<TenantPatch>,
) -> Result<Response, Problem> {
    let patch = body.value;
    if let Some(name) = &patch.name {
        check_name(name).map_err(|unfit| Problem::of_body("/name", unfit.to_string()))?;
    }
    let before = found(&app, id).await?;
    let record = if patch.is_of_record() {
        let change = TenantChange {
            name: patch.name.as_deref().map(Arc::from),
            is_disabled: patch.disabled,
            is_cancelling: patch.cancel_executions,
            at: app.engine().wall(),
            ..TenantChange::default()
        };
        changed(&app, &before, change).await?
    } else {
        before
    };
    if let Some(quota) = patch.quota {
        app.engine().store().put_tenant_quota(id, quota.read()?).await?;
    }
    app.engine().read_tenants().await?;
    Ok(reply::ok(&show(&app, &record).await?))
}

async fn changed(app: &App, before: &TenantRecord, change: TenantChange) -> Result<TenantRecord, Problem> {
    let id = before.id;
    let state = |detail: &'static str| Err(Problem::new(ProblemKind::TenantState, detail));
    if id == TenantId::DEFAULT {
        return state("The default tenant runs the installation: it is not renamed, disabled or deleted.");
    }
    match app.engine().store().change_tenant(id, change).await? {
        TenantChanged::Done(record) => Ok(*record),
        TenantChanged::Missing => Err(missing(id)),
        TenantChanged::NameTaken => Err(taken()),
        TenantChanged::NotDisabled => state("The tenant is in use. Disable it first."),
        TenantChanged::Deleting => state("The tenant is being deleted, which cannot be taken back."),
    }
}

/// What makes sure that a tenant is to be deleted.
#[derive(Debug, IntoParams)]
pub(crate) struct DeletionQuery {
    /// The name of the tenant, again: what is deleted is gone.
    name: Option<String>,
    /// Whether executions that have not ended are cancelled. Otherwise, a tenant that has some is not deleted.
    #[param(required = false)]
    cancel: bool,
}

impl FromParams for DeletionQuery {
    fn from_params(params: &mut Params) -> Self {
        Self { name: params.text("name"), cancel: params.flag("cancel").unwrap_or(false) }
    }
}

/// Deletes a tenant that is disabled, with all that it has, step by step; then it is in no list any more. This cannot be taken back.
#[utoipa::path(delete, path = "/api/v1/studio/tenants/{id}", tag = "tenants",
    params(("id" = Uuid, Path, description = "The tenant"), DeletionQuery),
    responses((status = 202, description = "It is being deleted", body = TenantView),
              (status = 404, description = "There is no such tenant", body = ProblemBody, content_type = "application/problem+json"),
              (status = 409, description = "It is not disabled, or has executions that have not ended", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete_tenant(
    State(app): State<App>,
    _: Authorized<ManageTenants>,
    PathId(id): PathId<TenantId>,
    Query(query): Query<DeletionQuery>,
) -> Result<Response, Problem> {
    let tenant = found(&app, id).await?;
    if query.name.as_deref() != Some(&*tenant.name) {
        return Err(Problem::new(
            ProblemKind::InvalidParameter,
            format!(
                "Give the parameter `name` the name of the tenant, `{}`, to delete it with all that it has.",
                tenant.name
            ),
        ));
    }
    if !query.cancel && tenant.deleting_since.is_none() && app.engine().has_unfinished(id).await? {
        return Err(Problem::new(
            ProblemKind::TenantState,
            "The tenant has executions that have not ended. Wait for them, or give the parameter `cancel` the value `true`.",
        ));
    }
    let change = TenantChange { deletes: true, at: app.engine().wall(), ..TenantChange::default() };
    let record = changed(&app, &tenant, change).await?;
    app.engine().read_tenants().await?;
    Ok(reply::json(StatusCode::ACCEPTED, &show(&app, &record).await?))
}
