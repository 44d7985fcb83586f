//! The budget of an agent for a day.

use serde_json::Value;

use crate::agent::{Agent, Backend, Prices};
use crate::budget::{Amount, Budget};
use crate::document::{Description, Keys, Object, Terms, Unknown, key, named, number, object, whole};
use crate::payload::Payload;

const COST_MIN: f64 = 0.000_001;
const COST_MAX: f64 = 1_000_000_000.0;

/// What the document says of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct DayBudget {
    tokens: Option<u32>,
    cost: Option<f64>,
}

impl DayBudget {
    /// Returns the budget of an agent with these prices, whose currency is its own.
    pub(super) fn priced(self, prices: Option<Prices>) -> Budget {
        let currency = prices.and_then(|prices| prices.currency).filter(|_| self.cost.is_some());
        Budget { max_tokens: self.tokens.map(u64::from), max_cost: self.cost, currency }
    }
}

pub(super) const DAY_BUDGET: Object<DayBudget> = object(read_day_budget).named("DayBudget");

/// Returns the schema of the budget with its name.
pub(super) fn schema() -> (String, Value) {
    let budget = Description::of(&Terms::NAMED, Unknown::Refused, read_day_budget);
    named("DayBudget", "What the models of an agent may use in a day of UTC.", budget.schema())
}

fn read_day_budget(keys: &mut Keys<'_>) -> Option<DayBudget> {
    let tokens = keys.take(
        key("max_tokens_per_day", "Tokens per day", whole(1, u32::MAX))
            .doc("Tokens of all calls of its models, those sent and those answered."),
    );
    let cost = keys.take(
        key("max_cost_per_day", "Cost per day", number(COST_MIN, COST_MAX))
            .doc("What all calls of its models may cost, in the currency of its `prices`. Each of its models needs prices in that currency."),
    );
    if tokens.is_none() && cost.is_none() {
        keys.fault("max_tokens_per_day", "a budget needs `max_tokens_per_day` or `max_cost_per_day`");
    }
    Some(DayBudget { tokens, cost })
}

/// Finds what keeps the budget of an agent from being one.
pub(super) fn check_budget(agent: &Agent, keys: &mut Keys<'_>) {
    let Some(budget) = agent.budget else { return };
    let Backend::Llm(config) = &agent.backend else {
        return keys.fault("budget", "only calls of `llm` agents use tokens, so a budget limits nothing");
    };
    if budget.max_cost.is_some() {
        let prices = config.fallbacks.iter().map(|fallback| fallback.prices);
        for (model, prices) in std::iter::once(agent.prices).chain(prices).enumerate() {
            let (key, below) = match model.checked_sub(1) {
                None => ("prices", String::new()),
                Some(place) => ("config", format!("/fallbacks/{place}/prices")),
            };
            match prices {
                None => keys.fault_below(
                    key,
                    &below,
                    "`budget.max_cost_per_day` needs these prices, 0 if the model costs nothing",
                ),
                Some(prices) if prices.currency != budget.currency => {
                    let message =
                        "`budget.max_cost_per_day` needs the prices of all models in the same currency";
                    keys.fault_below(key, &format!("{below}/currency"), message);
                }
                Some(_) => {}
            }
        }
    }
    for (place, skill) in agent.skills.iter().enumerate() {
        let Some(answer) = skill.answer_tokens_max() else {
            let key =
                if skill.tools.is_empty() { "`max_tokens`" } else { "`max_tokens` or `max_answer_tokens`" };
            let message =
                format!("a `budget` of the agent has to know how many tokens an answer may have: set {key}");
            keys.fault_below("skills", &format!("/{place}/max_tokens"), message);
            continue;
        };
        let question = agent.question_bytes(skill, &Payload::null(), |_| None);
        let most = agent.most_of(skill, 0, (question, Some(answer)), &budget);
        if let Ok(most) = most
            && let Some(shortage) = budget.shortage(Amount::default(), most)
        {
            let message = format!(
                "one question to the skill `{}` and its answer may use {} or more, and the budget is {}",
                skill.name, shortage.wanted, shortage.budget
            );
            keys.fault_below("budget", &format!("/{}", shortage.measure.key_of_day()), message);
        }
    }
}
