//! The forms of a secret that cannot be decoded in place, and are searched for as they are: base64 at each alignment, hex, and
//! the value backwards.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter values are not masked, because they would also occur in other words.
pub(super) const CHARS_MIN: usize = 4;
/// Shorter pieces of base64 are not masked, because they would also occur in other base64.
const BASE64_CHARS_MIN: usize = 6;
/// Shorter lines of a secret of several lines are not masked by themselves.
const LINE_CHARS_MIN: usize = 8;
/// Schemes that a stored value may begin with; a service may return what is behind them.
const SCHEMES: [&str; 3] = ["Bearer ", "Basic ", "Token "];

/// One form of a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form {
    pub(super) bytes: Vec<u8>,
    /// Whether the form means something else in another case.
    pub(super) has_case: bool,
}

/// Returns all forms of `value`; none if it is too short.
pub(super) fn forms(value: &str) -> Vec<Form> {
    parts(value).into_iter().flat_map(forms_of_part).collect()
}

/// Returns the value, what is behind its scheme, and its lines.
fn parts(value: &str) -> Vec<&str> {
    let value = value.trim();
    let mut parts = vec![value];
    parts.extend(SCHEMES.iter().filter_map(|scheme| value.strip_prefix(scheme)).map(str::trim));
    if value.contains('\n') {
        let lines = value.lines().map(str::trim);
        parts.extend(
            lines.filter(|line| line.chars().count() >= LINE_CHARS_MIN && !line.starts_with("-----")),
        );
    }
    parts.retain(|part| part.chars().count() >= CHARS_MIN);
    parts
}

fn forms_of_part(part: &str) -> Vec<Form> {
    let hex: String = part.bytes().map(|byte| format!("{byte:02x}")).collect();
    let backwards: String = part.chars().rev().collect();
    let mut forms: Vec<Form> = [part.to_owned(), hex, backwards]
        .into_iter()
        .map(|text| Form { bytes: text.into_bytes(), has_case: false })
        .collect();
    forms.extend(base64_forms(part.as_bytes()).map(|text| Form { bytes: text.into_bytes(), has_case: true }));
    forms
}

/// Returns what base64 makes of `bytes`, alone and inside a longer text.
fn base64_forms(bytes: &[u8]) -> impl Iterator<Item = String> {
    let standard = (0..3).map(move |before| aligned(bytes, before));
    let forms = standard.chain([STANDARD_NO_PAD.encode(bytes)]);
    let both = forms.flat_map(|form| [form.replace('+', "-").replace('/', "_"), form]);
    let alone = URL_SAFE_NO_PAD.encode(bytes);
    both.chain([alone]).filter(|form| form.len() >= BASE64_CHARS_MIN)
}

/// Returns the characters of base64 that depend on `bytes` alone when `before` bytes are before them, 0 to 2.
fn aligned(bytes: &[u8], before: usize) -> String {
    let mut shifted = vec![0; before];
    shifted.extend_from_slice(bytes);
    let encoded = STANDARD_NO_PAD.encode(&shifted);
    let (first, end) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
    encoded.get(first..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn base64_is_found_at_every_alignment() {
        for length in 6..40 {
            let secret: String = (0..length).map(|at| char::from(b'!' + (at * 7 % 90) as u8)).collect();
            for before in 0..6 {
                for after in 0..4 {
                    let text = format!("{}{secret}{}", "a".repeat(before), "z".repeat(after));
                    let encoded = STANDARD.encode(&text);

                    let found = base64_forms(secret.as_bytes()).any(|form| encoded.contains(&form));

                    assert!(found, "{length} {before} {after}");
                }
            }
        }
    }

    #[test]
    fn short_values_have_no_form_and_a_scheme_and_lines_have_their_own() {
        assert!(forms("abc").is_empty() && forms(" abc\n").is_empty());
        let plain = |value: &str, form: &str| forms(value).iter().any(|found| found.bytes == form.as_bytes());
        assert!(plain("abcd\n", "abcd"));
        assert!(plain("abcd", "YWJjZA"), "the shortest value in the shortest base64");
        assert!(plain("Bearer sk-1234", "sk-1234"));
        assert!(plain("1234567\n12345678", "12345678") && !plain("1234567\n12345678", "1234567"));
        assert!(plain("-----BEGIN KEY-----\nMIIEvAIBADAN\n-----END KEY-----", "MIIEvAIBADAN"));
        assert!(!plain("-----BEGIN KEY-----\nMIIEvAIBADAN\n-----END KEY-----", "-----BEGIN KEY-----"));
    }
}
