//! The words and signs of an expression.

/// Tokens of an expression.
const TOKENS_MAX: usize = 1_000;
/// Longer signs before those that they begin with.
const SIGNS: [&str; 35] = [
    "===", "!==", "**", "...", "==", "!=", "<=", ">=", "&&", "||", "?.", "??", "=>", ":=", "~>", "(", ")",
    "[", "]", "{", "}", ",", ".", "?", ":", "+", "-", "*", "/", "%", "<", ">", "!", "=", "&",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Also with `$`.
    Name(String),
    /// A name between backticks.
    Quoted(String),
    Text(String),
    Number(String),
    Sign(&'static str),
}

impl Token {
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Name(text) | Self::Quoted(text) | Self::Text(text) | Self::Number(text) => text,
            Self::Sign(sign) => sign,
        }
    }
}

/// Splits `source`.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        if tokens.len() >= TOKENS_MAX {
            return Err("it is too long".into());
        }
        let (token, behind) = match first {
            '"' | '\'' | '`' => string(first, &rest[1..])?,
            '0'..='9' => number(rest),
            '$' | '_' | 'a'..='z' | 'A'..='Z' => name(rest),
            other => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                let sign = sign.ok_or_else(|| format!("`{other}` has no equivalent here"))?;
                (Token::Sign(sign), &rest[sign.len()..])
            }
        };
        tokens.push(token);
        rest = behind.trim_start();
    }
    Ok(tokens)
}

fn name(text: &str) -> (Token, &str) {
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '$';
    let end = text.find(|char| !is_part(char)).unwrap_or(text.len());
    (Token::Name(text[..end].to_owned()), &text[end..])
}

fn number(text: &str) -> (Token, &str) {
    let digits = |text: &str| text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let mut end = digits(text);
    if let Some(fraction) = text[end..].strip_prefix('.')
        && fraction.starts_with(|first: char| first.is_ascii_digit())
    {
        end += 1 + digits(fraction);
    }
    (Token::Number(text[..end].to_owned()), &text[end..])
}

fn string(mark: char, text: &str) -> Result<(Token, &str), String> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        if char == mark {
            let token = if mark == '`' { Token::Quoted(out) } else { Token::Text(out) };
            return Ok((token, &text[at + 1..]));
        }
        if mark == '`' && char == '$' && text[at..].starts_with("${") {
            return Err("a text with expressions in it has no equivalent here".into());
        }
        if char != '\\' {
            out.push(char);
            continue;
        }
        out.push(match chars.next() {
            Some((_, 'n')) => '\n',
            Some((_, 't')) => '\t',
            Some((_, 'r')) => '\r',
            Some((_, same @ ('\\' | '"' | '\'' | '/' | '`'))) => same,
            Some((_, other)) => return Err(format!("`\\{other}` in a text has no equivalent here")),
            None => return Err("a text has no end".into()),
        });
    }
    Err("a text has no end".into())
}
