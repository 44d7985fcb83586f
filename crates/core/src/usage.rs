//! What calls of models use: tokens, and what these cost.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::AgentId;

/// What one call of a model used, as it is stored with the end of the call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent to the model.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub input_tokens: u64,
    /// Those of `input_tokens` that the provider had read before and took from its cache; 0 where it does not say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cached_input_tokens: u64,
    /// Those of `input_tokens` that the provider wrote to its cache; 0 where it does not say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_tokens: u64,
    /// Tokens that the model answered.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output_tokens: u64,
    /// `None` where no price is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// The currency of `cost`; `None` where the prices name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The agent whose model it is; `None` where it was stored before this was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// The model, as its agent names it; `None` where it was stored before this was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// How long the call took, from its first request to the end of the answer; `None` where it was stored before this was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

impl Usage {
    /// Returns whether it says how many tokens there were. Some servers do not.
    pub(crate) const fn says_something(&self) -> bool {
        self.input_tokens > 0 || self.output_tokens > 0
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What several calls used together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageSum {
    /// Tokens sent to models.
    pub input_tokens: u64,
    /// Those of `input_tokens` that providers took from their caches, as far as they say.
    pub cached_input_tokens: u64,
    /// Those of `input_tokens` that providers wrote to their caches, as far as they say.
    pub cache_write_tokens: u64,
    /// Tokens that models answered.
    pub output_tokens: u64,
    /// What was paid, by the currency of the prices, which need not name one.
    pub costs: BTreeMap<Option<Currency>, f64>,
}

impl UsageSum {
    /// Adds what a call used.
    pub fn add(&mut self, usage: &Usage) {
        // A server can say any number.
        self.input_tokens = self.input_tokens.saturating_add(usage.input_tokens);
        self.cached_input_tokens = self.cached_input_tokens.saturating_add(usage.cached_input_tokens);
        self.cache_write_tokens = self.cache_write_tokens.saturating_add(usage.cache_write_tokens);
        self.output_tokens = self.output_tokens.saturating_add(usage.output_tokens);
        if let Some(cost) = usage.cost {
            *self.costs.entry(usage.currency).or_default() += cost;
        }
    }
}

impl<'a, U: AsRef<Usage> + 'a> FromIterator<&'a U> for UsageSum {
    fn from_iter<I: IntoIterator<Item = &'a U>>(calls: I) -> Self {
        let mut sum = Self::default();
        calls.into_iter().for_each(|usage| sum.add(usage.as_ref()));
        sum
    }
}

/// A currency, by its three letters of ISO 4217, such as `EUR`. Which of these are in use is not checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Currency([u8; 3]);

/// A text that is not three capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a currency has three capital letters, such as `EUR`")]
pub struct NoCurrency;

impl Currency {
    /// Returns its letters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("its letters are ASCII")
    }
}

impl FromStr for Currency {
    type Err = NoCurrency;

    fn from_str(text: &str) -> Result<Self, NoCurrency> {
        let letters: [u8; 3] = text.as_bytes().try_into().map_err(|_| NoCurrency)?;
        if letters.iter().all(u8::is_ascii_uppercase) { Ok(Self(letters)) } else { Err(NoCurrency) }
    }
}

impl TryFrom<String> for Currency {
    type Error = NoCurrency;

    fn try_from(text: String) -> Result<Self, NoCurrency> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(cost: Option<f64>, currency: Option<&str>) -> Arc<Usage> {
        let currency = currency.map(|name| name.parse().unwrap());
        Arc::new(Usage {
            input_tokens: 7,
            cached_input_tokens: 3,
            cache_write_tokens: 2,
            output_tokens: 9,
            cost,
            currency,
            ..Usage::default()
        })
    }

    #[test]
    fn what_calls_used_is_added_up_and_costs_by_currency() {
        let calls = [
            usage(Some(0.25), Some("EUR")),
            usage(None, None),
            usage(Some(0.5), Some("USD")),
            usage(Some(0.25), Some("EUR")),
            usage(Some(2.0), None),
        ];

        let sum: UsageSum = calls.iter().collect();

        let tokens = (sum.input_tokens, sum.cached_input_tokens, sum.cache_write_tokens, sum.output_tokens);
        assert_eq!(tokens, (35, 15, 10, 45));
        let costs: Vec<_> =
            sum.costs.iter().map(|(currency, cost)| (currency.map(String::from), *cost)).collect();
        assert_eq!(costs, [(None, 2.0), (Some("EUR".into()), 0.5), (Some("USD".into()), 0.5)]);
    }

    #[test]
    fn a_sum_has_no_cost_if_no_call_has_one_and_stays_within_numbers() {
        let much = Arc::new(Usage { output_tokens: u64::MAX, ..Usage::default() });

        let sum: UsageSum = [much.clone(), much].iter().collect();

        assert_eq!(sum, UsageSum { output_tokens: u64::MAX, ..UsageSum::default() });
    }

    #[test]
    fn a_currency_has_three_capital_letters() {
        assert_eq!("EUR".parse::<Currency>().unwrap().to_string(), "EUR");
        for text in ["", "EU", "EURO", "eur", "€uro", "E R", "É1", "EUR\n"] {
            assert_eq!(text.parse::<Currency>(), Err(NoCurrency), "{text}");
        }
    }
}
