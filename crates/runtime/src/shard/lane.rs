//! Executions whose turns take long take them one after the other, outside of the shard, which goes on with the others.
//!
//! A turn is slow if the last decision had taken its share, if the execution holds much data, if a decision of its flow was
//! slow a short while ago, or if its flow has a large graph and none of its executions has ended here. A slow one waits in
//! the lane until the one before it has come back.

use std::collections::VecDeque;
use std::time::Duration;

use steadflow_core::execution::NewExecution;
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;

use super::Shard;
use super::decide::LongTurn;
use super::live::Live;

/// Bytes of data from which on an execution is slow.
const SLOW_FROM: usize = 256 * 1024;
/// How long new executions of a flow are slow after one of them was.
const SLOW_FOR: Duration = Duration::from_secs(60);
/// Bytes of a graph from which on there may be much to evaluate in it.
const LARGE_FROM: usize = 8 * 1024;

/// How long decisions of a flow's executions take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Speed {
    #[default]
    Unknown,
    /// One has ended, and no decision has taken its share.
    Quick,
    /// A decision has taken its share: new ones count as slow until this moment.
    SlowUntil(Timestamp),
}

impl Speed {
    /// An execution has ended.
    pub(super) fn note_end(&mut self) {
        if *self == Self::Unknown {
            *self = Self::Quick;
        }
    }

    fn is_slow(self, graph_bytes: usize, now: Timestamp) -> bool {
        match self {
            Self::SlowUntil(until) if now < until => true,
            Self::SlowUntil(_) | Self::Unknown => graph_bytes > LARGE_FROM,
            Self::Quick => false,
        }
    }
}

/// Whose turn it is.
#[derive(Debug)]
pub(super) enum TurnOf {
    /// Anybody's. Slow executions do not decide in it, but get into the lane.
    All,
    /// That of the first in the lane. It is taken outside of the shard.
    Lane,
    /// Of one that has come back from there.
    Over(Box<LongTurn>),
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
    /// Returns whether a new execution is likely to be slow: it starts in a turn of its own, after its acceptance.
    pub(super) fn is_slow_flow(&self, new: &NewExecution, now: Timestamp) -> bool {
        let speed = self.flows.get(&new.accepted.flow).map(|slots| slots.speed).unwrap_or_default();
        let graph_bytes = new.pinned.flow.flow.definition.len();
        new.accepted.trigger_data.len() > SLOW_FROM || speed.is_slow(graph_bytes, now)
    }

    /// Gives the first execution in the lane its turn, unless another one has one.
    pub(super) fn advance_slow(&mut self, now: Timestamp) {
        while !self.is_deciding
            && let Some(id) = self.lane.pop_front()
        {
            if let Some(live) = self.live.get_mut(&id) {
                live.is_in_lane = false;
                self.take_turn(id, TurnOf::Lane, now);
            }
        }
    }

    /// A turn outside of the shard is over.
    pub(super) fn decided(&mut self, turn: Box<LongTurn>, now: Timestamp) {
        self.is_deciding = false;
        self.take_turn(turn.execution(), TurnOf::Over(turn), now);
    }

    /// Remembers that decisions of a flow are slow.
    pub(super) fn note_slow(&mut self, execution: ExecutionId, now: Timestamp) {
        let Some(flow) = self.live.get(&execution).map(|live| live.execution.accepted().flow) else { return };
        self.flows.entry(flow).or_default().speed = Speed::SlowUntil(now.plus(SLOW_FOR));
    }
}
