//! One execution in memory.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::execution::{Effect, Execution, Input};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::inbox::EncryptedSignal;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::InboxId;

use super::journal::Journal;
use super::{Loaded, Origin, Phase, Reply, ReplyId};
use crate::admission::Held;

/// Something that waits for an execution's turn.
#[derive(Debug)]
pub(super) enum Queued {
    /// To be decided on.
    Input(Input, Origin),
    /// An item of the inbox, to be decrypted and decided on.
    Encrypted { signal: EncryptedSignal, item: InboxId, tenant: TenantId, sent_at: Timestamp },
    /// To be seen, as committed.
    Read(ReplyId),
    /// To be answered with its end; only while it is being loaded.
    Await(ReplyId),
}

/// One execution in memory.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) execution: Execution,
    /// Its records as they are stored, the one being committed included.
    pub(super) journal: Journal,
    pub(super) inbox: VecDeque<Queued>,
    pub(super) committing: Option<Committing>,
    /// Whether a decision of it is being made outside of the shard.
    pub(super) is_deciding: bool,
    /// The entry of this execution among the shard's timers.
    pub(super) timer: Option<Timestamp>,
    /// How its row, which people query, follows its state.
    pub(super) row: Row,
    /// The entry of this execution among those to be shown.
    pub(super) show_at: Option<Timestamp>,
    /// Since when the tail holds records that its stored journal does not.
    pub(super) unsaved_since: Option<Timestamp>,
    /// What the executions of its flow take, itself among them while it is in memory.
    pub(super) held: Arc<Held>,
    /// Nothing is decided before this moment: the database refused the last commit.
    pub(super) held_until: Option<Timestamp>,
    /// Whether it waits in the lane of those whose turns take long.
    pub(super) is_in_lane: bool,
    /// Whether decisions of its flow have taken long.
    pub(super) is_of_slow_flow: bool,
    /// Whether the database has refused its last decision for ever, so that it fails.
    pub(super) is_refused: bool,
}

/// What a commit writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Writes {
    /// The first record of an execution.
    Acceptance,
    /// A further record.
    Decision,
    /// No record: its row, and perhaps its journal.
    #[default]
    Projection,
}

/// What becomes of an execution when its commit has returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Then {
    /// It stays in memory, unless it has ended.
    #[default]
    Stays,
    /// It leaves memory until it is due or an input for it arrives.
    Parks,
}

/// How the row of an execution follows its state. Counts a commit under way as if it had returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// It says what the state is.
    Current,
    /// It does not, and is written after a while.
    Behind,
    /// It is written with the next commit.
    Wanted,
}

/// A commit under way, and what rests on it.
#[derive(Debug, Default)]
pub(super) struct Committing {
    pub(super) writes: Writes,
    pub(super) then: Then,
    /// Whether inputs for other executions are stored with it.
    pub(super) has_sent: bool,
    pub(super) effects: Vec<Effect>,
    pub(super) replies: Vec<(ReplyId, Reply)>,
    pub(super) reads: Vec<ReplyId>,
    /// The child executions that are accepted with it.
    pub(super) children: Vec<ExecutionId>,
    /// What was decided on, to be decided again if the commit fails.
    pub(super) inputs: Vec<(Input, Origin)>,
}

impl Committing {
    /// Returns whether it has room for no more than most carry.
    pub(super) fn is_small(&self) -> bool {
        const MOST: usize = 8;
        let Self { writes: _, then: _, has_sent: _, effects, replies, reads, children, inputs } = self;
        effects.capacity() <= MOST
            && replies.capacity() <= MOST
            && reads.capacity() <= MOST
            && children.capacity() <= MOST
            && inputs.capacity() <= MOST
    }

    /// Forgets everything and keeps the room for it.
    pub(super) fn clear(&mut self) {
        let Self { writes, then, has_sent, effects, replies, reads, children, inputs } = self;
        (*writes, *then, *has_sent) = (Writes::default(), Then::default(), false);
        effects.clear();
        replies.clear();
        reads.clear();
        children.clear();
        inputs.clear();
    }
}

impl Live {
    pub(super) fn new(loaded: Loaded) -> Self {
        Self {
            execution: loaded.execution,
            journal: loaded.journal.into(),
            inbox: VecDeque::new(),
            committing: None,
            is_deciding: false,
            timer: None,
            row: Row::Behind,
            show_at: None,
            unsaved_since: None,
            held: Arc::default(),
            held_until: None,
            is_in_lane: false,
            is_of_slow_flow: false,
            is_refused: false,
        }
    }

    pub(super) const fn is_committing(&self) -> bool {
        self.committing.is_some()
    }

    /// Whether a decision of it is being made or committed.
    pub(super) const fn is_busy(&self) -> bool {
        self.is_committing() || self.is_deciding
    }

    /// Whether it may decide at `now`.
    pub(super) fn is_free(&self, now: Timestamp) -> bool {
        !self.is_busy() && self.held_until.is_none_or(|until| until <= now)
    }

    /// Whether a turn at `now` would change nothing, because only the end of a call makes it go on: the usual case.
    pub(super) fn only_waits_for_calls(&self, phase: Phase, now: Timestamp) -> bool {
        let is_due = || self.execution.next_timer().is_some_and(|(at, _)| at <= now);
        self.inbox.is_empty()
            && self.held_until.is_none()
            && phase != Phase::Releasing
            && self.execution.has_call_in_flight()
            && !is_due()
    }

    /// Returns what becomes of it after a commit: it is parked if it has nothing to do for longer than `park_after`, or is
    /// to leave memory anyway.
    pub(super) fn then(&self, phase: Phase, now: Timestamp, park_after: Duration) -> Then {
        let is_soon = |within| self.execution.next_timer().is_some_and(|(at, _)| at <= now.plus(within));
        let is_wanted = || match phase {
            Phase::Open => is_soon(park_after),
            Phase::Draining => is_soon(Duration::ZERO),
            Phase::Releasing => false,
        };
        // What waits for a slot stays, so that its turn costs no load.
        let waits = || phase == Phase::Open && self.execution.waits_for_agent();
        let is_busy = || self.execution.has_call_in_flight() || !self.inbox.is_empty() || waits();
        let is_needed = self.execution.status().is_finished() || is_busy() || is_wanted();
        if is_needed { Then::Stays } else { Then::Parks }
    }

    /// Puts its next timer among those of its shard.
    pub(super) fn arm(&mut self, timers: &mut BTreeSet<(Timestamp, ExecutionId)>) {
        // One that is held decides nothing before that is over, whatever else is due.
        let next = self.held_until.or_else(|| self.execution.next_timer().map(|(at, _)| at));
        if self.timer == next {
            return;
        }
        let id = self.execution.id();
        if let Some(old) = self.timer {
            timers.remove(&(old, id));
        }
        if let Some(at) = next {
            timers.insert((at, id));
        }
        self.timer = next;
    }

    /// Returns for how long its stored journal may be behind: the longer, the more has to be written to bring it up to date.
    pub(super) fn snapshot_after(&self, shortest: Duration) -> Duration {
        let mebibytes = u32::try_from(self.journal.stored_bytes() >> 20).unwrap_or(u32::MAX);
        shortest.saturating_mul(mebibytes.saturating_add(1))
    }

    /// Returns the state for a caller. Only while no commit is under way.
    pub(super) fn snapshot(&self) -> Box<Loaded> {
        assert!(!self.is_committing(), "what is not committed is not shown");
        Box::new(Loaded { execution: self.execution.clone(), journal: self.journal.to_vec() })
    }
}
