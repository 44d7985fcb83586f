//! What limits agents, as the loop has it.

use steadflow_core::budget::{Amount, Day};
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::protection::{AccountState, AgentLimits, GateState, GateTotals};
use tokio::sync::MutexGuard;

use super::Engine;
use crate::driver::Call;
use crate::error::RuntimeError;
use crate::shard::{Message, Reply};

impl Engine {
    /// Returns the right to change agents in the database and in the loop, in this order.
    pub(crate) async fn agent_gate(&self) -> MutexGuard<'_, ()> {
        self.inner.agent_gate.lock().await
    }

    /// Tells the loop what limits an agent from now on.
    pub(crate) async fn limit_agent(
        &self,
        agent: AgentId,
        limits: Option<AgentLimits>,
    ) -> Result<(), RuntimeError> {
        let message = Box::new(Message::AgentLimits { agent, limits });
        self.send(Call::Message(message, Vec::new())).await
    }

    /// Returns what the protection of an agent does; `None` if it has none.
    ///
    /// # Errors
    /// [`RuntimeError::Unavailable`] if this process drives nothing.
    pub async fn protection_state(&self, agent: AgentId) -> Result<Option<GateState>, RuntimeError> {
        let reply = self.ask(|reply| Message::ReadProtection { agent, reply }).await?;
        if let Reply::Protection(state) = reply { Ok(state) } else { Err(reply.into_error()) }
    }

    /// Returns what is used of the budgets of `agents` for this day. What another process has drawn counts as used.
    ///
    /// # Errors
    /// What the store says.
    pub async fn day_uses(
        &self,
        tenant: TenantId,
        agents: Vec<AgentId>,
    ) -> Result<(Day, Vec<DayUse>), RuntimeError> {
        let day = Day::of(self.now());
        if agents.is_empty() {
            return Ok((day, Vec::new()));
        }
        let asked = agents.clone();
        let states = match self.ask(|reply| Message::ReadAccounts { agents: asked, reply }).await {
            Ok(Reply::Accounts(states)) => states,
            // A process that drives nothing has drawn nothing.
            Ok(_) | Err(RuntimeError::Unavailable) => Vec::new(),
            Err(error) => return Err(error),
        };
        let drawn = self.store().drawn(tenant, agents, day).await?;
        let uses = drawn.into_iter().map(|(agent, drawn)| {
            let state = states.iter().find(|(of, _)| *of == agent).map(|(_, state)| *state);
            let AccountState { in_hand, reserved } = state.unwrap_or_default();
            DayUse { agent, used: drawn.minus(in_hand).minus(reserved), reserved }
        });
        Ok((day, uses.collect()))
    }

    /// Returns what the protection of all agents does.
    pub fn gate_totals(&self) -> GateTotals {
        *self.inner.gates.lock()
    }
}

/// What is used of the budget of an agent for a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayUse {
    /// The agent.
    pub agent: AgentId,
    /// By calls that have ended.
    pub used: Amount,
    /// Reserved for calls under way.
    pub reserved: Amount,
}
