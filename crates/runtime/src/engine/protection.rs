//! The protection of agents, as the loop has it.

use steadflow_core::agent::Protection;
use steadflow_core::ids::AgentId;
use steadflow_core::protection::{GateState, GateTotals};
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

    /// Tells the loop the protection that an agent has from now on.
    pub(crate) async fn protect(
        &self,
        agent: AgentId,
        protection: Option<Protection>,
    ) -> Result<(), RuntimeError> {
        let message = Box::new(Message::AgentProtection { agent, protection });
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

    /// Returns what the protection of all agents does.
    pub fn gate_totals(&self) -> GateTotals {
        *self.inner.gates.lock()
    }
}
