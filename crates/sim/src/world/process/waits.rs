//! What nodes wait for: sessions and events.

use steadflow_core::external_event::EventAsk;
use steadflow_core::session::SessionClaim;
use steadflow_runtime::worker::{Answer, IncarnationId};
use steadflow_store::{StoreError, Worker as Lessee};

use super::ProcessId;
use crate::fault::Fault;
use crate::mutation::Mutation;
use crate::world::World;

impl World {
    /// A node asks for its session.
    pub(super) fn claims_session(
        &mut self,
        id: ProcessId,
        by: IncarnationId,
        lessee: Lessee,
        claim: Box<SessionClaim>,
    ) -> Result<(), String> {
        let result = if self.strikes(Fault::FailingLoad) {
            self.is_unwell(id);
            Err(StoreError::Database { call: "claim_session", source: "it is busy".into() })
        } else {
            match self.store.claim_session_now(lessee, &claim, self.clock_of(id)) {
                Err(error @ StoreError::Fenced) => Err(error),
                claimed => {
                    let claimed = claimed.map_err(|error| error.to_string())?;
                    let (execution, node) = (claim.execution, &claim.node_id);
                    self.note(format_args!("{id} claims a session for {execution} {node}: {claimed:?}"));
                    self.checker.session_claimed(&claim, &claimed)?;
                    Ok(claimed)
                }
            }
        };
        self.answer(id, by, Answer::SessionClaimed(claim, result));
        Ok(())
    }

    /// What a node waits for is stored.
    pub(super) fn awaits_event(
        &mut self,
        id: ProcessId,
        by: IncarnationId,
        ask: Box<EventAsk>,
    ) -> Result<(), String> {
        let EventAsk { wait, at } = &*ask;
        let is_over = wait.wait.until.is_some_and(|until| until <= *at);
        let result = if self.strikes(Fault::FailingLoad) {
            self.is_unwell(id);
            Err(StoreError::Database { call: "await_event", source: "it is busy".into() })
        } else {
            self.checker.event_is_looked_for(&ask);
            let event = if is_over && self.breaks(Mutation::EventNotLookedFor) {
                None
            } else {
                self.store.await_event_now(wait.clone()).map_err(|error| error.to_string())?
            };
            self.note(format_args!("{id} stores that {} waits: {:?}, {event:?}", wait.execution, wait.wait));
            if let Some(until) = wait.wait.until.filter(|_| !is_over) {
                let left = until.since(self.clock_of(id));
                self.plans_late_event(wait.wait.correlation.as_deref(), left);
            }
            Ok(event.map(Box::new))
        };
        self.answer(id, by, Answer::EventAwaited(ask, result));
        Ok(())
    }
}
