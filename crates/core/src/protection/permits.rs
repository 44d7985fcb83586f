//! What a process has of the protection of an agent that other processes ask as well.

use std::time::Duration;

use crate::agent::Protection;
use crate::ids::AgentId;
use crate::timestamp::Timestamp;
use crate::work::CallKey;

use super::shared::{Corrections, PermitAsk, Permits, Said};
use super::{CallEnd, GateAsk};

/// How many calls it is asked for at once.
const WANTED_MAX: usize = 64;
/// When to ask again after the store could not answer.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The permits of one agent.
#[derive(Debug)]
pub(super) struct Hand {
    agent: AgentId,
    /// Permits that no call has used.
    unused: u32,
    /// Whether the next call that begins is a probe.
    is_probe: bool,
    /// The call that is one.
    probe: Option<CallKey>,
    /// Whether an answer is on its way.
    is_asking: bool,
    /// No further question before this moment, but to say what ended.
    again_at: Option<Timestamp>,
    /// Whether the store could not answer: nothing is said before that moment, either.
    rests: bool,
    news: News,
    /// Those of the question that is on its way, or was not answered.
    told: News,
    /// The number of that question.
    number: u64,
    /// The tokens for which each permit of that question counts.
    asked_tokens: u64,
    /// The tokens for which each permit counts that is in hand.
    charged: u64,
}

/// What is to be said with the next question.
#[derive(Debug, Default)]
struct News {
    corrections: Corrections,
    ended: Vec<Said>,
    /// Whether the number of calls under way is another one.
    is_less: bool,
}

impl News {
    fn is_none(&self) -> bool {
        self.ended.is_empty() && !self.is_less && self.corrections == Corrections::default()
    }
}

impl Hand {
    pub(super) fn new(agent: AgentId) -> Self {
        Self {
            agent,
            unused: 0,
            is_probe: false,
            probe: None,
            is_asking: false,
            again_at: None,
            rests: false,
            news: News::default(),
            told: News::default(),
            number: 0,
            asked_tokens: 0,
            charged: 0,
        }
    }

    /// Returns whether there is nothing to say, and no answer to come.
    pub(super) fn is_quiet(&self) -> bool {
        !self.is_asking && self.unused == 0 && !self.has_something_to_say()
    }

    /// Returns whether a call may begin.
    pub(super) const fn has_permit(&self) -> bool {
        self.unused > 0
    }

    /// A call begins with a permit. Returns the tokens for which it counts.
    pub(super) fn used(&mut self, call: &CallKey) -> u64 {
        self.unused = self.unused.saturating_sub(1);
        if std::mem::take(&mut self.is_probe) {
            self.probe = Some(call.clone());
        }
        self.charged
    }

    /// A call that had a permit did not begin.
    pub(super) fn given_back(&mut self, call: &CallKey, reserved: u64) {
        let corrections = Corrections { requests_unused: 1, tokens_unused: reserved, tokens_overused: 0 };
        self.news.corrections = self.news.corrections.plus(corrections);
        self.note(call, CallEnd::UNWANTED);
    }

    /// A call that had a permit has ended.
    pub(super) fn ended(&mut self, call: &CallKey, end: CallEnd, reserved: u64) {
        if let Some(used) = end.tokens {
            let corrections = Corrections {
                requests_unused: 0,
                tokens_unused: reserved.saturating_sub(used),
                tokens_overused: used.saturating_sub(reserved),
            };
            self.news.corrections = self.news.corrections.plus(corrections);
        }
        self.note(call, end);
    }

    fn note(&mut self, call: &CallKey, end: CallEnd) {
        let is_probe = self.probe.take_if(|probe| probe == call).is_some();
        self.news.ended.push(Said { verdict: end.verdict, is_probe, retry_after: end.retry_after });
        self.news.is_less = true;
    }

    /// No call can begin now with what is in hand: it is given back. Returns whether there is something.
    pub(super) fn drop_unused(&mut self) -> bool {
        let unused = u64::from(std::mem::take(&mut self.unused));
        if unused > 0 {
            self.is_probe = false;
            let tokens_unused = self.charged.saturating_mul(unused);
            let corrections = Corrections { requests_unused: unused, tokens_unused, tokens_overused: 0 };
            self.news.corrections = self.news.corrections.plus(corrections);
            self.news.is_less = true;
        }
        unused > 0
    }

    /// Returns when it is asked again for calls that wait.
    pub(super) const fn next_at(&self) -> Option<Timestamp> {
        if self.is_asking { None } else { self.again_at }
    }

    /// Returns whether there is something to say.
    pub(super) fn has_news(&self) -> bool {
        !self.is_asking && self.has_something_to_say()
    }

    fn has_something_to_say(&self) -> bool {
        !self.news.is_none() || !self.told.is_none()
    }

    /// Asks for permits of so many calls, or says what has ended, unless an answer is on its way.
    pub(super) fn ask(&mut self, of: &Asking, now: Timestamp, asks: &mut Vec<GateAsk>) {
        let is_due = self.again_at.is_none_or(|at| at <= now);
        let may_ask = of.waiting > 0 && self.unused == 0 && is_due;
        let has_to_wait = self.is_asking || (self.rests && !is_due);
        if has_to_wait || (!self.has_something_to_say() && !may_ask) {
            return;
        }
        self.is_asking = true;
        // What was not answered is asked again as it was, as it may have been heard.
        if self.told.is_none() {
            self.told = std::mem::take(&mut self.news);
            self.number = u64::try_from(now.as_micros()).unwrap_or(0).max(self.number + 1);
        }
        self.asked_tokens = of.tokens;
        let wanted = if self.unused == 0 { of.waiting.min(WANTED_MAX) } else { 0 };
        let running = u32::try_from(of.running).unwrap_or(u32::MAX).saturating_add(self.unused);
        asks.push(GateAsk::Permit(Box::new(PermitAsk {
            agent: self.agent,
            number: self.number,
            protection: of.protection,
            running,
            wanted: u32::try_from(wanted).unwrap_or(u32::MAX),
            has_probe: self.is_probe || self.probe.is_some(),
            tokens: of.tokens,
            corrections: self.told.corrections,
            ended: self.told.ended.clone(),
        })));
    }

    /// Takes in the answer; `None` if the store could not give one.
    pub(super) fn permitted(&mut self, permits: Option<Permits>, now: Timestamp) {
        self.is_asking = false;
        self.rests = permits.is_none();
        let Some(permits) = permits else {
            self.again_at = Some(now.plus(AGAIN_AFTER));
            return;
        };
        self.told = News::default();
        if permits.granted > 0 {
            self.charged = self.asked_tokens;
        }
        self.unused = self.unused.saturating_add(permits.granted);
        self.is_probe |= permits.is_probe;
        self.again_at = permits.again_after.map(|after| now.plus(after));
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub(super) protection: Protection,
    /// Calls that could begin with a permit.
    pub(super) waiting: usize,
    pub(super) running: usize,
    pub(super) tokens: u64,
}
