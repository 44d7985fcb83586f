//! What the protection of an agent does over several processes: it is stored, and each process asks for permits before its calls
//! begin.
//!
//! A process says with each question how many calls it has under way, so that an answer that got lost costs nothing. What it
//! has under way counts until its lease is lost: by then it has stopped its calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::breaker::Circuit;
use super::pace::Pace;
use super::{HOLD_MAX, Protection, Verdict};
use crate::ids::AgentId;
use crate::timestamp::Timestamp;

/// When to ask again for a permit that another process has to give back first.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// A process that waits asks this often at least; one that does not is forgotten among those that wait.
const WAITS_FOR: Duration = Duration::from_secs(1);

/// What a process asks of the protection of an agent, and says of its calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermitAsk {
    /// The agent.
    pub agent: AgentId,
    /// The number of the question. One that is asked again, because its answer got lost, has the same.
    pub number: u64,
    /// What protects it, as far as the process knows.
    pub protection: Protection,
    /// Calls under way.
    pub running: u32,
    /// Calls that begin as soon as they have a permit.
    pub wanted: u32,
    /// Whether one that has a permit is a probe: it tries whether the peer responds again.
    pub has_probe: bool,
    /// The tokens that each call uses, about.
    pub tokens: u64,
    /// What was not used of earlier permits, or used beyond them.
    pub corrections: Corrections,
    /// What calls have said of the peer since the last question, in order.
    pub ended: Vec<Said>,
}

/// What was not used of permits, or used beyond them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Corrections {
    /// Calls that did not begin.
    pub requests_unused: u64,
    /// Tokens that were expected and not used.
    pub tokens_unused: u64,
    /// Tokens that were used beyond what was expected.
    pub tokens_overused: u64,
}

impl Corrections {
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            requests_unused: self.requests_unused.saturating_add(other.requests_unused),
            tokens_unused: self.tokens_unused.saturating_add(other.tokens_unused),
            tokens_overused: self.tokens_overused.saturating_add(other.tokens_overused),
        }
    }
}

/// What the end of a call says of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Of its health.
    pub verdict: Verdict,
    /// Whether the call was a probe.
    pub is_probe: bool,
    /// How long the peer asked us to wait.
    pub retry_after: Option<Duration>,
}

/// The answer to a [`PermitAsk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permits {
    /// So many calls may begin.
    pub granted: u32,
    /// Whether the one that may begin is a probe.
    pub is_probe: bool,
    /// When to ask again for the rest; `None` if nothing is left to ask for.
    pub again_after: Option<Duration>,
    /// How long the breaker stays open; no time if it is half open, `None` if it is closed.
    pub breaker_open_for: Option<Duration>,
    /// How long the peer asked for no further call.
    pub held_for: Duration,
}

impl Permits {
    /// Returns permits for everything that is asked for.
    pub const fn all(ask: &PermitAsk) -> Self {
        Self {
            granted: ask.wanted,
            is_probe: false,
            again_after: None,
            breaker_open_for: None,
            held_for: Duration::ZERO,
        }
    }
}

/// The protection of one agent over several processes, which are known by their numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SharedGate {
    requests: Pace,
    tokens: Pace,
    /// The rates for which the paces hold.
    requests_per_minute: Option<u32>,
    tokens_per_minute: Option<u32>,
    circuit: Circuit<Option<u64>>,
    /// Until when the peer asked for no further call.
    held_until: Timestamp,
    processes: BTreeMap<u64, Share>,
}

/// What one process has of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Share {
    /// Calls that have a permit.
    running: u32,
    /// Since when it waits for one.
    waits_since: Option<Timestamp>,
    asked_at: Timestamp,
    /// Of its last question.
    number: u64,
}

impl SharedGate {
    /// Returns one that is asked for the first time, at `now`: there may have been a call just before.
    pub fn new(protection: &Protection, now: Timestamp) -> Self {
        let Protection { requests_per_minute, tokens_per_minute, .. } = *protection;
        Self {
            requests: Pace::begun(now, requests_per_minute),
            tokens: Pace::begun(now, tokens_per_minute),
            requests_per_minute,
            tokens_per_minute,
            circuit: Circuit::CLOSED,
            held_until: Timestamp::from_micros(0),
            processes: BTreeMap::new(),
        }
    }

    /// Answers what `process` asks at `now`. Those that are not among the `living` have stopped their calls.
    pub fn ask(&mut self, process: u64, living: &BTreeSet<u64>, ask: &PermitAsk, now: Timestamp) -> Permits {
        let lives = |of: u64| of == process || living.contains(&of);
        self.processes.retain(|of, _| lives(*of));
        if let Circuit::Probing { call: Some(of) } = self.circuit
            && !lives(of)
        {
            self.circuit = Circuit::Open { until: now };
        }
        self.follow(&ask.protection, now);
        let is_again = self.processes.get(&process).is_some_and(|share| share.number == ask.number);
        if !is_again {
            self.learn(ask, process, now);
        }
        // It did not learn that it had one.
        if !ask.has_probe && matches!(self.circuit, Circuit::Probing { call: Some(of) } if of == process) {
            self.circuit = Circuit::Open { until: now };
        }
        let (granted, is_probe, wait) = self.grant(process, ask, now);
        let is_served = granted >= ask.wanted;
        // One that was given something is behind the others that wait.
        let before = self.processes.get(&process).filter(|_| granted == 0);
        let waits_since = before.and_then(|share| share.waits_since).unwrap_or(now);
        let share = Share {
            running: ask.running.saturating_add(granted),
            waits_since: (!is_served).then_some(waits_since),
            asked_at: now,
            number: ask.number,
        };
        self.processes.insert(process, share);
        let breaker_open_for = match self.circuit {
            Circuit::Closed { .. } => None,
            Circuit::Open { until } => Some(until.since(now)),
            Circuit::Probing { .. } => Some(Duration::ZERO),
        };
        Permits {
            granted,
            is_probe,
            again_after: (!is_served).then(|| wait.unwrap_or(ASK_EVERY)),
            breaker_open_for,
            held_for: self.held_until.since(now),
        }
    }

    fn follow(&mut self, protection: &Protection, now: Timestamp) {
        let Protection { requests_per_minute, tokens_per_minute, breaker, .. } = *protection;
        self.requests.change(self.requests_per_minute, requests_per_minute, now);
        self.tokens.change(self.tokens_per_minute, tokens_per_minute, now);
        (self.requests_per_minute, self.tokens_per_minute) = (requests_per_minute, tokens_per_minute);
        if breaker.is_none() {
            self.circuit = Circuit::CLOSED;
        }
    }

    /// Takes in what a process says of its calls.
    fn learn(&mut self, ask: &PermitAsk, process: u64, now: Timestamp) {
        let Corrections { requests_unused, tokens_unused, tokens_overused } = ask.corrections;
        self.requests.put_back(requests_unused, self.requests_per_minute);
        self.tokens.put_back(tokens_unused, self.tokens_per_minute);
        if tokens_overused > 0 {
            self.tokens.take(tokens_overused, self.tokens_per_minute, now);
        }
        for Said { verdict, is_probe, retry_after } in &ask.ended {
            if let Some(rule) = ask.protection.breaker {
                self.circuit.ended(&is_probe.then_some(process), *verdict, rule, now);
            }
            if let Some(wait) = retry_after {
                self.held_until = self.held_until.max(now.plus((*wait).min(HOLD_MAX)));
            }
        }
    }

    /// Returns how many of the calls of a process may begin, whether that is a probe, and how long the others wait, as far
    /// as only time has to pass.
    fn grant(&mut self, process: u64, ask: &PermitAsk, now: Timestamp) -> (u32, bool, Option<Duration>) {
        let mut free = self.free_for(process, ask, now).min(ask.wanted);
        let Some(passes_from) = self.circuit.passes_from() else { return (0, false, None) };
        let from = passes_from.max(self.held_until);
        if from > now {
            return (0, false, Some(from.since(now)));
        }
        let is_probe = free > 0 && matches!(self.circuit, Circuit::Open { .. });
        free = if is_probe { 1 } else { free };
        let mut granted = 0;
        while granted < free {
            let requests = self.requests_per_minute.map(|_| self.requests.next_at());
            let tokens = self.tokens_per_minute.map(|_| self.tokens.next_at());
            if let Some(from) = requests.max(tokens).filter(|from| *from > now) {
                return (granted, is_probe && granted > 0, Some(from.since(now)));
            }
            self.requests.take(1, self.requests_per_minute, now);
            self.tokens.take(ask.tokens, self.tokens_per_minute, now);
            self.circuit.passed(&Some(process));
            granted += 1;
        }
        (granted, is_probe, None)
    }

    /// Returns how many more calls a process may have under way. One that has waited for longer comes first, and while others
    /// wait, each has its share.
    fn free_for(&self, process: u64, ask: &PermitAsk, now: Timestamp) -> u32 {
        let Some(max) = ask.protection.max_concurrency else { return u32::MAX };
        let since = self.processes.get(&process).and_then(|share| share.waits_since).unwrap_or(now);
        let others = self.processes.iter().filter(|(of, _)| **of != process).map(|(_, share)| share);
        let running: u32 = others.clone().map(|other| other.running).sum();
        let free = max.saturating_sub(running).saturating_sub(ask.running);
        let waits = |other: &&Share| other.waits_since.is_some() && now.since(other.asked_at) < WAITS_FOR;
        let rivals: Vec<&Share> = others.filter(waits).collect();
        if rivals.is_empty() {
            return free;
        }
        let share = max.div_ceil(u32::try_from(rivals.len() + 1).unwrap_or(u32::MAX));
        let is_before =
            |other: &&&Share| other.running < share && other.waits_since.is_some_and(|of| of < since);
        let before = rivals.iter().filter(is_before).count();
        let free = free.saturating_sub(u32::try_from(before).unwrap_or(u32::MAX));
        free.min(share.saturating_sub(ask.running))
    }
}
