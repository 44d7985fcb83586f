//! What analytics counters add up to. What each of them means is in `docs/reference/analytics.md`.

use std::collections::BTreeMap;
use std::time::Duration;

use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{FlowId, NodeId, TenantId};
use steadflow_core::timestamp::Timestamp;

use super::costs::CallCounts;
use super::times::{TimedModel, Times, add_time};
use super::versions::FlowVersionCosts;
use crate::Damaged;

/// Which counters to sum, and how much of the sums to return.
#[derive(Clone, Debug, PartialEq)]
pub struct RollupQuery {
    /// Of this tenant.
    pub tenant: TenantId,
    /// Of this flow; `None` for all.
    pub flow: Option<FlowId>,
    /// Hours that begin at or after.
    pub from: Option<Timestamp>,
    /// Hours that begin before.
    pub to: Option<Timestamp>,
    /// How long each bucket is; a multiple of an hour.
    pub width: Duration,
    /// At most so many buckets.
    pub buckets_max: usize,
    /// At most so many flows, and as many nodes.
    pub rows_max: usize,
}

/// The sums.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RollupSums {
    /// Of all flows.
    pub totals: RetryCounts,
    /// Attempts that failed, by class.
    pub failed_attempts: BTreeMap<ErrorClass, u64>,
    /// Executions that failed, by class.
    pub failed_executions: BTreeMap<ErrorClass, u64>,
    /// Node executions, by how many attempts they took.
    pub attempts: BTreeMap<u32, u64>,
    /// Over time, by when the bucket begins; those in which nothing is counted are left out. `None` if there are more than
    /// asked for.
    pub buckets: Option<BTreeMap<Timestamp, RetryCounts>>,
    /// By flow: those with the most failed attempts first, then those with the most failed executions, then those with the
    /// most executions.
    pub flows: Vec<FlowSums>,
    /// How many flows are not among them.
    pub flows_left_out: u64,
    /// By node, in the same order.
    pub nodes: Vec<NodeSums>,
    /// How many nodes are not among them.
    pub nodes_left_out: u64,
    /// How long calls of models took.
    pub times: BTreeMap<TimedModel, Times>,
    /// What versions of flows used of models.
    pub versions: BTreeMap<FlowVersionCosts, CallCounts>,
    /// The flows of counters that cannot be read, each once.
    pub damaged: Vec<Damaged>,
}

/// The sums of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowSums {
    /// Which.
    pub flow: FlowId,
    /// Its executions, and the attempts of its nodes.
    pub counts: RetryCounts,
}

/// The sums of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSums {
    /// Its flow.
    pub flow: FlowId,
    /// Which.
    pub node: NodeId,
    /// Its executions and attempts.
    pub counts: RetryCounts,
}

/// How executions, or one node's part of them, went. Times are in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryCounts {
    /// Ended ones.
    pub executions: u64,
    /// Those that completed.
    pub completed: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were cancelled.
    pub cancelled: u64,
    /// Completed without a failed attempt.
    pub first_try: u64,
    /// Completed thanks to retries.
    pub recovered: u64,
    /// Failed, but not because of the flow's timeout.
    pub exhausted: u64,
    /// Failed because the flow's timeout struck.
    pub timed_out: u64,
    /// Attempts of nodes.
    pub attempts: u64,
    /// Those that failed.
    pub failed_attempts: u64,
    /// Time spent in failed attempts.
    pub failed_attempts_ms: u64,
    /// Time spent waiting for the next attempt.
    pub backoff_ms: u64,
    /// Tokens that failed attempts used.
    pub tokens_lost: u64,
    /// Time from start to end; of a node, in attempts.
    pub duration_ms: u64,
    /// Executions that are manual retries.
    pub manual_retries: u64,
    /// Those that completed.
    pub manual_retries_completed: u64,
    /// Those that failed.
    pub manual_retries_failed: u64,
    /// Those that were cancelled.
    pub manual_retries_cancelled: u64,
}

/// What `at_once` counts, of flows and nodes.
const COMPLETED_AT_ONCE: [&str; 3] = ["executions", "completed", "first_try"];

impl RetryCounts {
    /// Adds a counter of a node to the sums of this node.
    pub(super) fn add_to_node(&mut self, metric: &str, value: u64) {
        if metric == "at_once" {
            self.add_each(&COMPLETED_AT_ONCE, value);
            self.add("attempts", value);
        } else {
            self.add(metric, value);
        }
    }

    /// Adds a counter to the sums of its flow: one of its own, or what one of its nodes' says of attempts.
    pub(super) fn add_to_flow(&mut self, is_of_node: bool, metric: &str, value: u64) {
        match (is_of_node, metric) {
            (false, "at_once") => self.add_each(&COMPLETED_AT_ONCE, value),
            (false, _) => self.add(metric, value),
            (true, "at_once") => self.add("attempts", value),
            (true, "attempts" | "failed_attempts" | "failed_attempts_ms" | "backoff_ms" | "tokens_lost") => {
                self.add(metric, value);
            }
            (true, _) => {}
        }
    }

    fn add_each(&mut self, metrics: &[&str], value: u64) {
        metrics.iter().for_each(|metric| self.add(metric, value));
    }

    fn add(&mut self, metric: &str, value: u64) {
        if let Some(sum) = self.sum(metric) {
            *sum = sum.saturating_add(value);
        }
    }

    fn sum(&mut self, metric: &str) -> Option<&mut u64> {
        Some(match metric {
            "executions" => &mut self.executions,
            "completed" => &mut self.completed,
            "failed" => &mut self.failed,
            "cancelled" => &mut self.cancelled,
            "first_try" => &mut self.first_try,
            "recovered" => &mut self.recovered,
            "exhausted" => &mut self.exhausted,
            "timed_out" => &mut self.timed_out,
            "attempts" => &mut self.attempts,
            "failed_attempts" => &mut self.failed_attempts,
            "failed_attempts_ms" => &mut self.failed_attempts_ms,
            "backoff_ms" => &mut self.backoff_ms,
            "tokens_lost" => &mut self.tokens_lost,
            "duration_ms" => &mut self.duration_ms,
            "manual_retries" => &mut self.manual_retries,
            "manual_retries_completed" => &mut self.manual_retries_completed,
            "manual_retries_failed" => &mut self.manual_retries_failed,
            "manual_retries_cancelled" => &mut self.manual_retries_cancelled,
            _ => return None,
        })
    }
}

impl RollupSums {
    /// Adds a counter to what is counted of everything.
    pub(super) fn add_to_all(&mut self, is_of_node: bool, metric: &str, value: u64) {
        self.totals.add_to_flow(is_of_node, metric, value);
        if !is_of_node {
            if let Some(class) = metric.strip_prefix("failed_by:") {
                count(&mut self.failed_executions, class.parse().ok(), value);
            } else {
                add_time(&mut self.times, metric, value);
            }
        } else if let Some(class) = metric.strip_prefix("error:") {
            count(&mut self.failed_attempts, class.parse().ok(), value);
        } else if let Some(attempts) = metric.strip_prefix("attempts:") {
            count(&mut self.attempts, attempts.parse().ok(), value);
        } else if metric == "at_once" {
            count(&mut self.attempts, Some(1), value);
        }
    }
}

/// Names that this version does not know are passed over.
fn count<K: Ord>(counts: &mut BTreeMap<K, u64>, key: Option<K>, value: u64) {
    if let Some(key) = key {
        let sum = counts.entry(key).or_default();
        *sum = sum.saturating_add(value);
    }
}
