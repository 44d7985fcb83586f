//! From text to MiniJinja's syntax tree, by MiniJinja's own tokenizer and parser: nothing of ours knows its precedence.
//!
//! What is ours are the bounds on an expression's size, and the words of some messages.

use minijinja::Error;
use minijinja::machinery::ast::Expr;
use minijinja::machinery::{self, Token};
use minijinja::syntax::SyntaxConfig;

use crate::limits::Limits;

use super::error::Problem;

/// Tokens of one expression: chains of operators recurse when they are parsed and compiled, so this bounds the stack.
pub(super) const TOKENS_MAX: usize = 400;
/// Brackets inside brackets.
const NESTING_MAX: usize = 32;
/// Signs, `not` and `else` before one value, with those before the brackets around it: the parser recurses for each.
const PREFIXES_MAX: usize = 32;

/// Parses `text`, which is not longer than an expression may be.
pub(super) fn parse<'a>(text: &'a str, limits: &Limits) -> Result<Expr<'a>, Problem> {
    let chars_max = limits.expression_chars_max;
    if text.len() > chars_max && text.chars().count() > chars_max {
        return Err(Problem::new(format!("it is longer than {chars_max} characters")));
    }
    check_size(text)?;
    machinery::parse_expr(text).map_err(|error| problem(&error, text))
}

fn check_size(text: &str) -> Result<(), Problem> {
    let mut count = 0_usize;
    let mut nesting = Nesting::default();
    for token in machinery::tokenize(text, true, SyntaxConfig::default()) {
        let (token, _) = token.map_err(|error| problem(&error, text))?;
        count += 1;
        nesting.add(&token);
    }
    if count == 0 {
        return Err(Problem::new("it is empty"));
    }
    if count > TOKENS_MAX {
        return Err(Problem::new(format!("it has {count} words and signs; {TOKENS_MAX} are allowed")));
    }
    if nesting.brackets_max > NESTING_MAX {
        return Err(Problem::new(format!("brackets are nested more than {NESTING_MAX} deep")));
    }
    if nesting.prefixes_max > PREFIXES_MAX {
        let message = format!("more than {PREFIXES_MAX} signs, `not` or `else` are inside one another");
        return Err(Problem::new(message));
    }
    Ok(())
}

/// How deep the parser will recurse.
#[derive(Default)]
struct Nesting {
    /// What is before each open bracket.
    outer: Vec<Prefixes>,
    /// What is before the next value.
    inner: Prefixes,
    brackets_max: usize,
    prefixes_max: usize,
}

/// What is before a value, inside one bracket.
#[derive(Clone, Copy, Default)]
struct Prefixes {
    /// Signs and `not`, up to the next operator.
    signs: usize,
    /// `else`, up to the end of the bracket.
    elses: usize,
    /// Whether a value is behind them, so that a minus is no sign.
    has_value: bool,
}

impl Nesting {
    fn add(&mut self, token: &Token<'_>) {
        let is_value = |token: &Token<'_>| {
            use Token::{Dot, Float, Ident, Int, Int128, Str, String};
            matches!(token, Ident(_) | Dot | Str(_) | String(_) | Int(_) | Int128(_) | Float(_))
        };
        if matches!(token, Token::ParenOpen | Token::BracketOpen | Token::BraceOpen) {
            self.outer.push(std::mem::take(&mut self.inner));
            self.brackets_max = self.brackets_max.max(self.outer.len());
        } else if matches!(token, Token::ParenClose | Token::BracketClose | Token::BraceClose) {
            self.inner = self.outer.pop().unwrap_or_default();
            self.inner.has_value = true;
        } else if matches!(token, Token::Ident("not"))
            || (matches!(token, Token::Minus) && !self.inner.has_value)
        {
            self.inner.signs += 1;
        } else if matches!(token, Token::Ident("else")) {
            self.inner = Prefixes { elses: self.inner.elses + 1, ..Prefixes::default() };
        } else if is_value(token) && !matches!(token, Token::Ident("and" | "or" | "if" | "in" | "is")) {
            self.inner.has_value = true;
        } else {
            self.inner = Prefixes { elses: self.inner.elses, ..Prefixes::default() };
        }
        let outer: usize = self.outer.iter().map(Prefixes::count).sum();
        self.prefixes_max = self.prefixes_max.max(outer + self.inner.count());
    }
}

impl Prefixes {
    const fn count(&self) -> usize {
        self.signs + self.elses
    }
}

/// Returns the parser's error in our words, where ours help more.
fn problem(error: &Error, text: &str) -> Problem {
    let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let place = error.range().and_then(|range| text.get(range.start..)).unwrap_or_default();
    let word = place.split(|each: char| !each.is_ascii_alphanumeric()).next().unwrap_or_default();
    if let "AND" | "OR" | "NOT" = word {
        let lower = word.to_lowercase();
        return Problem::new(format!("`{word}` is written `{lower}`"));
    }
    match (message.as_str(), place.chars().next()) {
        ("unexpected character", Some('$')) => {
            Problem::new("`$` is not part of the language; inside an expression, write names without `${}`")
        }
        ("unexpected character", Some('&')) => Problem::new("`&` is not part of the language; write `and`"),
        ("unexpected character", Some('!')) => Problem::new("`!` is not part of the language; write `not`"),
        ("unexpected `|`", _) | ("unexpected `|`, expected identifier", _) => {
            Problem::new("`||` is not part of the language; write `or`")
        }
        ("unexpected character", Some(character)) => {
            Problem::new(format!("unexpected character `{character}`"))
        }
        ("unexpected end of string", _) => Problem::new("a string is never closed"),
        _ => Problem::new(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_expression_is_named() {
        let texts = [
            "",
            " \t\n",
            "a # b",
            "'open",
            r"'a\'",
            "é",
            "${a} > 1",
            "a $",
            "a }} b",
            "a {# b #}",
            "1_",
            "0x",
            "a ? b",
            "a && b",
            "a || b",
            "!a",
            "a AND b",
            "a =",
            "a. ",
            "a[",
            "a[]",
            "f(",
            "{1}",
            "a not b",
            "a is",
            "a |",
            "'\\u12'",
        ];

        let problems: Vec<String> = texts.iter().map(|text| format!("{text:?}: {}", refused(text))).collect();

        insta::assert_snapshot!(problems.join("\n"), @r#"
        "": it is empty
        " \t\n": it is empty
        "a # b": unexpected character `#`
        "'open": a string is never closed
        "'a\\'": a string is never closed
        "é": unexpected character `é`
        "${a} > 1": `$` is not part of the language; inside an expression, write names without `${}`
        "a $": `$` is not part of the language; inside an expression, write names without `${}`
        "a }} b": unexpected input after end of variable block
        "a {# b #}": unexpected character `#`
        "1_": '_' may not occur at end of number
        "0x": invalid integer (too large)
        "a ? b": unexpected character `?`
        "a && b": `&` is not part of the language; write `and`
        "a || b": `||` is not part of the language; write `or`
        "!a": `!` is not part of the language; write `not`
        "a AND b": `AND` is written `and`
        "a =": unexpected input after expression
        "a. ": unexpected end of input, expected identifier or integer
        "a[": unexpected end of input, expected expression
        "a[]": unexpected `]`
        "f(": unexpected end of input, expected expression
        "{1}": unexpected `}`, expected `:`
        "a not b": unexpected identifier, expected in
        "a is": unexpected end of input, expected identifier
        "a |": unexpected end of input, expected identifier
        "'\\u12'": bad string escape
        "#);
    }

    #[test]
    fn size_is_counted_in_tokens_and_open_brackets() {
        let sums = |count| format!("1{}", " + -1".repeat(count));
        assert!(parse(&sums(TOKENS_MAX / 3), &Limits::DEFAULT).is_ok());
        assert_eq!(refused(&sums(TOKENS_MAX / 3 + 1)), "it has 403 words and signs; 400 are allowed");
        let signs = |count| format!("{}1", "-".repeat(count));
        assert!(parse(&signs(PREFIXES_MAX), &Limits::DEFAULT).is_ok());
        assert_eq!(
            refused(&signs(PREFIXES_MAX + 1)),
            "more than 32 signs, `not` or `else` are inside one another"
        );

        assert!(refused(&format!("1 and {}", signs(PREFIXES_MAX + 1))).starts_with("more than 32 signs"));
        let choices = |count| format!("{}1", "1 if x else ".repeat(count));
        assert!(parse(&choices(PREFIXES_MAX), &Limits::DEFAULT).is_ok());
        assert!(refused(&choices(PREFIXES_MAX + 1)).starts_with("more than 32 signs"));

        let brackets = |depth| format!("{}'((({}", "[".repeat(depth), "'".to_owned() + &"]".repeat(depth));
        assert!(parse(&brackets(NESTING_MAX), &Limits::DEFAULT).is_ok());
        assert_eq!(refused(&brackets(NESTING_MAX + 1)), "brackets are nested more than 32 deep");
        assert!(parse(&["(1)"; 100].join("+"), &Limits::DEFAULT).is_ok());

        let limits = Limits { expression_chars_max: 4, ..Limits::DEFAULT };
        assert!(parse("'éé'", &limits).is_ok());
        assert_eq!(parse("'ééé'", &limits).err().unwrap().to_string(), "it is longer than 4 characters");
    }

    fn refused(text: &str) -> String {
        parse(text, &Limits::DEFAULT).map_or_else(|problem| problem.to_string(), |tree| format!("{tree:?}"))
    }
}
