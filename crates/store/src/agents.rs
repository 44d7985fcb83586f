//! Agents as they are stored.

use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;

/// A registered agent.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentRecord {
    /// Its id.
    pub id: AgentId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its document, as JSON.
    pub document: Payload,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
