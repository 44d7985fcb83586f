//! The budget of one agent for a day, as far as this process has drawn from it.
//!
//! Before a call begins, all that it may use is taken from what is drawn, and more is drawn if that is too little. When it has
//! ended, what it did not use is there for the next call. What is in hand when a process dies counts as used.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::budget::{Amount, Budget, Day, Draw, Drawn, Settlement, Shortage, Spent};
use crate::ids::{AgentId, TenantId};
use crate::timestamp::Timestamp;
use crate::work::CallKey;

use super::GateAsk;

/// How long a draw waits that the store could not make.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The budget of one agent for a day.
#[derive(Debug)]
pub(super) struct Account {
    tenant: TenantId,
    agent: AgentId,
    budget: Budget,
    day: Day,
    /// What is drawn for this day and not taken.
    hand: Amount,
    /// The calls that are under way.
    open: BTreeMap<CallKey, Open>,
    /// The tokens of these.
    tokens_reserved: u64,
    drawing: Drawing,
}

/// A call under way.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// The day on which it began.
    day: Day,
    /// The budget as it was then.
    budget: Budget,
    /// What it may use.
    reserved: Amount,
}

/// Where the last draw of the day is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Drawing {
    /// There is none.
    None,
    /// It was asked for.
    Asked,
    /// It failed, and may be asked for again then.
    Failed { until: Timestamp },
    /// There was too little for a call of which so much was not in hand.
    Refused { least: Amount, taken: Amount },
}

/// What comes of a call that wants to begin.
#[derive(Debug)]
pub(super) enum Taking {
    /// It may: all that it may use is taken.
    Done,
    /// It waits for a draw, for calls under way, or until then.
    Waits(Option<Timestamp>),
    /// It cannot begin on this day.
    Refused(Shortage),
}

impl Account {
    pub(super) fn new(agent: AgentId, tenant: TenantId, budget: Budget, now: Timestamp) -> Self {
        Self {
            tenant,
            agent,
            budget,
            day: Day::of(now),
            hand: Amount::default(),
            open: BTreeMap::new(),
            tokens_reserved: 0,
            drawing: Drawing::None,
        }
    }

    pub(super) const fn budget(&self) -> Budget {
        self.budget
    }

    pub(super) fn set(&mut self, budget: Budget, asks: &mut Vec<GateAsk>) {
        if budget != self.budget {
            self.give_back(asks);
            self.budget = budget;
            self.drawing = Drawing::None;
        }
    }

    /// Takes what a call may use at most.
    pub(super) fn take(
        &mut self,
        call: &CallKey,
        most: Amount,
        now: Timestamp,
        asks: &mut Vec<GateAsk>,
    ) -> Taking {
        self.go_to(Day::of(now), asks);
        let most = self.budget.counted(most);
        if self.hand.covers(most) {
            self.hand = self.hand.minus(most);
            let open = Open { day: self.day, budget: self.budget, reserved: most };
            self.open.insert(call.clone(), open);
            self.tokens_reserved += most.tokens;
            return Taking::Done;
        }
        let least = most.minus(self.hand);
        match self.drawing {
            Drawing::Asked => Taking::Waits(None),
            Drawing::Failed { until } if until > now => Taking::Waits(Some(until)),
            Drawing::Refused { least: of, taken } if of == least => self.refuse(most, taken, now),
            Drawing::None | Drawing::Failed { .. } | Drawing::Refused { .. } => {
                let Self { tenant, agent, day, budget, .. } = *self;
                asks.push(GateAsk::Draw(Draw { tenant, agent, day, budget, least }));
                self.drawing = Drawing::Asked;
                Taking::Waits(None)
            }
        }
    }

    /// Refuses a call, unless those under way may leave enough of what they have taken.
    fn refuse(&mut self, most: Amount, taken: Amount, now: Timestamp) -> Taking {
        let fits = self.budget.shortage(Amount::default(), most).is_none();
        if fits && self.open.values().any(|open| open.day == self.day) {
            return Taking::Waits(Some(self.day.end()));
        }
        self.drawing = Drawing::None;
        // What is in hand counts as drawn, and is used by nobody.
        match self.budget.shortage(taken.minus(self.hand), most) {
            Some(shortage) => Taking::Refused(shortage),
            // By how sums are rounded.
            None => {
                let until = now.plus(AGAIN_AFTER);
                self.drawing = Drawing::Failed { until };
                Taking::Waits(Some(until))
            }
        }
    }

    /// Takes in what came of a draw; `None` if the store could not make it.
    pub(super) fn drawn(
        &mut self,
        draw: &Draw,
        drawn: Option<Drawn>,
        now: Timestamp,
        asks: &mut Vec<GateAsk>,
    ) {
        self.go_to(Day::of(now), asks);
        if (draw.day, draw.budget) != (self.day, self.budget) {
            if let Some(Drawn::Some(amount)) = drawn {
                self.settle(draw.day, amount, Amount::default(), asks);
            }
            return;
        }
        self.drawing = match drawn {
            None => Drawing::Failed { until: now.plus(AGAIN_AFTER) },
            Some(Drawn::Nothing { taken }) => Drawing::Refused { least: draw.least, taken },
            Some(Drawn::Some(amount)) => {
                self.hand = self.hand.plus(amount);
                Drawing::None
            }
        };
    }

    /// Takes in what is known of what a call used. It counts on the day on which it began.
    pub(super) fn ended(&mut self, call: &CallKey, spent: Spent, asks: &mut Vec<GateAsk>) {
        let Some(Open { day, budget, reserved }) = self.open.remove(call) else { return };
        self.tokens_reserved -= reserved.tokens;
        let counted = budget.counted(spent.counted(reserved));
        let (unused, overused) = (reserved.minus(counted), counted.minus(reserved));
        if let Drawing::Refused { .. } = self.drawing {
            self.drawing = Drawing::None;
        }
        if (day, budget) != (self.day, self.budget) {
            return self.settle(day, unused, overused, asks);
        }
        let (hand, missing) = (self.hand.plus(unused), overused.minus(self.hand));
        let hand = hand.minus(overused);
        let kept = hand.min(self.budget.share().max(reserved));
        self.hand = kept;
        self.settle(day, hand.minus(kept), missing, asks);
    }

    /// Gives back what is in hand.
    pub(super) fn give_back(&mut self, asks: &mut Vec<GateAsk>) {
        let hand = std::mem::take(&mut self.hand);
        self.settle(self.day, hand, Amount::default(), asks);
    }

    fn go_to(&mut self, day: Day, asks: &mut Vec<GateAsk>) {
        if day > self.day {
            self.give_back(asks);
            self.day = day;
            self.drawing = Drawing::None;
        }
    }

    fn settle(&self, day: Day, unused: Amount, overused: Amount, asks: &mut Vec<GateAsk>) {
        let Self { tenant, agent, .. } = *self;
        if !unused.is_nothing() || !overused.is_nothing() {
            asks.push(GateAsk::Settle(Settlement { tenant, agent, day, unused, overused }));
        }
    }

    pub(super) const fn tokens_reserved(&self) -> u64 {
        self.tokens_reserved
    }

    /// Returns what is drawn for the day of `now` and not used: what is in hand, and what calls may use that are under way.
    pub(super) fn state(&self, now: Timestamp) -> AccountState {
        let today = Day::of(now);
        let open = self.open.values().filter(|open| open.day == today).map(|open| open.reserved);
        AccountState {
            in_hand: if self.day == today { self.hand } else { Amount::default() },
            reserved: open.fold(Amount::default(), Amount::plus),
        }
    }
}

/// What is drawn from the budget of an agent for a day, and not used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AccountState {
    /// For calls that have not begun.
    pub in_hand: Amount,
    /// For calls under way.
    pub reserved: Amount,
}
