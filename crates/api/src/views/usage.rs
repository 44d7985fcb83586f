//! Tokens and what they cost, as answers and events show them.

use serde::Serialize;
use steadflow_core::budget::Amount;
use steadflow_core::usage::{Usage, UsageSum};
use utoipa::ToSchema;

use super::text::{Text, Write, write_object};

/// Tokens and what they cost; the cost is null where no price is set.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageView {
    input_tokens: u64,
    /// Those of `input_tokens` that came from the provider's cache. Absent where there are none, or it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    cached_input_tokens: Option<u64>,
    /// Those of `input_tokens` that were written to the provider's cache. Absent where there are none, or it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    cache_write_tokens: Option<u64>,
    output_tokens: u64,
    /// Null also where there are costs in several currencies, which are not added up: `costs` has them.
    cost: Option<f64>,
    /// The currency of `cost`, as in ISO 4217. Absent if the prices name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    currency: Option<String>,
    /// The costs by currency. Absent unless there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, min_items = 2)]
    costs: Vec<CostView>,
}

/// What a call may use of the budget of its execution.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Reserved)]
pub(crate) struct ReservedView {
    /// Tokens, sent and answered.
    tokens: u64,
    /// What they cost at most; 0 where the budget is no cost.
    cost: f64,
}

impl From<&Amount> for ReservedView {
    fn from(&Amount { tokens, cost }: &Amount) -> Self {
        Self { tokens, cost }
    }
}

/// What was paid in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cost)]
pub(crate) struct CostView {
    /// As in ISO 4217; null for prices that name none.
    pub(crate) currency: Option<String>,
    pub(crate) cost: f64,
}

impl UsageView {
    /// Whether it has nothing but what every usage has.
    fn is_plain(&self) -> bool {
        let parts = [self.cached_input_tokens, self.cache_write_tokens];
        parts == [None; 2] && self.currency.is_none() && self.costs.is_empty()
    }
}

impl From<UsageSum> for UsageView {
    fn from(sum: UsageSum) -> Self {
        let counted = |tokens| (tokens > 0).then_some(tokens);
        let cost = |(currency, cost): (Option<_>, _)| CostView { currency: currency.map(String::from), cost };
        let mut costs: Vec<CostView> = sum.costs.into_iter().map(cost).collect();
        let only = if costs.len() == 1 { costs.pop() } else { None };
        let (cost, currency) = only.map(|only| (only.cost, only.currency)).unzip();
        Self {
            input_tokens: sum.input_tokens,
            cached_input_tokens: counted(sum.cached_input_tokens),
            cache_write_tokens: counted(sum.cache_write_tokens),
            output_tokens: sum.output_tokens,
            cost,
            currency: currency.flatten(),
            costs,
        }
    }
}

impl From<Option<&Usage>> for UsageView {
    fn from(usage: Option<&Usage>) -> Self {
        let mut sum = UsageSum::default();
        usage.into_iter().for_each(|usage| sum.add(usage));
        sum.into()
    }
}

impl Write for UsageView {
    fn write(&self, text: &mut Text) {
        if self.is_plain() {
            write_object!(self to text: input_tokens, output_tokens, cost);
        } else {
            text.by_serde(self);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(costs: &[(Option<&str>, f64)]) -> UsageView {
        let costs = costs.iter().map(|(currency, cost)| (currency.map(|name| name.parse().unwrap()), *cost));
        UsageSum { input_tokens: 7, output_tokens: 2, costs: costs.collect(), ..UsageSum::default() }.into()
    }

    fn written(view: &UsageView) -> String {
        let mut text = Text::with_capacity(0);
        view.write(&mut text);
        let text = text.into_string();
        assert_eq!(text, serde_json::to_string(view).unwrap());
        text
    }

    #[test]
    fn costs_have_their_currency_and_several_are_listed() {
        for (costs, shown) in [
            (&[][..], r#"{"input_tokens":7,"output_tokens":2,"cost":null}"#),
            (&[(None, 0.25)][..], r#"{"input_tokens":7,"output_tokens":2,"cost":0.25}"#),
            (
                &[(Some("EUR"), 0.25)][..],
                r#"{"input_tokens":7,"output_tokens":2,"cost":0.25,"currency":"EUR"}"#,
            ),
            (
                &[(Some("USD"), 1.5), (None, 0.25)][..],
                r#"{"input_tokens":7,"output_tokens":2,"cost":null,"costs":[{"currency":null,"cost":0.25},{"currency":"USD","cost":1.5}]}"#,
            ),
        ] {
            assert_eq!(written(&view(costs)), shown);
        }
    }

    #[test]
    fn parts_of_the_input_are_shown_where_there_are_any() {
        let view = UsageView { cached_input_tokens: Some(5), cache_write_tokens: Some(1), ..view(&[]) };

        let shown = r#"{"input_tokens":7,"cached_input_tokens":5,"cache_write_tokens":1,"output_tokens":2,"cost":null}"#;
        assert_eq!(written(&view), shown);
    }
}
