//! Analytics counters: what each ended execution adds, summed by hour.

use std::borrow::Cow;

use steadflow_core::ids::{FlowId, NodeId, TenantId};
use steadflow_core::timestamp::Timestamp;

use super::costs::{CallCounts, CostKey};
use crate::AgentUse;

/// What one ended execution adds to the counters of its flow, its nodes and the agents that it called.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollup {
    /// Of this tenant.
    pub tenant: TenantId,
    /// Its flow.
    pub flow: FlowId,
    /// The hour in which it ended, as its first microsecond.
    pub hour: Timestamp,
    /// What to add. Each key occurs once.
    pub counts: Vec<(RollupKey, u64)>,
    /// The agents that it called, each once.
    pub agents: Vec<AgentUse>,
    /// The calls that models answered. Each key occurs once.
    pub costs: Vec<(CostKey, CallCounts)>,
}

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RollupKey {
    /// The node; `None` for the flow as a whole.
    pub node: Option<NodeId>,
    /// The name of the counter, e.g. `executions`, `attempts:3`, `error:timeout`.
    pub metric: Cow<'static, str>,
}
