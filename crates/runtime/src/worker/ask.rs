//! What a worker wants done, and what it is answered.

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::budget::{Draw, Drawn};
use steadflow_core::external_event::{EventAsk, ExternalEvent};
use steadflow_core::ids::{AgentId, ExecutionId};
use steadflow_core::protection::{GateAsk, Permits};
use steadflow_core::session::SessionClaim;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{CallKey, Work};
use steadflow_store::{Claimed, Commit, Committed, InboxId, InboxItem, StoreError, Worker as Lessee};

use crate::hub::Change;
use crate::shard::{BatchId, Loaded, LongTurn, Recovered, Reply, ReplyId, Unclaimed};

/// Which incarnation of a worker asked, counted by the worker itself: an answer to an older one is discarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncarnationId(pub(super) u64);

/// What a worker wants done, in this order.
#[derive(Debug)]
pub enum Action {
    /// Ask the store, or take a turn, and hand the answer to [`super::Worker::answer`] with the same id.
    Ask(IncarnationId, Ask),
    /// Make a call.
    StartStep(Box<Work>),
    /// Stop a call.
    StopStep(CallKey),
    /// Answer a caller.
    Reply(ReplyId, Reply),
    /// Notify listeners.
    Publish(Change),
    /// The lease is lost: stop all calls, and drop the questions and the replies that are still open.
    Abandon,
    /// Nothing more will come.
    End(End),
}

/// Why a worker ended.
#[derive(Debug)]
pub enum End {
    /// It was asked to.
    Stopped,
    /// The database cannot be trusted to hold what the worker thinks it holds.
    Fatal(StoreError),
}

/// A question to the store, or a turn that may take long.
#[derive(Debug)]
pub enum Ask {
    /// Register a new incarnation.
    Register {
        /// The worker's name.
        name: Arc<str>,
        /// How long its lease lasts.
        ttl: Duration,
    },
    /// Prolong the lease.
    Renew {
        /// Whose.
        lessee: Lessee,
        /// For how long, from now.
        ttl: Duration,
    },
    /// Read how many slots are taken and who waits for one, and take over what no worker drives, `limit` at most.
    TakeOver {
        /// For whom.
        lessee: Lessee,
        /// At most so many, the oldest first.
        limit: usize,
    },
    /// Take over executions whose owner's lease has ended.
    FindOrphans {
        /// For whom.
        lessee: Lessee,
        /// At most so many, the oldest first.
        limit: usize,
    },
    /// Find parked executions that are due.
    FindDue {
        /// Behind this one.
        after: Option<(Timestamp, ExecutionId)>,
        /// Before this moment.
        until: Timestamp,
        /// At most so many, the earliest first.
        limit: usize,
    },
    /// Read the inbox.
    ReadInbox {
        /// For whom.
        lessee: Lessee,
        /// Behind this item.
        after: Option<InboxId>,
        /// At most so many, the oldest first.
        limit: usize,
    },
    /// Delete items of the inbox: those from which nothing followed, and those whose execution does not exist.
    SortInbox {
        /// For whom.
        lessee: Lessee,
        /// From these nothing followed.
        discarded: Vec<InboxId>,
        /// Of these it is to be seen whether their executions exist.
        unclaimed: Vec<Unclaimed>,
    },
    /// Take a turn, where nothing else waits for its end.
    Decide(Box<LongTurn>),
    /// Draw from the budget of an agent, settle what was drawn, or permit calls of it.
    Gate(Lessee, Box<GateAsk>),
    /// Give a node its session.
    ClaimSession(Lessee, Box<SessionClaim>),
    /// Store what a node waits for, and look for an event that came before.
    AwaitEvent(Box<EventAsk>),
    /// Take a parked execution.
    Load(Lessee, ExecutionId),
    /// Commit a batch.
    Commit(Lessee, BatchId, Vec<Commit>),
    /// End the lease.
    Release(Lessee),
}

/// What is behind the part of a list that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    None,
    /// Perhaps more: the part was as long as was asked for.
    Some,
}

/// Executions that are this worker's from now on.
#[derive(Debug)]
pub struct Orphans {
    /// The executions.
    pub executions: Vec<Loaded>,
    /// Those that cannot be read yet, because the blob storage does not answer.
    pub unread: Vec<ExecutionId>,
    /// Whether there may be more.
    pub rest: Rest,
}

/// The answer to the [`Ask`] of a similar name.
#[derive(Debug)]
pub enum Answer {
    /// To [`Ask::Register`].
    Registered(Result<Lessee, StoreError>),
    /// To [`Ask::Renew`].
    Renewed(Result<(), StoreError>),
    /// To [`Ask::TakeOver`], with whether there may be more orphans.
    TakenOver(Result<(Box<Recovered>, Rest), StoreError>),
    /// To [`Ask::FindOrphans`]. [`StoreError::Unknown`] if some may be this worker's by
    /// now that could not be read.
    Orphans(Result<Orphans, StoreError>),
    /// To [`Ask::FindDue`].
    Due(Result<Vec<(Timestamp, ExecutionId)>, StoreError>),
    /// To [`Ask::ReadInbox`].
    Inbox(Result<Vec<InboxItem>, StoreError>),
    /// To [`Ask::SortInbox`], with all its items.
    InboxSorted(Vec<InboxId>, Result<(), StoreError>),
    /// To [`Ask::Decide`].
    Decided(Box<LongTurn>),
    /// To [`Ask::ClaimSession`].
    SessionClaimed(Box<SessionClaim>, Result<Claimed, StoreError>),
    /// To [`Ask::AwaitEvent`].
    EventAwaited(Box<EventAsk>, Result<Option<Box<ExternalEvent>>, StoreError>),
    /// To [`Ask::Load`]; `None` if the execution cannot be driven here.
    Loaded(ExecutionId, Result<Option<Box<Loaded>>, StoreError>),
    /// To [`Ask::Gate`] that draws.
    Drawn(Box<Draw>, Result<Drawn, StoreError>),
    /// To [`Ask::Gate`] that settles.
    Settled(Result<(), StoreError>),
    /// To [`Ask::Gate`] for permits.
    Permitted(AgentId, Result<Permits, StoreError>),
    /// To [`Ask::Commit`].
    Committed(BatchId, Result<Vec<Committed>, StoreError>),
    /// To [`Ask::Release`], with the lease that was to be ended.
    Released(Lessee, Result<(), StoreError>),
}
