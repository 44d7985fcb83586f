//! The worker's questions, as calls of the store, and turns that may take long, on threads of their own.

use std::pin::Pin;
use std::sync::Arc;

use steadflow_core::ids::ExecutionId;
use steadflow_core::protection::GateAsk;
use steadflow_store::{InboxId, StoreError, Worker as Lessee};

use super::World;
use crate::shard::{Loaded, LongTurn, Unclaimed};
use crate::worker::{Answer, Ask, IncarnationId};

/// The answer to a question, with the incarnation that asked.
pub(super) type AnswerFuture = Pin<Box<dyn Future<Output = (IncarnationId, Answer)> + Send>>;

impl World {
    /// Asks the store, or takes a turn.
    pub(super) fn ask(&self, by: IncarnationId, ask: Ask) -> AnswerFuture {
        let world = self.clone();
        Box::pin(async move { (by, world.answer(ask).await) })
    }

    async fn answer(self, ask: Ask) -> Answer {
        let (store, now) = (&self.store, self.clock.now());
        match ask {
            Ask::Register { name, ttl } => Answer::Registered(store.register(name, now, ttl).await),
            Ask::Renew { lessee, ttl } => Answer::Renewed(store.renew(lessee, now, ttl).await),
            Ask::TakeOver { lessee, limit } => {
                Answer::TakenOver(self.flows.recovered(&**store, lessee, now, limit).await)
            }
            Ask::FindOrphans { lessee, limit } => {
                Answer::Orphans(self.flows.orphans(&**store, lessee, now, limit).await)
            }
            Ask::FindDue { after, until, limit } => Answer::Due(store.due(after, until, limit).await),
            Ask::ReadInbox { lessee, after, limit } => Answer::Inbox(store.inbox(lessee, after, limit).await),
            Ask::SortInbox { lessee, discarded, unclaimed } => {
                let items = discarded.iter().copied().chain(unclaimed.iter().map(|item| item.item)).collect();
                Answer::InboxSorted(items, self.sort_inbox(lessee, discarded, unclaimed).await)
            }
            Ask::Decide(turn) => Answer::Decided(taken(turn).await),
            Ask::Gate(lessee, ask) => match *ask {
                GateAsk::Draw(draw) => Answer::Drawn(Box::new(draw), store.draw(draw).await),
                GateAsk::Settle(settlement) => Answer::Settled(store.settle(settlement).await),
                GateAsk::Permit(ask) => {
                    let agent = ask.agent;
                    Answer::Permitted(agent, store.permit(lessee, *ask, now).await)
                }
            },
            Ask::ClaimSession(lessee, claim) => {
                let result = store.claim_session(lessee, (*claim).clone(), now).await;
                Answer::SessionClaimed(claim, result)
            }
            Ask::AwaitEvent(ask) => {
                let result = store.await_event(ask.wait.clone()).await;
                Answer::EventAwaited(ask, result.map(|event| event.map(Box::new)))
            }
            Ask::Load(lessee, id) => Answer::Loaded(id, self.load(lessee, id).await),
            Ask::Commit(lessee, batch, commits) => {
                Answer::Committed(batch, self.flows.blobs.commit(&**store, lessee, commits).await)
            }
            Ask::Release(lessee) => Answer::Released(lessee, store.release(lessee).await),
        }
    }

    /// Deletes items of the inbox: `discarded` ones, and those of the `unclaimed` ones whose executions do not exist.
    async fn sort_inbox(
        &self,
        lessee: Lessee,
        mut discarded: Vec<InboxId>,
        unclaimed: Vec<Unclaimed>,
    ) -> Result<(), StoreError> {
        for Unclaimed { item, tenant, execution } in unclaimed {
            if self.store.execution(tenant, execution).await?.is_none() {
                tracing::warn!(inbox.item = item.0, execution.id = %execution, "an input for no execution is deleted");
                discarded.push(item);
            }
        }
        if discarded.is_empty() {
            return Ok(());
        }
        self.store.discard(lessee, discarded).await
    }

    /// Takes an execution, in a task of its own: reading a long journal takes time that the loop does not have.
    async fn load(&self, lessee: Lessee, id: ExecutionId) -> Result<Option<Box<Loaded>>, StoreError> {
        let (flows, store) = (Arc::clone(&self.flows), Arc::clone(&self.store));
        let loaded = tokio::spawn(async move { flows.take(&*store, lessee, id).await }).await;
        let panicked = |error: tokio::task::JoinError| StoreError::Corrupt {
            what: format!("execution {id}"),
            reason: error.to_string(),
        };
        loaded.map_err(panicked)?.map(|loaded| loaded.map(Box::new))
    }
}

/// Takes a turn where the loop does not wait for it.
async fn taken(mut turn: Box<LongTurn>) -> Box<LongTurn> {
    let taking = tokio::task::spawn_blocking(move || {
        turn.take();
        turn
    });
    match taking.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(turn) => turn,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The process ends, and its worker with it.
        Err(Err(_)) => std::future::pending().await,
    }
}
