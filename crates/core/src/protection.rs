//! The protection of agents, and their budgets: which of the calls that wait for an agent may begin, and when.
//!
//! [`Gates`] has no clock: it is given the time, the calls that wait, and how calls ended. A call that waits has not begun, so
//! that it costs no attempt and none of the attempt's time. Nothing of a protection is stored: a process that starts does not
//! know what the one before it has sent, so it begins as if it had just made a call, and its breakers are closed. What is drawn
//! from a budget is stored ([`GateAsk`]).
//!
//! Calls of one agent get their turns flow by flow, and no agent waits for another.

mod account;
mod breaker;
mod gate;
mod pace;
mod permits;
mod queue;
mod retries;
mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::agent::Protection;
use crate::budget::{Amount, Budget, Draw, Drawn, Settlement, Shortage, Spent};
use crate::failure::{ErrorClass, Failure};
use crate::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeIndex, StepKey, TenantId};
use crate::quota::Quota;
use crate::timestamp::Timestamp;
use crate::work::{CallKey, Outcome};
pub use account::AccountState;
pub use breaker::BreakerState;
use gate::Gate;
use permits::Hand;
pub use retries::{RETRIES_A_MINUTE, RETRIES_PERCENT};
pub use shared::{Corrections, PermitAsk, Permits, Said, SharedGate};

/// How long an agent is left alone at most because a peer asked for it (`Retry-After`): after that, one call asks again.
pub const HOLD_MAX: Duration = Duration::from_secs(600);

/// What limits an agent: its current version says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgentLimits {
    /// Whose agent it is.
    pub tenant: TenantId,
    /// How much may be asked of it.
    pub protection: Option<Protection>,
    /// What its calls may use in a day.
    pub budget: Option<Budget>,
}

/// A call that waits for a slot of the agent that it asks.
#[derive(Clone, Debug, PartialEq)]
pub struct SlotRequest {
    /// Which call.
    pub call: CallKey,
    /// The agent.
    pub agent: AgentId,
    /// The flow, among which the agent's slots are shared out.
    pub flow: FlowId,
    /// Whether it repeats a call that failed or was cut off.
    pub is_repeat: bool,
    /// How many bytes it sends, about.
    pub bytes: usize,
    /// What it may use at most of which budget of the agent.
    pub of_budget: Option<(Budget, Amount)>,
}

/// The answer to a [`SlotRequest`].
#[derive(Clone, Debug, PartialEq)]
pub enum SlotAnswer {
    /// The call may begin.
    Granted(CallKey),
    /// The budget of the agent for the day is used up.
    Refused(CallKey, Box<Refusal>),
    /// The budget of the agent has changed since: the call asks again.
    AskAgain(CallKey),
}

impl SlotAnswer {
    /// Returns which call it is for.
    pub const fn call(&self) -> &CallKey {
        match self {
            Self::Granted(call) | Self::Refused(call, _) | Self::AskAgain(call) => call,
        }
    }
}

/// What the budget of an agent does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The agent.
    pub agent: AgentId,
    /// What is missing.
    pub shortage: Shortage,
}

/// What the store is asked for an agent.
#[derive(Clone, Debug, PartialEq)]
pub enum GateAsk {
    /// Draw from its budget, and hand the answer to [`Gates::drawn`].
    Draw(Draw),
    /// Note what was not used of its budget, or was used beyond what is drawn.
    Settle(Settlement),
    /// Permit calls, where other processes ask it as well, and hand the answer to [`Gates::permitted`].
    Permit(Box<PermitAsk>),
}

/// How a call that had a slot ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallEnd {
    /// What it says of the peer.
    pub verdict: Verdict,
    /// How long the peer asked us to wait.
    pub retry_after: Option<Duration>,
    /// The tokens that it used; `None` where nobody knows.
    pub tokens: Option<u64>,
    /// What the peer said it has room for.
    pub quota: Option<Quota>,
    /// What is known of what it used of a budget.
    pub spent: Spent,
}

/// What the end of a call says of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It responded.
    Responds,
    /// It asked for fewer calls.
    AsksToWait,
    /// It did not respond, or only that it cannot.
    Fails,
    /// Nothing: the call was not sent, or nobody waited for its end.
    Unknown,
}

impl CallEnd {
    /// A call that was stopped by its time limit.
    pub const OVERDUE: Self = Self { verdict: Verdict::Fails, ..Self::UNWANTED };
    /// A call that was stopped because nobody wants its result any more.
    pub const UNWANTED: Self = Self {
        verdict: Verdict::Unknown,
        retry_after: None,
        tokens: None,
        quota: None,
        spent: Spent::UNKNOWN,
    };

    /// Returns the end of a call whose question went to another model of the agent at once: the agent as a whole has not
    /// failed with it, and what one model asks for is not asked of the others.
    pub fn of_model_left(self) -> Self {
        Self { verdict: Verdict::Unknown, retry_after: None, ..self }
    }

    /// Returns what an outcome says.
    pub fn of(outcome: &Outcome) -> Self {
        let used = outcome.used();
        let used = used.input_tokens.saturating_add(used.output_tokens);
        let quota = outcome.quota.as_deref().copied();
        let failure = outcome.result.as_ref().err();
        let is_unspent = failure.is_some_and(Failure::used_nothing);
        let spent = Spent::of(failure.map(|failure| failure.class), outcome.usage.as_deref(), is_unspent);
        match &outcome.result {
            Ok(_) => Self { verdict: Verdict::Responds, retry_after: None, tokens: Some(used), quota, spent },
            Err(failure) => {
                let verdict = Verdict::of(failure.class);
                let is_about_all = matches!(verdict, Verdict::Fails | Verdict::AsksToWait);
                let retry_after = failure.retry_after.filter(|_| is_about_all);
                // What a call used that failed on the way is not known, unless it says so.
                let tokens = (used > 0 || failure.status.is_some()).then_some(used);
                Self { verdict, retry_after, tokens, quota, spent }
            }
        }
    }
}

impl Verdict {
    const fn of(class: ErrorClass) -> Self {
        match class {
            ErrorClass::Timeout | ErrorClass::Connection | ErrorClass::Unavailable => Self::Fails,
            ErrorClass::RateLimited => Self::AsksToWait,
            ErrorClass::Rejected
            | ErrorClass::Tool
            | ErrorClass::ModelOutput
            | ErrorClass::OutputTooLarge => Self::Responds,
            ErrorClass::Guardrail
            | ErrorClass::Cancelled
            | ErrorClass::Replaced
            | ErrorClass::Validation
            | ErrorClass::Expression
            | ErrorClass::Script
            | ErrorClass::Configuration
            | ErrorClass::Budget
            | ErrorClass::Internal
            | ErrorClass::Interrupted => Self::Unknown,
        }
    }
}

/// What the protection of an agent does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateState {
    /// Calls that wait.
    pub waiting: usize,
    /// Calls under way.
    pub running: usize,
    /// Its breaker; `None` where it has none.
    pub breaker: Option<BreakerState>,
    /// Until when the peer asked for no further call.
    pub held_until: Option<Timestamp>,
    /// When the next call may begin that waits; `None` where none waits, or where another one has to end first.
    pub next_at: Option<Timestamp>,
}

/// What the protection of all agents does at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateTotals {
    /// Calls that wait.
    pub waiting: usize,
    /// Calls under way that have a slot.
    pub running: usize,
    /// Agents that no call may ask, or only one that tries, because the last ones failed.
    pub breakers_open: usize,
    /// Tokens of budgets of agents that calls under way may use.
    pub tokens_reserved: u64,
    /// Calls that were refused because the budget of their agent for the day was used up.
    pub refused: u64,
}

/// The protection of all agents that have one.
#[derive(Debug)]
pub struct Gates {
    /// When the process began to make calls.
    began_at: Timestamp,
    gates: BTreeMap<AgentId, Gate>,
    /// The calls that have a slot or wait for one.
    calls: BTreeMap<CallKey, AgentId>,
    /// The agents whose calls need a slot, with their budgets; `None` where there are none.
    limited: Option<Arc<BTreeMap<AgentId, Option<Budget>>>>,
    /// What the store is to be asked.
    asks: Vec<GateAsk>,
    /// Whether other processes ask the same agents: the store then has the last word on their protection.
    is_shared: bool,
    /// Whether the store may have to be told what has ended.
    has_news: bool,
    refused: u64,
}

impl Gates {
    /// Returns gates for no agent, of a process that begins at `now`.
    pub const fn new(now: Timestamp) -> Self {
        Self {
            began_at: now,
            gates: BTreeMap::new(),
            calls: BTreeMap::new(),
            limited: None,
            asks: Vec::new(),
            is_shared: false,
            has_news: false,
            refused: 0,
        }
    }

    /// Returns gates that share the protection of their agents with other processes, if these do.
    #[must_use]
    pub fn shared(self, is_shared: bool) -> Self {
        Self { is_shared, ..self }
    }

    fn gate(&mut self, agent: AgentId, protection: Option<Protection>) -> &mut Gate {
        let (began_at, hand) = (self.began_at, self.is_shared.then(|| Hand::new(agent)));
        self.gates.entry(agent).or_insert_with(|| Gate::new(protection, began_at, hand))
    }

    /// Returns the agents whose calls need a slot, with their budgets; `None` where there are none.
    pub fn limited(&self) -> Option<Arc<BTreeMap<AgentId, Option<Budget>>>> {
        self.limited.clone()
    }

    /// Sets what limits an agent from now on; `None` for nothing.
    pub fn set(&mut self, agent: AgentId, limits: Option<AgentLimits>, now: Timestamp) {
        if limits.is_some() || self.gates.contains_key(&agent) {
            let protection = limits.and_then(|limits| limits.protection);
            let mut asks = std::mem::take(&mut self.asks);
            self.gate(agent, protection).set(agent, limits, now, &mut asks);
            self.asks = asks;
        }
        let mut limited = self.limited.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        match limits {
            Some(limits) => limited.insert(agent, limits.budget),
            None => limited.remove(&agent),
        };
        self.limited = (!limited.is_empty()).then(|| Arc::new(limited));
        self.drop_unused(agent);
    }

    /// Lets a call wait. One that waits or has a slot already is not asked for twice.
    pub fn wait(&mut self, request: SlotRequest) {
        if self.calls.contains_key(&request.call) {
            return;
        }
        self.calls.insert(request.call.clone(), request.agent);
        self.gate(request.agent, None).wait(request);
    }

    /// Returns whether a call has a slot or waits for one.
    pub fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Returns whether this call has a slot.
    pub fn has_slot(&self, call: &CallKey) -> bool {
        let gate = self.calls.get(call).and_then(|agent| self.gates.get(agent));
        gate.is_some_and(|gate| gate.has_slot(call))
    }

    /// Answers a call that may begin at `now`, or never; `None` when there is no further one.
    pub fn grant(&mut self, now: Timestamp) -> Option<SlotAnswer> {
        if std::mem::take(&mut self.has_news) {
            for gate in self.gates.values_mut() {
                gate.tell(now, &mut self.asks);
                self.has_news |= gate.has_news();
            }
        }
        if self.calls.is_empty() {
            return None;
        }
        let asks = &mut self.asks;
        let answer = self.gates.values_mut().find_map(|gate| gate.grant(now, asks))?;
        self.refused += u64::from(matches!(answer, SlotAnswer::Refused(..)));
        self.has_news |= self.is_shared;
        if !matches!(answer, SlotAnswer::Granted(_))
            && let Some(agent) = self.calls.remove(answer.call())
        {
            self.drop_unused(agent);
        }
        Some(answer)
    }

    /// Returns whether there is nothing to grant and nothing to ask.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.asks.is_empty() && !self.has_news
    }

    /// Takes what the store is to be asked.
    pub fn take_asks(&mut self) -> Vec<GateAsk> {
        std::mem::take(&mut self.asks)
    }

    /// Takes in what came of a draw; `None` if the store could not make it.
    pub fn drawn(&mut self, draw: &Draw, drawn: Option<Drawn>, now: Timestamp) {
        // Its budget may be gone.
        if let Some(gate) = self.gates.get_mut(&draw.agent) {
            gate.drawn(draw, drawn, now, &mut self.asks);
        }
    }

    /// Takes in what came of a question for permits; `None` if the store could not answer it.
    pub fn permitted(&mut self, agent: AgentId, permits: Option<Permits>, now: Timestamp) {
        if let Some(gate) = self.gates.get_mut(&agent) {
            gate.permitted(permits, now);
        }
        self.has_news = true;
        self.drop_unused(agent);
    }

    /// Gives back what is drawn from budgets and not used.
    pub fn give_back_budgets(&mut self) {
        for gate in self.gates.values_mut() {
            gate.give_back_budget(&mut self.asks);
        }
    }

    /// Takes back the slot of a call that did not begin.
    pub fn give_back(&mut self, call: &CallKey) {
        self.take(call, |gate, call, asks| gate.give_back(call, Spent::Nothing, asks));
    }

    /// Takes in that a call has ended. One that had no slot changes nothing.
    pub fn ended(&mut self, call: &CallKey, end: CallEnd, now: Timestamp) {
        self.take(call, |gate, call, asks| gate.ended(call, end, now, asks));
    }

    /// Forgets all calls of an execution that has ended, or is not driven here any more.
    pub fn forget(&mut self, execution: ExecutionId) {
        if self.calls.is_empty() {
            return;
        }
        let first = CallKey { execution, node: NodeIndex(0), attempt: Attempt::FIRST, step: StepKey::ONLY };
        let from_it = self.calls.range(first..).map(|(call, _)| call);
        let of_it: Vec<CallKey> = from_it.take_while(|call| call.execution == execution).cloned().collect();
        for call in of_it {
            // It may go on elsewhere.
            self.take(&call, |gate, call, asks| gate.give_back(call, Spent::UNKNOWN, asks));
        }
    }

    fn take(&mut self, call: &CallKey, ends: impl FnOnce(&mut Gate, &CallKey, &mut Vec<GateAsk>)) {
        let Some(agent) = self.calls.remove(call) else { return };
        self.has_news |= self.is_shared;
        if let Some(gate) = self.gates.get_mut(&agent) {
            ends(gate, call, &mut self.asks);
        }
        self.drop_unused(agent);
    }

    fn drop_unused(&mut self, agent: AgentId) {
        let is_limited = self.limited.as_ref().is_some_and(|limited| limited.contains_key(&agent));
        if !is_limited && self.gates.get(&agent).is_some_and(Gate::is_unused) {
            self.gates.remove(&agent);
        }
    }

    /// Returns when to ask for the next call that may begin; `None` where nothing waits for time to pass. It is known since
    /// [`Self::grant`] returned `None`.
    pub fn next_timer(&self) -> Option<Timestamp> {
        self.gates.values().filter_map(Gate::next_at).min()
    }

    /// Returns what all of them do.
    pub fn totals(&self) -> GateTotals {
        let none = GateTotals { refused: self.refused, ..GateTotals::default() };
        self.gates.values().fold(none, |totals, gate| GateTotals {
            waiting: totals.waiting + gate.waiting(),
            running: totals.running + gate.running(),
            breakers_open: totals.breakers_open + usize::from(gate.has_open_breaker()),
            tokens_reserved: totals.tokens_reserved.saturating_add(gate.tokens_reserved()),
            ..totals
        })
    }

    /// Returns what the protection of `agent` does at `now`; `None` if it has none.
    pub fn state(&self, agent: AgentId, now: Timestamp) -> Option<GateState> {
        self.limited.as_ref()?.get(&agent)?;
        self.gates.get(&agent).filter(|gate| gate.is_protected()).map(|gate| gate.state(now))
    }

    /// Returns what is drawn from the budget of `agent` for the day of `now`, and not used.
    pub fn account(&self, agent: AgentId, now: Timestamp) -> AccountState {
        self.gates.get(&agent).and_then(|gate| gate.account_state(now)).unwrap_or_default()
    }
}
