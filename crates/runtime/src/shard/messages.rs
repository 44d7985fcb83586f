//! What goes into a shard and what comes out of it: the messages that it takes in, and the actions that it wants done.

use std::sync::Arc;

use steadflow_core::budget::{Draw, Drawn};
use steadflow_core::execution::{Execution, Input, NewExecution};
use steadflow_core::external_event::{EventAsk, ExternalEvent};
use steadflow_core::flow_control::SlotLimits;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, TenantId};
use steadflow_core::protection::{AgentLimits, GateAsk, Permits};
use steadflow_core::session::SessionClaim;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{CallKey, Work};
use steadflow_store::{
    Claimed, Idempotency, InboxId, InboxItem, QueuedExecution, StoreError, TakenSlots, Waiting,
};

use super::{Load, LongTurn, PausedTenants, Reply, ReplyId};
use crate::hub::Change;

/// The inputs of a shard.
#[derive(Debug)]
pub enum Message {
    /// A new execution.
    Accept(Box<Accept>),
    /// Something for an execution to decide on.
    Input {
        /// Which.
        execution: ExecutionId,
        /// What.
        input: Input,
        /// Where it comes from.
        from: Origin,
    },
    /// What was found in the inbox. Items that are in hand already are ignored.
    Inbox(Vec<InboxItem>),
    /// What came of [`Action::Discard`] and [`Action::Unclaimed`]: these items are deleted, or are left to other workers.
    Sorted(Vec<InboxId>),
    /// A caller wants to see an execution as it is committed.
    Read {
        /// Which.
        execution: ExecutionId,
        /// Who.
        reply: ReplyId,
    },
    /// A caller waits for the end of an execution.
    Await {
        /// Which.
        execution: ExecutionId,
        /// Who.
        reply: ReplyId,
    },
    /// A caller is about to list executions: what changed is to be shown first.
    Show {
        /// Who.
        reply: ReplyId,
    },
    /// What came of a [`Action::Load`].
    Loaded {
        /// Which.
        execution: ExecutionId,
        /// As it is stored.
        loaded: Load,
    },
    /// What came of an [`Action::Decide`].
    Decided(Box<LongTurn>),
    /// What came of an [`Action::ClaimSession`].
    SessionClaimed(Box<SessionClaim>, Result<Claimed, StoreError>),
    /// What came of an [`Action::AwaitEvent`].
    EventAwaited(Box<EventAsk>, Result<Option<Box<ExternalEvent>>, StoreError>),
    /// Parked executions that will be due soon.
    Due(Vec<(Timestamp, ExecutionId)>),
    /// How many executions of a flow may run at once, as it is now.
    FlowLimits {
        /// The flow.
        flow: FlowId,
        /// How many.
        limits: SlotLimits,
    },
    /// Of which tenants everything is paused, as it is now.
    Pauses {
        /// These.
        paused: PausedTenants,
        /// Of those that were paused until a moment ago: who has resumed them.
        resumed_by: PausedTenants,
    },
    /// What waits for slots and who holds these over all processes, with the limits of the flows that wait.
    Waiting(Box<Waiting>, Vec<(FlowId, SlotLimits)>),
    /// What limits an agent, as it is now.
    AgentLimits {
        /// The agent.
        agent: AgentId,
        /// `None` for nothing.
        limits: Option<AgentLimits>,
    },
    /// What came of a draw from the budget of an agent; `None` if the store could not make it.
    Drawn(Box<Draw>, Option<Drawn>),
    /// What came of a question for permits of an agent; `None` if the store could not answer it.
    Permitted(AgentId, Option<Permits>),
    /// A caller wants to know what is drawn from the budgets of agents and not used.
    ReadAccounts {
        /// The agents.
        agents: Vec<AgentId>,
        /// Who.
        reply: ReplyId,
    },
    /// A caller wants to know what the protection of an agent does.
    ReadProtection {
        /// The agent.
        agent: AgentId,
        /// Who.
        reply: ReplyId,
    },
    /// What the store holds from before. Comes once, first.
    Recovered(Box<Recovered>),
    /// Executions whose owner has lost its lease, taken over.
    Orphans(Vec<Loaded>),
    /// No new executions; what can be parked is parked.
    Drain,
    /// Attempts that still run are stopped and handed back; everything is parked.
    Release,
}

/// Where an input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The engine: a call ended, a timer is due.
    Engine,
    /// A caller who waits for the answer.
    Caller {
        /// Where the answer goes.
        reply: ReplyId,
        /// Whose execution it must be.
        tenant: TenantId,
    },
    /// An item of the inbox.
    Inbox {
        /// Which.
        item: InboxId,
        /// Whose execution it must be.
        tenant: TenantId,
        /// When it was sent.
        sent_at: Timestamp,
    },
}

impl Origin {
    /// Returns whether an input from there may be for an execution of `owner`.
    pub(super) fn may_address(self, owner: TenantId) -> bool {
        match self {
            Self::Engine => true,
            Self::Caller { tenant, .. } | Self::Inbox { tenant, .. } => tenant == owner,
        }
    }
}

/// An item of the inbox whose execution this worker could not load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclaimed {
    /// Which.
    pub item: InboxId,
    /// Whose.
    pub tenant: TenantId,
    /// For which execution.
    pub execution: ExecutionId,
}

impl Message {
    /// Returns whether it says how something is from now on, and nobody says it again.
    pub const fn is_setting(&self) -> bool {
        matches!(self, Self::FlowLimits { .. } | Self::AgentLimits { .. } | Self::Pauses { .. })
    }

    /// Returns who waits for an answer to it.
    pub fn asked_by(&self) -> [Option<ReplyId>; 2] {
        match self {
            Self::Accept(accept) => [Some(accept.reply), accept.wait],
            Self::Input { from: Origin::Caller { reply, .. }, .. } => [Some(*reply), None],
            Self::Read { reply, .. }
            | Self::Await { reply, .. }
            | Self::Show { reply }
            | Self::ReadAccounts { reply, .. }
            | Self::ReadProtection { reply, .. } => [Some(*reply), None],
            Self::Input { from: Origin::Engine | Origin::Inbox { .. }, .. }
            | Self::Inbox(_)
            | Self::Sorted(_)
            | Self::Loaded { .. }
            | Self::Decided(_)
            | Self::SessionClaimed(..)
            | Self::EventAwaited(..)
            | Self::Due(_)
            | Self::FlowLimits { .. }
            | Self::Pauses { .. }
            | Self::Waiting(..)
            | Self::AgentLimits { .. }
            | Self::Drawn(..)
            | Self::Permitted(..)
            | Self::Recovered(_)
            | Self::Orphans(_)
            | Self::Drain
            | Self::Release => [None, None],
        }
    }
}

/// A new execution.
#[derive(Debug)]
pub struct Accept {
    /// Its id, what it runs and what it starts from.
    pub new: NewExecution,
    /// How many executions of the flow may run at once, as it is now.
    pub limits: SlotLimits,
    /// What makes the call happen once.
    pub idempotency: Option<Idempotency>,
    /// Who waits for its acceptance.
    pub reply: ReplyId,
    /// Who waits for its end.
    pub wait: Option<ReplyId>,
}

/// An execution as the store holds it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its state.
    pub execution: Execution,
    /// Its records, as they are stored.
    pub journal: Vec<Arc<str>>,
}

/// What the store holds from before.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Those that cannot be read yet: their worker looks for them again.
    pub unread: Vec<ExecutionId>,
    /// Executions to drive on.
    pub executions: Vec<Loaded>,
    /// How many executions of each flow, and with each key, hold a slot.
    pub slots: Vec<TakenSlots>,
    /// Executions that wait for a slot, in the order in which they were accepted.
    pub queued: Vec<QueuedExecution>,
    /// The limits of these flows.
    pub limits: Vec<(FlowId, SlotLimits)>,
    /// The tenants of which everything is paused.
    pub paused: PausedTenants,
    /// The agents that are limited.
    pub agents: Vec<(AgentId, AgentLimits)>,
}

/// What a shard wants done. Everything in here rests on what is committed.
#[derive(Debug)]
pub enum Action {
    /// Make a call.
    StartStep(Box<Work>),
    /// Stop a call.
    StopStep(CallKey),
    /// Take a turn that may take long, and answer with [`Message::Decided`].
    Decide(Box<LongTurn>),
    /// Ask the store for a session, and answer with [`Message::SessionClaimed`].
    ClaimSession(Box<SessionClaim>),
    /// Store what a node waits for, look for an event that came before, and answer with [`Message::EventAwaited`].
    AwaitEvent(Box<EventAsk>),
    /// Take an execution from the store, and answer with [`Message::Loaded`].
    Load(ExecutionId),
    /// Delete an item of the inbox from which nothing followed, and answer with [`Message::Sorted`].
    Discard(InboxId),
    /// Delete an item of the inbox if there is no such execution, and answer with [`Message::Sorted`].
    Unclaimed(Unclaimed),
    /// Answer a caller.
    Reply(ReplyId, Reply),
    /// Notify listeners.
    Publish(Change),
    /// Inputs for other executions are stored: look into the inbox.
    LookIntoInbox,
    /// Draw from the budget of an agent, and answer with [`Message::Drawn`], settle what was drawn, or permit calls of it, and
    /// answer with [`Message::Permitted`].
    Gate(Box<GateAsk>),
}
