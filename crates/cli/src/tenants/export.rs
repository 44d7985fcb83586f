//! `steadflow tenants export`: all that a tenant has, as files of JSON Lines with a manifest.

mod lines;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use steadflow_core::audit::ExportedRow;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::session::SessionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::{Clock, Offload, SystemClock};
use steadflow_store::{
    AgentFilter, AuditFrom, AuditPage, ExecutionFilter, ExecutionRow, FlowFilter, Listed, Page, SessionPage,
    Store, StoreError, VersionPage,
};
use steadflow_store_sqlite::{OpenError, SqliteStore};

use lines::Lines;

use crate::keys::tenant_of;
use crate::output;
use crate::settings::{BlobSettings, Database};
use crate::wiring::open_present;

/// Rows that are read at once.
const PAGE: usize = 200;
/// The format of the files.
const FORMAT: u32 = 1;

/// Exports a tenant.
pub(super) async fn export(
    database: &Database,
    blobs: Option<BlobSettings>,
    name: &str,
    to: &Path,
) -> anyhow::Result<ExitCode> {
    ensure!(!to.exists(), "{} exists already. Name a directory that does not.", to.display());
    DirBuilder::new()
        .mode(0o700)
        .create(to)
        .with_context(|| format!("Could not make the directory {}", to.display()))?;
    let copy = Copy::of(database, to).await?;
    let store = open_present(copy.as_ref().map_or(database, |copy| &copy.database)).await?;
    let blobs = blobs.map(|blobs| Offload::to(blobs.storage())).unwrap_or_default();
    let done = write_all((&*store, &blobs), name, to).await;
    store.close().await.with_context(|| format!("Could not close {database}"))?;
    drop(copy);
    let damaged = done?;
    output::note(format_args!("{name}: exported to {}. Values of secrets are not in it.", to.display()));
    if damaged > 0 {
        output::note(format_args!(
            "{} could not be read; `steadflow doctor` says why. Each has a line that says so.",
            output::count(damaged, "row")
        ));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A copy of a database of SQLite that a server uses, as of one moment; deleted when it is dropped.
struct Copy {
    database: Database,
    files: [std::path::PathBuf; 2],
}

impl Copy {
    /// Copies the database, if a server uses it.
    async fn of(database: &Database, to: &Path) -> anyhow::Result<Option<Self>> {
        let Database::Sqlite(path) = database else { return Ok(None) };
        if !is_in_use(database).await? {
            return Ok(None);
        }
        let files = [to.join(".copy"), to.join(".copy.db")];
        let copy = Self { database: Database::Sqlite(files[1].clone()), files };
        SqliteStore::back_up(path, &copy.files[0], SystemClock::new().wall())
            .with_context(|| format!("Could not copy {database}, which a server uses"))?;
        SqliteStore::restore(&copy.files[0], &copy.files[1])
            .context("Could not open the copy of the database")?;
        Ok(Some(copy))
    }
}

/// Returns whether another process has the database.
async fn is_in_use(database: &Database) -> anyhow::Result<bool> {
    match open_present(database).await {
        Ok(store) => {
            store.close().await.with_context(|| format!("Could not close {database}"))?;
            Ok(false)
        }
        Err(error) if error.downcast_ref().is_some_and(|error| matches!(error, OpenError::Locked { .. })) => {
            Ok(true)
        }
        Err(error) => Err(error),
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        for file in &self.files {
            for ending in ["", "-wal", "-shm", ".lock"] {
                let mut name = file.clone().into_os_string();
                name.push(ending);
                // What was not made needs no deletion.
                let _ = std::fs::remove_file(name);
            }
        }
    }
}

/// Writes all files, and the manifest at the end: a directory without one is not complete. Returns how many rows could not be read.
async fn write_all((store, blobs): (&dyn Store, &Offload), name: &str, to: &Path) -> anyhow::Result<usize> {
    let tenant = tenant_of(store, name).await?;
    let started_at = SystemClock::new().wall();
    let mut exporting = Exporting { store, blobs, tenant, dir: to, files: Vec::new(), damaged: 0 };
    exporting.flows().await?;
    exporting.agents().await?;
    exporting.executions().await?;
    exporting.conversations().await?;
    exporting.schedules_and_alerts().await?;
    exporting.people().await?;
    exporting.audit().await?;
    let completed_at = SystemClock::new().wall();
    let manifest = json!({
        "format": FORMAT,
        "version": env!("CARGO_PKG_VERSION"),
        "tenant": { "id": tenant, "name": name },
        "started_at": started_at,
        "completed_at": completed_at,
        "damaged_rows": exporting.damaged,
        "files": exporting.files,
    });
    let text = serde_json::to_string_pretty(&manifest).expect("it has string keys") + "\n";
    let mut file = Lines::new(to, "manifest.json")?;
    file.add(text.trim_end())?;
    file.end()?;
    Ok(exporting.damaged)
}

struct Exporting<'a> {
    store: &'a dyn Store,
    blobs: &'a Offload,
    tenant: TenantId,
    dir: &'a Path,
    files: Vec<Value>,
    damaged: usize,
}

/// A stored document, as it was written.
fn raw(payload: &Payload) -> &str {
    payload.as_str()
}

fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| json!(at))
}

/// Returns an object with a field more, whose value is JSON text.
fn with_raw(object: &Value, name: &str, json: &str) -> String {
    let text = object.to_string();
    format!("{},\"{name}\":{json}}}", &text[..text.len() - 1])
}

impl Exporting<'_> {
    fn damaged_row(&mut self, id: impl ToString, reason: &str) -> Value {
        self.damaged += 1;
        json!({ "id": id.to_string(), "unreadable": reason })
    }

    async fn flows(&mut self) -> anyhow::Result<()> {
        let mut lines = Lines::new(self.dir, "flows.jsonl")?;
        let mut before = None;
        loop {
            let filter = FlowFilter { tenant: Some(self.tenant), ..FlowFilter::default() };
            let page = self
                .store
                .flows(filter, Page { before, limit: PAGE })
                .await
                .context("Could not read the flows")?;
            let Some(last) = page.last() else { break };
            before = Some(last.as_ref().map_or_else(|damaged| damaged.id, |flow| flow.id.uuid()));
            for flow in page {
                match flow {
                    Ok(flow) => {
                        let about = json!({
                            "status": flow.status.to_string(), "folder": flow.folder, "current_version": flow.version,
                        });
                        self.flow_versions(&mut lines, flow.id, &about).await?;
                    }
                    Err(damaged) => lines.add_value(&self.damaged_row(damaged.id, &damaged.reason))?,
                }
            }
        }
        self.files.push(lines.end()?);
        Ok(())
    }

    async fn flow_versions(
        &mut self,
        lines: &mut Lines<'_>,
        id: FlowId,
        about: &Value,
    ) -> anyhow::Result<()> {
        let mut before = None;
        loop {
            let page = VersionPage { before, limit: PAGE };
            let versions = self.store.flow_versions(self.tenant, id, page).await;
            let versions = versions.context("Could not read the versions of a flow")?;
            for version in &versions {
                match version {
                    Ok(version) => {
                        let mut head = about.clone();
                        head["id"] = json!(id);
                        head["version"] = json!(version.version);
                        head["created_at"] = json!(version.created_at);
                        lines.add(with_raw(&head, "document", raw(&version.document)))?;
                        before = Some(version.version);
                    }
                    Err(damaged) => {
                        before = Some(damaged.id.version);
                        lines.add_value(&self.damaged_row(damaged.id, &damaged.reason))?;
                    }
                }
            }
            if versions.len() < PAGE {
                return Ok(());
            }
        }
    }

    async fn agents(&mut self) -> anyhow::Result<()> {
        let mut lines = Lines::new(self.dir, "agents.jsonl")?;
        for id in self.agent_ids().await? {
            let mut before = None;
            loop {
                let page = VersionPage { before, limit: PAGE };
                let versions = self.store.agent_versions(self.tenant, id, page).await;
                let versions = versions.context("Could not read the versions of an agent")?;
                for version in &versions {
                    match version {
                        Ok(version) => {
                            before = Some(version.version);
                            let head = json!({ "id": id, "version": version.version, "created_at": version.created_at });
                            lines.add(with_raw(&head, "document", raw(&version.document)))?;
                        }
                        Err(damaged) => {
                            before = Some(damaged.id.version);
                            lines.add_value(&self.damaged_row(damaged.id, &damaged.reason))?;
                        }
                    }
                }
                if versions.len() < PAGE {
                    break;
                }
            }
        }
        self.files.push(lines.end()?);
        Ok(())
    }

    async fn agent_ids(&self) -> anyhow::Result<Vec<AgentId>> {
        let (mut ids, mut before) = (Vec::new(), None);
        loop {
            let filter = AgentFilter { tenant: Some(self.tenant), ..AgentFilter::default() };
            let page = self.store.agents(filter, Page { before, limit: PAGE }).await;
            let page = page.context("Could not read the agents")?;
            let id = |agent: &Listed<_>| id_of(agent, |agent: &steadflow_store::AgentRecord| agent.id.uuid());
            let Some(last) = page.last() else { return Ok(ids) };
            before = Some(id(last));
            ids.extend(page.iter().map(|agent| AgentId::new(id(agent))));
        }
    }

    /// Writes those that were there when this began: newer ones stand before the first page.
    async fn executions(&mut self) -> anyhow::Result<()> {
        let mut lines = Lines::new(self.dir, "executions.jsonl")?;
        let mut before = None;
        loop {
            let filter = ExecutionFilter { tenant: Some(self.tenant), ..ExecutionFilter::default() };
            let page = self.store.executions(filter, Page { before, limit: PAGE }).await;
            let page = page.context("Could not read the executions")?;
            let Some(last) = page.last() else { break };
            before = Some(id_of(last, |row| row.id.uuid()));
            for row in page {
                match row {
                    Ok(row) => self.execution(&mut lines, &row).await?,
                    Err(damaged) => lines.add_value(&self.damaged_row(damaged.id, &damaged.reason))?,
                }
            }
        }
        self.files.push(lines.end()?);
        Ok(())
    }

    async fn execution(&mut self, lines: &mut Lines<'_>, row: &ExecutionRow) -> anyhow::Result<()> {
        let stored = match self.store.execution(self.tenant, row.id).await {
            Ok(Some(stored)) => self.blobs.whole(stored).await.map(Some),
            none => none,
        };
        match stored {
            Ok(Some(stored)) => {
                let journal = format!("[{}]", stored.records.join(","));
                lines.add(with_raw(&shown(row), "journal", &journal))
            }
            // It is not kept any longer since its row was read.
            Ok(None) => Ok(()),
            Err(StoreError::Corrupt { reason, .. }) => {
                let damaged = self.damaged_row(row.id, &reason);
                lines.add_value(&damaged)
            }
            Err(error) => Err(error).with_context(|| format!("Could not read execution {}", row.id)),
        }
    }

    async fn conversations(&mut self) -> anyhow::Result<()> {
        let mut lines = Lines::new(self.dir, "conversations.jsonl")?;
        for agent in self.agent_ids().await? {
            let mut after = None;
            loop {
                let page = SessionPage { after: after.clone(), limit: PAGE };
                let sessions = self.store.sessions(self.tenant, agent, page).await;
                let sessions = sessions.context("Could not read the conversations")?;
                for session in &sessions {
                    after = Some((session.used_at, Arc::clone(&session.session.key)));
                    self.turns(&mut lines, session.session.clone(), session.turns).await?;
                }
                if sessions.len() < PAGE {
                    break;
                }
            }
        }
        self.files.push(lines.end()?);
        Ok(())
    }

    async fn turns(&self, lines: &mut Lines<'_>, session: SessionId, last: u32) -> anyhow::Result<()> {
        for last in 1..=last {
            let turns = self.store.session_turns(session.clone(), last, 1, u64::MAX).await;
            for turn in turns.context("Could not read a turn of a conversation")? {
                let head = json!({
                    "agent": session.agent, "key": session.key, "number": turn.number, "execution": turn.execution,
                    "node": turn.node, "answered_at": turn.at, "input_tokens": turn.input_tokens,
                    "output_tokens": turn.output_tokens,
                });
                let head = with_raw(&head, "question", raw(&turn.question));
                lines.add(format!("{},\"answer\":{}}}", &head[..head.len() - 1], raw(&turn.answer)))?;
            }
        }
        Ok(())
    }

    async fn schedules_and_alerts(&mut self) -> anyhow::Result<()> {
        let mut lines = Lines::new(self.dir, "schedules.jsonl")?;
        let all = self.store.schedules().await.context("Could not read the schedules")?;
        for schedule in all.iter().filter(|schedule| schedule.tenant == self.tenant) {
            lines.add_value(&json!({
                "flow": schedule.flow, "node": schedule.node, "rule": schedule.rule, "next_at": moment(schedule.next_at),
                "last_at": moment(schedule.last_at), "execution": schedule.execution, "error": schedule.error,
            }))?;
        }
        self.files.push(lines.end()?);
        let mut lines = Lines::new(self.dir, "alerts.jsonl")?;
        for alert in self.store.alerts(Some(self.tenant)).await.context("Could not read the alerts")? {
            match alert {
                Ok(alert) => {
                    let head = json!({ "id": alert.id, "created_at": alert.created_at, "updated_at": alert.updated_at });
                    lines.add(with_raw(&head, "document", raw(&alert.document)))?;
                }
                Err(damaged) => lines.add_value(&self.damaged_row(damaged.id, &damaged.reason))?,
            }
        }
        self.files.push(lines.end()?);
        Ok(())
    }

    /// Writes who may ask, and the names of secrets: neither hashes nor values.
    async fn people(&mut self) -> anyhow::Result<()> {
        let mut members = Lines::new(self.dir, "members.jsonl")?;
        let mut before = None;
        loop {
            let page = self.store.principals(self.tenant, Page { before, limit: PAGE }).await;
            let page = page.context("Could not read the members")?;
            let Some(last) = page.last() else { break };
            before = Some(id_of(last, |member| member.id.uuid()));
            for member in page {
                match member {
                    Ok(member) => members.add_value(&json!({
                        "id": member.id.uuid(), "kind": member.kind.as_str(), "name": member.name, "email": member.email,
                        "role": member.role.as_str(), "created_at": member.created_at,
                        "disabled_at": moment(member.disabled_at),
                    }))?,
                    Err(damaged) => members.add_value(&self.damaged_row(damaged.id, &damaged.reason))?,
                }
            }
        }
        self.files.push(members.end()?);
        self.keys().await?;
        let mut secrets = Lines::new(self.dir, "secrets.jsonl")?;
        let all = self.store.secrets().await.context("Could not read the names of secrets")?;
        for secret in all.iter().filter(|secret| secret.tenant == self.tenant) {
            secrets.add_value(&json!({
                "name": secret.name, "hosts": secret.hosts, "updated_at": secret.updated_at, "updated_by": secret.updated_by,
            }))?;
        }
        self.files.push(secrets.end()?);
        Ok(())
    }

    async fn keys(&mut self) -> anyhow::Result<()> {
        let mut keys = Lines::new(self.dir, "keys.jsonl")?;
        let mut before = None;
        loop {
            let page = self.store.api_keys(self.tenant, None, Page { before, limit: PAGE }).await;
            let page = page.context("Could not read the keys")?;
            let Some(last) = page.last() else { break };
            before = Some(id_of(last, |key| key.id.uuid()));
            for key in page {
                match key {
                    Ok(key) => keys.add_value(&json!({
                        "id": key.id.uuid(), "member": key.principal.uuid(), "prefix": key.prefix, "name": key.name,
                        "role": key.role.as_str(), "flows": key.flows.flows(), "networks": key.networks,
                        "created_at": key.created_at, "created_by": key.created_by, "expires_at": moment(key.expires_at),
                        "used_at": moment(key.used_at),
                    }))?,
                    Err(damaged) => keys.add_value(&self.damaged_row(damaged.id, &damaged.reason))?,
                }
            }
        }
        self.files.push(keys.end()?);
        Ok(())
    }

    /// Writes the audit log as `steadflow verify --file` reads it.
    async fn audit(&mut self) -> anyhow::Result<()> {
        let mut lines = Lines::new(self.dir, "audit.jsonl")?;
        let mut last = 0;
        loop {
            let page = AuditPage { from: AuditFrom::After(last), limit: PAGE };
            let rows = self.store.audit(self.tenant, page).await.context("Could not read the audit log")?;
            let Some(end) = rows.last() else { break };
            last = end.number;
            for row in &rows {
                let row = ExportedRow::new(self.tenant, row);
                lines.add(serde_json::to_string(&row).expect("it has string keys"))?;
            }
        }
        self.files.push(lines.end()?);
        Ok(())
    }
}

fn id_of<T>(row: &Listed<T>, id: impl Fn(&T) -> uuid::Uuid) -> uuid::Uuid {
    row.as_ref().map_or_else(|damaged| damaged.id, id)
}

fn shown(row: &ExecutionRow) -> Value {
    let id = |id: Option<ExecutionId>| id.map_or(Value::Null, |id| json!(id));
    json!({
        "id": row.id, "flow": row.flow, "flow_version": row.flow_version, "status": row.status.as_str(),
        "context_id": row.context_id, "context_type": row.context_type, "triggered_by": row.triggered_by,
        "created_at": row.created_at, "started_at": moment(row.started_at), "completed_at": moment(row.completed_at),
        "retry_of": id(row.retry_of), "forked_from": id(row.forked_from), "parent": id(row.parent),
        "parent_node": row.parent_node, "error_message": row.error_message, "attempts": row.attempts,
    })
}
