//! What the executions add to counters that ended in a batch: summed in memory, written once with it.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;

use super::costs::{CallCounts, CostKey};
use super::executions::ExecutionRow;
use super::rollup::{Rollup, RollupKey};
use crate::{AgentUse, FlowEnds};

/// The executions that ended in a batch.
#[derive(Debug, Default)]
pub struct Ended {
    all: Vec<One>,
}

#[derive(Debug)]
struct One {
    flow: FlowId,
    tenant: TenantId,
    status: ExecutionStatus,
    /// The minute in which it did.
    minute: i64,
    /// Whether no other execution started it: the counters of lists are those of these alone.
    is_root: bool,
    rollup: Box<Rollup>,
}

impl Ended {
    /// Adds an execution that has ended.
    pub fn add(&mut self, row: &ExecutionRow, rollup: Box<Rollup>) {
        let ExecutionRow { flow, tenant, status, parent, .. } = *row;
        let minute = FlowEnds::minute_of(row.completed_at.unwrap_or(row.created_at));
        self.all.push(One { flow, tenant, status, minute, is_root: parent.is_none(), rollup });
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Takes out all but the first `len`.
    pub fn truncate(&mut self, len: usize) {
        self.all.truncate(len);
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.all.clear();
    }

    /// Counts them as lists do.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(TenantId, FlowId, ExecutionStatus), u32> {
        let mut counts: BTreeMap<_, u32> = BTreeMap::new();
        for one in self.all.iter().filter(|one| one.is_root) {
            *counts.entry((one.tenant, one.flow, one.status)).or_default() += 1;
        }
        counts
    }

    /// Sums up the counters of analytics, by hour.
    #[must_use]
    pub fn rollups(&self) -> BTreeMap<(TenantId, FlowId, Timestamp), HashMap<&RollupKey, u64, FixedState>> {
        let mut sums: BTreeMap<_, HashMap<&RollupKey, u64, FixedState>> = BTreeMap::new();
        for One { rollup, .. } in &self.all {
            let hour = sums.entry((rollup.tenant, rollup.flow, rollup.hour)).or_default();
            for (key, value) in &rollup.counts {
                let sum = hour.entry(key).or_default();
                *sum = sum.saturating_add(*value);
            }
        }
        sums
    }

    /// Counts for each minute, tenant and flow how many ended, and how many of these completed.
    #[must_use]
    pub fn ends(&self) -> BTreeMap<(i64, TenantId, FlowId), (u64, u64)> {
        let mut sums: BTreeMap<_, (u64, u64)> = BTreeMap::new();
        for One { minute, rollup, .. } in &self.all {
            let (executions, completed) = rollup.ends();
            if executions > 0 {
                let sum = sums.entry((*minute, rollup.tenant, rollup.flow)).or_default();
                *sum = (sum.0 + executions, sum.1 + completed);
            }
        }
        sums
    }

    /// Sums up how much agents were called.
    #[must_use]
    pub fn agent_uses(&self) -> BTreeMap<(TenantId, AgentId), AgentUse> {
        let mut sums: BTreeMap<_, AgentUse> = BTreeMap::new();
        for One { rollup, .. } in &self.all {
            for used in &rollup.agents {
                let sum = sums.entry((rollup.tenant, used.agent));
                sum.and_modify(|sum| sum.add(used)).or_insert(*used);
            }
        }
        sums
    }

    /// Sums up what calls of models cost, by hour.
    #[must_use]
    pub fn costs(&self) -> BTreeMap<(TenantId, Timestamp, FlowId, &CostKey), CallCounts> {
        let mut sums: BTreeMap<_, CallCounts> = BTreeMap::new();
        for One { rollup, .. } in &self.all {
            for (key, counts) in &rollup.costs {
                sums.entry((rollup.tenant, rollup.hour, rollup.flow, key)).or_default().add(counts);
            }
        }
        sums
    }
}
