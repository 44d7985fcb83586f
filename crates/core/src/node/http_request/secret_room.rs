//! Where a request may hold secrets: values of headers, of the query and of the credentials, the body, and whole segments of
//! the path. Everywhere else a secret would decide where the call goes, or be read by more than the called service. A secret
//! can be the whole URL, as those of webhooks are: the operator, who gives it, then decides where the call goes.

use crate::template::{Piece, pieces};

/// Says where secrets may be, for messages.
pub const SECRET_ROOMS: &str = "secrets can be in values of headers, in values of the query, in `auth`, in the body, and in \
                                whole segments of the path, and one that is bound to hosts can be the whole URL";

/// What a request may hold at a place of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretRoom {
    /// Any number of secrets.
    Value,
    /// Secrets in some parts of the URL, or one that is all of it.
    Url,
    /// None.
    Nothing,
}

impl SecretRoom {
    /// Returns what may be at a JSON pointer of the input.
    pub fn at(pointer: &str) -> Self {
        let tokens: Vec<&str> = pointer.split('/').skip(1).collect();
        match tokens.as_slice() {
            ["url"] => Self::Url,
            // The key of a signature is not sent.
            ["body" | "secret", ..]
            | ["headers", _]
            | ["query", _]
            | ["query", _, _]
            | ["auth", "username" | "password" | "token"] => Self::Value,
            _ => Self::Nothing,
        }
    }
}

/// Stands for a secret; no document writes it.
const SECRET: char = '\u{1}';

/// Checks where a template of the input names secrets.
///
/// # Errors
/// The first place that may not have one, as a clause.
pub(in crate::node) fn check(pointer: &str, text: &str) -> Result<(), String> {
    match SecretRoom::at(pointer) {
        SecretRoom::Value => Ok(()),
        SecretRoom::Url => check_url(&with_marks(text)),
        SecretRoom::Nothing => Err(refused("here")),
    }
}

fn refused(place: &str) -> String {
    format!("a secret cannot be {place}: {SECRET_ROOMS}")
}

/// Returns a URL with a mark in the place of each secret, and a letter in the place of each value.
fn with_marks(text: &str) -> String {
    let pieces = pieces(text).unwrap_or_default();
    let starts_with_value = matches!(pieces.first(), Some(Piece::Expression(inner)) if !is_secret(inner));
    let texts = pieces.into_iter().map(|piece| match piece {
        Piece::Text(text) => text,
        Piece::Expression(inner) if is_secret(inner) => SECRET.to_string(),
        Piece::Expression(_) => "x".to_owned(),
    });
    let url: String = texts.collect();
    // A value at the beginning is a URL, or the beginning of one.
    if starts_with_value && !url.contains("://") { format!("https://{url}") } else { url }
}

fn is_secret(expression: &str) -> bool {
    expression.trim_start().starts_with("secrets.")
}

fn check_url(url: &str) -> Result<(), String> {
    if url.chars().eq([SECRET]) {
        return Ok(());
    }
    let Some((_, behind)) = url.split_once("://").filter(|(scheme, _)| !scheme.contains(SECRET)) else {
        return Err(refused("the scheme of the URL"));
    };
    let end = behind.find(['/', '\\', '?', '#']).unwrap_or(behind.len());
    let (authority, rest) = behind.split_at(end);
    if authority.contains(SECRET) {
        return Err(refused("in the host or the port of the URL"));
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    if fragment.contains(SECRET) {
        return Err(refused("in the fragment of the URL"));
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path.split(['/', '\\']).any(|segment| segment.contains(SECRET) && segment.chars().count() > 1) {
        return Err(refused("a part of a segment of the path"));
    }
    let mut names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    if names.any(|name| name.contains(SECRET)) {
        return Err(refused("in the name of a parameter of the query"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_whole_segments_may_be_secret() {
        for (pointer, text) in [
            ("/headers/Authorization", "Bearer ${secrets.K}"),
            ("/headers/a~1b", "${secrets.K}"),
            ("/query/key", "${secrets.K}"),
            ("/query/key/0", "${secrets.K}"),
            ("/auth/username", "${secrets.K}"),
            ("/auth/password", "${secrets.K}"),
            ("/auth/token", "${secrets.K}"),
            ("/body", "a ${secrets.K}"),
            ("/body/$multipart/0/value", "${secrets.K}"),
            ("/url", "https://x.example/hooks/${secrets.K}"),
            ("/url", "https://x.example/hooks/${ secrets.K }/send"),
            ("/url", "https://x.example/a?key=${secrets.K}&sign=v1:${secrets.S}#top"),
            ("/url", "${trigger_data.base}/hooks/${secrets.K}"),
            ("/url", "${secrets.K}"),
            ("/url", "${ secrets.K }"),
            (
                "/url",
                "https://${trigger_data.region}.x.example/${trigger_data.id}/${secrets.K}?a=${secrets.K}",
            ),
        ] {
            assert_eq!(check(pointer, text), Ok(()), "{pointer} {text}");
        }
    }

    #[test]
    fn what_decides_where_a_call_goes_may_not_be_secret() {
        for (pointer, text, place) in [
            ("/method", "${secrets.K}", "here"),
            ("/headers", "${secrets.K}", "here"),
            ("/query", "${secrets.K}", "here"),
            ("/auth", "${secrets.K}", "here"),
            ("/auth/type", "${secrets.K}", "here"),
            ("/expect_status", "${secrets.K}", "here"),
            ("/expect_status/0", "${secrets.K}", "here"),
            ("/other", "${secrets.K}", "here"),
            ("", "${secrets.K}", "here"),
            ("/url", "${secrets.K}://x.example/", "the scheme of the URL"),
            ("/url", "${secrets.K}/a", "the scheme of the URL"),
            ("/url", "${secrets.K}${trigger_data.path}", "the scheme of the URL"),
            ("/url", "${secrets.K}${secrets.L}", "the scheme of the URL"),
            ("/url", "https://${secrets.K}/a", "in the host or the port"),
            ("/url", "https://x.${secrets.K}", "in the host or the port"),
            ("/url", "https://x.example:${secrets.K}/a", "in the host or the port"),
            ("/url", "https://${secrets.K}@x.example/a", "in the host or the port"),
            ("/url", "${trigger_data.base}${secrets.K}", "in the host or the port"),
            ("/url", "https://x.example/a${secrets.K}", "a part of a segment"),
            ("/url", "https://x.example/${trigger_data.a}${secrets.K}", "a part of a segment"),
            ("/url", "https://x.example/${secrets.K}${secrets.L}/", "a part of a segment"),
            ("/url", "https://x.example/?${secrets.K}", "in the name of a parameter"),
            ("/url", "https://x.example/?a=1&${secrets.K}=2", "in the name of a parameter"),
            ("/url", "https://x.example/#${secrets.K}", "in the fragment"),
        ] {
            let refused = check(pointer, text).unwrap_err();

            assert!(
                refused.starts_with(&format!("a secret cannot be {place}")),
                "{pointer} {text}: {refused}"
            );
            assert!(refused.contains("values of headers"), "{refused}");
        }
    }
}
