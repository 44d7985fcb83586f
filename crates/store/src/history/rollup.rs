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

impl Rollup {
    /// Returns how many executions it counts, and how many of them completed.
    pub fn ends(&self) -> (u64, u64) {
        let of = |names: [&str; 2]| {
            let is_meant = |key: &RollupKey| key.node.is_none() && names.contains(&&*key.metric);
            self.counts.iter().filter(|(key, _)| is_meant(key)).map(|(_, count)| count).sum()
        };
        (of(["at_once", "executions"]), of(["at_once", "completed"]))
    }
}

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RollupKey {
    /// The node; `None` for the flow as a whole.
    pub node: Option<NodeId>,
    /// The name of the counter, e.g. `executions`, `attempts:3`, `error:timeout`.
    pub metric: Cow<'static, str>,
}
