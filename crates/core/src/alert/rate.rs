//! When too few executions of a flow complete.

use std::time::Duration;

use serde_json::{Value, json};

use crate::document::{Keys, key, number, whole};

/// The success rate of a flow below which a message is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRule {
    /// The rate, more than 0 and at most 1: of the executions that ended, those that completed, as analytics count them.
    pub below: f64,
    /// Of how many minutes.
    pub window_minutes: u32,
    /// How many executions have to have ended in this time.
    pub min_executions: u32,
}

/// What the executions of a flow that ended lately say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Too few completed.
    Low,
    /// Enough completed, or none ended.
    Fine,
    /// Too few ended to say so.
    Unknown,
}

impl RateRule {
    pub(super) fn keys(keys: &mut Keys<'_>) -> Option<Self> {
        let below = keys.take(
            key("below", "Below", number(0.0, 1.0))
                .needed("the event `success_rate`")
                .doc("The success rate below which a message is sent, such as 0.95."),
        );
        let window_minutes = keys.take(
            key("window_minutes", "Minutes", whole(5, 1_440)).default(60).doc("Of how many minutes it is."),
        );
        let min_executions = keys.take(
            key("min_executions", "Executions", whole(1, 1_000_000))
                .default(10)
                .doc("How many executions have to have ended in this time."),
        );
        if below == Some(0.0) {
            keys.fault("below", "no rate is below 0; give one such as 0.95");
        }
        let below = below.filter(|below| *below > 0.0);
        Some(Self { below: below?, window_minutes: window_minutes?, min_executions: min_executions? })
    }

    pub(super) fn document(&self) -> Value {
        let Self { below, window_minutes, min_executions } = self;
        json!({ "below": below, "window_minutes": window_minutes, "min_executions": min_executions })
    }

    /// Returns how long the time is.
    pub fn window(&self) -> Duration {
        Duration::from_secs(60 * u64::from(self.window_minutes))
    }

    /// Returns what it says that of `executions` that ended in the time, `completed` completed.
    pub fn says(&self, executions: u64, completed: u64) -> Rate {
        if executions == 0 {
            return Rate::Fine;
        }
        if executions < u64::from(self.min_executions) {
            return Rate::Unknown;
        }
        if rate_of(executions, completed) < self.below { Rate::Low } else { Rate::Fine }
    }
}

/// Returns the success rate; 1 of no executions.
#[expect(clippy::cast_precision_loss, reason = "a rate of so many executions need not be exact")]
pub fn rate_of(executions: u64, completed: u64) -> f64 {
    if executions == 0 { 1.0 } else { completed as f64 / executions as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_low_only_if_enough_executions_say_so() {
        let rule = RateRule { below: 0.95, window_minutes: 60, min_executions: 20 };

        assert_eq!(rule.says(0, 0), Rate::Fine);
        assert_eq!(rule.says(19, 0), Rate::Unknown);
        assert_eq!(rule.says(20, 19), Rate::Fine);
        assert_eq!(rule.says(20, 18), Rate::Low);
        assert_eq!(rule.says(u64::MAX, u64::MAX), Rate::Fine);
    }
}
