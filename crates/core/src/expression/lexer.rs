//! Cuts an expression into tokens, with MiniJinja's rules for where one ends.
//!
//! It exists to find the paths, filters and calls in an expression; whether the tokens make sense together is left to
//! MiniJinja, which compiles the same text.

use super::error::Problem;

/// The smallest unit of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    /// Where it starts, in bytes.
    pub(super) start: usize,
}

impl Token<'_> {
    pub(super) const fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or a word of the language.
    Word,
    /// A string with its quotes.
    String,
    /// Digits alone.
    Integer,
    /// Any other number.
    Number,
    /// An operator or a bracket.
    Operator,
}

const LONG_OPERATORS: [&str; 6] = ["//", "**", "==", "!=", ">=", "<="];
const SHORT_OPERATORS: &[u8] = b"+-*/%.,:~|=<>()[]{}";

/// Returns the tokens of `text`.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Problem> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        if first.is_ascii_whitespace() {
            start += 1;
            continue;
        }
        let follows_dot = tokens.last().is_some_and(|token| token.text == ".");
        let (kind, length) = token_at(&text[start..], first, follows_dot)?;
        tokens.push(Token { kind, text: &text[start..start + length], start });
        start += length;
    }
    Ok(tokens)
}

fn token_at(rest: &str, first: char, follows_dot: bool) -> Result<(TokenKind, usize), Problem> {
    match first {
        '"' | '\'' => Ok((TokenKind::String, string_length(rest)?)),
        'a'..='z' | 'A'..='Z' | '_' => {
            Ok((TokenKind::Word, run(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_')))
        }
        '0'..='9' if follows_dot => Ok((TokenKind::Integer, run(rest, |byte| byte.is_ascii_digit()))),
        '0'..='9' => Ok(number(rest)),
        '$' => Err(Problem::new(
            "`$` is not part of the language; inside an expression names stand without `${}`",
        )),
        _ => operator_length(rest)
            .map(|length| (TokenKind::Operator, length))
            .ok_or_else(|| Problem::new(format!("unexpected character `{first}`"))),
    }
}

fn operator_length(rest: &str) -> Option<usize> {
    if LONG_OPERATORS.iter().any(|operator| rest.starts_with(operator)) {
        return Some(2);
    }
    SHORT_OPERATORS.contains(&rest.as_bytes()[0]).then_some(1)
}

fn string_length(rest: &str) -> Result<usize, Problem> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == bytes[0] => return Ok(at + 1),
            _ => at += 1,
        }
    }
    Err(Problem::new("a string is never closed"))
}

fn run(rest: &str, belongs: impl Fn(u8) -> bool) -> usize {
    rest.bytes().take_while(|byte| belongs(*byte)).count()
}

fn number(rest: &str) -> (TokenKind, usize) {
    let bytes = rest.as_bytes();
    let digits = run(rest, |byte| byte.is_ascii_digit());
    let mut at = digits;
    let is_hexadecimal = rest.starts_with("0x");
    while let Some(byte) = bytes.get(at) {
        let next_is_digit = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let signs_exponent =
            matches!(byte, b'+' | b'-') && matches!(bytes[at - 1], b'e' | b'E') && next_is_digit;
        let belongs = byte.is_ascii_alphanumeric() || *byte == b'_' || (*byte == b'.' && next_is_digit);
        if !belongs && (!signs_exponent || is_hexadecimal) {
            break;
        }
        at += 1;
    }
    (if at == digits { TokenKind::Integer } else { TokenKind::Number }, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_cut_where_the_language_cuts_them() {
        let text = r#"a.b[0].1 >= -2.5e-3*"x\"}" |f and 7"#;

        let cut: Vec<&str> = tokens(text).unwrap().iter().map(|token| token.text).collect();

        insta::assert_snapshot!(cut.join(" "), @r#"a . b [ 0 ] . 1 >= - 2.5e-3 * "x\"}" | f and 7"#);
    }

    #[test]
    fn what_is_no_token_is_named() {
        let problems: Vec<String> = ["a # b", "'open", "é", "${a} > 1"]
            .iter()
            .map(|text| tokens(text).unwrap_err().to_string())
            .collect();

        insta::assert_snapshot!(problems.join("\n"), @"
        unexpected character `#`
        a string is never closed
        unexpected character `é`
        `$` is not part of the language; inside an expression names stand without `${}`
        ");
    }
}
