//! Which characters people cannot see, or see in another place than where they are.
//!
//! Lists, messages, terminals and logs show names within lines of their own. A name with a line break, a NUL or a change of
//! direction makes the rest of such a line say something else, so nothing that is named is saved with one.

/// The characters of [`is_hidden`], as a part of a character class of a regular expression in a JSON Schema.
pub(crate) const HIDDEN_CLASS: &str =
    "\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069";

/// Returns whether a character changes how others are shown and is not seen itself: control characters (Unicode's `Cc`),
/// separators of lines and paragraphs, and what sets the direction of text (UAX 9).
pub fn is_hidden(char: char) -> bool {
    let is_direction = matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    is_direction || char.is_control() || matches!(char, '\u{2028}' | '\u{2029}')
}

/// Returns how a message names a character that is not seen.
pub(crate) fn named(char: char) -> String {
    format!("U+{:04X}", u32::from(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_schemas_holds_the_same_characters() {
        let class = regex::Regex::new(&format!("^[{HIDDEN_CLASS}]$")).unwrap();

        for char in (0..=0x10_ffff).filter_map(char::from_u32) {
            assert_eq!(class.is_match(char.encode_utf8(&mut [0; 4])), is_hidden(char), "{}", named(char));
        }
    }
}
