//! A store in memory, for simulation and tests.
//!
//! It behaves like a database: the tail, the journals, the rows and the leases are separate, and state that is not in
//! one of them is lost when the worker that drives it "crashes". It is deterministic: every collection is ordered.
//!
//! Each call exists twice: as a plain method (`commit_now`), for a simulator that has no executor, and as the future
//! that [`Log`](crate::Log), [`History`](crate::History), [`Catalogue`](crate::Catalogue) or
//! [`Sessions`](crate::Sessions) asks for, which is ready immediately.

mod alerts;
mod audit;
mod blobs;
mod catalogue;
mod events;
mod history;
mod identities;
mod keys;
mod log;
mod notes;
mod oauth;
mod passkeys;
mod schedules;
mod secrets;
mod sessions;
mod tenants;

use std::collections::{BTreeMap, BTreeSet};
use std::future::{poll_fn, ready};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use steadflow_core::audit::AuditRow;
use steadflow_core::budget::{Amount, Day};
use steadflow_core::decision_link::SigningKey;
use steadflow_core::event::{Event, Record};
use steadflow_core::external_event::NodeWait;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, NodeId, NodeIndex, TenantId};
use steadflow_core::protection::SharedGate;
use steadflow_core::session::SessionId;
use steadflow_core::tenant::TenantQuota;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::{
    AgentRecord, AgentUse, AgentVersionRecord, CallCounts, CostKey, ExecutionRow, FlowDraftRecord,
    FlowRecord, FlowVersionRecord, IdempotencyHit, InboxId, InboxInput, Listed, NoteKey, NoteRecord,
    PresenceRecord, RollupKey, ScheduleRecord, Space, Store, StoreError, StoreFuture, Stored, TenantPause,
    records_of,
};

/// A store in memory. [`MemoryStore::reopen`] returns another handle to the same data.
#[derive(Debug, Default)]
pub struct MemoryStore {
    database: Arc<Mutex<Database>>,
    closed: AtomicBool,
}

/// What a database would hold on disk.
#[derive(Debug, Default)]
struct Database {
    /// The last epoch that a worker has got.
    epoch: u64,
    /// The ends of the leases of those workers that are neither fenced nor released, by epoch.
    leases: BTreeMap<u64, Timestamp>,
    /// How many batches with records were committed.
    batches: u64,
    /// The records that no journal covers, by execution and number; `None` for a long one.
    tail: BTreeMap<(ExecutionId, u64), Option<Arc<str>>>,
    /// The long records, by execution and number.
    long: BTreeMap<(ExecutionId, u64), Arc<str>>,
    /// Executions that were deleted, and whose blobs are to be.
    deleted_blobs: BTreeSet<ExecutionId>,
    journals: BTreeMap<ExecutionId, Journal>,
    rows: BTreeMap<ExecutionId, ExecutionRow>,
    holders: BTreeMap<ExecutionId, Holder>,
    /// The number of the last item that was sent.
    last_sent: u64,
    inbox: BTreeMap<InboxId, InboxInput>,
    idempotency: BTreeMap<(TenantId, Arc<str>), IdempotencyHit>,
    rollups: BTreeMap<(TenantId, FlowId, Timestamp, RollupKey), u64>,
    costs: BTreeMap<(TenantId, Timestamp, FlowId, CostKey), CallCounts>,
    flows: BTreeMap<FlowId, FlowRecord>,
    flow_versions: BTreeMap<(FlowId, u32), FlowVersionRecord>,
    flow_drafts: BTreeMap<FlowId, FlowDraftRecord>,
    presence: BTreeMap<(FlowId, Uuid), PresenceRecord>,
    agents: BTreeMap<AgentId, AgentRecord>,
    agent_versions: BTreeMap<(AgentId, u32), AgentVersionRecord>,
    agent_uses: BTreeMap<(TenantId, AgentId), AgentUse>,
    /// The protection of agents.
    gates: BTreeMap<AgentId, SharedGate>,
    /// What is drawn from the budgets of agents.
    drawn: BTreeMap<(Day, TenantId, AgentId), Amount>,
    sessions: BTreeMap<SessionId, sessions::Session>,
    schedules: BTreeMap<(FlowId, NodeId), ScheduleRecord>,
    events: BTreeMap<Uuid, events::StoredEvent>,
    event_waits: BTreeMap<(ExecutionId, NodeIndex), NodeWait>,
    alerts: alerts::StoredAlerts,
    signing_keys: BTreeMap<&'static str, SigningKey>,
    identities: identities::StoredIdentities,
    quotas: BTreeMap<TenantId, TenantQuota>,
    pauses: BTreeMap<TenantId, TenantPause>,
    notes: BTreeMap<NoteKey, NoteRecord>,
    audit: BTreeMap<TenantId, Vec<AuditRow>>,
    secrets: secrets::StoredSecrets,
    /// How many bytes are free on the disk that it pretends to have.
    disk_free: Option<u64>,
    /// Whether it takes no commit.
    is_full: bool,
}

impl Database {
    /// Returns whether nobody will drive an execution any more.
    fn has_ended(&self, id: ExecutionId) -> bool {
        matches!(self.holders.get(&id), Some(Holder::Finished) | None)
    }
}

/// An execution's first records as one text.
#[derive(Debug)]
struct Journal {
    /// The number of the last record in it.
    seq: u64,
    /// See [`crate::journal_of`].
    records: Arc<str>,
}

/// Who drives an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// The worker of this epoch, alive or not.
    Worker(u64),
    /// No worker, until it is due or one takes it.
    Parked(Option<Timestamp>),
    /// No worker: it has ended.
    Finished,
}

impl MemoryStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the same data again, as a process does that starts after another has stopped or crashed.
    #[must_use]
    pub fn reopen(&self) -> Self {
        Self { database: Arc::clone(&self.database), closed: AtomicBool::new(false) }
    }

    /// Returns how many batches with records were committed: so many rows a tail with one row per batch was given.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn batch_count(&self) -> Result<u64, StoreError> {
        Ok(self.open()?.batches)
    }

    /// Sets how many bytes are free on the disk that this pretends to have; `None` for a disk without an end.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn set_disk_free(&self, bytes: Option<u64>) -> Result<(), StoreError> {
        self.open()?.disk_free = bytes;
        Ok(())
    }

    /// Refuses commits from now on, as a database does that is full; or takes them again.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn refuse_commits(&self, refuse: bool) -> Result<(), StoreError> {
        self.open()?.is_full = refuse;
        Ok(())
    }

    /// Loses a long record, as a broken store does.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn lose_long_record(&self, id: ExecutionId, seq: u64) -> Result<(), StoreError> {
        self.open()?.long.remove(&(id, seq));
        Ok(())
    }

    /// See [`crate::Store::doctor`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn doctor_now(&self) -> Result<Vec<String>, StoreError> {
        let database = self.open()?;
        let mut findings = Vec::new();
        for (id, holder) in &database.holders {
            let is_finished = database.rows.get(id).is_some_and(|row| row.status.is_finished());
            if (*holder == Holder::Finished) != is_finished {
                findings.push(format!(
                    "The row of execution {id} does not agree with who holds it ({holder:?})."
                ));
            }
            match database.stored(*id) {
                Ok(Some(stored)) if *holder == Holder::Finished && !stored.is_snapshot => {
                    findings
                        .push(format!("Execution {id} has ended, and the tail still holds records of it."));
                }
                Ok(Some(_)) => {}
                Ok(None) => findings.push(format!("Execution {id} has no record.")),
                Err(error) => findings.push(format!("Execution {id} cannot be read: {error}.")),
            }
        }
        let lost = database.long.keys().filter(|(id, _)| !database.holders.contains_key(id));
        findings.extend(lost.map(|(id, seq)| format!("Record {seq} belongs to no execution: {id}.")));
        Ok(findings)
    }

    fn open(&self) -> Result<MutexGuard<'_, Database>, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        Ok(self.database.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Database {
    /// Puts journal and tail of an execution together.
    fn stored(&self, id: ExecutionId) -> Result<Option<Stored>, StoreError> {
        let journal = self.journals.get(&id);
        let covered = journal.map_or(0, |journal| journal.seq);
        let long = |seq| Ok(self.long.get(&(id, seq)).cloned());
        let records = journal.map(|journal| records_of(id, &journal.records, long)).transpose()?;
        let mut records = records.unwrap_or_default();
        let tail = self.in_tail(id, covered + 1).map(|(seq, record)| {
            record.ok_or_else(|| StoreError::Corrupt {
                what: format!("record {seq} of execution {id} in the tail"),
                reason: "its text is missing".into(),
            })
        });
        let tail = tail.collect::<Result<Vec<_>, _>>()?;
        let is_snapshot = tail.is_empty();
        records.extend(tail);
        Ok((!records.is_empty()).then_some(Stored { id, records, is_snapshot }))
    }

    /// Returns the records of an execution in the tail, from number `first` on; `None` for one that is missing.
    fn in_tail(&self, id: ExecutionId, first: u64) -> impl Iterator<Item = (u64, Option<Arc<str>>)> {
        let tail = self.tail.range((id, first)..=(id, u64::MAX));
        tail.map(|(place, record)| (place.1, record.as_ref().or_else(|| self.long.get(place)).cloned()))
    }

    /// Returns the tenant of an execution from its row or, before it has one, from its acceptance.
    fn tenant_of(&self, id: ExecutionId) -> Option<TenantId> {
        if let Some(row) = self.rows.get(&id) {
            return Some(row.tenant);
        }
        let first: Record = serde_json::from_str(&self.in_tail(id, 1).next()?.1?).ok()?;
        match first.2.into_iter().next() {
            Some(Event::Accepted(accepted)) => Some(accepted.tenant),
            _ => None,
        }
    }
}

impl Store for MemoryStore {
    fn doctor(&self) -> StoreFuture<'_, Vec<String>> {
        at_once(self.doctor_now())
    }

    fn durability(&self) -> String {
        "in memory: nothing outlives the process".into()
    }

    fn space(&self) -> StoreFuture<'_, Space> {
        let free = self.open().map(|database| database.disk_free);
        at_once(free.map(|disk_free| Space {
            used: 0,
            quota: None,
            disk_free,
            reusable: 0,
            can_shrink: true,
        }))
    }

    fn shrink(&self) -> StoreFuture<'_, bool> {
        at_once(Ok(false))
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.closed.store(true, Ordering::Release);
        at_once(Ok(()))
    }
}

/// A result as the future that a trait requires.
fn at_once<'a, T: Send + 'a>(answer: Result<T, StoreError>) -> StoreFuture<'a, T> {
    Box::pin(ready(answer))
}

/// A result that arrives a moment after it was read, as from a database: others may write between.
fn a_moment_later<'a, T: Send + 'a>(answer: Result<T, StoreError>) -> StoreFuture<'a, T> {
    let mut has_waited = false;
    let moment = poll_fn(move |context| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    });
    Box::pin(async move {
        moment.await;
        answer
    })
}

/// Nothing in memory is damaged.
fn all_sound<T, Id: std::fmt::Display>(rows: Vec<T>) -> Vec<Listed<T, Id>> {
    rows.into_iter().map(Ok).collect()
}
