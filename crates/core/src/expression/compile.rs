//! From text to an expression: finds its paths, and refuses what the language has but flows must not use.
//!
//! MiniJinja gets the text with every path replaced by a variable (`_p0`, `_p1`, …), so that it is given the values that
//! an expression reads and nothing else, and a missing field is reported in our words. Nothing can be called but filters
//! and tests from a fixed list; [`rewrite`] closes what else of Jinja is too expensive or too lenient.

use crate::limits::Limits;
use crate::scope::References;

use super::engine::{self, Computed, Slot};
use super::error::Problem;
use super::lexer::{Token, TokenKind, tokens};
use super::path::{Path, SECRET_MISPLACED, Step};
use super::rewrite::{self, Edit, Rank};

/// Tokens of one expression: chains of operators recurse when they are compiled, so this bounds the stack.
const TOKENS_MAX: usize = 400;
/// Brackets inside brackets.
const NESTING_MAX: usize = 32;

const LANGUAGE_WORDS: [&str; 13] =
    ["and", "or", "not", "in", "is", "if", "else", "true", "True", "false", "False", "none", "None"];

/// What an expression turned out to be.
#[derive(Clone, Debug)]
pub(super) enum Compiled {
    Path(Path),
    /// `secrets.NAME`, by name.
    Secret(String),
    Computed(Computed),
}

pub(super) fn compile(text: &str, limits: &Limits) -> Result<Compiled, Problem> {
    if text.len() > limits.expression_chars_max && text.chars().count() > limits.expression_chars_max {
        return Err(Problem::new(format!("it is longer than {} characters", limits.expression_chars_max)));
    }
    let tokens = tokens(text)?;
    check_size(&tokens)?;
    if let Some(name) = secret(&tokens) {
        return Ok(Compiled::Secret(name.to_owned()));
    }
    let mut scan = Scan { tokens: &tokens, at: 0, slots: Vec::new(), is_one_path: false, edits: Vec::new() };
    scan.run()?;
    if scan.is_one_path
        && let Some(slot) = scan.slots.pop()
    {
        return Ok(Compiled::Path(slot.path));
    }
    rewrite::guard_factors(&tokens, &mut scan.edits);
    rewrite::compare_strictly(&tokens, &mut scan.edits)?;
    let rewritten = rewrite::applied(text, scan.edits);
    engine::compile(rewritten, scan.slots, limits).map(Compiled::Computed)
}

/// Adds what `compiled` names.
pub(super) fn add_references(compiled: &Compiled, references: &mut References) {
    match compiled {
        Compiled::Path(path) => path.add_to(references),
        Compiled::Secret(name) => references.add_secret(name.as_str().into()),
        Compiled::Computed(computed) => computed.slots().iter().for_each(|slot| slot.path.add_to(references)),
    }
}

fn check_size(tokens: &[Token<'_>]) -> Result<(), Problem> {
    if tokens.is_empty() {
        return Err(Problem::new("it is empty"));
    }
    if tokens.len() > TOKENS_MAX {
        return Err(Problem::new(format!(
            "it has {} words and signs; {TOKENS_MAX} are allowed",
            tokens.len()
        )));
    }
    let mut open = 0_usize;
    for token in tokens.iter().filter(|token| token.kind == TokenKind::Operator) {
        match token.text {
            "(" | "[" | "{" => open += 1,
            ")" | "]" | "}" => open = open.saturating_sub(1),
            _ => {}
        }
        if open > NESTING_MAX {
            return Err(Problem::new(format!("brackets are nested more than {NESTING_MAX} deep")));
        }
    }
    Ok(())
}

fn secret<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    match tokens {
        [secrets, dot, name]
            if secrets.text == "secrets" && dot.text == "." && name.kind == TokenKind::Word =>
        {
            Some(name.text)
        }
        _ => None,
    }
}

/// One pass over the tokens.
struct Scan<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
    /// Each path once.
    slots: Vec<Slot>,
    /// Whether the whole expression is one path.
    is_one_path: bool,
    edits: Vec<Edit>,
}

impl<'a> Scan<'_, 'a> {
    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn run(&mut self) -> Result<(), Problem> {
        while self.at < self.tokens.len() {
            match (self.kind(self.at), self.text(self.at)) {
                (Some(TokenKind::Word), "is") => self.test()?,
                (Some(TokenKind::Word), word) if LANGUAGE_WORDS.contains(&word) => self.at += 1,
                (Some(TokenKind::Word), word) => self.name(word)?,
                (_, "|") => self.filter()?,
                (_, ".") => self.attribute()?,
                (_, "(") => self.check_not_called()?,
                (_, "*" | "**") => self.check_not_spread()?,
                _ => self.at += 1,
            }
        }
        Ok(())
    }

    fn test(&mut self) -> Result<(), Problem> {
        self.at += if self.text(self.at + 1) == "not" { 2 } else { 1 };
        self.allowed("test", engine::TESTS)
    }

    fn filter(&mut self) -> Result<(), Problem> {
        self.at += 1;
        self.allowed("filter", engine::FILTERS)
    }

    /// Steps over the name of a test or filter and the bracket that opens its arguments.
    fn allowed(&mut self, what: &str, names: &[&str]) -> Result<(), Problem> {
        let name = self.text(self.at);
        if self.kind(self.at) == Some(TokenKind::Word) && !names.contains(&name) {
            return Err(Problem::new(format!("there is no {what} `{name}`; there are {}", names.join(", "))));
        }
        self.at += if self.text(self.at + 1) == "(" { 2 } else { 1 };
        Ok(())
    }

    /// Steps over `.name` behind something that is no path, such as `(a or b).name`.
    fn attribute(&mut self) -> Result<(), Problem> {
        if self.text(self.at + 2) == "(" {
            return Err(no_function(self.text(self.at + 1)));
        }
        self.at += 2;
        Ok(())
    }

    fn check_not_called(&mut self) -> Result<(), Problem> {
        let called = self.at > 0
            && (matches!(self.text(self.at - 1), ")" | "]" | "}")
                || matches!(self.kind(self.at - 1), Some(kind) if !matches!(kind, TokenKind::Operator | TokenKind::Word)));
        if called {
            return Err(Problem::new("only filters and tests take arguments; nothing else can be called"));
        }
        self.at += 1;
        Ok(())
    }

    fn check_not_spread(&mut self) -> Result<(), Problem> {
        if self.at > 0 && matches!(self.text(self.at - 1), "(" | ",") {
            return Err(Problem::new("arguments cannot be spread with `*`"));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a path, or steps over the name of a keyword argument.
    fn name(&mut self, name: &str) -> Result<(), Problem> {
        let first = self.at;
        self.at += 1;
        if self.text(self.at) == "=" {
            return Ok(());
        }
        let mut steps = Vec::new();
        while let Some((step, length)) = self.step() {
            steps.push(step);
            self.at += length;
        }
        if self.text(self.at) == "(" {
            return Err(no_function(self.text(self.at - 1)));
        }
        if name == "secrets" {
            return Err(Problem::new(SECRET_MISPLACED));
        }
        let path = Path::new(name, steps)?;
        let (start, end) = (self.tokens[first].start, self.tokens[self.at - 1].end());
        let is_optional = match self.text(self.at) {
            "is" => true,
            "|" => matches!(self.text(self.at + 1), "default" | "d"),
            _ => false,
        };
        let number = self.mention(path, is_optional);
        self.edits.push(Edit { start, end, rank: Rank::Replacement, text: engine::variable(number) });
        self.is_one_path = first == 0 && self.at == self.tokens.len();
        Ok(())
    }

    /// Returns the number of the path's variable.
    fn mention(&mut self, path: Path, is_optional: bool) -> usize {
        match self.slots.iter().position(|slot| slot.path == path) {
            Some(number) => {
                self.slots[number].mentions += 1;
                self.slots[number].is_optional &= is_optional;
                number
            }
            None => {
                self.slots.push(Slot { path, mentions: 1, is_optional });
                self.slots.len() - 1
            }
        }
    }

    /// Reads one `.name`, `.0`, `["name"]` or `[0]`; tells how many tokens it has. Any other subscript ends the path.
    fn step(&self) -> Option<(Step, usize)> {
        let inner = self.text(self.at + 1);
        match (self.text(self.at), self.kind(self.at + 1)?) {
            (".", TokenKind::Word) => Some((Step::Field(inner.to_owned()), 2)),
            (".", TokenKind::Integer) => Some((Step::Entry(inner.parse().ok()?), 2)),
            ("[", TokenKind::String) if self.text(self.at + 2) == "]" && !inner.contains('\\') => {
                Some((Step::Field(inner[1..inner.len() - 1].to_owned()), 3))
            }
            ("[", TokenKind::Integer) if self.text(self.at + 2) == "]" => {
                Some((Step::Entry(inner.parse().ok()?), 3))
            }
            _ => None,
        }
    }
}

fn no_function(name: &str) -> Problem {
    Problem::new(format!(
        "there is no function `{name}`; values are changed by filters, as in `name | upper`"
    ))
}
