//! What the tokens of a model cost.

use crate::agent::Prices;
use crate::document::{Keys, currency, key, number};

const PRICE_MAX: f64 = 1_000_000.0;

pub(super) fn read_prices(keys: &mut Keys<'_>) -> Option<Prices> {
    let price = |name, title, doc| key(name, title, number(0.0, PRICE_MAX)).doc(doc);
    let named = key("currency", "Currency", currency()).doc(
        "The currency of these prices, as in ISO 4217. Costs in different currencies are never added up.",
    );
    let input = price("input_per_million", "Input", "A million tokens sent.").default(0);
    let cached = price(
        "cached_input_per_million",
        "Cached input",
        "A million of those tokens sent that the provider took from its cache; by default the price of input.",
    );
    let written = price(
        "cache_write_per_million",
        "Cache writes",
        "A million of those tokens sent that the provider wrote to its cache; by default the price of input.",
    );
    let output = price("output_per_million", "Output", "A million tokens received.").default(0);
    Some(Prices {
        currency: keys.take(named),
        input_per_million: keys.take(input).unwrap_or_default(),
        cached_input_per_million: keys.take(cached),
        cache_write_per_million: keys.take(written),
        output_per_million: keys.take(output).unwrap_or_default(),
    })
}
