//! Flow versions in memory: read once, checked once, shared by all their executions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use steadflow_core::event::{Accepted, Event, Record};
use steadflow_core::execution::{Execution, FlowVersion, Pinned};
use steadflow_core::flow::{Fault, Flow, Unreadable};
use steadflow_core::flow_control::SlotLimits;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    FlowFilter, FlowVersionRecord, Page, QueuedExecution, Store, StoreError, Stored, TakenSlots, Worker,
};

use crate::agents::{AgentVersions, all_limits};
use crate::blobs::Offload;
use crate::ciphers::Ciphers;
use crate::kept::Kept;
use crate::shard::{Loaded, Recovered, paused_tenants};
use crate::worker::{Orphans, Rest};

/// How much of a journal is read without a thread for it, in bytes.
pub(crate) const PARSED_HERE_MAX: usize = 512 * 1024;

/// How much of a list is read at once.
const PART_MAX: usize = 1_000;

/// Flow versions by id and number. Versions never change, so nothing here grows stale.
#[derive(Debug)]
pub(crate) struct FlowVersions {
    limits: Limits,
    /// What encrypts executions.
    pub(crate) ciphers: Arc<dyn Ciphers>,
    /// Where long records are.
    pub(crate) blobs: Offload,
    /// The versions of agents that executions are pinned to beside them.
    pub(crate) agents: AgentVersions,
    versions: Mutex<Kept<(FlowId, u32), FlowVersion>>,
}

impl FlowVersions {
    /// Bytes of the versions that are kept in memory. Others are read again when they are needed.
    const BYTES_MAX: usize = 256 * 1024 * 1024;

    pub(crate) fn new(limits: Limits, ciphers: Arc<dyn Ciphers>, blobs: Offload) -> Self {
        Self {
            limits,
            ciphers,
            blobs,
            agents: AgentVersions::new(),
            versions: Mutex::new(Kept::new(Self::BYTES_MAX)),
        }
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) async fn version(
        &self,
        store: &dyn Store,
        tenant: TenantId,
        flow: FlowId,
        version: u32,
    ) -> Result<Option<Arc<FlowVersion>>, StoreError> {
        if let Some(known) = self.versions.lock().get(&(flow, version)) {
            return Ok(Some(Arc::clone(known)).filter(|known| known.tenant == tenant));
        }
        let Some(record) = store.flow_version(tenant, flow, version).await? else { return Ok(None) };
        let read = Arc::new(self.read(&record)?);
        let bytes = read.flow.bytes();
        let mut versions = self.versions.lock();
        if let Some(known) = versions.get(&(flow, version)) {
            // Somebody else has read it meanwhile.
            return Ok(Some(Arc::clone(known)));
        }
        versions.insert((flow, version), Arc::clone(&read), bytes);
        Ok(Some(read))
    }

    fn read(&self, record: &FlowVersionRecord) -> Result<FlowVersion, StoreError> {
        let FlowVersionRecord { tenant, flow: flow_id, version, .. } = *record;
        let restored =
            Flow::restore(&record.document, &self.limits).map_err(|error| match error {
                // Another process may be able to, and this one after its update.
                Unreadable::Newer(_) => {
                    let source = format!(
                        "version {version} of flow {flow_id} was saved by a newer version of steadflow: {error}; ask a process of \
                         that version, or update this one"
                    );
                    StoreError::Database { call: "flow_version", source: source.into() }
                }
                Unreadable::Damaged(reason) => {
                    StoreError::Corrupt { what: format!("version {version} of flow {flow_id}"), reason }
                }
            })?;
        if let Some(fault) = restored.faults.first() {
            let Fault { pointer, message } = fault;
            tracing::warn!(flow.id = %flow_id, flow.version = version, pointer, message, "would be refused today");
        }
        Ok(FlowVersion::new(tenant, flow_id, version, restored.flow, self.limits))
    }

    /// Rebuilds an execution from what is stored of it.
    pub(crate) async fn replay(&self, store: &dyn Store, stored: Stored) -> Result<Loaded, StoreError> {
        let stored = self.blobs.whole(stored).await?;
        let corrupt =
            |reason: String| StoreError::Corrupt { what: format!("execution {}", stored.id), reason };
        let (journal, parsed) = parsed(stored.records).await;
        let mut records = parsed.map_err(corrupt)?;
        let Some(Event::Accepted(accepted)) = records.first().and_then(|first| first.2.first()) else {
            return Err(corrupt("its journal does not begin with an acceptance".into()));
        };
        let (id, version) = (accepted.flow, accepted.version);
        let flow = self.version(store, accepted.tenant, id, version).await?;
        let flow = flow.ok_or_else(|| corrupt(format!("version {version} of its flow {id} is gone")))?;
        // What has ended asks no agent.
        let has_ended =
            records.last().is_some_and(|last| matches!(last.2.last(), Some(Event::Finished { .. })));
        let children = self.pinned_children(store, accepted).await?;
        let agents = if has_ended { None } else { self.agents.pinned(store, accepted).await? };
        let mut pinned = Pinned { flow, children, agents, cipher: None };
        if let Some(key) = accepted.data_key {
            let cipher = self.ciphers.of_key(accepted.tenant, key).await;
            let cipher = cipher.map_err(|none| corrupt(format!("its data is encrypted: {none}")))?;
            for record in &mut records {
                record.decrypt(stored.id, &*cipher).map_err(|error| corrupt(error.to_string()))?;
            }
            pinned.cipher = Some(cipher);
        } else if pinned.needs_cipher() && !has_ended {
            // A child of it is encrypted, and it is not: without a key, the child cannot start.
            let tenant = pinned.flow.tenant;
            pinned.cipher = self.ciphers.newest(tenant).await.ok();
        }
        let execution =
            Execution::replay(stored.id, pinned, records).map_err(|error| corrupt(error.to_string()))?;
        Ok(Loaded { execution, journal })
    }

    /// Returns what the children of an execution run. A version that is gone is left out: the node that asks for it fails.
    async fn pinned_children(
        &self,
        store: &dyn Store,
        accepted: &Accepted,
    ) -> Result<Option<Arc<BTreeMap<FlowId, Arc<FlowVersion>>>>, StoreError> {
        if accepted.flows.is_empty() {
            return Ok(None);
        }
        let mut children = BTreeMap::new();
        for (&flow, &version) in &accepted.flows {
            if let Some(found) = self.version(store, accepted.tenant, flow, version).await? {
                children.insert(flow, found);
            }
        }
        Ok(Some(Arc::new(children)))
    }

    /// Takes a parked execution for `worker`.
    pub(crate) async fn take(
        &self,
        store: &dyn Store,
        worker: Worker,
        id: ExecutionId,
    ) -> Result<Option<Loaded>, StoreError> {
        match store.take(worker, id).await? {
            Some(stored) => self.replay(store, stored).await.map(Some),
            None => Ok(None),
        }
    }

    /// Reads what the store holds from before, and takes over what no worker drives, at most `limit`.
    pub(crate) async fn recovered(
        &self,
        store: &dyn Store,
        worker: Worker,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Box<Recovered>, Rest), StoreError> {
        let slots = all_slots(store).await?;
        let queued = all_queued(store).await?;
        let limits = self.limits_of(store, &queued).await?;
        let agents = all_limits(store).await?;
        let paused = paused_tenants(&store.pauses().await?);
        let Orphans { executions, unread, rest } = self.orphans(store, worker, now, limit).await?;
        Ok((Box::new(Recovered { executions, unread, slots, queued, limits, paused, agents }), rest))
    }

    /// Takes over executions that no worker drives, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] if they are `worker`'s by now and could not be read; else none is.
    pub(crate) async fn orphans(
        &self,
        store: &dyn Store,
        worker: Worker,
        now: Timestamp,
        limit: usize,
    ) -> Result<Orphans, StoreError> {
        let stored = store.recover(worker, now, limit).await?;
        let rest = if stored.len() < limit { Rest::None } else { Rest::Some };
        let mut orphans = Orphans { executions: Vec::with_capacity(stored.len()), unread: Vec::new(), rest };
        for stored in stored {
            let id = stored.id;
            match self.readable(store, stored).await {
                Ok(readable) => orphans.executions.extend(readable),
                Err(StoreError::Blobs { .. }) => orphans.unread.push(id),
                Err(error) => {
                    return Err(StoreError::Unknown { call: "recover", source: Box::new(error) });
                }
            }
        }
        Ok(orphans)
    }

    /// Rebuilds an execution. One that cannot be read is ignored, and said so.
    async fn readable(&self, store: &dyn Store, stored: Stored) -> Result<Option<Loaded>, StoreError> {
        match self.replay(store, stored).await {
            Ok(loaded) => Ok(Some(loaded)),
            Err(StoreError::Corrupt { what, reason }) => {
                tracing::error!(what, reason, "not readable; it is left alone: run `steadflow doctor`");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the limits of those flows that have executions in the queue.
    pub(crate) async fn limits_of(
        &self,
        store: &dyn Store,
        queued: &[QueuedExecution],
    ) -> Result<Vec<(FlowId, SlotLimits)>, StoreError> {
        let waiting: BTreeSet<FlowId> = queued.iter().map(|queued| queued.flow).collect();
        let mut limits = Vec::new();
        let mut page = Page { before: None, limit: PART_MAX };
        while limits.len() < waiting.len() {
            let flows = store.flows(FlowFilter::default(), page).await?;
            let Some(last) = flows.last() else { break };
            page.before = Some(last.as_ref().map_or_else(|damaged| damaged.id, |flow| flow.id.uuid()));
            for flow in flows.iter().flatten().filter(|flow| waiting.contains(&flow.id)) {
                let version = self.version(store, flow.tenant, flow.id, flow.version).await?;
                let of_flow = version.map(|version| version.flow.settings.slot_limits()).unwrap_or_default();
                limits.push((flow.id, of_flow));
            }
        }
        Ok(limits)
    }
}

/// Reads the records of a journal; a long one on a thread where this may take its time.
async fn parsed(journal: Vec<Arc<str>>) -> (Vec<Arc<str>>, Result<Vec<Record>, String>) {
    let bytes: usize = journal.iter().map(|record| record.len()).sum();
    if bytes <= PARSED_HERE_MAX {
        let parsed = parse(&journal);
        return (journal, parsed);
    }
    let task = tokio::task::spawn_blocking(move || {
        let parsed = parse(&journal);
        (journal, parsed)
    });
    task.await.unwrap_or_else(|error| (Vec::new(), Err(error.to_string())))
}

pub(crate) fn parse(journal: &[Arc<str>]) -> Result<Vec<Record>, String> {
    let records = journal.iter().map(|text| serde_json::from_str(text));
    records.collect::<Result<_, _>>().map_err(|error: serde_json::Error| error.to_string())
}

/// Reads all at once: each part would cost as much as all of them.
async fn all_slots(store: &dyn Store) -> Result<Vec<TakenSlots>, StoreError> {
    store.slots(None, usize::MAX).await
}

async fn all_queued(store: &dyn Store) -> Result<Vec<QueuedExecution>, StoreError> {
    let (mut all, mut last) = (Vec::new(), None);
    loop {
        let part = store.queued(last, PART_MAX).await?;
        if part.is_empty() {
            return Ok(all);
        }
        last = part.last().cloned();
        all.extend(part);
    }
}
