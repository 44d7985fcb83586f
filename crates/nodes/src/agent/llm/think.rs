//! Reasoning that a server leaves in the text of a response, between tags.

/// The tags of known models.
const TAGS: [(&str, &str); 4] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
];

/// A response's text without its reasoning.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Thought<'a> {
    /// What follows the reasoning, trimmed; empty if the reasoning never ends.
    pub(super) answer: &'a str,
    pub(super) has_reasoning: bool,
}

/// Removes reasoning at the beginning of `text`. Tags further behind are part of the response.
pub(super) fn without(text: &str) -> Thought<'_> {
    let mut answer = text.trim();
    let mut has_reasoning = false;
    while let Some(rest) = behind_block(answer) {
        (answer, has_reasoning) = (rest, true);
    }
    if !has_reasoning && let Some(rest) = behind_lone_end(answer) {
        return Thought { answer: rest, has_reasoning: true };
    }
    Thought { answer, has_reasoning }
}

fn behind_block(text: &str) -> Option<&str> {
    let (inner, end) = TAGS.iter().find_map(|(start, end)| Some((text.strip_prefix(start)?, end)))?;
    Some(inner.split_once(end).map_or("", |(_, rest)| rest.trim()))
}

/// Finds the end of reasoning whose start was part of the prompt, as in the templates of several models.
///
/// It must be the only tag, and neither be quoted nor in JSON: a response can also be about such tags.
fn behind_lone_end(text: &str) -> Option<&str> {
    if text.starts_with(['{', '[', '"']) {
        return None;
    }
    let (before, rest) = text.split_once("</think>")?;
    let is_quoted = before.ends_with(['`', '"', '\'']) || rest.starts_with(['`', '"', '\'']);
    let is_only = !before.contains("<think>") && !rest.contains("<think>") && !rest.contains("</think>");
    (is_only && !is_quoted).then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_at_the_beginning_is_removed() {
        for (text, answer) in [
            ("<think>\nLet me see {x}\n</think>\n\nhello", "hello"),
            ("<think></think>hello", "hello"),
            (" <thinking>a</thinking> <think>b</think> hello ", "hello"),
            ("<thought>a</thought>hello", "hello"),
            ("<reasoning>a</reasoning>hello", "hello"),
            ("1. a\n2. b</think>hello", "hello"),
            ("so it is a.\n</think>\n\nhello", "hello"),
            ("<think>never closed", ""),
            ("<think>only</think>", ""),
        ] {
            assert_eq!(without(text), Thought { answer, has_reasoning: true }, "{text}");
        }
    }

    #[test]
    fn tags_in_the_response_stay() {
        for text in [
            "hello",
            "",
            "Write <think> and </think> around it.",
            "Close it with `</think>`.",
            "{\"a\":\"</think>\"}",
            "{\"a\":\"the end </think> of it\"}",
            "</think> or </think>",
            "hello <thinking>x</thinking>",
        ] {
            assert_eq!(without(text), Thought { answer: text, has_reasoning: false }, "{text}");
        }
    }
}
