//! Executions whose turns take long take them one after the other, and others come between.
//!
//! A turn is slow if the last decision had taken its share, if the execution holds much data, or if a decision of its flow
//! was slow before. A slow one waits in the lane, from which each [`Shard::tick`] gives one its turn.

use steadflow_core::execution::NewExecution;
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;

use super::live::Live;
use super::{Phase, Shard};

/// Bytes of data from which on an execution is slow.
const SLOW_FROM: usize = 256 * 1024;

impl Live {
    fn is_slow(&self) -> bool {
        self.is_of_slow_flow || self.execution.is_cut() || self.execution.data_bytes() > SLOW_FROM
    }
}

impl Shard {
    /// Returns whether executions wait in the lane: the next [`Self::tick`] is due.
    pub fn is_behind(&self) -> bool {
        !self.lane.is_empty()
    }

    /// Returns whether a new execution starts in a turn of its own, after its acceptance.
    pub(super) fn starts_later(&self, new: &NewExecution) -> bool {
        let slots = self.flows.get(&new.accepted.flow);
        new.accepted.trigger_data.len() > SLOW_FROM || slots.is_some_and(|slots| slots.is_slow)
    }

    /// Puts an execution into the lane if its turn is slow.
    pub(super) fn lines_up(&mut self, id: ExecutionId) -> bool {
        let Some(live) = self.live.get_mut(&id).filter(|live| self.phase == Phase::Open && live.is_slow())
        else {
            return false;
        };
        if !std::mem::replace(&mut live.is_in_lane, true) {
            self.lane.push_back(id);
        }
        true
    }

    /// Gives the first execution in the lane its turn.
    pub(super) fn advance_slow(&mut self, now: Timestamp) {
        let Some(id) = self.lane.pop_front() else { return };
        if let Some(live) = self.live.get_mut(&id) {
            live.is_in_lane = false;
            self.advance_now(id, now);
        }
    }

    /// Remembers that decisions of a flow are slow.
    pub(super) fn note_slow(&mut self, execution: ExecutionId) {
        let Some(flow) = self.live.get(&execution).map(|live| live.execution.accepted().flow) else { return };
        self.flows.entry(flow).or_default().is_slow = true;
    }
}
