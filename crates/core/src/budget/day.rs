//! The budget of an agent for a day: what is drawn from it before calls begin.
//!
//! What is drawn is stored before anything is sent, so that no crash passes the budget. Who draws takes a little more than the
//! next call needs, and gives back what is not used.

use std::time::Duration;

use super::{Amount, Budget};
use crate::ids::{AgentId, TenantId};
use crate::timestamp::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// How much is drawn at once, unless the next call needs more: one part of so many of the budget.
const SHARE: u32 = 50;

/// A day of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    /// Returns the day of a moment.
    pub const fn of(moment: Timestamp) -> Self {
        Self(moment.as_micros().div_euclid(DAY_MICROS))
    }

    /// Returns how many days it is after 1970-01-01.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Returns when it begins.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_mul(DAY_MICROS))
    }

    /// Returns when it ends.
    pub fn end(self) -> Timestamp {
        self.start().plus(DAY)
    }
}

/// What is to be drawn from the budget of an agent for a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// Whose agent it is.
    pub tenant: TenantId,
    /// The agent.
    pub agent: AgentId,
    /// The day.
    pub day: Day,
    /// What it allows.
    pub budget: Budget,
    /// What is needed.
    pub least: Amount,
}

/// What came of a draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Drawn {
    /// So much is drawn: what is needed, or more.
    Some(Amount),
    /// Nothing is, because there is not enough.
    Nothing {
        /// What was drawn before.
        taken: Amount,
    },
}

impl Draw {
    /// Returns what can be drawn where so much is `taken`.
    pub fn from(&self, taken: Amount) -> Drawn {
        if self.budget.shortage(taken, self.least).is_some() {
            return Drawn::Nothing { taken };
        }
        let all = Amount {
            tokens: self.budget.max_tokens.unwrap_or_default(),
            cost: self.budget.max_cost.unwrap_or_default(),
        };
        Drawn::Some(self.budget.share().min(all.minus(taken)).max(self.least))
    }
}

/// Something that is drawn from the budget of an agent for a day, and was not used; or was used, and is not drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settlement {
    /// Whose agent it is.
    pub tenant: TenantId,
    /// The agent.
    pub agent: AgentId,
    /// The day.
    pub day: Day,
    /// What was not used.
    pub unused: Amount,
    /// What was used beyond what is drawn.
    pub overused: Amount,
}

impl Settlement {
    /// Returns what is taken after it.
    #[must_use]
    pub fn after(&self, taken: Amount) -> Amount {
        taken.plus(self.overused).minus(self.unused)
    }
}

impl Budget {
    /// Returns what is drawn from it at once.
    pub(crate) fn share(&self) -> Amount {
        Amount {
            tokens: self.max_tokens.unwrap_or_default() / u64::from(SHARE),
            cost: self.max_cost.unwrap_or_default() / f64::from(SHARE),
        }
    }
}
