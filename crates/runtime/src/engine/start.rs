//! How executions are started.

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::caller::Caller;
use steadflow_core::event::Accepted;
use steadflow_core::execution::{FlowVersion, NewExecution};
use steadflow_core::flow_control::{QueuePlace, SlotLimits, StartScope};
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::trace_parent::TraceParent;
use steadflow_store::{FlowStatus, Idempotency, IdempotencyHit};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::upkeep::Room;
use super::{Engine, ExecutionSnapshot};
use crate::driver::Call;
use crate::error::RuntimeError;
use crate::shard::{Accept, Message, Reply};

/// What makes a call happen once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The caller's `Idempotency-Key`.
    pub key: Arc<str>,
    /// SHA-256 of everything that was asked: the call, its path and its body.
    pub hash: [u8; 32],
}

/// What to start.
#[derive(Clone, Debug)]
pub struct Start {
    /// Who starts it.
    pub caller: Caller,
    /// Which flow; its current version runs.
    pub flow: FlowId,
    /// What the execution is about; else the flow's `context_id_template` says.
    pub context_id: Option<Arc<str>>,
    /// What kind of thing that is; else the flow's `context_type_default` says.
    pub context_type: Option<Arc<str>>,
    /// What it starts with.
    pub trigger_data: Payload,
    /// By which way: `api`, `cli`, …
    pub triggered_by: Arc<str>,
    /// Its priority among the executions of the flow that wait, from -10 to 10; else the flow says.
    pub priority: Option<i8>,
    /// The span of the caller that it is a part of.
    pub trace: Option<TraceParent>,
    /// What makes the call happen once.
    pub key: Option<RequestKey>,
    /// Wait at most so long for its end.
    pub wait: Option<Duration>,
}

/// A new execution that is to be accepted.
pub(super) struct ToAccept {
    pub(super) id: ExecutionId,
    pub(super) flow: Arc<FlowVersion>,
    pub(super) accepted: Accepted,
    /// How many executions of the flow may run at once.
    pub(super) limits: SlotLimits,
    pub(super) key: Option<RequestKey>,
    /// Wait at most so long for its end.
    pub(super) wait: Option<Duration>,
}

/// What was started.
#[derive(Debug)]
pub struct Started {
    /// The execution.
    pub execution: ExecutionId,
    /// Whether the key had started it before.
    pub is_replay: bool,
    /// The execution at its end, if that was waited for and came in time.
    pub ended: Option<Box<ExecutionSnapshot>>,
}

impl Engine {
    /// Starts an execution. When this returns, it is durable.
    ///
    /// # Errors
    /// [`RuntimeError::FlowNotStartable`] unless the flow is a draft or active; [`RuntimeError::TriggerDataUnfit`] if it has a
    /// form that the trigger data does not fit; [`RuntimeError::KeyReused`] if the key
    /// was used for something else; [`RuntimeError::TenantDisabled`], [`RuntimeError::Quota`], [`RuntimeError::Overloaded`],
    /// [`RuntimeError::StorageFull`] or [`RuntimeError::Unavailable`] if nothing started.
    pub async fn start_execution(&self, start: Start) -> Result<Started, RuntimeError> {
        self.start_as(new_id(), start).await
    }

    /// Starts an execution with an id that no other one has.
    pub(super) async fn start_as(&self, id: ExecutionId, start: Start) -> Result<Started, RuntimeError> {
        let current = self.current_flow(start.caller.tenant, start.flow).await?;
        if !matches!(current.record.status, FlowStatus::Draft | FlowStatus::Active) {
            return Err(RuntimeError::FlowNotStartable(current.record.status));
        }
        check_form(&current.version, &start.trigger_data)?;
        let settings = &current.version.flow.settings;
        let context_id = match start.context_id {
            None => {
                let scope = StartScope { execution: id, trigger_data: &start.trigger_data, now: self.now() };
                let version = &current.version;
                version.flow.context_id(scope, &version.limits).map_err(RuntimeError::ContextId)?
            }
            given => given,
        };
        let start_at = settings.debounce().map(|debounce| self.now().plus(debounce.quiet));
        let place = QueuePlace { priority: start.priority, start_at, ..QueuePlace::default() };
        let place = Some(place).filter(|place| *place != QueuePlace::default());
        let accepted = Accepted {
            context_id,
            context_type: start
                .context_type
                .or_else(|| settings.context_type_default.as_deref().map(Into::into))
                .filter(|kind| !kind.is_empty()),
            queue: place.map(Box::new),
            trigger_data: start.trigger_data,
            triggered_by: start.triggered_by,
            actor: start.caller.actor,
            trace: start.trace.map(Arc::new),
            ..Accepted::new(start.caller.tenant, start.flow, current.version.version, self.worker())
        };
        let (flow, limits) = (Arc::clone(&current.version), settings.slot_limits());
        self.accept(ToAccept { id, flow, accepted, limits, key: start.key, wait: start.wait }).await
    }

    /// Hands a new execution to the engine and waits until it is durable.
    pub(super) async fn accept(&self, new: ToAccept) -> Result<Started, RuntimeError> {
        let ToAccept { id, flow, mut accepted, limits, key, wait } = new;
        if self.room() == Room::Reserved {
            return Err(RuntimeError::StorageFull);
        }
        let admitted = match self.admit_of_tenant(accepted.tenant).await {
            Ok(admitted) => admitted,
            Err(error) => return self.replayed_or(error, accepted.tenant, key, wait).await,
        };
        let place = self.inner.admission.admit(accepted.trigger_data.len())?;
        let start = StartScope { execution: id, trigger_data: &accepted.trigger_data, now: self.now() };
        accepted.queue = flow
            .flow
            .queue_place(start, accepted.queue.as_deref(), &flow.limits)
            .map_err(RuntimeError::QueuePlace)?;
        let tenant = accepted.tenant;
        let hash = key.as_ref().map(|key| key.hash);
        let created_at = self.now();
        let idempotency =
            key.map(|key| Idempotency { tenant, key: key.key, request_hash: key.hash, created_at });
        let (sender, answer) = oneshot::channel();
        let (end_sender, end) = oneshot::channel();
        let (reply, end_reply) = (self.new_reply(), wait.map(|_| self.new_reply()));
        let mut pinned = self.pin(&mut accepted, flow).await?;
        let was_encrypted = accepted.data_key.is_some();
        if was_encrypted || pinned.needs_cipher() {
            pinned.cipher = Some(self.inner.versions.ciphers.newest(tenant).await?);
        }
        accepted.data_key = pinned.data_key(was_encrypted);
        let new = NewExecution { id, pinned, accepted };
        let accept = Accept { new, limits, idempotency, reply, wait: end_reply };
        let mut asked_by = vec![(reply, sender)];
        asked_by.extend(end_reply.map(|reply| (reply, end_sender)));
        let message = Box::new(Message::Accept(Box::new(accept)));
        self.send(Call::Message(message, asked_by)).await?;
        let answer = answer.await.map_err(|_| RuntimeError::Unavailable)?;
        drop((place, admitted));
        if let Reply::Hit(hit) = answer {
            return self.replayed(tenant, hit, hash, wait).await;
        }
        if !matches!(answer, Reply::Accepted) {
            return Err(answer.into_error());
        }
        let ended = match wait {
            Some(wait) => timeout(wait, end).await.ok().and_then(Result::ok).and_then(Reply::into_snapshot),
            None => None,
        };
        let ended = match ended {
            Some(loaded) => Some(Box::new(ExecutionSnapshot::from(*loaded).masked().await?)),
            None => None,
        };
        Ok(Started { execution: id, is_replay: false, ended })
    }

    /// A call that was made before is answered as it was, whatever its tenant may do now.
    async fn replayed_or(
        &self,
        error: RuntimeError,
        tenant: TenantId,
        key: Option<RequestKey>,
        wait: Option<Duration>,
    ) -> Result<Started, RuntimeError> {
        let Some(key) = key else { return Err(error) };
        match self.inner.store.idempotency(tenant, key.key).await? {
            Some(hit) => self.replayed(tenant, hit, Some(key.hash), wait).await,
            None => Err(error),
        }
    }

    /// The key was used before: the answer is the first call's.
    async fn replayed(
        &self,
        tenant: TenantId,
        hit: IdempotencyHit,
        hash: Option<[u8; 32]>,
        wait: Option<Duration>,
    ) -> Result<Started, RuntimeError> {
        if hash != Some(hit.request_hash) {
            return Err(RuntimeError::KeyReused);
        }
        let ended = match wait {
            Some(wait) => timeout(wait, self.ended(tenant, hit.execution)).await.ok().and_then(Result::ok),
            None => None,
        };
        Ok(Started { execution: hit.execution, is_replay: true, ended: ended.map(Box::new) })
    }
}

/// Refuses trigger data that does not fit the form of the flow.
pub(super) fn check_form(flow: &FlowVersion, trigger_data: &Payload) -> Result<(), RuntimeError> {
    let unfit = flow.flow.form_faults(trigger_data);
    if unfit.is_empty() { Ok(()) } else { Err(RuntimeError::TriggerDataUnfit(unfit)) }
}

/// Returns a new id, later than those before.
pub(super) fn new_id() -> ExecutionId {
    ExecutionId::new(uuid::Uuid::now_v7())
}
