//! What was edited, for processes that keep flows and agents in memory.

use steadflow_core::ids::{AgentId, FlowId, TenantId};

/// How many edits are kept at least.
pub const EDITS_KEPT: u64 = 10_000;

/// What was edited since a process asked last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// The number of the last edit; 0 where there was none.
    pub last: u64,
    /// What was edited, in order. Something can be in it more than once.
    pub edited: Vec<Edited>,
    /// Whether edits are missing that are not kept any longer: anything may have been edited.
    pub is_cut: bool,
}

/// What was made, changed or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// A flow.
    Flow(TenantId, FlowId),
    /// An agent.
    Agent(TenantId, AgentId),
}
