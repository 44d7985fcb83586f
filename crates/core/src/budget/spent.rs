//! What is known of what a call used.

use super::Amount;
use crate::failure::ErrorClass;
use crate::usage::Usage;

/// What is known of what a call used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spent {
    /// It was not made, or refused as a whole.
    Nothing,
    /// This.
    All(Amount),
    /// At least this.
    Part(Amount),
}

impl Spent {
    /// Nothing is known of it.
    pub const UNKNOWN: Self = Self::Part(Amount { tokens: 0, cost: 0.0 });

    /// Returns what is known of a call that failed with this class, or did not fail.
    pub(crate) fn of(failed: Option<ErrorClass>, usage: Option<&Usage>, is_unspent: bool) -> Self {
        let said = usage.filter(|usage| usage.says_something());
        let amount = said.map(Amount::of).unwrap_or_default();
        match failed {
            _ if is_unspent => Self::Nothing,
            // The model said all that it had to say.
            None | Some(ErrorClass::ModelOutput | ErrorClass::Guardrail) if said.is_some() => {
                Self::All(amount)
            }
            _ => Self::Part(amount),
        }
    }

    /// Returns what counts of a call for which so much was reserved.
    #[must_use]
    pub fn counted(self, reserved: Amount) -> Amount {
        match self {
            Self::Nothing => Amount::default(),
            Self::All(amount) => amount,
            Self::Part(amount) => reserved.max(amount),
        }
    }
}

impl Amount {
    fn of(usage: &Usage) -> Self {
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        Self { tokens, cost: usage.cost.unwrap_or_default() }
    }
}
