//! A circuit breaker: after some failures in a row it lets no call pass for a while, and then one, which decides.

use serde::{Deserialize, Serialize};

use crate::agent::Breaker;
use crate::timestamp::Timestamp;
use crate::work::CallKey;

use super::Verdict;

/// What a breaker does, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// None does.
    Open {
        /// Until then.
        until: Timestamp,
    },
    /// One passes, or has passed, and its end decides.
    HalfOpen,
}

/// Where a breaker is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Circuit<Call = CallKey> {
    Closed { failures: u32 },
    Open { until: Timestamp },
    Probing { call: Call },
}

impl<Call: Clone + PartialEq> Circuit<Call> {
    pub(super) const CLOSED: Self = Self::Closed { failures: 0 };

    /// Returns from when on a call may pass; `None` while another one has to end first.
    pub(super) const fn passes_from(&self) -> Option<Timestamp> {
        match self {
            Self::Closed { .. } => Some(Timestamp::from_micros(0)),
            Self::Open { until } => Some(*until),
            Self::Probing { .. } => None,
        }
    }

    /// Notes that a call passes that may.
    pub(super) fn passed(&mut self, call: &Call) {
        if let Self::Open { .. } = self {
            *self = Self::Probing { call: call.clone() };
        }
    }

    /// Takes in how a call ended. What began before the breaker opened says nothing of the peer as it is then.
    pub(super) fn ended(&mut self, call: &Call, verdict: Verdict, rule: Breaker, now: Timestamp) {
        let opened = Self::Open { until: now.plus(rule.open) };
        let next = match (&*self, verdict) {
            (Self::Closed { failures }, Verdict::Fails) if failures + 1 < rule.failures => {
                Self::Closed { failures: failures + 1 }
            }
            (Self::Closed { .. }, Verdict::Fails) => opened,
            (Self::Closed { .. }, Verdict::Responds) => Self::CLOSED,
            (Self::Closed { .. } | Self::Open { .. }, _) => return,
            (Self::Probing { call: probe }, _) if probe != call => return,
            (Self::Probing { .. }, Verdict::Fails) => opened,
            (Self::Probing { .. }, Verdict::Responds | Verdict::AsksToWait) => Self::CLOSED,
            // It decides nothing, so the next one does.
            (Self::Probing { .. }, Verdict::Unknown) => Self::Open { until: now },
        };
        *self = next;
    }

    /// The call did not begin, so it decides nothing.
    pub(super) fn given_back(&mut self, call: &Call) {
        if matches!(self, Self::Probing { call: probe } if probe == call) {
            *self = Self::Open { until: Timestamp::from_micros(0) };
        }
    }

    pub(super) fn state(&self, now: Timestamp) -> BreakerState {
        match self {
            Self::Closed { .. } => BreakerState::Closed,
            Self::Open { until } if *until > now => BreakerState::Open { until: *until },
            Self::Open { .. } | Self::Probing { .. } => BreakerState::HalfOpen,
        }
    }
}
