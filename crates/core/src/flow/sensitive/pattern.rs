//! Texts that are sensitive wherever they stand: known by what they look like, and by their check digits.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

/// What a regular expression of one's own begins with.
const OWN: &str = "regex:";
/// Bytes that a compiled one may take.
const BYTES_MAX: usize = 256 * 1024;
/// Characters that one may have.
const CHARS_MAX: usize = 1_000;

/// Digits of the shortest card number.
const CARD_DIGITS_MIN: usize = 12;
/// Characters of the shortest IBAN, that of Norway.
const IBAN_CHARS_MIN: usize = 15;

/// A kind of text.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// Whether what was found is one: its check digits fit.
    is_one: Check,
}

/// Says whether a text that looks like one is one.
type Check = fn(&str) -> bool;

/// The patterns that have a name, each with what it looks like and how it is checked.
const NAMED: &[(&str, &str, Check)] = &[
    ("card_number", r"\b[0-9](?:[ -]?[0-9]){11,18}\b", has_luhn_digit),
    ("email", r"[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+", |_| true),
    ("iban", r"(?i)\b[a-z]{2}[0-9]{2}(?: ?[a-z0-9]){11,30}\b", has_iban_digits),
];

impl Pattern {
    /// Reads the name of a pattern, or a regular expression of one's own.
    ///
    /// # Errors
    /// Why it is none, as a clause.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, pattern, is_one)) = NAMED.iter().find(|(name, ..)| *name == text) {
            return Ok(Self { regex: compiled(pattern)?, is_one: *is_one });
        }
        let Some(own) = text.strip_prefix(OWN) else {
            let names: Vec<String> = NAMED.iter().map(|(name, ..)| format!("`{name}`")).collect();
            let names = names.join(", ");
            return Err(format!(
                "there is no such pattern; use {names}, or `regex:` and a regular expression"
            ));
        };
        if own.chars().count() > CHARS_MAX {
            return Err(format!("the regular expression has more than {CHARS_MAX} characters"));
        }
        let regex = compiled(own)?;
        if regex.is_match("") {
            return Err("the regular expression matches everywhere: it also fits an empty text".to_owned());
        }
        Ok(Self { regex, is_one: |_| true })
    }

    /// Returns where `text` has it.
    pub(crate) fn found_in(&self, text: &str) -> Vec<Range<usize>> {
        let (mut all, mut at) = (Vec::new(), 0);
        while let Some(found) = self.regex.find_at(text, at) {
            // What follows may look like a part of it: `4111 1111 1111 1111 2026`.
            let ends = (found.start() + 1..=found.end()).rev();
            let mut ends = ends.filter(|&end| end == found.end() || ends_word(text, end));
            let end = ends.find(|&end| (self.is_one)(&text[found.start()..end]));
            all.extend(end.map(|end| found.start()..end));
            let first = text[found.start()..].chars().next().map_or(1, char::len_utf8);
            at = end.unwrap_or(found.start() + first);
        }
        all
    }
}

/// Returns whether neither a letter nor a digit follows.
fn ends_word(text: &str, end: usize) -> bool {
    text.get(end..).is_some_and(|rest| rest.chars().next().is_none_or(|next| !next.is_alphanumeric()))
}

fn compiled(pattern: &str) -> Result<Regex, String> {
    let regex = RegexBuilder::new(pattern).size_limit(BYTES_MAX).build();
    regex.map_err(|error| format!("the regular expression cannot be used: {error}"))
}

/// Returns whether the last digit of a card number fits the others (ISO/IEC 7812-1, annex B).
fn has_luhn_digit(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().rev().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, digit) {
            (0, digit) => digit,
            (_, digit @ 0..=4) => 2 * digit,
            (_, digit) => 2 * digit - 9,
        })
        .sum();
    digits.len() >= CARD_DIGITS_MIN && sum.is_multiple_of(10)
}

/// Returns whether the check digits of an IBAN fit (ISO 13616: the remainder by 97 is 1).
fn has_iban_digits(text: &str) -> bool {
    let chars: Vec<char> = text.chars().filter(|c| *c != ' ').collect();
    let (head, account) = chars.split_at(chars.len().min(4));
    let remainder = account.iter().chain(head).filter_map(|c| c.to_digit(36)).fold(0, |remainder, value| {
        let shift = if value < 10 { 10 } else { 100 };
        (remainder * shift + value) % 97
    });
    chars.len() >= IBAN_CHARS_MIN && remainder == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, text: &str) -> Vec<String> {
        let found = Pattern::parse(pattern).unwrap().found_in(text);
        found.into_iter().map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn what_has_a_name_is_found_where_its_check_digits_fit() {
        for (pattern, text, wanted) in [
            ("card_number", "paid with 4111 1111 1111 1111.", &["4111 1111 1111 1111"][..]),
            ("card_number", "4111-1111-1111-1112 and 378282246310005", &["378282246310005"]),
            ("card_number", "order 123456789012, 41111111111111112222", &[]),
            ("card_number", "4111 1111 1111 1111 2026", &["4111 1111 1111 1111"]),
            ("iban", "to DE89 3704 0044 0532 0130 00, please", &["DE89 3704 0044 0532 0130 00"]),
            ("iban", "gb82west12345698765432 GB82WEST12345698765433", &["gb82west12345698765432"]),
            ("iban", "IBAN GB82 WEST 1234 5698 7654 32 is mine", &["GB82 WEST 1234 5698 7654 32"]),
            (
                "email",
                "<ada.lovelace+x@example.co.uk>, jörg@müller.example",
                &["ada.lovelace+x@example.co.uk", "jörg@müller.example"],
            ),
            ("email", "@home and a@b", &[]),
            ("regex:PAT-[0-9]{4}", "PAT-1234, PAT-12", &["PAT-1234"]),
        ] {
            assert_eq!(found(pattern, text), wanted, "{pattern} in {text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for (text, said) in [
            ("phone", "there is no such pattern"),
            ("regex:(", "cannot be used"),
            ("regex:x*", "matches everywhere"),
            ("regex:\\w{1000}{100}", "cannot be used"),
        ] {
            let refused = Pattern::parse(text).unwrap_err();

            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
