//! Texts of others, cut to a length for a message.

/// Returns at most so many characters of `text`, with `…` in the place of the rest.
pub(crate) fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns `text` on one line, [`shortened`].
pub(crate) fn one_line(text: &str, chars_max: usize) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    shortened(&words.join(" "), chars_max)
}
