//! The protection of one agent.

use std::collections::BTreeMap;

use crate::agent::Protection;
use crate::budget::{Draw, Drawn, Spent};
use crate::ids::AgentId;
use crate::quota::Quota;
use crate::timestamp::Timestamp;
use crate::work::CallKey;

use super::account::{Account, AccountState, Taking};
use super::breaker::Circuit;
use super::pace::Pace;
use super::permits::{Asking, Hand};
use super::queue::Queue;
use super::retries::Retries;
use super::shared::Permits;
use super::{AgentLimits, CallEnd, GateAsk, GateState, HOLD_MAX, Refusal, SlotAnswer, SlotRequest, Verdict};

/// Bytes of a text for each token, about, where nothing better is known.
const BYTES_PER_TOKEN: usize = 4;
/// The tokens of an answer, about, until the first is known.
const ANSWER_TOKENS: u64 = 500;
/// How much the last call counts in the mean of the tokens that calls use: one part of so many.
const MEAN_OF: u64 = 8;

/// The protection of one agent.
#[derive(Debug)]
pub(super) struct Gate {
    /// `None` where only a budget limits it.
    protection: Option<Protection>,
    /// What it may use in a day; `None` where nothing limits that.
    account: Option<Account>,
    queue: Queue,
    running: BTreeMap<CallKey, Running>,
    requests: Pace,
    tokens: Pace,
    circuit: Circuit,
    retries: Retries,
    /// Until when the peer asked for no further call.
    held_until: Timestamp,
    room: Option<Room>,
    /// Where other processes ask the agent as well: the permits that say what may begin.
    hand: Option<Hand>,
    /// How many calls have begun.
    begun: u64,
    /// The tokens that a call used, in the mean of the last ones.
    mean_tokens: Option<u64>,
    /// When the next call that waits may begin, as far as only time has to pass.
    next_at: Option<Timestamp>,
}

/// A call that has a slot.
#[derive(Debug)]
struct Running {
    is_repeat: bool,
    /// The tokens that are reserved for it.
    reserved: u64,
    /// How many calls began before it.
    number: u64,
    /// Whether it began with a permit.
    has_permit: bool,
}

/// What the peer said last that it has room for.
#[derive(Clone, Copy, Debug)]
struct Room {
    quota: Quota,
    /// The number of the call that it responded to. What began later is not counted in it.
    call: u64,
}

impl Gate {
    /// Returns the gate of a process that began at `began_at`, and may have made a call just before.
    pub(super) fn new(protection: Option<Protection>, began_at: Timestamp, hand: Option<Hand>) -> Self {
        let rates = protection.unwrap_or_default();
        Self {
            queue: Queue::default(),
            running: BTreeMap::new(),
            requests: Pace::begun(began_at, rates.requests_per_minute),
            tokens: Pace::begun(began_at, rates.tokens_per_minute),
            circuit: Circuit::CLOSED,
            retries: Retries::default(),
            held_until: Timestamp::from_micros(0),
            room: None,
            hand,
            begun: 0,
            mean_tokens: None,
            next_at: None,
            protection,
            account: None,
        }
    }

    pub(super) fn set(
        &mut self,
        agent: AgentId,
        limits: Option<AgentLimits>,
        now: Timestamp,
        asks: &mut Vec<GateAsk>,
    ) {
        self.protect(limits.and_then(|limits| limits.protection), now);
        let budget = limits.and_then(|limits| Some((limits.tenant, limits.budget?)));
        match (&mut self.account, budget) {
            (None, None) => {}
            (Some(account), None) => {
                account.give_back(asks);
                self.account = None;
            }
            (None, Some((tenant, budget))) => {
                self.account = Some(Account::new(agent, tenant, budget, now));
            }
            (Some(account), Some((_, budget))) => account.set(budget, asks),
        }
    }

    fn protect(&mut self, protection: Option<Protection>, now: Timestamp) {
        let (before, after) = (self.rates(), protection.unwrap_or_default());
        self.requests.change(before.requests_per_minute, after.requests_per_minute, now);
        self.tokens.change(before.tokens_per_minute, after.tokens_per_minute, now);
        if after.breaker.is_none() {
            self.circuit = Circuit::CLOSED;
        }
        self.protection = protection;
    }

    fn rates(&self) -> Protection {
        self.protection.unwrap_or_default()
    }

    pub(super) fn is_unused(&self) -> bool {
        self.queue.is_empty() && self.running.is_empty() && self.hand.as_ref().is_none_or(Hand::is_quiet)
    }

    pub(super) fn has_slot(&self, call: &CallKey) -> bool {
        self.running.contains_key(call)
    }

    pub(super) fn wait(&mut self, request: SlotRequest) {
        self.queue.push(request);
    }

    pub(super) fn next_at(&self) -> Option<Timestamp> {
        let waits = self.next_at.filter(|_| !self.queue.is_empty());
        let news = self.hand.as_ref().filter(|_| self.has_news()).and_then(Hand::next_at);
        waits.into_iter().chain(news).min()
    }

    /// Answers the next call, if one may begin at `now`.
    pub(super) fn grant(&mut self, now: Timestamp, asks: &mut Vec<GateAsk>) -> Option<SlotAnswer> {
        self.next_at = None;
        let opens_at = self.opens_at();
        let may_repeat = self.protection.is_none() || self.retries.has_room(now);
        let next = self.queue.peek(may_repeat).filter(|_| opens_at.is_some_and(|at| at <= now));
        let Some(next) = next else {
            self.next_at = opens_at.and_then(|at| if at > now { Some(at) } else { self.retries.more_at() });
            // Others may use what cannot be used here now.
            if self.hand.as_mut().is_some_and(Hand::drop_unused) {
                self.ask(0, 0, now, asks);
            }
            return None;
        };
        let (call, agent, bytes) = (next.call.clone(), next.agent, next.bytes);
        if self.protection.is_some()
            && let Some(hand) = &self.hand
            && !hand.has_permit()
        {
            self.ask(self.queue.count(may_repeat), bytes, now, asks);
            self.next_at = self.hand.as_ref().and_then(Hand::next_at);
            return None;
        }
        let taking = match (&mut self.account, next.of_budget) {
            (None, None) => Taking::Done,
            (Some(account), Some((budget, most))) if budget == account.budget() => {
                account.take(&call, most, now, asks)
            }
            // It was asked for when the budget was another one.
            (_, _) => {
                self.queue.take(&call);
                return Some(SlotAnswer::AskAgain(call));
            }
        };
        match taking {
            Taking::Waits(until) => {
                self.next_at = until;
                None
            }
            Taking::Refused(shortage) => {
                self.queue.take(&call);
                Some(SlotAnswer::Refused(call, Box::new(Refusal { agent, shortage })))
            }
            Taking::Done => {
                let request = self.queue.take(&call)?;
                self.begin(&request, now);
                Some(SlotAnswer::Granted(call))
            }
        }
    }

    /// Asks for permits of so many calls, or says what has ended.
    fn ask(&mut self, waiting: usize, bytes: usize, now: Timestamp, asks: &mut Vec<GateAsk>) {
        let asking = Asking {
            protection: self.rates(),
            waiting,
            running: self.running.len(),
            tokens: self.expected_tokens(bytes),
        };
        if let Some(hand) = &mut self.hand {
            hand.ask(&asking, now, asks);
        }
    }

    /// Says what has ended, where other processes have to know, and asks for what may begin instead.
    pub(super) fn tell(&mut self, now: Timestamp, asks: &mut Vec<GateAsk>) {
        let Some(hand) = &mut self.hand else { return };
        if self.queue.is_empty() {
            hand.drop_unused();
        }
        if !hand.has_news() {
            return;
        }
        let may_repeat = self.retries.has_room(now);
        let is_open = self.opens_at().is_some_and(|at| at <= now);
        let next = self.queue.peek(may_repeat).filter(|_| is_open).map(|next| next.bytes);
        let waiting = next.map_or(0, |_| self.queue.count(may_repeat));
        self.ask(waiting, next.unwrap_or_default(), now, asks);
    }

    /// Returns whether something is left to say, although no answer is on its way.
    pub(super) fn has_news(&self) -> bool {
        self.hand.as_ref().is_some_and(Hand::has_news)
    }

    /// Takes in the answer to what was asked; `None` if the store could not give one.
    pub(super) fn permitted(&mut self, permits: Option<Permits>, now: Timestamp) {
        let Some(hand) = &mut self.hand else { return };
        hand.permitted(permits, now);
        if let Some(Permits { breaker_open_for, held_for, .. }) = permits {
            self.circuit = match breaker_open_for {
                Some(open_for) => Circuit::Open { until: now.plus(open_for) },
                None => Circuit::CLOSED,
            };
            self.held_until = now.plus(held_for);
        }
    }

    /// Returns when a call may begin; `None` where none waits, or another one has to end first.
    fn opens_at(&self) -> Option<Timestamp> {
        if self.queue.is_empty() {
            return None;
        }
        let Some(protection) = self.protection else { return Some(Timestamp::from_micros(0)) };
        if protection.max_concurrency.is_some_and(|max| self.running.len() >= max as usize) {
            return None;
        }
        if self.hand.is_some() {
            return Some(self.room_from());
        }
        let requests = protection.requests_per_minute.map(|_| self.requests.next_at());
        let tokens = protection.tokens_per_minute.map(|_| self.tokens.next_at());
        let passes_from = self.circuit.passes_from()?;
        requests.into_iter().chain(tokens).chain([passes_from, self.held_until, self.room_from()]).max()
    }

    /// Takes in what came of a draw from its budget.
    pub(super) fn drawn(
        &mut self,
        draw: &Draw,
        drawn: Option<Drawn>,
        now: Timestamp,
        asks: &mut Vec<GateAsk>,
    ) {
        if let Some(account) = &mut self.account {
            account.drawn(draw, drawn, now, asks);
        }
    }

    /// Gives back what is drawn and not used.
    pub(super) fn give_back_budget(&mut self, asks: &mut Vec<GateAsk>) {
        if let Some(account) = &mut self.account {
            account.give_back(asks);
        }
    }

    pub(super) const fn is_protected(&self) -> bool {
        self.protection.is_some()
    }

    pub(super) fn tokens_reserved(&self) -> u64 {
        self.account.as_ref().map_or(0, Account::tokens_reserved)
    }

    pub(super) fn account_state(&self, now: Timestamp) -> Option<AccountState> {
        self.account.as_ref().map(|account| account.state(now))
    }

    /// Returns when the peer has room for another call, by what it said last.
    fn room_from(&self) -> Timestamp {
        let Some(Room { quota: Quota { read_at, requests, tokens }, call }) = self.room else {
            return Timestamp::from_micros(0);
        };
        let open = self.running.values().filter(|running| running.number > call);
        let (calls, reserved) = open.fold((0, 0_u64), |(calls, reserved), running| {
            (calls + 1, reserved.saturating_add(running.reserved))
        });
        let wanted = reserved.saturating_add(self.expected_tokens(0));
        let requests = requests.map(|left| left.comes_after(calls + 1));
        let tokens = tokens.map(|left| left.comes_after(wanted));
        let wait = requests.max(tokens).unwrap_or_default();
        read_at.plus(wait.min(HOLD_MAX))
    }

    fn begin(&mut self, request: &SlotRequest, now: Timestamp) {
        let SlotRequest { call, is_repeat, .. } = request;
        let mut reserved = self.expected_tokens(request.bytes);
        let has_permit = match self.hand.as_mut().filter(|hand| hand.has_permit()) {
            Some(hand) => {
                reserved = hand.used(call);
                true
            }
            None => {
                let rates = self.rates();
                self.requests.take(1, rates.requests_per_minute, now);
                self.tokens.take(reserved, rates.tokens_per_minute, now);
                self.circuit.passed(call);
                false
            }
        };
        self.retries.began(*is_repeat, now);
        self.begun += 1;
        let running = Running { is_repeat: *is_repeat, reserved, number: self.begun, has_permit };
        self.running.insert(call.clone(), running);
    }

    /// Returns how many tokens a call uses, about: as many as the last ones, and no fewer than it sends.
    fn expected_tokens(&self, bytes: usize) -> u64 {
        let sent = u64::try_from(bytes / BYTES_PER_TOKEN).unwrap_or(u64::MAX);
        self.mean_tokens.map_or_else(|| sent.saturating_add(ANSWER_TOKENS), |mean| mean.max(sent))
    }

    /// A call waits no longer, or does not use its slot. `spent` is what is known of what it used.
    pub(super) fn give_back(&mut self, call: &CallKey, spent: Spent, asks: &mut Vec<GateAsk>) {
        if self.queue.remove(call) {
            return;
        }
        self.settle(call, spent, asks);
        let Some(Running { is_repeat, reserved, has_permit, .. }) = self.running.remove(call) else { return };
        self.retries.given_back(is_repeat);
        if let Some(hand) = self.hand.as_mut().filter(|_| has_permit) {
            return hand.given_back(call, reserved);
        }
        let rates = self.rates();
        self.requests.put_back(1, rates.requests_per_minute);
        self.tokens.put_back(reserved, rates.tokens_per_minute);
        self.circuit.given_back(call);
    }

    pub(super) fn ended(&mut self, call: &CallKey, end: CallEnd, now: Timestamp, asks: &mut Vec<GateAsk>) {
        if self.queue.remove(call) {
            return;
        }
        self.settle(call, end.spent, asks);
        let Some(Running { is_repeat, reserved, number, has_permit }) = self.running.remove(call) else {
            return;
        };
        let CallEnd { verdict, retry_after, tokens, quota, spent: _ } = end;
        if let Some(used) = tokens {
            self.used(used, reserved, verdict, now);
        }
        if let Some(hand) = self.hand.as_mut().filter(|_| has_permit) {
            hand.ended(call, end, reserved);
        } else {
            if let Some(rule) = self.rates().breaker {
                self.circuit.ended(call, verdict, rule, now);
            }
            if let Some(wait) = retry_after {
                self.held_until = self.held_until.max(now.plus(wait.min(HOLD_MAX)));
            }
        }
        let has_failed = match verdict {
            Verdict::Responds => Some(false),
            Verdict::Fails | Verdict::AsksToWait => Some(true),
            Verdict::Unknown => None,
        };
        self.retries.ended(is_repeat, has_failed, now);
        let is_newer = |quota: &Quota| self.room.is_none_or(|room| room.quota.read_at <= quota.read_at);
        if let Some(quota) = quota.filter(is_newer) {
            self.room = Some(Room { quota, call: number });
        }
    }

    fn settle(&mut self, call: &CallKey, spent: Spent, asks: &mut Vec<GateAsk>) {
        if let Some(account) = &mut self.account {
            account.ended(call, spent, asks);
        }
    }

    /// Corrects what was reserved for a call by what it used.
    fn used(&mut self, used: u64, reserved: u64, verdict: Verdict, now: Timestamp) {
        let per_minute = self.rates().tokens_per_minute;
        match used.checked_sub(reserved) {
            Some(more) => self.tokens.take(more, per_minute, now),
            None => self.tokens.put_back(reserved - used, per_minute),
        }
        if verdict == Verdict::Responds && used > 0 {
            let mean = self.mean_tokens.unwrap_or(used);
            self.mean_tokens = Some((mean.saturating_mul(MEAN_OF - 1).saturating_add(used)) / MEAN_OF);
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    pub(super) const fn has_open_breaker(&self) -> bool {
        matches!(self.circuit, Circuit::Open { .. } | Circuit::Probing { .. })
    }

    pub(super) fn state(&self, now: Timestamp) -> GateState {
        GateState {
            waiting: self.waiting(),
            running: self.running(),
            breaker: self.rates().breaker.map(|_| self.circuit.state(now)),
            held_until: Some(self.held_until.max(self.room_from())).filter(|until| *until > now),
            next_at: self.next_at().filter(|at| *at > now),
        }
    }
}
