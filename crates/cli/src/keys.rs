//! `steadflow keys`: API keys, made, listed and deleted in the database.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;
use steadflow_access::{DEFAULT_TENANT, Grantor, NewKey, issue, service_account};
use steadflow_core::access::FlowScope;
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::TenantId;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::{Clock, SystemClock};
use steadflow_store::{ApiKeyRecord, Page, Store};

use crate::args::{CreateKey, KeysCommand};
use crate::settings::Database;
use crate::wiring::{open_present, open_store};
use crate::{local_audit, output};

/// The name of the tenant that has no record.
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Keys are read in parts of this size.
const PAGE: usize = 1_000;

/// Makes, lists or deletes keys.
pub(crate) async fn keys(database: Database, tenant: &str, command: KeysCommand) -> anyhow::Result<ExitCode> {
    let is_new = matches!(command, KeysCommand::Create(_));
    // A key can be made before the first start.
    let store = if is_new { open_store(&database).await? } else { open_present(&database).await? };
    let done = run(&*store, tenant, command).await;
    store.close().await.with_context(|| format!("Could not close {database}"))?;
    done.map(|()| ExitCode::SUCCESS)
}

async fn run(store: &dyn Store, tenant: &str, command: KeysCommand) -> anyhow::Result<()> {
    let tenant = tenant_of(store, tenant).await?;
    match command {
        KeysCommand::Create(new) => create(store, tenant, new).await,
        KeysCommand::List { json } => list(store, tenant, json).await,
        KeysCommand::Delete { key } => delete(store, tenant, &key).await,
    }
}

/// Returns the tenant that has a name.
pub(crate) async fn tenant_of(store: &dyn Store, name: &str) -> anyhow::Result<TenantId> {
    if name == DEFAULT_TENANT {
        return Ok(TenantId::DEFAULT);
    }
    let tenants = store.tenants().await.context("Could not read the tenants")?;
    let found = tenants.into_iter().flatten().find(|tenant| &*tenant.name == name);
    found.map(|tenant| tenant.id).with_context(|| format!("There is no tenant `{name}`."))
}

async fn create(store: &dyn Store, tenant: TenantId, new: CreateKey) -> anyhow::Result<()> {
    let now = SystemClock::new().wall();
    let flows: BTreeSet<_> = new.flow.into_iter().collect();
    let account = service_account(store, tenant, new.account.into(), Role::Admin, now).await;
    let account = account.context("Could not store the service account")?;
    let key = NewKey {
        principal: account.id,
        name: new.name.into(),
        role: new.role.into(),
        flows: if flows.is_empty() { FlowScope::All } else { FlowScope::Only(Arc::new(flows)) },
        folders: (!new.folder.is_empty()).then_some(new.folder),
        networks: Some(new.address).filter(|networks| !networks.is_empty()),
        expires_at: new.expires_in.map(|days| now.plus(DAY * days)),
    };
    let by = Caller { tenant, actor: local_audit::actor(), ..Caller::LOCAL };
    local_audit::add(store, &by, "create_key", "steadflow keys create").await?;
    let expires_at = key.expires_at;
    let issued = issue(store, Grantor::local(&by), key, now).await?;
    if new.json {
        let expires_at = expires_at.map(|at| at.to_string());
        output::json(&json!({ "key": issued.secret(), "expires_at": expires_at }));
        return Ok(());
    }
    output::note(format_args!(
        "This is the key. It is stored nowhere, and not shown again: keep it like a password."
    ));
    output::line(issued.secret());
    Ok(())
}

async fn all(store: &dyn Store, tenant: TenantId) -> anyhow::Result<Vec<ApiKeyRecord>> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = Page { before, limit: PAGE };
        let found = store.api_keys(tenant, None, page).await.context("Could not read the keys")?;
        let is_last = found.len() < PAGE;
        all.extend(found.into_iter().flatten());
        before = all.last().map(|key: &ApiKeyRecord| key.id.uuid());
        if is_last {
            return Ok(all);
        }
    }
}

async fn list(store: &dyn Store, tenant: TenantId, as_json: bool) -> anyhow::Result<()> {
    let all = all(store, tenant).await?;
    if as_json {
        let shown = all.iter().map(|key| {
            json!({
                "id": key.id.to_string(),
                "prefix": key.prefix,
                "name": key.name,
                "role": key.role.as_str(),
                "flows": key.flows.flows().map(|flows| flows.iter().map(ToString::to_string).collect::<Vec<_>>()),
                "networks": key.networks,
                "expires_at": key.expires_at.map(|at| at.to_string()),
                "last_used_at": key.used_at.map(|at| at.to_string()),
            })
        });
        output::payload(&Payload::from_value(&shown.collect()));
        return Ok(());
    }
    let mut table = output::table(["KEY", "NAME", "ROLE", "LIMITED TO", "EXPIRES", "LAST USED"]);
    for key in all {
        table.add_row([
            output::escaped(&key.prefix),
            output::escaped(&key.name),
            key.role.as_str().to_owned(),
            limits(&key),
            moment(key.expires_at),
            moment(key.used_at),
        ]);
    }
    output::lines(output::fitted(table));
    Ok(())
}

fn limits(key: &ApiKeyRecord) -> String {
    let flows = key.flows.flows().map(|flows| match flows.len() {
        1 => "1 flow".to_owned(),
        many => format!("{many} flows"),
    });
    let folders = key.folders.as_ref().map(|folders| {
        let folders: Vec<String> =
            folders.iter().map(|folder| output::escaped(&folder.to_string())).collect();
        folders.join(", ")
    });
    let networks = key.networks.as_ref().map(|networks| networks.join(", "));
    let limits: Vec<String> = [flows, folders, networks].into_iter().flatten().collect();
    if limits.is_empty() { "-".to_owned() } else { limits.join("; ") }
}

fn moment(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.to_string())
}

async fn delete(store: &dyn Store, tenant: TenantId, wanted: &str) -> anyhow::Result<()> {
    let is_meant = |key: &&ApiKeyRecord| &*key.prefix == wanted || key.id.to_string() == wanted;
    let all = all(store, tenant).await?;
    let mut found = all.iter().filter(is_meant);
    let Some(key) = found.next() else {
        bail!("There is no key `{wanted}`. `steadflow keys list` shows all.");
    };
    if found.next().is_some() {
        bail!("Several keys begin with `{wanted}`. Delete one by its ID.");
    }
    let by = Caller { tenant, actor: local_audit::actor(), ..Caller::LOCAL };
    local_audit::add(store, &by, "delete_key", &format!("steadflow keys delete {}", key.prefix)).await?;
    store.delete_api_key(tenant, key.id, None).await.context("Could not delete the key")?;
    output::note(format_args!("{}: the key is worth nothing from now on.", key.prefix));
    Ok(())
}
