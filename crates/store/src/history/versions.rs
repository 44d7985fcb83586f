//! What each version of a flow used of models: counters, and what they add up to.

use std::collections::BTreeMap;

use steadflow_core::ids::FlowId;
use steadflow_core::usage::Currency;

use super::costs::CallCounts;

/// The name of the counters: `version:VERSION:CURRENCY:MEASURE`, with an empty currency where there is none.
const PREFIX: &str = "version:";
/// How many parts of a currency a counter of money counts one by one.
const COST_PARTS: f64 = 1e9;

/// Whose calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowVersionCosts {
    /// The flow.
    pub flow: FlowId,
    /// Its version.
    pub version: u32,
    /// The currency of the costs; `None` where the prices name none, or there are none.
    pub currency: Option<Currency>,
}

/// Returns the counters for calls that an execution of a version made, by name.
pub fn version_metrics(
    version: u32,
    currency: Option<Currency>,
    counts: &CallCounts,
) -> impl Iterator<Item = (String, u64)> {
    let CallCounts { calls, unpriced_calls, input_tokens, output_tokens, .. } = *counts;
    let CallCounts { cached_input_tokens, cache_write_tokens, tokens_lost, cost, cost_lost, .. } = *counts;
    let measures = [
        ("calls", calls),
        ("unpriced_calls", unpriced_calls),
        ("input_tokens", input_tokens),
        ("cached_input_tokens", cached_input_tokens),
        ("cache_write_tokens", cache_write_tokens),
        ("output_tokens", output_tokens),
        ("tokens_lost", tokens_lost),
        ("cost", parts_of(cost)),
        ("cost_lost", parts_of(cost_lost)),
    ];
    let currency = currency.map(String::from).unwrap_or_default();
    measures
        .into_iter()
        .filter(|(_, value)| *value > 0)
        .map(move |(name, value)| (format!("{PREFIX}{version}:{currency}:{name}"), value))
}

/// Adds a counter of a flow to what its versions used, if it is one of them. What this version does not know is passed over.
pub(super) fn add_version(
    versions: &mut BTreeMap<FlowVersionCosts, CallCounts>,
    flow: FlowId,
    metric: &str,
    value: u64,
) {
    let Some(rest) = metric.strip_prefix(PREFIX) else { return };
    let mut parts = rest.splitn(3, ':');
    let (Some(version), Some(currency), Some(measure)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let Ok(version) = version.parse() else { return };
    let currency = if currency.is_empty() { Ok(None) } else { currency.parse().map(Some) };
    let Ok(currency) = currency else { return };
    let mut counts = CallCounts::default();
    match measure {
        "calls" => counts.calls = value,
        "unpriced_calls" => counts.unpriced_calls = value,
        "input_tokens" => counts.input_tokens = value,
        "cached_input_tokens" => counts.cached_input_tokens = value,
        "cache_write_tokens" => counts.cache_write_tokens = value,
        "output_tokens" => counts.output_tokens = value,
        "tokens_lost" => counts.tokens_lost = value,
        "cost" => counts.cost = amount_of(value),
        "cost_lost" => counts.cost_lost = amount_of(value),
        _ => return,
    }
    versions.entry(FlowVersionCosts { flow, version, currency }).or_default().add(&counts);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is out of range is cut off at its ends"
)]
fn parts_of(amount: f64) -> u64 {
    (amount * COST_PARTS).round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "an amount is exact to 15 digits")]
fn amount_of(parts: u64) -> f64 {
    parts as f64 / COST_PARTS
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn counters_give_back_what_they_were_made_of() {
        let flow = FlowId::new(Uuid::from_u128(7));
        let counts = CallCounts {
            calls: 3,
            unpriced_calls: 0,
            input_tokens: 100,
            cached_input_tokens: 40,
            cache_write_tokens: 20,
            output_tokens: 10,
            tokens_lost: 11,
            cost: 0.001_234_5,
            cost_lost: 0.000_000_001,
        };
        let mut versions = BTreeMap::new();
        let currency: Option<Currency> = "EUR".parse().ok();

        for currency in [currency, None] {
            for (metric, value) in version_metrics(4, currency, &counts) {
                add_version(&mut versions, flow, &metric, value);
            }
        }
        for unknown in
            ["version:4", "version:4:EUR:new", "version:x:EUR:calls", "version:4:euro:calls", "calls"]
        {
            add_version(&mut versions, flow, unknown, 1);
        }

        let of = |currency| FlowVersionCosts { flow, version: 4, currency };
        assert_eq!(versions, [(of(None), counts), (of(currency), counts)].into());
    }
}
