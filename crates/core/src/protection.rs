//! The protection of agents: which of the calls that wait for an agent may begin, and when.
//!
//! [`Gates`] has no clock: it is given the time, the calls that wait, and how calls ended. A call that waits has not begun, so
//! that it costs no attempt and none of the attempt's time. Nothing here is stored: a process that starts does not know what
//! the one before it has sent, so it begins as if it had just made a call, and its breakers are closed.
//!
//! Calls of one agent get their turns flow by flow, and no agent waits for another.

mod breaker;
mod gate;
mod pace;
mod queue;
mod retries;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::agent::Protection;
use crate::failure::ErrorClass;
use crate::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeIndex, StepKey};
use crate::quota::Quota;
use crate::timestamp::Timestamp;
use crate::work::{CallKey, Outcome};
pub use breaker::BreakerState;
use gate::Gate;
pub use retries::{RETRIES_A_MINUTE, RETRIES_PERCENT};

/// How long an agent is left alone at most because a peer asked for it (`Retry-After`): after that, one call asks again.
pub const HOLD_MAX: Duration = Duration::from_secs(600);

/// A call that waits for a slot of the agent that it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

/// How a call that had a slot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallEnd {
    /// What it says of the peer.
    pub verdict: Verdict,
    /// How long the peer asked us to wait.
    pub retry_after: Option<Duration>,
    /// The tokens that it used; `None` where nobody knows.
    pub tokens: Option<u64>,
    /// What the peer said it has room for.
    pub quota: Option<Quota>,
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
    pub const OVERDUE: Self = Self { verdict: Verdict::Fails, retry_after: None, tokens: None, quota: None };
    /// A call that was stopped because nobody wants its result any more.
    pub const UNWANTED: Self =
        Self { verdict: Verdict::Unknown, retry_after: None, tokens: None, quota: None };

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
        match &outcome.result {
            Ok(_) => Self { verdict: Verdict::Responds, retry_after: None, tokens: Some(used), quota },
            Err(failure) => {
                let verdict = Verdict::of(failure.class);
                let is_about_all = matches!(verdict, Verdict::Fails | Verdict::AsksToWait);
                let retry_after = failure.retry_after.filter(|_| is_about_all);
                // What a call used that failed on the way is not known, unless it says so.
                let tokens = (used > 0 || failure.status.is_some()).then_some(used);
                Self { verdict, retry_after, tokens, quota }
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
            | ErrorClass::Validation
            | ErrorClass::Expression
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
}

/// The protection of all agents that have one.
#[derive(Debug)]
pub struct Gates {
    /// When the process began to make calls.
    began_at: Timestamp,
    gates: BTreeMap<AgentId, Gate>,
    /// The calls that have a slot or wait for one.
    calls: BTreeMap<CallKey, AgentId>,
    /// The agents whose calls need a slot; `None` where there are none.
    limited: Option<Arc<BTreeSet<AgentId>>>,
}

impl Gates {
    /// Returns gates for no agent, of a process that begins at `now`.
    pub const fn new(now: Timestamp) -> Self {
        Self { began_at: now, gates: BTreeMap::new(), calls: BTreeMap::new(), limited: None }
    }

    /// Returns the agents whose calls need a slot; `None` where there are none.
    pub fn limited(&self) -> Option<Arc<BTreeSet<AgentId>>> {
        self.limited.clone()
    }

    /// Sets the protection of an agent as it is from now on; `None` for none.
    pub fn set(&mut self, agent: AgentId, protection: Option<Protection>, now: Timestamp) {
        let is_limited = protection.is_some();
        match self.gates.get_mut(&agent) {
            Some(gate) => gate.set(protection.unwrap_or_default(), now),
            None => {
                let Some(protection) = protection else { return };
                self.gates.insert(agent, Gate::new(protection, self.began_at));
            }
        }
        let mut limited = self.limited.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        if is_limited {
            limited.insert(agent);
        } else {
            limited.remove(&agent);
        }
        self.limited = (!limited.is_empty()).then(|| Arc::new(limited));
        self.drop_unused(agent);
    }

    /// Lets a call wait. One that waits or has a slot already is not asked for twice.
    pub fn wait(&mut self, request: SlotRequest) {
        if self.calls.contains_key(&request.call) {
            return;
        }
        let began_at = self.began_at;
        let gate =
            self.gates.entry(request.agent).or_insert_with(|| Gate::new(Protection::default(), began_at));
        self.calls.insert(request.call.clone(), request.agent);
        gate.wait(request);
    }

    /// Returns whether a call has a slot or waits for one.
    pub fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Gives a slot to a call that may begin at `now`; `None` when there is no further one.
    pub fn grant(&mut self, now: Timestamp) -> Option<CallKey> {
        if self.calls.is_empty() {
            return None;
        }
        self.gates.values_mut().find_map(|gate| gate.grant(now))
    }

    /// Takes back the slot of a call that did not begin.
    pub fn give_back(&mut self, call: &CallKey) {
        self.take(call, Gate::give_back);
    }

    /// Takes in that a call has ended. One that had no slot changes nothing.
    pub fn ended(&mut self, call: &CallKey, end: CallEnd, now: Timestamp) {
        self.take(call, |gate, call| gate.ended(call, end, now));
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
            self.give_back(&call);
        }
    }

    fn take(&mut self, call: &CallKey, ends: impl FnOnce(&mut Gate, &CallKey)) {
        let Some(agent) = self.calls.remove(call) else { return };
        if let Some(gate) = self.gates.get_mut(&agent) {
            ends(gate, call);
        }
        self.drop_unused(agent);
    }

    fn drop_unused(&mut self, agent: AgentId) {
        let is_limited = self.limited.as_ref().is_some_and(|limited| limited.contains(&agent));
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
        self.gates.values().fold(GateTotals::default(), |totals, gate| GateTotals {
            waiting: totals.waiting + gate.waiting(),
            running: totals.running + gate.running(),
            breakers_open: totals.breakers_open + usize::from(gate.has_open_breaker()),
        })
    }

    /// Returns what the protection of `agent` does at `now`; `None` if it has none.
    pub fn state(&self, agent: AgentId, now: Timestamp) -> Option<GateState> {
        self.limited.as_ref()?.get(&agent)?;
        self.gates.get(&agent).map(|gate| gate.state(now))
    }
}
