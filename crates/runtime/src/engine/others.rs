//! What other processes on the same database drive: who follows an execution of theirs here is notified.

use std::collections::BTreeSet;
use std::time::Duration;

use steadflow_core::ids::FlowId;
use steadflow_store::QueuedExecution;
use tokio::time::sleep;

use super::Engine;
use crate::driver::Call;
use crate::error::RuntimeError;
use crate::shard::Message;

/// How often it is looked for what has changed.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How many executions that wait, and that hold slots, are read at once.
const SLOTS: usize = 10_000;

impl Engine {
    /// Returns whether other processes drive executions of the same database.
    pub fn is_shared(&self) -> bool {
        self.store().is_shared()
    }

    /// Notifies those who follow executions that other processes drive. It ends at once where there are none, and else never.
    pub async fn follow_others(&self) {
        let mut limits_known = BTreeSet::new();
        while self.is_shared() {
            let followed = self.inner.hub.followed();
            if !followed.is_empty() {
                match self.store().shown(followed).await {
                    Ok(shown) => shown.into_iter().for_each(|(id, seq)| self.inner.hub.notify(id, seq)),
                    Err(error) => {
                        tracing::warn!(error = %error, "it could not be read what other processes have changed");
                    }
                }
            }
            if let Err(error) = self.look_for_slots(&mut limits_known).await {
                tracing::warn!(error = %error, "it could not be read what waits for slots");
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Notes what waits for slots and who holds them over all processes. Limits that are known follow edits.
    async fn look_for_slots(&self, limits_known: &mut BTreeSet<FlowId>) -> Result<(), RuntimeError> {
        let waiting = self.store().waiting(SLOTS).await?;
        if waiting.holders.len() >= SLOTS {
            // Counting some of them only would start more than the limits allow.
            tracing::warn!(
                holders = SLOTS,
                "too many executions hold slots to follow those of other processes; this process counts its own"
            );
            return Ok(());
        }
        let is_new = |queued: &&QueuedExecution| !limits_known.contains(&queued.flow);
        let new: Vec<_> = waiting.queued.iter().filter(is_new).cloned().collect();
        let limits = self.inner.versions.limits_of(&**self.store(), &new).await?;
        limits_known.extend(new.iter().map(|queued| queued.flow));
        self.send(Call::Message(Box::new(Message::Waiting(Box::new(waiting), limits)), Vec::new())).await
    }
}
