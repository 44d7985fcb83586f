//! What people tell an execution: to end, to wait, to go on, and what they decided.

use serde_json::Value;
use steadflow_core::approval::Answer;
use steadflow_core::caller::Caller;
use steadflow_core::event::Resolution;
use steadflow_core::execution::{Decision, Input};
use steadflow_core::flow::Fault;
use steadflow_core::ids::{ExecutionId, NodeId, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_store::InboxInput;

use super::Engine;
use crate::error::RuntimeError;
use crate::shard::{Message, Origin, Reply};

impl Engine {
    /// Cancels an execution.
    ///
    /// # Errors
    /// [`RuntimeError::Rejected`] if it has ended, or undoes what it did.
    pub async fn cancel(&self, caller: &Caller, id: ExecutionId) -> Result<(), RuntimeError> {
        let (message, by) = ("Cancelled by a user".into(), caller.actor.clone());
        self.input(caller, id, Signal::Cancel { message, by }).await
    }

    /// Ends an execution that undoes what it did, without the rest.
    ///
    /// # Errors
    /// [`RuntimeError::Rejected`] if it undoes nothing.
    pub async fn stop_compensation(&self, caller: &Caller, id: ExecutionId) -> Result<(), RuntimeError> {
        self.input(caller, id, Signal::StopCompensation { by: caller.actor.clone() }).await
    }

    /// Holds an execution: nothing new starts.
    ///
    /// # Errors
    /// [`RuntimeError::Rejected`] if it is held or has ended.
    pub async fn pause(&self, caller: &Caller, id: ExecutionId) -> Result<(), RuntimeError> {
        self.input(caller, id, Signal::Pause { by: caller.actor.clone() }).await
    }

    /// Lets a held execution go on.
    ///
    /// # Errors
    /// [`RuntimeError::Rejected`] if it is not held, [`RuntimeError::EverythingPaused`] if everything of its tenant is.
    pub async fn resume(&self, caller: &Caller, id: ExecutionId) -> Result<(), RuntimeError> {
        if let Some(pause) = self.pause_of(caller.tenant) {
            return Err(RuntimeError::EverythingPaused(Box::new(pause)));
        }
        self.input(caller, id, Signal::Resume { by: caller.actor.clone() }).await
    }

    /// Ends a node's backoff: its next attempt starts now.
    ///
    /// # Errors
    /// [`RuntimeError::Rejected`] if there is no such node, or if the node is in no backoff.
    pub async fn retry_now(
        &self,
        caller: &Caller,
        id: ExecutionId,
        node: NodeId,
    ) -> Result<(), RuntimeError> {
        self.input(caller, id, Signal::RetryNow { node, by: caller.actor.clone() }).await
    }

    /// Settles a node that waits for a person's decision.
    ///
    /// # Errors
    /// [`RuntimeError::Rejected`] if there is no such node, or if the node asks nothing.
    pub async fn decide(
        &self,
        caller: &Caller,
        id: ExecutionId,
        node: NodeId,
        resolution: Resolution,
    ) -> Result<(), RuntimeError> {
        self.input(caller, id, Signal::Resolve { node, resolution, by: caller.actor.clone() }).await
    }

    /// Decides on a call that waits for approval.
    ///
    /// # Errors
    /// [`RuntimeError::Rejected`] if there is no such call, if it was decided on before, or if the decision is about other
    /// arguments.
    pub async fn approve(
        &self,
        caller: &Caller,
        id: ExecutionId,
        node: NodeId,
        answer: Answer,
    ) -> Result<(), RuntimeError> {
        self.input(caller, id, Signal::Approve { node, answer, by: caller.actor.clone() }).await
    }

    /// Returns where arguments of a tool do not fit its input schema.
    pub fn argument_faults(&self, schema: &Value, arguments: &Value) -> Vec<Fault> {
        (self.inner.check_arguments)(schema, arguments)
    }

    /// Gives an execution something to decide on. If another process drives it, that is stored for it: then this
    /// returns when it is stored, and what the execution makes of it shows later.
    pub(super) async fn input(
        &self,
        caller: &Caller,
        id: ExecutionId,
        signal: Signal,
    ) -> Result<(), RuntimeError> {
        let (tenant, input) = (caller.tenant, Input::from(signal.clone()));
        let message = |reply| {
            let from = Origin::Caller { reply, tenant };
            Message::Input { execution: id, input, from }
        };
        let reply = self.ask(message).await?;
        match reply {
            Reply::Done => Ok(()),
            Reply::NotHere => self.send_input(tenant, id, signal).await,
            Reply::Accepted
            | Reply::Hit(_)
            | Reply::Rejected(_)
            | Reply::Snapshot(_)
            | Reply::Shown
            | Reply::Protection(_)
            | Reply::Accounts(_)
            | Reply::StorageFull
            | Reply::Overloaded
            | Reply::Unavailable => Err(reply.into_error()),
        }
    }

    async fn send_input(
        &self,
        tenant: TenantId,
        execution: ExecutionId,
        signal: Signal,
    ) -> Result<(), RuntimeError> {
        let mut stored = self.stored(tenant, execution).await?.execution;
        // What its state as it is stored rejects is rejected here.
        stored.decide(signal.clone().into(), self.now(), &mut Decision::default())?;
        let input = signal.to_stored(execution, stored.cipher()).into();
        let input = InboxInput { tenant, execution, input, created_at: self.now() };
        self.inner.store.send(input).await?;
        Ok(())
    }
}
