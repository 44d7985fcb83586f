//! Events from outside: each is stored before it is acknowledged, and then ends the waits of nodes and starts flows.
//!
//! What follows from an event can be done twice: a node takes one event, and a start has the event as its idempotency key. So
//! an event is delivered again after a crash, until it is stored that all of it is done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use steadflow_core::caller::{Actor, ActorKind, Caller, Role};
use steadflow_core::external_event::{ExternalEvent, KEY_KNOWN_FOR, LOOKBACK_MAX, NodeWait};
use steadflow_core::ids::{FlowId, NodeId, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::StoreError;
use tokio::sync::Notify;
use tokio::time::sleep;
use uuid::Uuid;

use super::alerts::AlertWakes;
use super::schedules::is_passing;
use super::start::{RequestKey, Start, new_id};
use super::upkeep::Room;
use super::{Engine, upkeep};
use crate::error::RuntimeError;

/// How often it is looked for events that another process has stored, or that could not be delivered.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How soon what could not be done is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How many events are read at once: each may be as large as trigger data.
const EVENTS: usize = 16;
/// How many waits for an event are read at once.
const WAITS: usize = 1_000;
/// How many of them are ended at the same time, so that their commits share what they cost.
const AT_ONCE: usize = 32;
/// How many events and waits are deleted at once.
const STEP: usize = 200;

/// Who is woken when a flow changes, or an event comes.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    pub(super) schedules: Notify,
    pub(super) alerting: AlertWakes,
    events: Notify,
    has_flow_changed: AtomicBool,
}

impl Wakes {
    /// A flow has changed, and with it what starts by itself.
    pub(super) fn flow_changed(&self) {
        self.has_flow_changed.store(true, Ordering::Release);
        self.schedules.notify_one();
    }
}

/// An event that somebody sends.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What happened.
    pub name: Arc<str>,
    /// What it is about.
    pub correlation: Option<Arc<str>>,
    /// What its sender calls it.
    pub key: Option<Arc<str>>,
    /// What its sender says.
    pub data: Payload,
}

/// What became of an event that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentEvent {
    /// Its id.
    pub id: Uuid,
    /// Whether it had been sent before, so that nothing follows.
    pub is_known: bool,
}

/// A flow that an event starts.
#[derive(Clone, Debug)]
struct Started {
    tenant: TenantId,
    flow: FlowId,
    node: NodeId,
}

impl Engine {
    /// Takes an event. When this returns, it is stored; what follows from it comes soon.
    ///
    /// # Errors
    /// [`RuntimeError::StorageFull`] and what the store says; nothing is stored then. Neither is it where a flow would start by the
    /// event and may not: [`RuntimeError::TenantDisabled`], [`RuntimeError::Quota`].
    pub async fn send_event(&self, tenant: TenantId, event: NewEvent) -> Result<SentEvent, RuntimeError> {
        if self.room() == Room::Reserved {
            return Err(RuntimeError::StorageFull);
        }
        self.may_follow(tenant, &event.name).await?;
        let NewEvent { name, correlation, key, data } = event;
        let (id, at) = (new_id().uuid(), self.now());
        let event = ExternalEvent { id, tenant, name, correlation, key, data, at };
        let known = self.store().put_event(event, ago(at, KEY_KNOWN_FOR)).await?;
        self.inner.wakes.events.notify_one();
        Ok(SentEvent { id: known.unwrap_or(id), is_known: known.is_some() })
    }

    /// Looks whether flows that an event starts may start. An event that only wakes nodes is always taken: what was accepted goes on.
    async fn may_follow(&self, tenant: TenantId, name: &str) -> Result<(), RuntimeError> {
        let Err(why) = self.may_start(tenant) else { return Ok(()) };
        for (_, flow) in self.flows_that_start().await?.into_iter().filter(|(of, _)| *of == tenant) {
            match self.current_flow(tenant, flow).await {
                Ok(flow) if flow.version.flow.starting_events().any(|(_, event)| **event == *name) => {
                    return Err(why);
                }
                Ok(_) | Err(RuntimeError::NoFlow(_)) => {}
                Err(error) if error.is_damage() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Delivers events until the engine has ended.
    pub async fn deliver_events(&self) {
        tokio::select! {
            () = Deliverer { engine: self, flows: None }.run() => {}
            _ = self.wait_for_end() => {}
        }
    }

    /// Deletes events that no node can look back to, and waits of executions that have ended.
    pub(super) async fn expire_events(&self) -> Result<(), StoreError> {
        let before = ago(self.now(), LOOKBACK_MAX);
        while self.store().expire_events(before, STEP).await? >= STEP {
            upkeep::pause().await;
        }
        Ok(())
    }
}

fn ago(now: Timestamp, length: Duration) -> Timestamp {
    let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(length))
}

struct Deliverer<'e> {
    engine: &'e Engine,
    /// Which flows are started by which event; `None` until they are read.
    flows: Option<BTreeMap<Arc<str>, Vec<Started>>>,
}

impl Deliverer<'_> {
    async fn run(mut self) {
        loop {
            let wait = match self.deliver_all().await {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(error = %error, "events could not be delivered; it is tried again");
                    AGAIN_AFTER
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = self.engine.inner.wakes.events.notified() => {}
            }
        }
    }

    /// Delivers what is there, some of each tenant in turn, so that none waits for all of another one's. An event that cannot be
    /// delivered now holds up none behind it.
    async fn deliver_all(&mut self) -> Result<(), RuntimeError> {
        let (mut reached, mut done) = (BTreeMap::<TenantId, Uuid>::new(), Ok(()));
        loop {
            let mut is_over = true;
            // Others may have sent some since the last turn.
            for tenant in self.engine.store().undelivered_tenants().await? {
                let after = reached.get(&tenant).copied();
                let events = self.engine.store().undelivered_events(tenant, after, EVENTS).await?;
                let Some(last) = events.last() else { continue };
                is_over = false;
                reached.insert(tenant, last.id);
                done = self.deliver_some(&events).await?.and(done);
            }
            if is_over {
                return done;
            }
        }
    }

    /// Delivers some events. Returns what kept one of them from being delivered.
    async fn deliver_some(
        &mut self,
        events: &[ExternalEvent],
    ) -> Result<Result<(), RuntimeError>, RuntimeError> {
        // What changed before an event came is known before that is delivered.
        if self.engine.inner.wakes.has_flow_changed.swap(false, Ordering::AcqRel) {
            self.flows = None;
        }
        if self.flows.is_none() {
            self.flows = Some(self.read().await?);
        }
        let mut done = Ok(());
        for event in events {
            match self.deliver(event).await {
                Ok(()) => self.engine.store().event_delivered(event.id).await?,
                Err(error) => done = Err(error),
            }
        }
        Ok(done)
    }

    /// Reads which active flows are started by which event.
    async fn read(&self) -> Result<BTreeMap<Arc<str>, Vec<Started>>, RuntimeError> {
        let mut all: BTreeMap<Arc<str>, Vec<Started>> = BTreeMap::new();
        for (tenant, flow) in self.engine.flows_that_start().await? {
            let current = match self.engine.current_flow(tenant, flow).await {
                Ok(current) => current,
                Err(RuntimeError::NoFlow(_)) => continue,
                Err(error) if error.is_damage() => {
                    tracing::warn!(flow = %flow, error = %error, "a flow that events start cannot be read, so it does not start");
                    continue;
                }
                Err(error) => return Err(error),
            };
            for (node, event) in current.version.flow.starting_events() {
                let started = Started { tenant, flow, node: node.clone() };
                all.entry(Arc::clone(event)).or_default().push(started);
            }
        }
        Ok(all)
    }

    /// Does all that follows from an event. What cannot be done now holds up nothing else of it, and is done again with it.
    async fn deliver(&self, event: &ExternalEvent) -> Result<(), RuntimeError> {
        let (mut after, mut done) = (None, Ok(()));
        loop {
            let waits = self.engine.store().event_waits(event.clone(), after, WAITS).await?;
            let Some(last) = waits.last() else { break };
            after = Some((last.execution, last.node));
            let mut ended = stream::iter(waits).map(|wait| self.wake(wait, event)).buffer_unordered(AT_ONCE);
            while let Some(woken) = ended.next().await {
                done = done.and(woken);
            }
        }
        let flows = self.flows.as_ref().and_then(|flows| flows.get(&event.name));
        for flow in flows.into_iter().flatten().filter(|flow| flow.tenant == event.tenant) {
            done = done.and(self.start(flow, event).await);
        }
        done
    }

    /// Gives an event to a node that waits for it. One that does not wait any more needs none.
    async fn wake(&self, wait: NodeWait, event: &ExternalEvent) -> Result<(), RuntimeError> {
        let caller = caller(event);
        let signal = Signal::EventArrived { node: wait.node_id.clone(), event: Box::new(event.clone()) };
        match self.engine.input(&caller, wait.execution, signal).await {
            Ok(()) | Err(RuntimeError::Rejected(_) | RuntimeError::NoExecution(_)) => {
                Ok(self.engine.store().delete_event_wait(wait).await?)
            }
            Err(error) if is_passing(&error) => Err(error),
            Err(error) => {
                tracing::warn!(execution.id = %wait.execution, error = %error, "an execution could not be given an event that it waits for");
                Ok(())
            }
        }
    }

    async fn start(&self, started: &Started, event: &ExternalEvent) -> Result<(), RuntimeError> {
        let Started { flow, node, .. } = started;
        let key: Arc<str> = format!("event\n{flow}\n{node}\n{}", event.id).into();
        let start = Start {
            caller: caller(event),
            flow: *flow,
            context_id: None,
            context_type: None,
            trigger_data: event.output(),
            triggered_by: "event".into(),
            priority: None,
            trace: None,
            key: Some(RequestKey { key, hash: [0; 32] }),
            wait: None,
        };
        match self.engine.start_execution(start).await {
            Ok(_) => Ok(()),
            // It was taken when the tenant had some left.
            Err(error @ RuntimeError::Quota(_)) => Err(error),
            Err(error) if is_passing(&error) => Err(error),
            Err(error) => {
                tracing::warn!(flow = %flow, node = %node, event.id = %event.id, error = %error, "an event could not start a flow");
                Ok(())
            }
        }
    }
}

fn caller(event: &ExternalEvent) -> Caller {
    let actor = Actor { kind: ActorKind::Event, id: Some(event.id.to_string().into()) };
    Caller { tenant: event.tenant, actor, role: Role::Operator }
}
