//! The switch of a tenant that pauses everything: nothing of it starts until it is resumed.
//!
//! The database has who paused what ([`TenantPause`]). Each process reads that every second, and its shard keeps to it. A pause that is
//! over stays in the database until what was paused with it is resumed, so that a crash leaves nothing paused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadflow_core::caller::{Actor, Caller, Role};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_store::{ExecutionFilter, TenantPause, TenantResumed};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Engine;
use crate::driver::Call;
use crate::error::RuntimeError;
use crate::shard::{Message, paused_tenants};

/// How often it is looked whether something is to be resumed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// For how long after a resume some process may still pause executions: then it is looked once more what is paused.
const SETTLED_AFTER: Duration = Duration::from_secs(10);
/// How long it is waited for one execution, so that it does not keep others waiting.
const ONE_MAX: Duration = Duration::from_secs(10);

/// What is known of pauses.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    /// Those of the database.
    known: Mutex<BTreeMap<TenantId, TenantPause>>,
    /// Tenants that were resumed since it was last looked what is to be.
    ended: Mutex<BTreeSet<TenantId>>,
    /// Held from reading pauses until the shard knows them, so that it never goes back to older ones.
    gate: tokio::sync::Mutex<()>,
    work: Notify,
}

impl Engine {
    /// Pauses everything of a tenant: nothing starts until it is resumed; what is in flight ends and is recorded.
    ///
    /// # Errors
    /// [`RuntimeError::EverythingPaused`] if it is paused.
    pub async fn pause_everything(
        &self,
        caller: &Caller,
        reason: Option<Arc<str>>,
    ) -> Result<TenantPause, RuntimeError> {
        let (tenant, by) = (caller.tenant, caller.actor.clone());
        let pause = TenantPause { tenant, at: self.wall(), by, reason, resumed: None };
        let is_new = self.store().pause_tenant(pause.clone()).await?;
        self.take_in_pauses().await;
        if is_new {
            return Ok(pause);
        }
        match self.pause_of(tenant) {
            Some(before) => Err(RuntimeError::EverythingPaused(Box::new(before))),
            // It was resumed in this moment.
            None => Err(RuntimeError::Busy),
        }
    }

    /// Resumes everything of a tenant.
    ///
    /// # Errors
    /// [`RuntimeError::NothingPaused`] if it is not paused.
    pub async fn resume_everything(&self, caller: &Caller) -> Result<(), RuntimeError> {
        let resumed = TenantResumed { at: self.wall(), by: caller.actor.clone() };
        let was_paused = self.store().resume_tenant(caller.tenant, resumed).await?;
        self.take_in_pauses().await;
        if was_paused { Ok(()) } else { Err(RuntimeError::NothingPaused) }
    }

    /// Returns the pause of a tenant of which everything is paused, as this process knows it.
    pub fn pause_of(&self, tenant: TenantId) -> Option<TenantPause> {
        self.inner.pauses.known.lock().get(&tenant).filter(|pause| pause.resumed.is_none()).cloned()
    }

    /// Takes in what was just stored. Whatever comes of that, it is stored, and taken in with the next look.
    async fn take_in_pauses(&self) {
        if let Err(error) = self.read_pauses().await {
            tracing::warn!(error = %error, "a change of what is paused could not be taken in yet; it is tried again");
        }
    }

    /// Takes in what is paused. What other processes change is taken in a moment later.
    pub(super) async fn read_pauses(&self) -> Result<(), RuntimeError> {
        let Pauses { known, ended, gate, work } = &self.inner.pauses;
        let _gate = gate.lock().await;
        let pauses = self.store().pauses().await?;
        let paused_now = paused_tenants(&pauses);
        let now: BTreeMap<_, _> = pauses.into_iter().map(|pause| (pause.tenant, pause)).collect();
        let before = std::mem::replace(&mut *known.lock(), now.clone());
        if before == now {
            return Ok(());
        }
        let was_paused = before.values().filter(|pause| pause.resumed.is_none());
        let over: Vec<TenantId> =
            was_paused.map(|pause| pause.tenant).filter(|tenant| !paused_now.contains_key(tenant)).collect();
        let resumed =
            now.values().filter_map(|pause| Some((pause.tenant, pause.resumed.as_ref()?.by.clone())));
        let message = Message::Pauses { paused: paused_now, resumed_by: resumed.collect() };
        if let Err(error) = self.send(Call::Message(Box::new(message), Vec::new())).await {
            // The shard does not know it: it is told with the next look.
            *known.lock() = before;
            return Err(error);
        }
        ended.lock().extend(over);
        work.notify_one();
        Ok(())
    }

    /// Resumes what was paused with everything, for as long as the engine runs.
    pub(super) async fn work_off_pauses(&self) {
        // When each pause was ended whose executions were resumed once.
        let mut swept = BTreeMap::new();
        loop {
            self.resume_what_is_over(&mut swept).await;
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = self.inner.pauses.work.notified() => {}
            }
        }
    }

    async fn resume_what_is_over(&self, swept: &mut BTreeMap<TenantId, TenantResumed>) {
        let known = self.inner.pauses.known.lock().clone();
        let ended = std::mem::take(&mut *self.inner.pauses.ended.lock());
        for tenant in ended.into_iter().filter(|tenant| !known.contains_key(tenant)) {
            // Another process has forgotten the pause before this one has seen its end.
            if let Err(error) = self.resume_executions(tenant, &Actor::SYSTEM).await {
                note_failure(tenant, &error);
                self.inner.pauses.ended.lock().insert(tenant);
            }
        }
        swept.retain(|tenant, _| known.contains_key(tenant));
        for (tenant, pause) in known {
            let Some(resumed) = pause.resumed else { continue };
            if let Err(error) = self.end_pause(tenant, &resumed, swept).await {
                note_failure(tenant, &error);
            }
        }
    }

    /// Resumes what was paused with everything of a tenant, at once and when no process can pause more of it.
    async fn end_pause(
        &self,
        tenant: TenantId,
        resumed: &TenantResumed,
        swept: &mut BTreeMap<TenantId, TenantResumed>,
    ) -> Result<(), RuntimeError> {
        let is_first = swept.get(&tenant) != Some(resumed);
        let is_settled = self.wall().since(resumed.at) >= SETTLED_AFTER;
        if is_first || is_settled {
            self.resume_executions(tenant, &resumed.by).await?;
            swept.insert(tenant, resumed.clone());
        }
        if is_settled {
            self.store().forget_pause(tenant, resumed.at).await?;
            self.read_pauses().await?;
        }
        Ok(())
    }

    async fn resume_executions(&self, tenant: TenantId, by: &Actor) -> Result<(), RuntimeError> {
        let filter = ExecutionFilter {
            tenant: Some(tenant),
            statuses: vec![ExecutionStatus::Paused],
            ..ExecutionFilter::default()
        };
        let mut failed = None;
        let resume = |id| async move { Ok(self.resume_with_all(tenant, id, by).await) };
        self.for_each(filter, resume, |_, resumed| failed = resumed.err().or(failed.take())).await?;
        failed.map_or(Ok(()), Err)
    }

    async fn resume_with_all(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        by: &Actor,
    ) -> Result<(), RuntimeError> {
        if self.pause_of(tenant).is_some() {
            return Ok(());
        }
        let caller = Caller { tenant, actor: Actor::SYSTEM, role: Role::Operator };
        let resumed = self.input(&caller, id, Signal::ResumeWithAll { by: by.clone() });
        match timeout(ONE_MAX, resumed).await.unwrap_or(Err(RuntimeError::Busy)) {
            // It was paused by itself, or has gone on or ended meanwhile.
            Ok(()) | Err(RuntimeError::Rejected(_) | RuntimeError::NoExecution(_)) => Ok(()),
            Err(error) if error.is_damage() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn note_failure(tenant: TenantId, error: &RuntimeError) {
    tracing::warn!(tenant = %tenant, error = %error, "executions that were paused could not be resumed; it is tried again");
}
