//! The streams of all executions of a tenant: changes are collected and read once, however many clients listen.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use steadflow_core::folder::{Folder, Folders};
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_runtime::{Changes, Engine};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, timeout_at};

use crate::sse::{Reader, Source};
use crate::views::message::{ListMessage, Missed};
use crate::views::row::RowView;

/// Changes of one execution within this time are reported as one.
const GATHERED_FOR: Duration = Duration::from_millis(100);
/// Executions that are reported at a time; with more, clients read the list again.
const ROWS_MAX: usize = 100;
/// How often listeners are asked to read the list again.
const RESYNC_EVERY: Duration = Duration::from_secs(1);
/// How often they are, where other processes change what is listed, too.
const OTHERS_EVERY: Duration = Duration::from_secs(2);
/// Reports that may wait for a slow listener.
const BACKLOG: usize = 64;

/// What changed in a moment.
#[derive(Debug)]
struct Report {
    rows: Vec<Row>,
    /// Changes that are not reported one by one.
    missed: usize,
}

/// What is reported of an execution.
#[derive(Debug)]
struct Row {
    flow: FlowId,
    /// Where the flow is.
    folder: Option<Folder>,
    text: String,
}

type Reports = broadcast::Sender<Arc<Report>>;

/// Reports changes to all listeners. For a tenant it works only while someone listens.
#[derive(Debug)]
pub(crate) struct Feed {
    engine: Engine,
    tenants: Arc<Tenants>,
}

/// The tenants whose changes are listened to.
#[derive(Debug, Default)]
struct Tenants(Mutex<HashMap<TenantId, Reports>>);

impl Tenants {
    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Reports>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether `tenant` has no listener; the next listener then starts the work again.
    fn may_stop(&self, tenant: TenantId) -> bool {
        let mut tenants = self.lock();
        let is_idle = tenants.get(&tenant).is_none_or(|reports| reports.receiver_count() == 0);
        if is_idle {
            tenants.remove(&tenant);
        }
        is_idle
    }
}

impl Feed {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, tenants: Arc::default() }
    }

    /// Listens to the changes of `tenant` from here on, of `flow` or of all, in `folders` if they are given, until the server ends all streams.
    pub(crate) fn listen(
        &self,
        tenant: TenantId,
        flow: Option<FlowId>,
        folders: Option<Folders>,
        end: watch::Receiver<bool>,
    ) -> Listener {
        Listener { reports: self.reports(tenant), flow, folders, end }
    }

    fn reports(&self, tenant: TenantId) -> broadcast::Receiver<Arc<Report>> {
        let mut tenants = self.tenants.lock();
        if let Some(reports) = tenants.get(&tenant) {
            return reports.subscribe();
        }
        let (reports, listener) = broadcast::channel(BACKLOG);
        tenants.insert(tenant, reports.clone());
        let (engine, changes) = (self.engine.clone(), self.engine.changes());
        let gathering = Gathering { engine, tenant, changes, reports };
        tokio::spawn(gathering.run(Arc::clone(&self.tenants)));
        listener
    }
}

/// A client that listens.
pub(crate) struct Listener {
    reports: broadcast::Receiver<Arc<Report>>,
    flow: Option<FlowId>,
    folders: Option<Folders>,
    end: watch::Receiver<bool>,
}

impl Source for Listener {
    /// How far the reader is behind is in the backlog of reports: what that does not hold is left out.
    async fn next(&mut self, _: Reader) -> Option<String> {
        loop {
            let report = tokio::select! {
                report = self.reports.recv() => report,
                _ = self.end.changed() => return None,
            };
            let text = match report {
                Ok(report) => self.text_of(&report),
                Err(RecvError::Lagged(reports)) => resync(reports),
                Err(RecvError::Closed) => return None,
            };
            if !text.is_empty() {
                return Some(text);
            }
        }
    }
}

impl Listener {
    /// Returns what of a report is meant for this client.
    fn text_of(&self, report: &Report) -> String {
        let is_meant = |row: &&Row| {
            self.flow.is_none_or(|flow| flow == row.flow)
                && self.folders.as_ref().is_none_or(|folders| folders.include(row.folder.as_ref()))
        };
        let mut text: String = report.rows.iter().filter(is_meant).map(|row| row.text.as_str()).collect();
        if report.missed > 0 {
            // How much happens elsewhere is not said.
            let missed = if self.folders.is_some() { 1 } else { report.missed as u64 };
            text.push_str(&resync(missed));
        }
        text
    }
}

fn resync(missed: u64) -> String {
    ListMessage::Resync(Missed { missed }).to_text()
}

/// Gathers the changes of one tenant.
struct Gathering {
    engine: Engine,
    tenant: TenantId,
    changes: Changes,
    reports: Reports,
}

impl Gathering {
    async fn run(mut self, tenants: Arc<Tenants>) {
        let (mut missed, mut resync_at) = (0, Instant::now());
        // What other processes change is in none of the changes here.
        let mut others_at = self.engine.is_shared().then(Instant::now);
        while !tenants.may_stop(self.tenant) {
            let Some((changed, lagged)) = self.gather().await else {
                tenants.lock().remove(&self.tenant);
                return;
            };
            missed += lagged;
            if let Some(at) = others_at.as_mut().filter(|at| **at <= Instant::now()) {
                (missed, *at) = (missed + 1, Instant::now() + OTHERS_EVERY);
            }
            let rows = if changed.len() > ROWS_MAX {
                missed += changed.len();
                Vec::new()
            } else {
                self.read(&changed).await
            };
            let is_due = missed > 0 && Instant::now() >= resync_at;
            let report = Report { rows, missed: if is_due { std::mem::take(&mut missed) } else { 0 } };
            if is_due {
                resync_at = Instant::now() + RESYNC_EVERY;
            }
            if !report.rows.is_empty() || report.missed > 0 {
                // An error means that the last listener has just gone.
                let _ = self.reports.send(Arc::new(report));
            }
        }
    }

    /// Returns what changed within the next moment, and how many changes were missed; `None` when the engine has ended.
    async fn gather(&mut self) -> Option<(BTreeSet<ExecutionId>, usize)> {
        let (mut changed, mut missed) = (BTreeSet::new(), 0);
        let until = Instant::now() + GATHERED_FOR;
        while let Ok(change) = timeout_at(until, self.changes.recv()).await {
            match change {
                Ok(change) if change.tenant == self.tenant => {
                    changed.insert(change.execution);
                }
                Ok(_) => {}
                Err(RecvError::Lagged(count)) => missed += usize::try_from(count).unwrap_or(usize::MAX),
                Err(RecvError::Closed) => return None,
            }
        }
        Some((changed, missed))
    }

    async fn read(&self, changed: &BTreeSet<ExecutionId>) -> Vec<Row> {
        let mut rows = Vec::new();
        for id in changed {
            // One that is gone meanwhile was deleted with its flow.
            let Ok(row) = self.engine.row(self.tenant, *id).await else { continue };
            let flow = self.engine.current_flow(self.tenant, row.flow).await.ok();
            let flow = flow.as_ref().map(|flow| &flow.record);
            let view = RowView::new(&row, flow.map(|flow| &*flow.name));
            let folder = flow.and_then(|flow| flow.folder.clone());
            let text = ListMessage::Execution(Box::new(view)).to_text();
            rows.push(Row { flow: row.flow, folder, text });
        }
        rows
    }
}
