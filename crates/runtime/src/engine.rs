//! The engine's handle: what the API and the command line ask of it.

mod flows;
mod retry;
mod start;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use steadflow_core::event::DecisionKind;
use steadflow_core::execution::{ExecutionStatus, FlowVersion, Input, Rejected};
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{ExecutionFilter, ExecutionRow, Page, Store, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::driver::{Ask, Call, Driver, End, World};
use crate::error::RuntimeError;
use crate::executor::Executor;
use crate::flows::FlowVersions;
use crate::hub::{Changes, Following, Hub};
use crate::shard::{Loaded, Message, Reply, ReplyId, ShardConfig};

pub use flows::CurrentFlow;
pub use retry::{BulkRetry, BulkRetryItem, Retry, VersionChoice};
pub use start::{RequestKey, Start, Started};

/// An execution as it is committed, with its records.
pub type ExecutionSnapshot = Loaded;

/// The engine's measures.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The name of this worker, as attempts record it.
    pub worker: Arc<str>,
    /// Bounds of documents and executions.
    pub limits: Limits,
    /// How long the lease of a worker lasts without renewal.
    pub lease_ttl: Duration,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { worker: "steadflow".into(), limits: Limits::DEFAULT, lease_ttl: Duration::from_secs(15) }
    }
}

/// A running engine. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    calls: mpsc::UnboundedSender<Call>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    versions: Arc<FlowVersions>,
    current: Mutex<HashMap<FlowId, Arc<CurrentFlow>>>,
    /// Held while a flow is changed or read anew, so that memory never falls behind the database.
    flow_gate: tokio::sync::Mutex<()>,
    hub: Hub,
    worker: Arc<str>,
    live: Arc<AtomicUsize>,
    is_stopping: AtomicBool,
    /// Starts that wait to be durable.
    accepting: AtomicUsize,
    ended: watch::Receiver<Option<String>>,
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
        let versions = Arc::new(FlowVersions::new(config.limits));
        let world = World {
            store: Arc::clone(&store),
            executor,
            clock: Arc::clone(&clock),
            flows: Arc::clone(&versions),
            hub: Hub::new(),
            config: ShardConfig::new(Arc::clone(&config.worker)),
            lease_ttl: config.lease_ttl,
            live: Arc::default(),
        };
        let (calls, inbox) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(None);
        let driver = Driver::start(world.clone()).await?;
        let (hub, live) = (world.hub.clone(), Arc::clone(&world.live));
        tokio::spawn(drive(world, driver, inbox, end));
        Ok(Self {
            inner: Arc::new(Inner {
                calls,
                store,
                clock,
                versions,
                current: Mutex::default(),
                flow_gate: tokio::sync::Mutex::default(),
                hub,
                worker: config.worker,
                live,
                is_stopping: AtomicBool::new(false),
                accepting: AtomicUsize::new(0),
                ended,
            }),
        })
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

    /// Returns how many executions are in memory.
    pub fn live_count(&self) -> usize {
        self.inner.live.load(Ordering::Relaxed)
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

    /// Listens to every committed change, from here on.
    pub fn changes(&self) -> Changes {
        self.inner.hub.subscribe()
    }

    /// Listens to the changes of one execution, from here on.
    pub fn follow(&self, execution: ExecutionId) -> Following {
        self.inner.hub.follow(execution)
    }

    /// Returns an execution as it is committed.
    ///
    /// # Errors
    /// [`RuntimeError::NoExecution`] if this tenant has none of that id.
    pub async fn execution(
        &self,
        tenant: TenantId,
        id: ExecutionId,
    ) -> Result<ExecutionSnapshot, RuntimeError> {
        let reply = self.ask(move |reply| Message::Read { execution: id, reply }).await?;
        let snapshot = match reply.into_snapshot() {
            Some(snapshot) => *snapshot,
            None => self.stored(tenant, id).await?,
        };
        if snapshot.execution.accepted().tenant == tenant {
            Ok(snapshot)
        } else {
            Err(RuntimeError::NoExecution(id))
        }
    }

    async fn stored(&self, tenant: TenantId, id: ExecutionId) -> Result<ExecutionSnapshot, RuntimeError> {
        let store = &*self.inner.store;
        let stored = store.execution(tenant, id).await?.ok_or(RuntimeError::NoExecution(id))?;
        Ok(self.inner.versions.replay(store, stored).await?)
    }

    /// Lists executions, newest first; what changed a moment ago is in it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn executions(
        &self,
        filter: ExecutionFilter,
        page: Page,
    ) -> Result<Vec<ExecutionRow>, RuntimeError> {
        self.show().await?;
        Ok(self.inner.store.executions(filter, page).await?)
    }

    /// Brings the rows that people query up to date.
    ///
    /// # Errors
    /// [`RuntimeError::Unavailable`] if the engine has ended.
    pub async fn show(&self) -> Result<(), RuntimeError> {
        self.ask(|reply| Message::Show { reply }).await.map(drop)
    }

    /// Waits until an execution has ended, and returns it.
    ///
    /// # Errors
    /// [`RuntimeError::NoExecution`] if this tenant has none of that id.
    pub async fn ended(&self, tenant: TenantId, id: ExecutionId) -> Result<ExecutionSnapshot, RuntimeError> {
        self.execution(tenant, id).await?;
        let reply = self.ask(move |reply| Message::Await { execution: id, reply }).await?;
        match reply.into_snapshot() {
            Some(snapshot) => Ok(*snapshot),
            None => self.stored(tenant, id).await,
        }
    }

    /// Cancels an execution.
    ///
    /// # Errors
    /// [`RuntimeError::Rejected`] if it has ended.
    pub async fn cancel(&self, tenant: TenantId, id: ExecutionId) -> Result<(), RuntimeError> {
        self.input(tenant, id, Input::Cancel { message: "Cancelled by request".into() }).await
    }

    /// Holds an execution: nothing new starts.
    ///
    /// # Errors
    /// [`RuntimeError::Rejected`] if it is held or has ended.
    pub async fn pause(&self, tenant: TenantId, id: ExecutionId) -> Result<(), RuntimeError> {
        self.input(tenant, id, Input::Pause).await
    }

    /// Lets a held execution go on.
    ///
    /// # Errors
    /// [`RuntimeError::Rejected`] if it is not held.
    pub async fn resume(&self, tenant: TenantId, id: ExecutionId) -> Result<(), RuntimeError> {
        self.input(tenant, id, Input::Resume).await
    }

    /// Ends a node's backoff: its next attempt starts now.
    ///
    /// # Errors
    /// [`RuntimeError::NoNode`], or [`RuntimeError::Rejected`] if the node is in no backoff.
    pub async fn retry_now(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        node: NodeId,
    ) -> Result<(), RuntimeError> {
        let execution = self.execution(tenant, id).await?.execution;
        let index = execution.graph().find(node.as_str()).ok_or(RuntimeError::NoNode(node))?;
        self.input(tenant, id, Input::RetryNow { node: index }).await
    }

    /// Settles a node that waits for a person's decision.
    ///
    /// # Errors
    /// [`RuntimeError::NoNode`], or [`RuntimeError::Rejected`] if the node asks nothing.
    pub async fn decide(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        node: NodeId,
        decision: DecisionKind,
    ) -> Result<(), RuntimeError> {
        let execution = self.execution(tenant, id).await?.execution;
        let index = execution.graph().find(node.as_str()).ok_or(RuntimeError::NoNode(node))?;
        self.input(tenant, id, Input::Decide { node: index, decision }).await
    }

    async fn input(&self, tenant: TenantId, id: ExecutionId, input: Input) -> Result<(), RuntimeError> {
        // Reading first settles whose it is.
        self.execution(tenant, id).await?;
        let reply =
            self.ask(move |reply| Message::Input { execution: id, input, reply: Some(reply) }).await?;
        match reply {
            Reply::Done => return Ok(()),
            Reply::NotHere => {}
            Reply::Accepted
            | Reply::Hit(_)
            | Reply::Rejected(_)
            | Reply::Snapshot(_)
            | Reply::Shown
            | Reply::StorageFull
            | Reply::Unavailable => return Err(reply.into_error()),
        }
        let status = self.stored(tenant, id).await?.execution.status();
        Err(if status.is_finished() { Rejected::Finished(status).into() } else { RuntimeError::Unavailable })
    }

    async fn ask(
        &self,
        message: impl FnOnce(ReplyId) -> Message + Send + 'static,
    ) -> Result<Reply, RuntimeError> {
        let (sender, answer) = oneshot::channel();
        let ask: Box<dyn Ask> = Box::new(move |replies: &[ReplyId]| message(replies[0]));
        self.send(Call::Ask(ask, vec![sender]))?;
        answer.await.map_err(|_| RuntimeError::Unavailable)
    }

    fn send(&self, call: Call) -> Result<(), RuntimeError> {
        self.inner.calls.send(call).map_err(|_| RuntimeError::Unavailable)
    }

    /// Tells whether new work is taken.
    pub fn is_ready(&self) -> bool {
        !self.inner.is_stopping.load(Ordering::Relaxed) && self.inner.ended.borrow().is_none()
    }

    /// Waits for the engine's end. Gives the reason if it did not end because it was asked to.
    pub async fn wait_for_end(&self) -> Result<(), String> {
        let mut ended = self.inner.ended.clone();
        let reason = ended.wait_for(Option::is_some).await.map(|reason| reason.clone().unwrap_or_default());
        match reason {
            Ok(reason) if reason.is_empty() => Ok(()),
            Ok(reason) => Err(reason),
            Err(_) => Err("the engine's task was lost".into()),
        }
    }

    /// Stops: takes no new work, gives what is under way `grace` to end, hands back the rest, and closes the store.
    ///
    /// # Errors
    /// What the store says if it cannot be closed.
    pub async fn shutdown(&self, grace: Duration) -> Result<(), StoreError> {
        self.inner.is_stopping.store(true, Ordering::Relaxed);
        if self.send(Call::Stop(grace)).is_ok()
            && let Err(reason) = self.wait_for_end().await
        {
            tracing::error!(reason, "the engine did not end in order; the next start recovers");
        }
        self.inner.store.close().await
    }
}

/// Drives until asked to stop; begins anew when the lease was lost.
async fn drive(
    world: World,
    mut driver: Driver,
    mut inbox: mpsc::UnboundedReceiver<Call>,
    end: watch::Sender<Option<String>>,
) {
    let reason = loop {
        match driver.run(&mut inbox).await {
            End::Stopped => break String::new(),
            End::Fatal(error) => break describe(&error),
            End::Fenced => {
                tracing::warn!("the worker's lease was lost; beginning anew");
                match Driver::start(world.clone()).await {
                    Ok(next) => driver = next,
                    Err(error) => break describe(&error),
                }
            }
        }
    };
    end.send_replace(Some(reason));
}

fn describe(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
