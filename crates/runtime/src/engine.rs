//! The engine's handle: what the API and the command line ask of it.

mod alerts;
mod blobs;
mod bulk;
mod config;
mod each;
mod edits;
mod events;
mod failure_notes;
mod flows;
mod fork;
mod links;
mod listen;
mod others;
mod pauses;
mod pin;
mod protection;
mod retry;
mod schedules;
mod sessions;
mod signals;
mod start;
mod stored;
mod tenants;
mod unmask;
mod upkeep;
mod webhooks;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use steadflow_core::agent::Agent;
use steadflow_core::execution::{ExecutionStatus, FlowVersion};
use steadflow_core::flow::Fault;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::protection::GateTotals;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{ExecutionFilter, ExecutionRow, Listed, Page, Store, StoreError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::admission::{Admission, Held};
use crate::blobs::Offload;
use crate::ciphers::Ciphers;
use crate::clock::Clock;
use crate::driver::{Call, Driver, World};
use crate::error::{EngineFailure, RuntimeError};
use crate::executor::Executor;
use crate::flows::FlowVersions;
use crate::hub::Hub;
use crate::kept::Kept;
use crate::live::LiveTexts;
use crate::quotas::Quotas;
use crate::shard::{Message, Reply, ReplyId};
use crate::worker::{End, WorkerConfig};

use self::events::Wakes;
use self::upkeep::Measured;
pub use alerts::StoredAlert;
pub use bulk::{Bulk, BulkAction, BulkItem, BulkResult, BulkSkip, BulkWhich};
pub use config::{EngineConfig, HasSecret};
pub use events::{NewEvent, SentEvent};
pub use failure_notes::{Fixed, GroupChange, GroupId, GroupNotes, Mute, NOTED_GROUPS_MAX};
pub use flows::CurrentFlow;
pub use fork::{Fork, Forked};
pub use links::replace_link_key;
pub(crate) use pin::AgentParts;
pub use protection::DayUse;
pub use retry::{Retry, VersionChoice};
pub use schedules::ActiveSchedule;
pub use start::{RequestKey, Start, Started};
pub use stored::ExecutionSnapshot;
pub use tenants::delete_tenant;
pub use upkeep::{Room, UpkeepConfig};
pub use webhooks::FlowWebhook;

/// Bytes of the flows whose current version is kept in memory. Each keeps that version, too.
const CURRENT_BYTES_MAX: usize = 128 * 1024 * 1024;

/// How often it is looked whether an execution has ended that another process drives.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(250);

/// A running engine. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    calls: mpsc::Sender<Call>,
    call_wait_max: Duration,
    next_reply: AtomicU64,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    versions: Arc<FlowVersions>,
    current: Mutex<Kept<FlowId, CurrentFlow>>,
    /// Held while a flow is changed or read again, so that memory never falls behind the database.
    flow_gate: tokio::sync::Mutex<()>,
    /// The same for agents, whose protection is in the loop.
    agent_gate: tokio::sync::Mutex<()>,
    wakes: Wakes,
    hub: Hub,
    texts: LiveTexts,
    reads: stored::Reads,
    measured: Measured,
    worker: Arc<str>,
    executor: Arc<dyn Executor>,
    check_agent: fn(&Agent) -> Vec<Fault>,
    check_arguments: fn(&Value, &Value) -> Vec<Fault>,
    has_secret: HasSecret,
    commands: Arc<BTreeSet<Arc<str>>>,
    public_url: Arc<str>,
    load: Arc<Held>,
    gates: Arc<Mutex<GateTotals>>,
    admission: Admission,
    tenants: tenants::Watched,
    pauses: pauses::Pauses,
    /// When the engine was asked to stop, and how long what is under way may take from then on.
    stopping: watch::Sender<Option<(Instant, Duration)>>,
    /// Whether the worker drives.
    is_driving: watch::Receiver<bool>,
    /// How the engine ended, once it has.
    ended: watch::Receiver<Option<Result<(), EngineFailure>>>,
}

impl Engine {
    /// Takes over what the store holds, and starts to drive it.
    ///
    /// # Errors
    /// What the store says if it cannot be read.
    pub async fn start(
        config: EngineConfig,
        store: Arc<dyn Store>,
        executor: Arc<dyn Executor>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RuntimeError> {
        let versions = Arc::new(FlowVersions::new(config.limits, config.ciphers, config.blobs));
        let quotas = Arc::<Quotas>::default();
        let world = World {
            store: Arc::clone(&store),
            executor: Arc::clone(&executor),
            clock: Arc::clone(&clock),
            flows: Arc::clone(&versions),
            hub: Hub::new(Arc::clone(&quotas)),
            load: Arc::default(),
            gates: Arc::default(),
        };
        let (hub, load) = (world.hub.clone(), Arc::clone(&world.load));
        let gates = Arc::clone(&world.gates);
        let mut worker =
            WorkerConfig { lease_ttl: config.lease_ttl, ..WorkerConfig::new(Arc::clone(&config.worker)) };
        worker.shard.capacity = config.capacity;
        worker.shard.is_shared = world.store.is_shared();
        worker.shard.has_blobs = versions.blobs.is_set_up();
        let (calls, inbox) = mpsc::channel(config.calls_max);
        let (driving, is_driving) = watch::channel(false);
        let (end, ended) = watch::channel(None);
        let driver = Driver::new(world, worker);
        tokio::spawn(async move {
            let result = match driver.run(inbox, &driving).await {
                End::Stopped => Ok(()),
                End::Fatal(error) => Err(EngineFailure::Store(Arc::new(error))),
            };
            end.send_replace(Some(result));
        });
        let engine = Self {
            inner: Arc::new(Inner {
                calls,
                call_wait_max: config.call_wait_max,
                next_reply: AtomicU64::new(0),
                store,
                clock,
                versions,
                current: Mutex::new(Kept::new(CURRENT_BYTES_MAX)),
                flow_gate: tokio::sync::Mutex::default(),
                agent_gate: tokio::sync::Mutex::default(),
                wakes: Wakes::default(),
                hub,
                texts: config.texts,
                reads: stored::Reads::default(),
                measured: Measured::default(),
                worker: config.worker,
                executor,
                check_agent: config.check_agent,
                check_arguments: config.check_arguments,
                has_secret: config.has_secret,
                commands: config.commands,
                public_url: config.public_url,
                admission: Admission::new(config.capacity, Arc::clone(&load)),
                tenants: tenants::Watched::new(quotas),
                pauses: pauses::Pauses::default(),
                load,
                gates,
                stopping: watch::Sender::new(None),
                is_driving,
                ended,
            }),
        };
        engine.wait_for_start().await?;
        engine.read_tenants().await?;
        Ok(engine)
    }

    async fn wait_for_start(&self) -> Result<(), RuntimeError> {
        // An error means that the loop has ended, and with it the sender.
        if self.inner.is_driving.clone().wait_for(|is_driving| *is_driving).await.is_ok() {
            return Ok(());
        }
        self.wait_for_end().await?;
        Err(RuntimeError::Unavailable)
    }

    /// Returns the store, for what is only read or has no part in executions.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// Returns the engine's time.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Returns the bounds of documents and executions.
    pub fn limits(&self) -> &Limits {
        self.inner.versions.limits()
    }

    /// Returns where long records are.
    pub fn blobs(&self) -> &Offload {
        &self.inner.versions.blobs
    }

    pub(crate) fn ciphers(&self) -> &dyn Ciphers {
        &*self.inner.versions.ciphers
    }

    /// Returns the names of the local commands that agents may name.
    pub fn commands(&self) -> &BTreeSet<Arc<str>> {
        &self.inner.commands
    }

    pub(crate) fn agent_faults(&self, agent: &Agent) -> Vec<Fault> {
        let mut faults = (self.inner.check_agent)(agent);
        faults.extend(self.unlisted_command(agent));
        faults
    }

    fn worker(&self) -> Arc<str> {
        Arc::clone(&self.inner.worker)
    }

    pub(crate) fn measured(&self) -> &Measured {
        &self.inner.measured
    }

    /// Returns how much room the database has, as it was measured last.
    pub fn room(&self) -> Room {
        self.inner.measured.room()
    }

    /// Returns how many executions are in memory.
    pub fn live_count(&self) -> usize {
        self.inner.load.taken().executions
    }

    /// Returns how many executions ended with `status` since this process started.
    pub fn finished_count(&self, status: ExecutionStatus) -> u64 {
        self.inner.hub.ended(status)
    }

    /// Returns a flow version.
    ///
    /// # Errors
    /// [`RuntimeError::NoFlowVersion`] if this tenant has none.
    pub async fn flow_version(
        &self,
        tenant: TenantId,
        flow: FlowId,
        version: u32,
    ) -> Result<Arc<FlowVersion>, RuntimeError> {
        let found = self.inner.versions.version(&*self.inner.store, tenant, flow, version).await?;
        found.ok_or(RuntimeError::NoFlowVersion(flow, version))
    }

    /// Returns an execution as it is committed, its sensitive data masked.
    ///
    /// # Errors
    /// [`RuntimeError::NoExecution`] if this tenant has none of that id.
    pub async fn execution(
        &self,
        tenant: TenantId,
        id: ExecutionId,
    ) -> Result<ExecutionSnapshot, RuntimeError> {
        self.unmasked_execution(tenant, id).await?.masked().await
    }

    /// Returns an execution as it is committed, with its sensitive data, which only those are shown who may see it.
    ///
    /// # Errors
    /// [`RuntimeError::NoExecution`] if this tenant has none of that id.
    pub async fn unmasked_execution(
        &self,
        tenant: TenantId,
        id: ExecutionId,
    ) -> Result<ExecutionSnapshot, RuntimeError> {
        let reply = self.ask(move |reply| Message::Read { execution: id, reply }).await?;
        let snapshot = match reply.into_snapshot() {
            Some(loaded) => ExecutionSnapshot::from(*loaded),
            None => self.stored(tenant, id).await?,
        };
        if snapshot.execution.accepted().tenant == tenant {
            Ok(snapshot)
        } else {
            Err(RuntimeError::NoExecution(id))
        }
    }

    /// Lists executions, newest first; what changed a moment ago is in it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn executions(
        &self,
        filter: ExecutionFilter,
        page: Page,
    ) -> Result<Vec<Listed<ExecutionRow>>, RuntimeError> {
        self.show().await?;
        Ok(self.inner.store.executions(filter, page).await?)
    }

    /// Counts the executions that [`Self::executions`] would list without an end; `None` where that would take long.
    ///
    /// # Errors
    /// What the store says.
    pub async fn count_executions(&self, filter: ExecutionFilter) -> Result<Option<u64>, RuntimeError> {
        self.show().await?;
        Ok(self.inner.store.count_executions(filter).await?)
    }

    /// Waits until an execution has ended, and returns it, its sensitive data masked.
    ///
    /// # Errors
    /// [`RuntimeError::NoExecution`] if this tenant has none of that id.
    pub async fn ended(&self, tenant: TenantId, id: ExecutionId) -> Result<ExecutionSnapshot, RuntimeError> {
        self.unmasked_execution(tenant, id).await?;
        loop {
            let reply = self.ask(move |reply| Message::Await { execution: id, reply }).await?;
            match reply {
                Reply::Snapshot(loaded) => return ExecutionSnapshot::from(*loaded).masked().await,
                Reply::NotHere => {}
                Reply::Accepted
                | Reply::Hit(_)
                | Reply::Done
                | Reply::Rejected(_)
                | Reply::Shown
                | Reply::Protection(_)
                | Reply::Accounts(_)
                | Reply::StorageFull
                | Reply::Overloaded
                | Reply::Unavailable => return Err(reply.into_error()),
            }
            let stored = self.stored(tenant, id).await?;
            if stored.execution.status().is_finished() {
                return stored.masked().await;
            }
            // Another process drives it, and does not say when it ends.
            sleep(LOOK_AGAIN_AFTER).await;
        }
    }

    async fn ask(&self, message: impl FnOnce(ReplyId) -> Message) -> Result<Reply, RuntimeError> {
        let (sender, answer) = oneshot::channel();
        let reply = self.new_reply();
        self.send(Call::Message(Box::new(message(reply)), vec![(reply, sender)])).await?;
        answer.await.map_err(|_| RuntimeError::Unavailable)
    }

    /// Returns a number under which an answer can be waited for.
    fn new_reply(&self) -> ReplyId {
        ReplyId(self.inner.next_reply.fetch_add(1, Ordering::Relaxed))
    }

    /// Hands the loop a call, waiting for a place in its queue.
    async fn send(&self, call: Call) -> Result<(), RuntimeError> {
        let call = match self.inner.calls.try_send(call) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(RuntimeError::Unavailable),
            Err(TrySendError::Full(call)) => call,
        };
        match timeout(self.inner.call_wait_max, self.inner.calls.send(call)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(RuntimeError::Unavailable),
            Err(_) => Err(RuntimeError::Busy),
        }
    }

    /// Returns whether new work is taken: the engine drives, and was not asked to stop.
    pub fn is_ready(&self) -> bool {
        self.inner.stopping.borrow().is_none()
            && *self.inner.is_driving.borrow()
            && self.inner.ended.borrow().is_none()
    }

    /// Waits for the engine's end.
    ///
    /// # Errors
    /// [`EngineFailure`] if it ended without being asked to.
    pub async fn wait_for_end(&self) -> Result<(), EngineFailure> {
        let mut ended = self.inner.ended.clone();
        let end = ended.wait_for(Option::is_some).await.map(|end| end.clone());
        end.ok().flatten().unwrap_or(Err(EngineFailure::Lost))
    }

    /// Stops: takes no new work, gives what is under way `grace` to end, hands back the rest, and closes the store.
    ///
    /// # Errors
    /// What the store says if it cannot be closed.
    pub async fn shutdown(&self, grace: Duration) -> Result<(), StoreError> {
        self.inner.stopping.send_replace(Some((Instant::now(), grace)));
        if self.send(Call::Stop(grace)).await.is_ok()
            && let Err(failure) = self.wait_for_end().await
        {
            let reason: &dyn std::error::Error = &failure;
            tracing::error!(reason, "the engine did not end in order; the next start recovers");
        }
        // What became of messages is stored before the store is closed.
        drop(self.inner.wakes.alerting.sending.write().await);
        self.inner.store.close().await
    }
}
