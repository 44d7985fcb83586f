//! The protection of agents, and what is drawn from their budgets.

use steadflow_core::budget::{Amount, Day, Draw, Drawn, Settlement};
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::protection::{PermitAsk, Permits, SharedGate};
use steadflow_core::timestamp::Timestamp;

use super::super::MemoryStore;
use crate::{BUDGET_DAYS_KEPT, StoreError, Worker};

impl MemoryStore {
    /// See [`crate::Log::permit`]. Two workers can share this store, which is then as one that other processes can drive.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] or [`StoreError::Closed`].
    pub fn permit_now(&self, worker: Worker, ask: &PermitAsk, now: Timestamp) -> Result<Permits, StoreError> {
        let mut database = self.open()?;
        database.check_lease(worker)?;
        let living = database.leases.keys().copied().collect();
        let gate = database.gates.entry(ask.agent).or_insert_with(|| SharedGate::new(&ask.protection, now));
        Ok(gate.ask(worker.epoch, &living, ask, now))
    }

    /// See [`crate::Log::draw`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn draw_now(&self, draw: &Draw) -> Result<Drawn, StoreError> {
        let mut database = self.open()?;
        let oldest = draw.day.number() - BUDGET_DAYS_KEPT;
        database.drawn.retain(|(day, ..), _| day.number() >= oldest);
        let taken = database.drawn.entry((draw.day, draw.tenant, draw.agent)).or_default();
        let drawn = draw.from(*taken);
        if let Drawn::Some(amount) = drawn {
            *taken = taken.plus(amount);
        }
        Ok(drawn)
    }

    /// See [`crate::Log::settle`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn settle_now(&self, settlement: &Settlement) -> Result<(), StoreError> {
        let mut database = self.open()?;
        let Settlement { tenant, agent, day, .. } = *settlement;
        let taken = database.drawn.entry((day, tenant, agent)).or_default();
        *taken = settlement.after(*taken);
        Ok(())
    }

    /// See [`crate::Log::drawn`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn drawn_now(
        &self,
        tenant: TenantId,
        agents: &[AgentId],
        day: Day,
    ) -> Result<Vec<(AgentId, Amount)>, StoreError> {
        let database = self.open()?;
        let of = |&agent: &AgentId| Some((agent, *database.drawn.get(&(day, tenant, agent))?));
        Ok(agents.iter().filter_map(of).collect())
    }
}
