//! Executions whose turns take long take them one after the other, and others come between.
//!
//! A turn is slow if the last decision had taken its share, if the execution holds much data, or if a decision of its flow
//! was slow a short while ago. A slow one waits in the lane, from which each [`Shard::tick`] gives one its turn.

use std::collections::VecDeque;
use std::time::Duration;

use steadflow_core::execution::NewExecution;
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;

use super::Shard;
use super::live::Live;

/// Bytes of data from which on an execution is slow.
const SLOW_FROM: usize = 256 * 1024;
/// How long new executions of a flow are slow after one of them was.
const SLOW_FOR: Duration = Duration::from_secs(60);

/// Which turn an execution takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// One in which slow executions do not decide, but get into the lane.
    OfAll,
    /// The one for which it waited in the lane.
    OfItsOwn,
}

impl Live {
    pub(super) fn is_slow(&self) -> bool {
        self.is_of_slow_flow || self.execution.is_cut() || self.execution.data_bytes() > SLOW_FROM
    }

    /// Puts it into the lane, unless it is there.
    pub(super) fn line_up(&mut self, lane: &mut VecDeque<ExecutionId>) {
        if !std::mem::replace(&mut self.is_in_lane, true) {
            lane.push_back(self.execution.id());
        }
    }
}

impl Shard {
    /// Returns whether executions wait in the lane: the next [`Self::tick`] is due.
    pub fn is_behind(&self) -> bool {
        !self.lane.is_empty()
    }

    /// Returns whether a new execution starts in a turn of its own, after its acceptance.
    pub(super) fn starts_later(&self, new: &NewExecution, now: Timestamp) -> bool {
        let slow_until = self.flows.get(&new.accepted.flow).and_then(|slots| slots.slow_until);
        new.accepted.trigger_data.len() > SLOW_FROM || slow_until.is_some_and(|until| now < until)
    }

    /// Gives the first execution in the lane its turn.
    pub(super) fn advance_slow(&mut self, now: Timestamp) {
        let Some(id) = self.lane.pop_front() else { return };
        if let Some(live) = self.live.get_mut(&id) {
            live.is_in_lane = false;
            self.take_turn(id, Turn::OfItsOwn, now);
        }
    }

    /// Remembers that decisions of a flow are slow.
    pub(super) fn note_slow(&mut self, execution: ExecutionId, now: Timestamp) {
        let Some(flow) = self.live.get(&execution).map(|live| live.execution.accepted().flow) else { return };
        self.flows.entry(flow).or_default().slow_until = Some(now.plus(SLOW_FOR));
    }
}
