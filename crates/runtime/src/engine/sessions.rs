//! Sessions of agents, for people.

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::caller::Caller;
use steadflow_core::session::{SessionId, SessionTurn};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{SessionDeleted, SessionRecord, StoreError};

use super::retry::is_whole;
use super::start::{RequestKey, Started, ToAccept, new_id};
use super::{Engine, upkeep};
use crate::error::RuntimeError;

/// How long a session is kept that is not used.
const UNUSED_MAX: Duration = Duration::from_secs(30 * 86_400);

/// How many sessions are deleted at once.
const STEP_SESSIONS: usize = 20;

impl Engine {
    /// Returns a session.
    ///
    /// # Errors
    /// [`RuntimeError::NoSession`] if there is none.
    pub async fn session(&self, id: &SessionId) -> Result<SessionRecord, RuntimeError> {
        let found = self.store().session(id.clone()).await?;
        found.ok_or_else(|| RuntimeError::NoSession(Arc::clone(&id.key)))
    }

    /// Deletes a session with its turns.
    ///
    /// # Errors
    /// [`RuntimeError::NoSession`] if there is none; [`RuntimeError::SessionBusy`] if a node has it.
    pub async fn delete_session(&self, id: SessionId) -> Result<(), RuntimeError> {
        let key = Arc::clone(&id.key);
        match self.store().delete_session(id).await? {
            SessionDeleted::Done => Ok(()),
            SessionDeleted::Missing => Err(RuntimeError::NoSession(key)),
            SessionDeleted::Busy(holder) => Err(RuntimeError::SessionBusy(holder)),
        }
    }

    /// Writes the last turn of a session again: starts a new execution of what wrote it, with the same trigger data and on
    /// the same versions. It reuses all outputs but those of the node and of what follows it; its turn replaces the last one.
    ///
    /// # Errors
    /// [`RuntimeError::NotLastTurn`] if another turn was added since `turn`; as [`Self::retry`] otherwise.
    pub async fn regenerate(
        &self,
        caller: &Caller,
        id: &SessionId,
        turn: u32,
        key: Option<RequestKey>,
    ) -> Result<Started, RuntimeError> {
        let last = self.last_turn(id).await?;
        if last.number != turn {
            return Err(RuntimeError::NotLastTurn(last.number));
        }
        let old = self.unmasked_execution(caller.tenant, last.execution).await?;
        is_whole(&old.execution)?;
        let current = self.current_flow(caller.tenant, old.execution.accepted().flow).await?;
        let limits = current.version.flow.settings.slot_limits();
        let flow = Arc::clone(old.execution.flow());
        let mut plan = old.execution.regenerate_plan(&last.node);
        self.read_children(caller.tenant, &mut plan).await?;
        let accepted = old.execution.retried(plan, None, caller.actor.clone(), self.worker());
        drop(old);
        self.accept(ToAccept { id: new_id(), flow, accepted, limits, key, wait: None }).await
    }

    async fn last_turn(&self, id: &SessionId) -> Result<SessionTurn, RuntimeError> {
        let turns = self.store().session_turns(id.clone(), u32::MAX, 1, 0).await?;
        turns.into_iter().next_back().ok_or_else(|| RuntimeError::NoSession(Arc::clone(&id.key)))
    }

    /// Deletes sessions that nobody has used for long.
    pub(super) async fn expire_sessions(&self) -> Result<(), StoreError> {
        let unused = i64::try_from(UNUSED_MAX.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp::from_micros(self.now().as_micros().saturating_sub(unused));
        while self.store().expire_sessions(before, STEP_SESSIONS).await? == STEP_SESSIONS {
            upkeep::pause().await;
        }
        Ok(())
    }
}
