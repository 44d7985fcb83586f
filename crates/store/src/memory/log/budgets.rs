//! What is drawn from the budgets of agents.

use steadflow_core::budget::{Amount, Day, Draw, Drawn, Settlement};
use steadflow_core::ids::{AgentId, TenantId};

use super::super::MemoryStore;
use crate::{BUDGET_DAYS_KEPT, StoreError};

impl MemoryStore {
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
