//! What the tokens of a model cost.

use serde_json::{Value, json};

use crate::agent::Prices;
use crate::document::{Keys, Place, Reader, Reading, Terms, key, number, text};
use crate::limits::Limits;
use crate::usage::Currency;

const PRICE_MAX: f64 = 1_000_000.0;

pub(super) fn read_prices(keys: &mut Keys<'_>) -> Option<Prices> {
    let price = |name, title, doc| key(name, title, number(0.0, PRICE_MAX)).doc(doc);
    let currency = key("currency", "Currency", CurrencyReader).doc(
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
        currency: keys.take(currency),
        input_per_million: keys.take(input).unwrap_or_default(),
        cached_input_per_million: keys.take(cached),
        cache_write_per_million: keys.take(written),
        output_per_million: keys.take(output).unwrap_or_default(),
    })
}

/// Reads a currency.
#[derive(Clone, Copy, Debug)]
struct CurrencyReader;

impl Reader for CurrencyReader {
    type Value = Currency;

    fn wanted(&self, _: &Limits) -> String {
        "three capital letters, such as `EUR`".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "pattern": "^[A-Z]{3}$" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Currency> {
        let name = text().read(value, at, reading)?;
        name.parse()
            .map_err(|_| {
                reading.fault(at, format!("{} must be {}", at.subject(), self.wanted(&Limits::DEFAULT)))
            })
            .ok()
    }
}
