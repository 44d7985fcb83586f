//! Currencies.

use serde_json::{Value, json};

use super::{Place, Reader, Reading, Terms, text};
use crate::limits::Limits;
use crate::usage::Currency;

/// Reads a currency.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrencyReader;

/// Returns a reader of currencies.
pub(crate) const fn currency() -> CurrencyReader {
    CurrencyReader
}

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
