//! What calls of models cost: what each ended execution adds, and what that adds up to. What the counters mean is in
//! `docs/reference/analytics.md`.

use std::sync::Arc;

use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::usage::{Currency, Usage};

use crate::Damaged;

/// What calls are counted by, beside their flow and hour.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CostKey {
    /// The agent; `None` where it is not known.
    pub agent: Option<AgentId>,
    /// The model, as its agent names it; `None` where it is not known.
    pub model: Option<Arc<str>>,
    /// The currency of the costs; `None` where the prices name none, or there are none.
    pub currency: Option<Currency>,
}

/// Calls that a model answered, and what they used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CallCounts {
    /// How many.
    pub calls: u64,
    /// Those for which no price was set.
    pub unpriced_calls: u64,
    /// Tokens sent.
    pub input_tokens: u64,
    /// Those of them that came from the caches of providers.
    pub cached_input_tokens: u64,
    /// Those of them that were written to the caches of providers.
    pub cache_write_tokens: u64,
    /// Tokens answered.
    pub output_tokens: u64,
    /// Tokens of attempts that failed, sent and answered.
    pub tokens_lost: u64,
    /// What was paid.
    pub cost: f64,
    /// What was paid for attempts that failed.
    pub cost_lost: f64,
}

impl CallCounts {
    /// Returns what a call counts that used `usage`; `is_lost` if its attempt failed.
    #[must_use]
    pub fn of(usage: &Usage, is_lost: bool) -> Self {
        let cost = usage.cost.unwrap_or_default();
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        Self {
            calls: 1,
            unpriced_calls: usage.cost.is_none().into(),
            input_tokens: usage.input_tokens,
            cached_input_tokens: usage.cached_input_tokens,
            cache_write_tokens: usage.cache_write_tokens,
            output_tokens: usage.output_tokens,
            tokens_lost: if is_lost { tokens } else { 0 },
            cost,
            cost_lost: if is_lost { cost } else { 0.0 },
        }
    }

    /// Adds other calls.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in [
            (&mut self.calls, other.calls),
            (&mut self.unpriced_calls, other.unpriced_calls),
            (&mut self.input_tokens, other.input_tokens),
            (&mut self.cached_input_tokens, other.cached_input_tokens),
            (&mut self.cache_write_tokens, other.cache_write_tokens),
            (&mut self.output_tokens, other.output_tokens),
            (&mut self.tokens_lost, other.tokens_lost),
        ] {
            *sum = sum.saturating_add(count);
        }
        self.cost += other.cost;
        self.cost_lost += other.cost_lost;
    }

    /// Returns the tokens sent and answered.
    #[must_use]
    pub const fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

/// Which calls to sum, and how much of the sums to return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostQuery {
    /// Of this tenant.
    pub tenant: TenantId,
    /// Of this flow; `None` for all.
    pub flow: Option<FlowId>,
    /// Of this agent; `None` for all.
    pub agent: Option<AgentId>,
    /// Hours that begin at or after.
    pub from: Option<Timestamp>,
    /// Hours that begin before.
    pub to: Option<Timestamp>,
    /// At most so many currencies, flows, agents and models each.
    pub rows_max: usize,
    /// How many models are named by day; the others of a day are one.
    pub models_max: usize,
    /// At most so many rows by day.
    pub days_max: usize,
}

/// The sums.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CostSums {
    /// Of everything, by currency.
    pub totals: MostExpensive<()>,
    /// By flow and currency.
    pub flows: MostExpensive<FlowId>,
    /// By agent and currency.
    pub agents: MostExpensive<Option<AgentId>>,
    /// By model and currency.
    pub models: MostExpensive<Option<Arc<str>>>,
    /// By day, model and currency, in the order of the days, which are those of UTC. `None` if there are more than asked
    /// for.
    pub days: Option<Vec<DayCosts>>,
    /// What cannot be read, each once.
    pub damaged: Vec<Damaged>,
}

/// The rows with the highest costs, in this order; of those that cost the same, the ones with the most tokens first.
/// Costs in different currencies are in one order by their number.
#[derive(Clone, Debug, PartialEq)]
pub struct MostExpensive<T> {
    /// The rows.
    pub rows: Vec<CostRow<T>>,
    /// How many others there are.
    pub left_out: u64,
}

impl<T> Default for MostExpensive<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), left_out: 0 }
    }
}

/// Calls in one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct CostRow<T> {
    /// Of what.
    pub of: T,
    /// The currency.
    pub currency: Option<Currency>,
    /// The calls.
    pub counts: CallCounts,
}

/// The calls of one day that have the same model and currency.
#[derive(Clone, Debug, PartialEq)]
pub struct DayCosts {
    /// When the day begins.
    pub day: Timestamp,
    /// The model.
    pub model: DayModel,
    /// The currency.
    pub currency: Option<Currency>,
    /// The calls.
    pub counts: CallCounts,
}

/// Which models the calls of a day asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayModel {
    /// This one; `None` where it is not known.
    Named(Option<Arc<str>>),
    /// All others.
    Others,
}

/// Sums over days being made. Rows are added in the order of their days.
#[derive(Debug)]
pub struct DaySumming {
    named: Vec<(Option<Arc<str>>, Option<Currency>)>,
    max: usize,
    days: Option<Vec<DayCosts>>,
}

impl DaySumming {
    /// Begins with nothing; `models` are all, most expensive first.
    #[must_use]
    pub fn new(query: &CostQuery, models: &MostExpensive<Option<Arc<str>>>) -> Self {
        let named = models.rows.iter().take(query.models_max);
        let named = named.map(|row| (row.of.clone(), row.currency)).collect();
        Self { named, max: query.days_max, days: Some(Vec::new()) }
    }

    /// Adds the calls of a day that have the same model and currency.
    pub fn add(
        &mut self,
        day: Timestamp,
        model: Option<Arc<str>>,
        currency: Option<Currency>,
        counts: &CallCounts,
    ) {
        let Some(days) = &mut self.days else { return };
        let key = (model, currency);
        let model = if self.named.contains(&key) { DayModel::Named(key.0) } else { DayModel::Others };
        let same_day = days.iter_mut().rev().take_while(|row| row.day == day);
        match same_day.into_iter().find(|row| row.model == model && row.currency == currency) {
            Some(row) => row.counts.add(counts),
            None => days.push(DayCosts { day, model, currency, counts: *counts }),
        }
        if days.len() > self.max {
            self.days = None;
        }
    }

    /// Returns whether more is wanted: whether there are not too many rows already.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        self.days.is_some()
    }

    /// Returns the sums; `None` if there are too many.
    #[must_use]
    pub fn finish(self) -> Option<Vec<DayCosts>> {
        self.days
    }
}
