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

/// What a piece of a text turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Reasoning(&'a str),
    Answer(&'a str),
    /// Everything before was reasoning.
    Restart,
}

/// Does what [`without`] does with a text that comes in pieces. It takes the end of reasoning without a start at its word,
/// also if another one follows, which only the whole text would tell.
#[derive(Debug, Default)]
pub(super) struct Split {
    state: State,
    has_reasoning: bool,
    /// What is not known yet.
    held: String,
    answer: Answer,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Start,
    /// In reasoning, up to this tag.
    Inside(&'static str),
    /// In the answer, before which there may have been reasoning without a start.
    Open,
    Answer,
}

/// How much of the answer was passed on, without white space around it.
#[derive(Debug, Default)]
struct Answer {
    last: Option<char>,
    blanks: String,
}

impl Split {
    pub(super) fn push(&mut self, piece: &str, say: &mut dyn FnMut(Part<'_>)) {
        self.held.push_str(piece);
        while self.goes_on(false, say) {}
    }

    /// Takes the end of the text.
    pub(super) fn end(&mut self, say: &mut dyn FnMut(Part<'_>)) {
        while self.goes_on(true, say) {}
    }

    /// Reads on, and returns whether there may be more to read.
    fn goes_on(&mut self, is_end: bool, say: &mut dyn FnMut(Part<'_>)) -> bool {
        match self.state {
            State::Start => self.begin(is_end),
            State::Inside(end) => self.think(end, is_end, say),
            State::Open => self.look_for_end(is_end, say),
            State::Answer => {
                self.answer.say(&std::mem::take(&mut self.held), say);
                false
            }
        }
    }

    fn begin(&mut self, is_end: bool) -> bool {
        let text = self.held.trim_start();
        if let Some((start, end)) = TAGS.iter().find(|(start, _)| text.starts_with(start)) {
            self.held = text[start.len()..].to_owned();
            (self.state, self.has_reasoning) = (State::Inside(end), true);
            return true;
        }
        if !is_end && TAGS.iter().any(|(start, _)| start.starts_with(text)) {
            self.held = text.to_owned();
            return false;
        }
        let is_open = !self.has_reasoning && !text.starts_with(['{', '[', '"']);
        self.state = if is_open { State::Open } else { State::Answer };
        true
    }

    fn think(&mut self, end: &'static str, is_end: bool, say: &mut dyn FnMut(Part<'_>)) -> bool {
        if let Some((inner, rest)) = self.held.split_once(end) {
            say(Part::Reasoning(inner));
            self.held = rest.to_owned();
            self.state = State::Start;
            return true;
        }
        let known = self.held.len() - if is_end { 0 } else { begun(&self.held, end) };
        say(Part::Reasoning(&self.held[..known]));
        self.held.drain(..known);
        false
    }

    /// Looks for what [`behind_lone_end`] looks for.
    fn look_for_end(&mut self, is_end: bool, say: &mut dyn FnMut(Part<'_>)) -> bool {
        let (start, end) = TAGS[0];
        let Some((before, rest)) = self.held.split_once(end) else {
            if self.held.contains(start) {
                self.state = State::Answer;
                return true;
            }
            let open = begun(&self.held, end).max(begun(&self.held, start));
            let rest = self.held.split_off(self.held.len() - if is_end { 0 } else { open });
            self.answer.say(&std::mem::replace(&mut self.held, rest), say);
            return false;
        };
        if rest.is_empty() && !is_end {
            return false;
        }
        let last = before.chars().next_back().or(self.answer.last);
        let is_quote = |c: char| matches!(c, '`' | '"' | '\'');
        let is_quoted = last.is_some_and(is_quote) || rest.starts_with(is_quote);
        self.state = State::Answer;
        if !is_quoted && !before.contains(start) {
            self.held = rest.to_owned();
            self.answer = Answer::default();
            say(Part::Restart);
        }
        true
    }
}

impl Answer {
    /// Passes on a part of the answer. White space at its end waits for what follows.
    fn say(&mut self, text: &str, say: &mut dyn FnMut(Part<'_>)) {
        let text = if self.last.is_none() { text.trim_start() } else { text };
        let body = text.trim_end();
        if !body.is_empty() {
            say(Part::Answer(&(std::mem::take(&mut self.blanks) + body)));
        }
        self.blanks.push_str(&text[body.len()..]);
        self.last = text.chars().next_back().or(self.last);
    }
}

/// Returns how many bytes at the end of `text` are the beginning of `tag`.
fn begun(text: &str, tag: &str) -> usize {
    (1..tag.len()).rev().find(|length| text.ends_with(&tag[..*length])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the reasoning and the answer of a text that comes by `size` bytes.
    fn in_pieces(text: &str, size: usize) -> (String, String) {
        let (mut reasoning, mut answer) = (String::new(), String::new());
        let mut say = |part: Part<'_>| match part {
            Part::Reasoning(more) => reasoning.push_str(more),
            Part::Answer(more) => answer.push_str(more),
            Part::Restart => answer.clear(),
        };
        let mut split = Split::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(rest.ceil_char_boundary(size.min(rest.len())));
            split.push(piece, &mut say);
            rest = more;
        }
        split.end(&mut say);
        (reasoning, answer)
    }

    #[test]
    fn a_text_in_pieces_has_the_answer_of_the_whole() {
        for text in [
            "hello",
            "  hello \n world \u{3000} ",
            "",
            " \n",
            "<think>\nLet me see {x}\n</think>\n\nhello ",
            " <thinking>a</thinking> <think>b</think> hello </think> ",
            "<thought>a</thought>hello",
            "<reasoning>a</reasonin</reasoning>hello",
            "<think>never closed",
            "<thin air>",
            "1. a\n2. b</think>hello",
            "so it is a.\n</think>\n\nhello <thinking>",
            "only</think>",
            "Write <think> and </think> around it.",
            "Close it with `</think>`.",
            "Close it with </think>'.",
            "{\"a\":\"the end </think> of it\"}",
            "hello <thinking>x</thinking> </thin",
            "größer </think> als 🦀 ",
        ] {
            for size in 1..=text.len().max(1) {
                let (_, answer) = in_pieces(text, size);

                assert_eq!(answer, without(text).answer, "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn reasoning_between_tags_is_passed_on_apart() {
        for size in 1..40 {
            let pieces = in_pieces(" <think>a </b</think><thought> c</thought> hello", size);

            assert_eq!(pieces, ("a </b c".to_owned(), "hello".to_owned()), "by {size}");
        }
    }

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
