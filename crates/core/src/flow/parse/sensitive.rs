//! What of a flow's data is sensitive.

use crate::document::{Keys, key, list, text};
use crate::flow::ENTRIES_MAX;
use crate::sensitive::Sensitive;

/// Characters of a path or a pattern.
const CHARS_MAX: usize = 1_000;

pub(super) fn read_sensitive(keys: &mut Keys<'_>) -> Option<Sensitive> {
    let entries = || list(text().at_most(CHARS_MAX).in_one_line()).at_most(ENTRIES_MAX);
    let fields = keys.take(key("fields", "Fields", entries()).doc(
        "Paths in the trigger data and in outputs of nodes, such as `trigger_data.customer.iban` and `fetch.body.patient`. Of a list, all entries are meant.",
    ));
    let patterns = keys.take(key("patterns", "Patterns", entries()).doc(
        "Texts that are sensitive wherever they are: `card_number`, `email`, `iban`, or `regex:` and a regular expression.",
    ));
    let sensitive = Sensitive { fields: fields.unwrap_or_default(), patterns: patterns.unwrap_or_default() };
    if sensitive.fields.is_empty() && sensitive.patterns.is_empty() {
        keys.fault(
            "fields",
            "sensitive data needs `fields` or `patterns`; leave `sensitive` out if there is none",
        );
    }
    Some(sensitive)
}
