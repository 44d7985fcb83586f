//! `steadflow tenants`: tenants, managed in the database.

mod export;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use serde_json::json;
use steadflow_access::{Grantor, Invited, invite, make_tenant, normal_email};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::TenantId;
use steadflow_core::payload::Payload;
use steadflow_core::tenant::{DEFAULT_NAME, TenantQuota, check_name};
use steadflow_runtime::{Clock, SystemClock, delete_tenant};
use steadflow_store::{ExecutionFilter, Page, Store, TenantChange, TenantChanged, TenantRecord};

use crate::args::{CreateTenant, SetQuota, TenantsCommand};
use crate::keys::tenant_of;
use crate::settings::{BlobSettings, Database};
use crate::wiring::{open_present, open_store};
use crate::{local_audit, output};

const MIB: u64 = 1024 * 1024;

/// Manages tenants.
pub(crate) async fn tenants(
    database: Database,
    command: TenantsCommand,
    blobs: Option<BlobSettings>,
) -> anyhow::Result<ExitCode> {
    if let TenantsCommand::Export { name, to, .. } = &command {
        return export::export(&database, blobs, name, to).await;
    }
    let is_new = matches!(command, TenantsCommand::Create(_));
    // A tenant can be made before the first start.
    let store = if is_new { open_store(&database).await? } else { open_present(&database).await? };
    let done = run(&store, command).await;
    store.close().await.with_context(|| format!("Could not close {database}"))?;
    done.map(|()| ExitCode::SUCCESS)
}

async fn run(store: &Arc<dyn Store>, command: TenantsCommand) -> anyhow::Result<()> {
    match command {
        TenantsCommand::Create(new) => create(store, new).await,
        TenantsCommand::List { json } => list(&**store, json).await,
        TenantsCommand::Show { name, json } => show(&**store, &name, json).await,
        TenantsCommand::Rename { name, new_name } => rename(&**store, &name, &new_name).await,
        TenantsCommand::Disable { name, cancel } => disable(&**store, &name, cancel).await,
        TenantsCommand::Enable { name } => enable(&**store, &name).await,
        TenantsCommand::SetQuota(quota) => set_quota(&**store, quota).await,
        TenantsCommand::Delete { name, confirm, cancel } => delete(store, &name, &confirm, cancel).await,
        TenantsCommand::Export { .. } => bail!("An export needs no database that is open."),
    }
}

/// Adds a change to the log of the default tenant, which has all that is done with tenants.
async fn audit(store: &dyn Store, action: &str, target: &str) -> anyhow::Result<()> {
    let by = Caller { actor: local_audit::actor(), ..Caller::LOCAL };
    local_audit::add(store, &by, action, &format!("steadflow tenants {target}")).await
}

async fn create(store: &Arc<dyn Store>, new: CreateTenant) -> anyhow::Result<()> {
    let email = new
        .email
        .as_deref()
        .map(|text| normal_email(text).with_context(|| format!("`{text}` is no e-mail address.")));
    let email = email.transpose()?;
    check_name(&new.name)?;
    audit(&**store, "create_tenant", &format!("create {}", new.name)).await?;
    let now = SystemClock::new().wall();
    let tenant = make_tenant(&**store, &new.name, now).await.context("Could not make the tenant")?;
    let by = Caller { tenant: tenant.id, actor: local_audit::actor(), ..Caller::LOCAL };
    let invited = Invited { email, ..Invited::new(Role::Admin) };
    let made = invite(store, Grantor::local(&by), invited, now).await.context("Could not make the link")?;
    let (token, record) = made.context("A new tenant has no invitations")?;
    let url = format!("{}/join/{}", new.public_url.unwrap_or_default(), token.text());
    if new.json {
        let expires_at = record.expires_at.to_string();
        let made =
            json!({ "name": new.name, "id": tenant.id.to_string(), "url": url, "expires_at": expires_at });
        output::json(&made);
        return Ok(());
    }
    output::note(format_args!(
        "{}: the tenant is made. With this link, its first admin joins, once, until {}. It is not shown again.",
        new.name, record.expires_at
    ));
    output::line(url);
    Ok(())
}

async fn list(store: &dyn Store, as_json: bool) -> anyhow::Result<()> {
    let quotas = store.tenant_quotas().await.context("Could not read the quotas")?;
    let limits = |id| {
        let found = quotas.iter().find(|(tenant, _)| *tenant == id);
        found.map_or_else(|| "-".to_owned(), |(_, quota)| said(quota).join("; "))
    };
    let default = TenantId::DEFAULT;
    let mut rows =
        vec![[DEFAULT_NAME.into(), default.to_string(), "active".into(), "-".into(), limits(default)]];
    for tenant in store.tenants().await.context("Could not read the tenants")? {
        match tenant {
            Ok(tenant) => rows.push([
                output::escaped(&tenant.name),
                tenant.id.to_string(),
                state(&tenant).to_owned(),
                tenant.created_at.to_string(),
                limits(tenant.id),
            ]),
            Err(damaged) => {
                rows.push(["?".into(), damaged.id.to_string(), "damaged".into(), "-".into(), "-".into()])
            }
        };
    }
    if as_json {
        let shown = rows.iter().map(|[name, id, state, made, limits]| {
            let known = |text: &String| Some(text.clone()).filter(|text| text != "-");
            json!({ "name": name, "id": id, "state": state, "created_at": known(made), "limits": known(limits) })
        });
        output::payload(&Payload::from_value(&shown.collect()));
        return Ok(());
    }
    let mut table = output::table(["NAME", "ID", "STATE", "MADE", "LIMITS"]);
    table.add_rows(rows);
    output::lines(output::fitted(table));
    Ok(())
}

const fn state(tenant: &TenantRecord) -> &'static str {
    if tenant.deleting_since.is_some() {
        "being deleted"
    } else if tenant.cancelling_since.is_some() {
        "disabled, cancelling"
    } else if tenant.disabled_at.is_some() {
        "disabled"
    } else {
        "active"
    }
}

/// Says what a quota limits, each as a few words.
fn said(quota: &TenantQuota) -> Vec<String> {
    let currency =
        quota.per_day.currency.map(|currency| format!(" {}", currency.as_str())).unwrap_or_default();
    [
        quota.executions.map(|max| output::count(max as usize, "execution")),
        quota.starts_per_minute.map(|max| format!("{max} starts per minute")),
        quota.stored_bytes.map(|max| format!("{} MiB stored", max / MIB)),
        quota.per_day.max_tokens.map(|max| format!("{max} tokens per day")),
        quota.per_day.max_cost.map(|max| format!("{max}{currency} per day")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the record of a tenant; the default one has none, and `what` cannot be done with it.
async fn record_of(store: &dyn Store, name: &str, what: &str) -> anyhow::Result<TenantRecord> {
    let id = tenant_of(store, name).await?;
    ensure!(id != TenantId::DEFAULT, "The default tenant runs the installation, and cannot be {what}.");
    let tenants = store.tenants().await.context("Could not read the tenants")?;
    tenants.into_iter().flatten().find(|tenant| tenant.id == id).context("The tenant is gone")
}

async fn show(store: &dyn Store, name: &str, as_json: bool) -> anyhow::Result<()> {
    let id = tenant_of(store, name).await?;
    let quotas = store.tenant_quotas().await.context("Could not read the quotas")?;
    let quota =
        quotas.into_iter().find(|(tenant, _)| *tenant == id).map(|(_, quota)| quota).unwrap_or_default();
    let state =
        if id == TenantId::DEFAULT { "active" } else { state(&record_of(store, name, "shown").await?) };
    let counts = store.unfinished_counts().await.context("Could not count the executions")?;
    let unfinished = counts.into_iter().find(|(tenant, _)| *tenant == id).map_or(0, |(_, count)| count);
    if as_json {
        let shown = json!({ "name": name, "id": id.to_string(), "state": state, "executions": unfinished, "limits": said(&quota) });
        output::payload(&Payload::from_value(&shown));
        return Ok(());
    }
    output::line(format_args!("tenant      {name}"));
    output::line(format_args!("id          {id}"));
    output::line(format_args!("state       {state}"));
    output::line(format_args!("executions  {unfinished} that have not ended"));
    let limits = said(&quota);
    let limits = if limits.is_empty() { "none".to_owned() } else { limits.join("; ") };
    output::line(format_args!("limits      {limits}"));
    Ok(())
}

/// Makes a change that is in the log already.
async fn change(store: &dyn Store, tenant: &TenantRecord, change: TenantChange) -> anyhow::Result<()> {
    let name = &tenant.name;
    match store.change_tenant(tenant.id, change).await.context("Could not change the tenant")? {
        TenantChanged::Done(_) => Ok(()),
        TenantChanged::Missing => bail!("There is no tenant `{name}` any more."),
        TenantChanged::NameTaken => bail!("Another tenant has this name. Choose another one."),
        TenantChanged::NotDisabled => {
            bail!("{name} is in use. Disable it first: `steadflow tenants disable {name}`.")
        }
        TenantChanged::Deleting => bail!("{name} is being deleted, which cannot be taken back."),
    }
}

fn now_with(with: impl FnOnce(&mut TenantChange)) -> TenantChange {
    let mut change = TenantChange { at: SystemClock::new().wall(), ..TenantChange::default() };
    with(&mut change);
    change
}

async fn rename(store: &dyn Store, name: &str, new_name: &str) -> anyhow::Result<()> {
    check_name(new_name)?;
    let tenant = record_of(store, name, "renamed").await?;
    audit(store, "change_tenant", &format!("rename {name} {new_name}")).await?;
    change(store, &tenant, now_with(|change| change.name = Some(new_name.into()))).await?;
    output::note(format_args!("{name}: the tenant is called {new_name} from now on."));
    Ok(())
}

async fn disable(store: &dyn Store, name: &str, cancel: bool) -> anyhow::Result<()> {
    let tenant = record_of(store, name, "disabled").await?;
    audit(store, "change_tenant", &format!("disable {name}")).await?;
    let disabled = now_with(|change| {
        change.is_disabled = Some(true);
        change.is_cancelling = cancel.then_some(true);
    });
    change(store, &tenant, disabled).await?;
    let runs =
        if cancel { "What runs is cancelled while a server runs." } else { "What runs goes on to its end." };
    output::note(format_args!(
        "{name}: nobody of it may do anything any more, and nothing of it starts. {runs}"
    ));
    Ok(())
}

async fn enable(store: &dyn Store, name: &str) -> anyhow::Result<()> {
    let tenant = record_of(store, name, "enabled").await?;
    audit(store, "change_tenant", &format!("enable {name}")).await?;
    change(store, &tenant, now_with(|change| change.is_disabled = Some(false))).await?;
    output::note(format_args!("{name}: the tenant can go on."));
    Ok(())
}

async fn set_quota(store: &dyn Store, set: SetQuota) -> anyhow::Result<()> {
    let name = &set.name;
    let id = tenant_of(store, name).await?;
    let quotas = store.tenant_quotas().await.context("Could not read the quotas")?;
    let mut quota = quotas.into_iter().find(|(of, _)| *of == id).map(|(_, quota)| quota).unwrap_or_default();
    if let Some(limit) = set.executions {
        quota.executions = limit.0;
    }
    if let Some(limit) = set.starts_per_minute {
        quota.starts_per_minute = limit.0;
    }
    if let Some(limit) = set.stored_mib {
        quota.stored_bytes = limit.0.map(|mib| u64::from(mib) * MIB);
    }
    if let Some(limit) = set.tokens_per_day {
        quota.per_day.max_tokens = limit.0;
    }
    if let Some(limit) = set.cost_per_day {
        quota.per_day.max_cost = limit.0.map(|cost| cost.amount);
        quota.per_day.currency = limit.0.and_then(|cost| cost.currency);
    }
    audit(store, "change_tenant", &format!("set-quota {name}")).await?;
    store.put_tenant_quota(id, quota).await.context("Could not store the quota")?;
    let limits = said(&quota);
    let limits = if limits.is_empty() { "nothing is limited".to_owned() } else { limits.join("; ") };
    output::note(format_args!("{name}: {limits}."));
    Ok(())
}

async fn has_unfinished(store: &dyn Store, tenant: TenantId) -> anyhow::Result<bool> {
    let statuses = vec![ExecutionStatus::Pending, ExecutionStatus::Running, ExecutionStatus::Paused];
    let filter = ExecutionFilter { tenant: Some(tenant), statuses, ..ExecutionFilter::default() };
    let found = store.executions(filter, Page { before: None, limit: 1 }).await;
    Ok(!found.context("Could not read the executions")?.is_empty())
}

async fn delete(store: &Arc<dyn Store>, name: &str, confirm: &str, cancel: bool) -> anyhow::Result<()> {
    let tenant = record_of(&**store, name, "deleted").await?;
    ensure!(confirm == name, "`{confirm}` is not the name of the tenant. Nothing was deleted.");
    let runs = has_unfinished(&**store, tenant.id).await?;
    ensure!(
        !runs || cancel || tenant.deleting_since.is_some(),
        "{name} has executions that have not ended. Wait for them, or give --cancel. Nothing was deleted."
    );
    if tenant.deleting_since.is_none() {
        audit(&**store, "delete_tenant", &format!("delete {name}")).await?;
        change(&**store, &tenant, now_with(|change| change.deletes = true)).await?;
    }
    if runs || store.is_shared() {
        output::note(format_args!(
            "{name}: servers cancel what runs, and delete the tenant step by step while they run. It is in the list until that is done."
        ));
        return Ok(());
    }
    let executions =
        delete_tenant(store, tenant.id).await.context("The deletion is not complete; repeat it")?;
    output::note(format_args!(
        "{name}: the tenant is deleted, with {} and all else that it had.",
        output::count(executions, "execution")
    ));
    Ok(())
}
