//! What may be used of models: by an execution, over all its nodes and attempts, or of an agent in a day, by all executions.

mod day;
mod spent;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::usage::Currency;
pub use day::{Day, Draw, Drawn, Settlement};
pub use spent::Spent;

/// How much more than allowed a sum of costs may be because of how it is rounded.
const ROUNDING: f64 = 1e-9;

/// What all calls of models may use together. What is `None` is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Tokens, those sent and those answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// What they cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
    /// The currency of `max_cost`; where it is `None`, that of prices that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

impl Budget {
    /// Returns what it allows of which `amount` is more, and what is left of that where `amount` is `taken` and what is
    /// `wanted`; `None` if it is not passed.
    pub fn shortage(&self, taken: Amount, wanted: Amount) -> Option<Shortage> {
        let sum = taken.plus(wanted);
        if let Some(max) = self.max_tokens.filter(|max| sum.tokens > *max) {
            let left = max.saturating_sub(taken.tokens);
            return Some(Shortage {
                budget: tokens(max),
                used: grouped(taken.tokens),
                left: grouped(left),
                wanted: grouped(wanted.tokens),
                measure: Measure::Tokens,
            });
        }
        let max = self.max_cost.filter(|max| sum.cost > max * (1.0 + ROUNDING))?;
        let money = |cost: f64| Money { cost, currency: self.currency }.to_string();
        Some(Shortage {
            budget: money(max),
            used: money(taken.cost),
            left: money((max - taken.cost).max(0.0)),
            wanted: money(wanted.cost),
            measure: Measure::Cost,
        })
    }

    /// Returns what it counts of `amount`: 0 of what it does not limit.
    #[must_use]
    pub fn counted(&self, amount: Amount) -> Amount {
        Amount {
            tokens: if self.max_tokens.is_some() { amount.tokens } else { 0 },
            cost: if self.max_cost.is_some() { amount.cost } else { 0.0 },
        }
    }
}

/// What a budget measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Tokens.
    Tokens,
    /// Costs.
    Cost,
}

impl Measure {
    /// Returns the key that limits it for an execution.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Tokens => "max_tokens",
            Self::Cost => "max_cost",
        }
    }

    /// Returns the key that limits it for an agent in a day.
    pub(crate) const fn key_of_day(self) -> &'static str {
        match self {
            Self::Tokens => "max_tokens_per_day",
            Self::Cost => "max_cost_per_day",
        }
    }
}

/// Says what a budget does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// All that it allows.
    pub budget: String,
    /// What is used of it, or reserved.
    pub used: String,
    /// What is left of it.
    pub left: String,
    /// What is asked for.
    pub wanted: String,
    /// Of what there is too little.
    pub measure: Measure,
}

/// What calls use of a budget, or may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// Tokens, those sent and those answered.
    pub tokens: u64,
    /// What they cost, where that is limited.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost: f64,
}

impl Amount {
    /// Returns both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        // A server can say any number.
        Self { tokens: self.tokens.saturating_add(other.tokens), cost: self.cost + other.cost }
    }

    /// Returns what is left of it when `other` is taken away; each number is 0 at least.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self { tokens: self.tokens.saturating_sub(other.tokens), cost: (self.cost - other.cost).max(0.0) }
    }

    /// Returns whether `other` can be taken from it.
    pub fn covers(self, other: Self) -> bool {
        self.tokens >= other.tokens && self.cost * (1.0 + ROUNDING) >= other.cost
    }

    /// Returns the smaller one of each number.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self { tokens: self.tokens.min(other.tokens), cost: self.cost.min(other.cost) }
    }

    /// Returns whether it is nothing.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// Returns the larger one of each number.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { tokens: self.tokens.max(other.tokens), cost: self.cost.max(other.cost) }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(cost: &f64) -> bool {
    *cost == 0.0
}

/// Returns a number of tokens as people read it.
pub fn tokens(count: u64) -> String {
    format!("{} {}", grouped(count), if count == 1 { "token" } else { "tokens" })
}

/// Returns a number with a comma before every three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A sum of money as people read it.
#[derive(Clone, Copy, Debug)]
pub struct Money {
    /// How much.
    pub cost: f64,
    /// Of which currency; `None` where prices name none.
    pub currency: Option<Currency>,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What one token costs has more places than money has.
        let exact = format!("{:.6}", self.cost);
        let short = exact.trim_end_matches('0');
        let places = short.len() - short.find('.').map_or(short.len(), |point| point + 1);
        write!(f, "{:.*}", places.max(2), self.cost)?;
        self.currency.map_or(Ok(()), |currency| write!(f, " {currency}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(tokens: u64, cost: f64) -> Amount {
        Amount { tokens, cost }
    }

    #[test]
    fn a_budget_is_passed_by_one_token_more_and_not_by_rounding() {
        let budget = Budget { max_tokens: Some(5_000), max_cost: Some(0.3), currency: "EUR".parse().ok() };
        let tenth = amount(0, 0.1);

        assert_eq!(budget.shortage(amount(4_688, 0.0), amount(312, 0.0)), None);
        assert_eq!(budget.shortage(tenth.plus(tenth), tenth), None, "0.1 + 0.1 + 0.1 is more than 0.3");
        let shortage = budget.shortage(amount(4_688, 0.0), amount(4_096, 0.0)).unwrap();
        assert_eq!((&*shortage.budget, &*shortage.left, &*shortage.wanted), ("5,000 tokens", "312", "4,096"));
        let shortage = budget.shortage(amount(0, 0.25), amount(0, 0.050_001)).unwrap();
        assert_eq!(
            (&*shortage.budget, &*shortage.left, &*shortage.wanted),
            ("0.30 EUR", "0.05 EUR", "0.050001 EUR")
        );
        assert!(budget.shortage(amount(u64::MAX, 0.0), amount(u64::MAX, 0.0)).is_some());
    }

    #[test]
    fn what_limits_nothing_is_never_passed() {
        assert_eq!(Budget::default().shortage(amount(u64::MAX, f64::MAX), amount(1, 1.0)), None);
    }

    #[test]
    fn numbers_are_written_for_people() {
        let written: Vec<String> = [0, 7, 999, 1_000, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(written, ["0", "7", "999", "1,000", "1,234,567"]);
        assert_eq!((tokens(1), tokens(2)), ("1 token".to_owned(), "2 tokens".to_owned()));
        for (cost, text) in [(2.5, "2.50"), (0.0, "0.00"), (0.000_123, "0.000123"), (12.0, "12.00")] {
            assert_eq!(Money { cost, currency: None }.to_string(), text);
        }
    }
}
