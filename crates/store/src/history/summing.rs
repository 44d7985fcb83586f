//! Adding counters up as a store reads them, with a bounded part of the sums in memory.

use std::cmp::Reverse;
use std::time::Duration;

use steadflow_core::ids::{FlowId, NodeId};
use steadflow_core::timestamp::Timestamp;

use super::versions::add_version;
use super::{FlowSums, NodeSums, RetryCounts, RollupQuery, RollupSums};
use crate::Damaged;

/// Sums being made. A store gives it each counter that fits twice: to [`Self::add`] together with the same counter of
/// other hours, and to [`Self::add_at`] with its hour.
#[derive(Debug)]
pub struct Summing {
    width: Duration,
    buckets_max: usize,
    sums: RollupSums,
    /// The flow that counters are added to.
    flow: Option<FlowSums>,
    /// Its node, likewise.
    node: Option<NodeSums>,
    flows: Worst<FlowSums>,
    nodes: Worst<NodeSums>,
}

impl Summing {
    /// Begins with nothing.
    #[must_use]
    pub fn new(query: &RollupQuery) -> Self {
        Self {
            width: query.width,
            buckets_max: query.buckets_max,
            sums: RollupSums { buckets: Some(Default::default()), ..RollupSums::default() },
            flow: None,
            node: None,
            flows: Worst::new(query.rows_max),
            nodes: Worst::new(query.rows_max),
        }
    }

    /// Adds a counter of a flow, or of one of its nodes, to all sums except those over time. The counters of a flow come
    /// one after the other, and so do those of a node.
    pub fn add(&mut self, flow: FlowId, node: Option<&str>, metric: &str, value: u64) {
        self.turn_to(flow);
        self.sums.add_to_all(node.is_some(), metric, value);
        if node.is_none() {
            add_version(&mut self.sums.versions, flow, metric, value);
        }
        if let Some(sums) = &mut self.flow {
            sums.counts.add_to_flow(node.is_some(), metric, value);
        }
        if let Some(node) = node {
            self.turn_to_node(flow, node);
            if let Some(sums) = &mut self.node {
                sums.counts.add_to_node(metric, value);
            }
        }
    }

    fn turn_to(&mut self, flow: FlowId) {
        if self.flow.as_ref().is_none_or(|known| known.flow != flow) {
            self.end_flow();
            self.flow = Some(FlowSums { flow, counts: RetryCounts::default() });
        }
    }

    fn turn_to_node(&mut self, flow: FlowId, node: &str) {
        if self.node.as_ref().is_none_or(|known| known.node.as_str() != node) {
            self.nodes.take(self.node.take());
            self.node = Some(NodeSums { flow, node: NodeId::new(node), counts: RetryCounts::default() });
        }
    }

    fn end_flow(&mut self) {
        self.nodes.take(self.node.take());
        self.flows.take(self.flow.take());
    }

    /// Adds a counter of an hour to the sums over time, of a flow or of one of its nodes.
    pub fn add_at(&mut self, hour: Timestamp, is_of_node: bool, metric: &str, value: u64) {
        let width = i64::try_from(self.width.as_micros()).unwrap_or(i64::MAX);
        let start = Timestamp::from_micros(hour.as_micros() - hour.as_micros().rem_euclid(width));
        let Some(buckets) = &mut self.sums.buckets else { return };
        buckets.entry(start).or_default().add_to_flow(is_of_node, metric, value);
        if buckets.len() > self.buckets_max {
            self.sums.buckets = None;
        }
    }

    /// Returns whether the sums over time are still wanted: whether there are not too many of them already.
    #[must_use]
    pub fn wants_times(&self) -> bool {
        self.sums.buckets.is_some()
    }

    /// Notes that a counter cannot be read. It is not added.
    pub fn add_damaged(&mut self, damaged: Damaged) {
        if self.sums.damaged.last().is_none_or(|known| known.id != damaged.id) {
            self.sums.damaged.push(damaged);
        }
    }

    /// Returns the sums.
    #[must_use]
    pub fn finish(mut self) -> RollupSums {
        self.end_flow();
        let (flows, flows_left_out) = self.flows.into_rows();
        let (nodes, nodes_left_out) = self.nodes.into_rows();
        RollupSums { flows, flows_left_out, nodes, nodes_left_out, ..self.sums }
    }
}

/// What has counts.
trait Counted {
    fn counts(&self) -> &RetryCounts;
}

impl Counted for FlowSums {
    fn counts(&self) -> &RetryCounts {
        &self.counts
    }
}

impl Counted for NodeSums {
    fn counts(&self) -> &RetryCounts {
        &self.counts
    }
}

/// Those with the most failures of all that were taken. Of equal ones, those that were taken first.
#[derive(Debug)]
struct Worst<T> {
    max: usize,
    taken: u64,
    /// Up to twice as many as are wanted, so that they are seldom sorted.
    rows: Vec<T>,
}

impl<T: Counted> Worst<T> {
    const fn new(max: usize) -> Self {
        Self { max, taken: 0, rows: Vec::new() }
    }

    fn take(&mut self, row: Option<T>) {
        let Some(row) = row else { return };
        self.taken += 1;
        self.rows.push(row);
        if self.rows.len() > self.max.saturating_mul(2) {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        self.rows.sort_by_key(|row| {
            let counts = row.counts();
            Reverse((counts.failed_attempts, counts.failed, counts.executions))
        });
        self.rows.truncate(self.max);
    }

    /// Returns them in order, and how many others there were.
    fn into_rows(mut self) -> (Vec<T>, u64) {
        self.shorten();
        let left_out = self.taken - self.rows.len() as u64;
        (self.rows, left_out)
    }
}
