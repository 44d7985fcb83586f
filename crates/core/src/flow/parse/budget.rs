//! The budget of an execution.

use crate::budget::Budget;
use crate::document::{Keys, currency, key, number, whole};

const COST_MIN: f64 = 0.000_001;
const COST_MAX: f64 = 1_000_000_000.0;

pub(super) fn read_budget(keys: &mut Keys<'_>) -> Option<Budget> {
    let tokens = keys.take(
        key("max_tokens", "Tokens at most", whole(1, u32::MAX))
            .doc("Tokens of all calls of models together, those sent and those answered."),
    );
    let cost = keys.take(
        key("max_cost", "Cost at most", number(COST_MIN, COST_MAX))
            .doc("What all calls of models may cost together. Each model that is asked needs `prices` in the same currency."),
    );
    let currency = keys.take(key("currency", "Currency", currency()).doc(
        "The currency of `max_cost`, as in ISO 4217. Without one, it is that of prices that name none.",
    ));
    if tokens.is_none() && cost.is_none() {
        keys.fault("max_tokens", "a budget needs `max_tokens` or `max_cost`");
    }
    if currency.is_some() && cost.is_none() {
        keys.fault("currency", "this is the currency of `max_cost`, which the budget does not have");
    }
    Some(Budget { max_tokens: tokens.map(u64::from), max_cost: cost, currency })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::budget::Budget;
    use crate::flow::{Document, Flow};
    use crate::limits::Limits;

    fn parse(budget: &Value) -> Result<Flow, String> {
        let document = json!({ "name": "F", "budget": budget, "flow_definition": { "nodes": [{ "id": "a", "type": "trigger" }] } });
        Flow::parse(&document, &Limits::DEFAULT)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn a_budget_limits_tokens_or_a_cost_or_both() {
        let euros = Budget { max_cost: Some(2.5), currency: "EUR".parse().ok(), ..Budget::default() };
        let both = Budget { max_tokens: Some(5_000), ..euros };

        assert_eq!(parse(&json!(null)).unwrap().settings.budget, None);
        for budget in [euros, both] {
            let flow = parse(&json!(budget)).unwrap();
            assert_eq!(flow.settings.budget, Some(budget));
            let stored = Document::of(&flow).to_payload();
            assert_eq!(Document::restore(&stored).unwrap().settings.budget, Some(budget));
        }
    }

    #[test]
    fn what_is_no_budget_is_refused_by_name() {
        for (budget, fault) in [
            (json!({}), "/budget/max_tokens: a budget needs `max_tokens` or `max_cost`"),
            (
                json!({ "max_tokens": 5, "currency": "EUR" }),
                "/budget/currency: this is the currency of `max_cost`, which the budget does not have",
            ),
            (
                json!({ "max_token": 5 }),
                "/budget/max_token: there is no key `max_token` here; did you mean `max_tokens`?",
            ),
            (
                json!({ "max_tokens": 0 }),
                "/budget/max_tokens: `max_tokens` must be a whole number 1 or more, not 0",
            ),
            (
                json!({ "max_tokens": "5" }),
                "/budget/max_tokens: `max_tokens` must be a whole number 1 or more",
            ),
            (
                json!({ "max_cost": 0 }),
                "/budget/max_cost: `max_cost` must be a number from 0.000001 to 1000000000, not 0",
            ),
            (json!({ "max_cost": -1 }), "/budget/max_cost: "),
            (
                json!({ "max_cost": 1, "currency": "eur" }),
                "/budget/currency: `currency` must be three capital letters",
            ),
            (json!(5_000), "/budget: an object is needed here"),
        ] {
            let faults = parse(&budget).unwrap_err();
            assert!(faults.contains(fault), "{budget}: {faults}");
        }
    }
}
