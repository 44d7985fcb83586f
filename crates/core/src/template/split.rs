//! Cuts a string into text and `${ … }`.

use crate::expression::Problem;

/// A part of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text, with `$${` already read as `${`.
    Text(String),
    /// What is between `${` and its `}`.
    Expression(&'a str),
}

/// Cuts `text`. A string without `${` is one piece of text.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Problem> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(behind) = rest.strip_prefix("$${") {
            plain.push_str("${");
            rest = behind;
        } else if let Some(inside) = rest.strip_prefix("${") {
            let length = expression_length(inside)
                .ok_or_else(|| Problem::new("a `${` is never closed; write `$${` for the characters `${`"))?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Expression(&inside[..length]));
            rest = &inside[length + 1..];
        } else {
            plain.push('$');
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

/// Returns what is inside `${ … }` where `text` is nothing else, and `text` where it is not.
pub(crate) fn unwrapped(text: &str) -> &str {
    let trimmed = text.trim();
    match trimmed.strip_prefix("${") {
        Some(inside) if expression_length(inside).is_some_and(|length| length + 1 == inside.len()) => {
            &inside[..inside.len() - 1]
        }
        _ => text,
    }
}

/// Returns how far it is to the `}` that closes the expression, past strings and braces in it.
fn expression_length(inside: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(mark), _) if byte == mark => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{') => open += 1,
            (None, b'}') if open == 0 => return Some(at),
            (None, b'}') => open -= 1,
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_braces_inside_an_expression_do_not_close_it() {
        let text = r#"a ${ x["}"] } b ${ {"k": '\'}'} } $ $$ $${c}"#;

        let pieces = pieces(text).unwrap();

        insta::assert_debug_snapshot!(pieces, @r#"
        [
            Text(
                "a ",
            ),
            Expression(
                " x[\"}\"] ",
            ),
            Text(
                " b ",
            ),
            Expression(
                " {\"k\": '\\'}'} ",
            ),
            Text(
                " $ $$ ${c}",
            ),
        ]
        "#);
    }

    #[test]
    fn the_escape_is_read_from_the_left() {
        assert_eq!(pieces("$$${x}").unwrap(), [Piece::Text("$${x}".to_owned())]);
    }

    #[test]
    fn an_expression_that_is_never_closed_is_refused() {
        assert!(pieces("a ${ b").is_err());
        assert!(pieces("${ '}' ").is_err());
    }

    #[test]
    fn only_a_whole_expression_is_unwrapped() {
        assert_eq!(unwrapped(" ${ a > 1 } "), " a > 1 ");
        assert_eq!(unwrapped("${a} > ${b}"), "${a} > ${b}");
        assert_eq!(unwrapped("a > 1"), "a > 1");
    }
}
