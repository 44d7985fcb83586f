//! Changes to an expression's text that make MiniJinja's operators as strict as flows need them.
//!
//! - `[1] * 10**8` is lazy in MiniJinja: free to make, and whoever prints or compares it pays. So both operands of `*`
//!   get a filter that refuses lists.
//! - `"80" > 70` is answered in MiniJinja by an order of types. So `a < b` becomes `(a)|_less(b)`, a filter that compares
//!   two numbers or two strings and refuses the rest. A chain such as `1 < a < 3` is refused.

use super::engine::FACTOR_FILTER;
use super::error::Problem;
use super::lexer::{Token, TokenKind};

/// The operators that order, and the filters that stand for them.
pub(super) const ORDERING_FILTERS: [(&str, &str); 4] =
    [("<", "_less"), ("<=", "_less_or_equal"), (">", "_greater"), (">=", "_greater_or_equal")];

/// A change of the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edit {
    pub(super) start: usize,
    /// Where the replaced text ends; `start` for a pure insertion.
    pub(super) end: usize,
    pub(super) rank: Rank,
    pub(super) text: String,
}

/// Which of several edits at one place comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A filter behind an operand.
    Filter,
    /// The end of an operand that got brackets.
    Close,
    /// The start of one.
    Open,
    /// Text in the place of other text.
    Replacement,
}

/// Returns `text` with all edits made.
pub(super) fn applied(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort();
    let mut rewritten = String::with_capacity(text.len() + 16 * edits.len());
    let mut at = 0;
    for edit in &edits {
        rewritten.push_str(&text[at..edit.start]);
        rewritten.push_str(&edit.text);
        at = edit.end;
    }
    rewritten.push_str(&text[at..]);
    rewritten
}

/// Puts a filter that refuses lists behind both operands of every multiplication.
pub(super) fn guard_factors(tokens: &[Token<'_>], edits: &mut Vec<Edit>) {
    for at in 1..tokens.len() {
        if is_operator(tokens, at, "*") {
            for behind in [at, operand_end(tokens, at + 1)] {
                let place = tokens[behind - 1].end();
                edits.push(insertion(place, Rank::Filter, format!("|{FACTOR_FILTER}")));
            }
        }
    }
}

/// Replaces the operators that order by filters.
pub(super) fn compare_strictly(tokens: &[Token<'_>], edits: &mut Vec<Edit>) -> Result<(), Problem> {
    for at in 1..tokens.len().saturating_sub(1) {
        let Some((_, filter)) = ORDERING_FILTERS.iter().find(|(sign, _)| is_operator(tokens, at, sign))
        else {
            continue;
        };
        let (first, behind) = (comparison_start(tokens, at)?, comparison_end(tokens, at)?);
        if first == at || behind == at + 1 {
            return Err(Problem::new(format!("`{}` needs a value on both sides", tokens[at].text)));
        }
        edits.push(insertion(tokens[first].start, Rank::Open, "(".to_owned()));
        let (start, end) = (tokens[at].start, tokens[at].end());
        edits.push(Edit { start, end, rank: Rank::Replacement, text: format!(")|{filter}(") });
        edits.push(insertion(tokens[behind - 1].end(), Rank::Close, ")".to_owned()));
    }
    Ok(())
}

fn insertion(place: usize, rank: Rank, text: String) -> Edit {
    Edit { start: place, end: place, rank, text }
}

fn text<'a>(tokens: &[Token<'a>], at: usize) -> &'a str {
    tokens.get(at).map_or("", |token| token.text)
}

fn is_operator(tokens: &[Token<'_>], at: usize, sign: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.kind == TokenKind::Operator && token.text == sign)
}

/// Returns the place behind the operand that starts at `at`: signs, one value, its subscripts and its filters.
fn operand_end(tokens: &[Token<'_>], mut at: usize) -> usize {
    while is_operator(tokens, at, "-") {
        at += 1;
    }
    at = behind_group(tokens, at);
    loop {
        match tokens.get(at).map(|token| (token.kind, token.text)) {
            Some((TokenKind::Operator, "." | "|")) => at += 2,
            Some((TokenKind::Operator, "[" | "(")) => at = behind_group(tokens, at),
            Some((TokenKind::String, _)) => at += 1,
            _ => return at.min(tokens.len()),
        }
    }
}

/// Returns the place behind the bracket that closes the one at `at`, or behind `at` if that is no bracket.
fn behind_group(tokens: &[Token<'_>], mut at: usize) -> usize {
    let mut open = 0_usize;
    while let Some(token) = tokens.get(at) {
        open = match bracket(token) {
            Some(Bracket::Open) => open + 1,
            Some(Bracket::Close) => open.saturating_sub(1),
            None => open,
        };
        at += 1;
        if open == 0 {
            break;
        }
    }
    at
}

enum Bracket {
    Open,
    Close,
}

fn bracket(token: &Token<'_>) -> Option<Bracket> {
    match (token.kind, token.text) {
        (TokenKind::Operator, "(" | "[" | "{") => Some(Bracket::Open),
        (TokenKind::Operator, ")" | "]" | "}") => Some(Bracket::Close),
        _ => None,
    }
}

/// Returns the first token of the left operand of the comparison at `sign`.
fn comparison_start(tokens: &[Token<'_>], sign: usize) -> Result<usize, Problem> {
    let mut open = 0_usize;
    for at in (0..sign).rev() {
        match bracket(&tokens[at]) {
            Some(Bracket::Close) => open += 1,
            Some(Bracket::Open) if open == 0 => return Ok(at + 1),
            Some(Bracket::Open) => open -= 1,
            None if open == 0 && is_boundary(tokens, at)? => return Ok(at + 1),
            None => {}
        }
    }
    Ok(0)
}

/// Returns the place behind the right operand of the comparison at `sign`.
fn comparison_end(tokens: &[Token<'_>], sign: usize) -> Result<usize, Problem> {
    let mut open = 0_usize;
    for at in sign + 1..tokens.len() {
        match bracket(&tokens[at]) {
            Some(Bracket::Open) => open += 1,
            Some(Bracket::Close) if open == 0 => return Ok(at),
            Some(Bracket::Close) => open -= 1,
            None if open == 0 && is_boundary(tokens, at)? => return Ok(at),
            None => {}
        }
    }
    Ok(tokens.len())
}

/// Tells whether the token at `at` ends the operand of a comparison; an error if it is another comparison.
fn is_boundary(tokens: &[Token<'_>], at: usize) -> Result<bool, Problem> {
    let token = &tokens[at];
    let before = at.checked_sub(1).map_or("", |before| text(tokens, before));
    match (token.kind, token.text) {
        (TokenKind::Operator, "," | ":" | "=") | (TokenKind::Word, "and" | "or" | "if" | "else") => {
            Ok(before != ".")
        }
        (TokenKind::Word, "not") if text(tokens, at + 1) != "in" => Ok(!matches!(before, "is" | ".")),
        (TokenKind::Operator, "<" | "<=" | ">" | ">=" | "==" | "!=") => Err(chained()),
        (TokenKind::Word, "in" | "not") if !matches!(before, "is" | "." | "not") => Err(chained()),
        _ => Ok(false),
    }
}

fn chained() -> Problem {
    Problem::new("comparisons cannot be chained; write `a < b and b < c`")
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    #[test]
    fn operands_are_found_by_the_precedence_of_the_language() {
        let texts = [
            "a * b ** c",
            "a.b[0]|f(1) * -(c + d).e|g * 2",
            "a < b",
            "not a + 1 >= b * 2 and (c|f > 'x' or d is not none) if e <= f[1 < 2] else g",
            "[a < b, {1: c > d}]",
            "x|f(a < b, k=c < d)",
        ];

        let rewritten: Vec<String> = texts.iter().map(|text| rewritten(text)).collect();

        insta::assert_snapshot!(rewritten.join("\n"), @"
        a|_factor * b|_factor ** c
        a.b[0]|f(1)|_factor * -(c + d).e|g|_factor|_factor * 2|_factor
        (a )|_less( b)
        not (a + 1 )|_greater_or_equal( b|_factor * 2|_factor) and ((c|f )|_greater( 'x') or d is not none) if (e )|_less_or_equal( f[(1 )|_less( 2)]) else g
        [(a )|_less( b), {1: (c )|_greater( d)}]
        x|f((a )|_less( b), k=(c )|_less( d))
        ");
    }

    #[test]
    fn chains_are_refused() {
        for text in ["1 < a < 3", "a == b < c", "a < b in c", "a not in b > c", "a < b != c"] {
            assert!(compare_strictly(&tokens(text).unwrap(), &mut Vec::new()).is_err(), "{text}");
        }
    }

    fn rewritten(text: &str) -> String {
        let tokens = tokens(text).unwrap();
        let mut edits = Vec::new();
        guard_factors(&tokens, &mut edits);
        compare_strictly(&tokens, &mut edits).unwrap();
        applied(text, edits)
    }
}
