//! What the engine writes: one commit per decision.

use std::sync::Arc;

use steadflow_core::flow_control::SlotLimits;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::session::SessionChange;
use steadflow_core::timestamp::Timestamp;

use super::inbox::{InboxId, InboxInput};
use crate::{ExecutionRow, Rollup};

/// One incarnation of a worker. Every write names it; a fenced one writes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Worker {
    /// Larger than that of any incarnation before it.
    pub epoch: u64,
}

/// One decision of one execution, or a new projection of it without a decision.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The execution.
    pub execution: ExecutionId,
    /// The number of the last record that this commit covers.
    pub seq: u64,
    /// The record as JSON text, to be appended to the tail; `None` where only the projection is written. A long one
    /// ([`crate::LONG_RECORD`]) is stored apart, once and for all.
    pub record: Option<Arc<str>>,
    /// With an acceptance: the idempotency key.
    pub idempotency: Option<Box<Idempotency>>,
    /// What becomes of the execution's stored state.
    pub projection: Projection,
    /// Items of the inbox that this commit has processed: deleted with it.
    pub takes: Vec<InboxId>,
    /// Inputs for other executions that follow from it: stored with it.
    pub sends: Vec<InboxInput>,
    /// What changes in the sessions that its nodes have.
    pub sessions: Option<Box<SessionChanges>>,
    /// The slot that the execution takes, which starts with this commit and is shown with it. Only where other processes can start
    /// executions of its flow ([`crate::Store::is_shared`]): a worker alone counts by itself.
    pub slot: Option<Box<SlotClaim>>,
    /// The execution from whose commit, earlier in the batch, this one follows. If that one is skipped, so is this.
    pub follows: Option<ExecutionId>,
}

impl Commit {
    /// Returns roughly how many bytes it writes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let record = self.record.as_ref().map_or(0, |record| record.len());
        let sent: usize = self.sends.iter().map(|input| input.input.len()).sum();
        let journal = match &self.projection {
            Projection::Tail | Projection::Shown(_) => 0,
            Projection::Snapshot { journal, .. }
            | Projection::Parked { journal, .. }
            | Projection::Finished { journal, .. } => journal.len(),
        };
        record + sent + journal
    }
}

/// What a commit changes in sessions, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionChanges(pub Vec<SessionChange>);

/// A slot of a flow that an execution takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotClaim {
    /// The flow.
    pub flow: FlowId,
    /// The value of its `concurrency_key`; `None` without one.
    pub key: Option<Arc<str>>,
    /// How many executions may hold one.
    pub limits: SlotLimits,
}

impl SlotClaim {
    /// Returns whether one is free where these are taken.
    #[must_use]
    pub fn is_free(&self, taken: SlotsOf) -> bool {
        let of_key = self.limits.per_key.filter(|_| self.key.is_some());
        self.limits.all.is_none_or(|limit| taken.flow < limit) && of_key.is_none_or(|limit| taken.key < limit)
    }
}

/// How many executions hold a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotsOf {
    /// Of a flow.
    pub flow: u32,
    /// Of these, those with one key.
    pub key: u32,
}

/// What becomes of an execution's stored state with a commit.
#[derive(Clone, Debug)]
pub enum Projection {
    /// Its records stay in the tail; nothing else is written.
    Tail,
    /// As `Tail`, and its row is shown to people.
    Shown(Box<ExecutionRow>),
    /// The journal up to this commit is stored whole, so that the tail needs to keep none of it.
    Snapshot {
        /// Its row.
        row: Box<ExecutionRow>,
        /// All its records; see [`crate::journal_of`].
        journal: String,
    },
    /// As `Snapshot`, and no worker drives it until one takes it.
    Parked {
        /// Its row.
        row: Box<ExecutionRow>,
        /// All its records; see [`crate::journal_of`].
        journal: String,
        /// When it is due; `None` if only a signal or a free slot brings it back.
        wake_at: Option<Timestamp>,
    },
    /// It has ended.
    Finished {
        /// Its row. A row that has ended never changes again.
        row: Box<ExecutionRow>,
        /// All its records; see [`crate::journal_of`].
        journal: String,
        /// Its part of the analytics.
        rollup: Box<Rollup>,
    },
}

/// An idempotency key, scoped by its tenant; kept at least 24 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The tenant of the key.
    pub tenant: TenantId,
    /// The key, with the kind of call before it.
    pub key: Arc<str>,
    /// SHA-256 of the request.
    pub request_hash: [u8; 32],
    /// When it was first used.
    pub created_at: Timestamp,
}

/// What a key was first used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyHit {
    /// The execution that it started.
    pub execution: ExecutionId,
    /// SHA-256 of the request at that time.
    pub request_hash: [u8; 32],
}

/// What became of one commit of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is durable.
    Done,
    /// Its idempotency key was used before; nothing of it was written.
    Hit(IdempotencyHit),
    /// These of the items that it takes no longer exist: another worker has processed them. Nothing of it was written.
    Gone(Vec<InboxId>),
    /// The commit from which it follows was skipped. Nothing of it was written.
    Skipped,
    /// No slot is free: so many are taken. Nothing of it was written.
    NoSlot(SlotsOf),
}
