//! `steadflow verify`: checks the chain of the audit log, and exports it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use steadflow_core::audit::{AuditHead, AuditRow, BrokenChain, ExportedRow};
use steadflow_core::ids::TenantId;
use steadflow_store::{AuditFrom, AuditPage, Store};
use uuid::Uuid;

use crate::args::Verify;
use crate::output;
use crate::settings::Database;
use crate::wiring::open_present;

/// Entries that are read at once.
const PAGE: usize = 1_000;

/// The ends of logs that somebody has noted.
type Noted = BTreeMap<TenantId, Vec<AuditHead>>;

/// Checks the log of a database or of a file.
pub(crate) async fn verify(
    args: Verify,
    database: impl FnOnce() -> anyhow::Result<Database>,
) -> anyhow::Result<ExitCode> {
    let noted = noted(&args.head)?;
    let logs = match &args.file {
        Some(path) => of_file(path, &noted)?,
        None => of_database(database()?, &noted, args.export).await?,
    };
    let is_whole = logs.values().all(Result::is_ok);
    if args.json {
        output::json(&logs.iter().map(said).collect());
    } else {
        say(&logs);
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn said((tenant, log): (&TenantId, &Result<AuditHead, BrokenChain>)) -> Value {
    let (head, error) = match log {
        Ok(head) => (Some(head.to_string()), None),
        Err(broken) => (None, Some(broken.to_string())),
    };
    json!({ "tenant": tenant.to_string(), "unchanged": log.is_ok(), "head": head, "error": error })
}

fn say(logs: &Logs) {
    for (tenant, log) in logs {
        match log {
            Ok(head) => {
                output::note(format_args!("tenant {tenant}: nothing was changed; the log ends with {head}"))
            }
            Err(broken) => output::note(format_args!("tenant {tenant}: {broken}")),
        }
    }
    if logs.is_empty() {
        output::note("the audit log has no entries");
    }
}

type Logs = BTreeMap<TenantId, Result<AuditHead, BrokenChain>>;

async fn of_database(database: Database, noted: &Noted, is_exported: bool) -> anyhow::Result<Logs> {
    let store = open_present(&database).await?;
    let unread = || format!("Could not read the audit log of {database}");
    let heads = store.audit_heads().await.with_context(unread)?;
    let tenants: BTreeSet<TenantId> =
        heads.iter().map(|(tenant, _)| *tenant).chain(noted.keys().copied()).collect();
    let mut logs = Logs::new();
    for tenant in tenants {
        let log = log_of(&*store, tenant, noted, is_exported).await.with_context(unread)?;
        logs.insert(tenant, log);
    }
    store.close().await.with_context(|| format!("Could not close {database}"))?;
    Ok(logs)
}

async fn log_of(
    store: &dyn Store,
    tenant: TenantId,
    noted: &Noted,
    is_exported: bool,
) -> anyhow::Result<Result<AuditHead, BrokenChain>> {
    let mut reading = Reading::new(tenant, noted);
    loop {
        let from = AuditFrom::After(reading.last);
        let rows = store.audit(tenant, AuditPage { from, limit: PAGE }).await?;
        for row in &rows {
            reading.add(row);
            if is_exported {
                output::line(serde_json::to_string(&ExportedRow::new(tenant, row))?);
            }
        }
        if rows.len() < PAGE {
            return Ok(reading.end());
        }
    }
}

fn of_file(path: &Path, noted: &Noted) -> anyhow::Result<Logs> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("Could not open {shown}"))?;
    let mut readings: BTreeMap<TenantId, Reading<'_>> =
        noted.keys().map(|tenant| (*tenant, Reading::new(*tenant, noted))).collect();
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.with_context(|| format!("Could not read {shown}"))?;
        let unread = || format!("Line {number} of {shown} is not an entry of an audit log");
        let line: ExportedRow = serde_json::from_str(&line).with_context(unread)?;
        let row = line.row().with_context(unread)?;
        readings.entry(line.tenant).or_insert_with(|| Reading::new(line.tenant, noted)).add(&row);
    }
    Ok(readings.into_iter().map(|(tenant, reading)| (tenant, reading.end())).collect())
}

/// A log that is being read.
struct Reading<'n> {
    tenant: TenantId,
    noted: &'n [AuditHead],
    /// The number of the last entry, whether it follows or not.
    last: u64,
    head: Result<AuditHead, BrokenChain>,
}

impl<'n> Reading<'n> {
    fn new(tenant: TenantId, noted: &'n Noted) -> Self {
        let noted = noted.get(&tenant).map_or(&[][..], Vec::as_slice);
        Self { tenant, noted, last: 0, head: Ok(AuditHead::START) }
    }

    fn add(&mut self, row: &AuditRow) {
        self.last = row.number;
        let is_other = |noted: &AuditHead| noted.number == row.number && noted.hash != row.hash;
        self.head = self.head.and_then(|head| {
            let head = head.after(self.tenant, row)?;
            match self.noted.iter().any(is_other) {
                true => Err(BrokenChain::Other { number: row.number }),
                false => Ok(head),
            }
        });
    }

    fn end(self) -> Result<AuditHead, BrokenChain> {
        let head = self.head?;
        match self.noted.iter().map(|noted| noted.number).max() {
            Some(noted) if noted > head.number => Err(BrokenChain::CutOff { end: head.number, noted }),
            _ => Ok(head),
        }
    }
}

fn noted(texts: &[String]) -> anyhow::Result<Noted> {
    let mut noted = Noted::new();
    for text in texts {
        let (tenant, head) = match text.split_once('=') {
            None => (TenantId::DEFAULT, text.as_str()),
            Some((tenant, head)) => {
                let Ok(tenant) = Uuid::try_parse(tenant) else {
                    bail!("`--head {text}`: `{tenant}` is not the ID of a tenant.")
                };
                (TenantId::new(tenant), head)
            }
        };
        let head = head.parse().with_context(|| format!("`--head {text}` is not NUMBER:HASH"))?;
        noted.entry(tenant).or_default().push(head);
    }
    Ok(noted)
}
