//! What a decision is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Pinned;
use crate::budget::Budget;
use crate::event::{Accepted, Event};
use crate::external_event::EventAsk;
use crate::ids::{AgentId, ExecutionId, NodeIndex};
use crate::inbox::Sending;
use crate::limits::Limits;
use crate::protection::SlotRequest;
use crate::session::{SessionChange, SessionClaim, SessionId};
use crate::work::{CallKey, Work};

/// What follows from one or more inputs: to be committed in one transaction, then acted on.
#[derive(Debug, Default)]
pub struct Decision {
    /// What happened; already applied.
    pub events: Vec<Event>,
    /// Child executions to accept.
    pub children: Vec<NewExecution>,
    /// Inputs for other executions.
    pub signals: Vec<Sending>,
    /// What changes in the sessions of its nodes.
    pub sessions: Vec<SessionChange>,
    /// What to do once it is committed.
    pub effects: Vec<Effect>,
    /// What it took so far.
    pub spent: Spent,
    /// The agents whose calls need a slot before they begin, with their budgets; `None` where there are none. Set before
    /// anything is decided.
    pub limited: Option<Arc<BTreeMap<AgentId, Option<Budget>>>>,
    /// Nodes whose incoming edges must be checked.
    pub(super) open: Vec<NodeIndex>,
}

/// What a decision took so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Steps of evaluations; see [`Limits::node_fuel`].
    pub steps: u64,
    /// Bytes of data in its events.
    pub bytes: usize,
}

impl Decision {
    /// Returns whether it has taken its share, so that what else there is to decide is left to a later one.
    pub const fn is_full(&self, limits: &Limits) -> bool {
        self.spent.steps >= limits.decision_fuel || self.spent.bytes >= limits.decision_bytes
    }

    /// Forgets everything and keeps the room for it, for the next decision.
    pub fn clear(&mut self) {
        self.events.clear();
        self.children.clear();
        self.signals.clear();
        self.sessions.clear();
        self.effects.clear();
        self.open.clear();
        self.limited = None;
        self.spent = Spent::default();
    }

    /// Returns whether there is nothing to commit. Nothing else comes without events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

/// An execution to accept.
#[derive(Debug)]
pub struct NewExecution {
    /// Its id; that of a child follows from its parent.
    pub id: ExecutionId,
    /// What it runs.
    pub pinned: Pinned,
    /// What it starts from.
    pub accepted: Accepted,
}

/// Something to do because of a committed decision.
#[derive(Debug)]
pub enum Effect {
    /// Make a call.
    StartStep(Box<Work>),
    /// Stop a call; its result is ignored.
    StopStep(CallKey, Stopped),
    /// Ask a server to end a task. Nobody waits for what it says.
    CancelTask(Box<Work>),
    /// Ask for a slot of an agent, and answer with [`super::Input::SlotAnswered`].
    AwaitSlot(Box<SlotRequest>),
    /// Take a session for a node, and answer with [`super::Input::SessionAnswered`].
    AwaitSession(Box<SessionClaim>),
    /// Store what a node waits for, look for an event that came before, and answer with [`super::Input::EventAnswered`].
    AwaitEvent(Box<EventAsk>),
    /// A node has left its session: another one may take it.
    SessionLeft(Box<SessionId>),
}

/// Why a call is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Its time, or that of its attempt, is over.
    Overdue,
    /// Its result is not wanted any more.
    Unwanted,
}
