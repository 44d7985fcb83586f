//! Values inside a URL.
//!
//! What a document writes is taken as it is. A value that is put in stays what its place says: in the path one segment, in
//! the query one value, in the host a name. So nothing that a value holds can lead a call elsewhere. A value at the
//! beginning is a URL, or the beginning of one, and taken as it is.

use std::ops::Range;

use crate::expression::{Problem, percent_encoded};

/// A URL under construction.
#[derive(Debug, Default)]
pub(super) struct UrlText {
    text: String,
    /// Where values are in the path or behind it.
    values: Vec<Range<usize>>,
}

/// Where the next character goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spot {
    /// Before `://`.
    Beginning,
    /// Host and port.
    Host,
    /// Behind them.
    Component,
}

impl UrlText {
    /// Appends what the document writes, or a value that is meant as a part of a URL.
    pub(super) fn literal(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a value.
    ///
    /// # Errors
    /// It is put into the host and holds what ends a host.
    pub(super) fn value(&mut self, value: &str) -> Result<(), Problem> {
        match self.spot() {
            Spot::Beginning => self.text.push_str(value),
            Spot::Host => self.host(value)?,
            Spot::Component => self.component(&percent_encoded(value)),
        }
        Ok(())
    }

    /// Appends what is encoded already: a segment, a value, or a query.
    ///
    /// # Errors
    /// As [`UrlText::value`].
    pub(super) fn encoded(&mut self, text: &str) -> Result<(), Problem> {
        match self.spot() {
            Spot::Beginning | Spot::Host => self.value(text),
            Spot::Component => {
                self.component(text);
                Ok(())
            }
        }
    }

    /// Returns the number of bytes so far.
    pub(super) const fn len(&self) -> usize {
        self.text.len()
    }

    /// Returns the text, whatever it is.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Returns the URL.
    ///
    /// # Errors
    /// A value makes a segment of the path that means another one: `.` or `..`.
    pub(super) fn finish(self) -> Result<String, Problem> {
        let path = self.text.split(['?', '#']).next().unwrap_or_default();
        let mut start = 0;
        for segment in path.split(['/', '\\']) {
            let end = start + segment.len();
            let is_of_value = self.values.iter().any(|value| value.start < end && start < value.end);
            let plain = segment.to_ascii_lowercase().replace("%2e", ".");
            if is_of_value && matches!(plain.as_str(), "." | "..") {
                return Err(Problem::new(format!(
                    "the path of the URL would have the segment `{segment}`, which leads to another path"
                )));
            }
            start = end + 1;
        }
        Ok(self.text)
    }

    fn spot(&self) -> Spot {
        match self.text.split_once("://") {
            None => Spot::Beginning,
            Some((_, behind)) if behind.contains(['/', '\\', '?', '#']) => Spot::Component,
            Some(_) => Spot::Host,
        }
    }

    fn component(&mut self, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.values.push(start..self.text.len());
    }

    fn host(&mut self, value: &str) -> Result<(), Problem> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '[' | ']');
        if let Some(wrong) = value.chars().find(|c| !fits(*c)) {
            return Err(Problem::new(format!(
                "a value in the host of a URL cannot hold {wrong:?}; write `/` between the host and the path, or make the \
                 whole URL with one template such as `${{base ~ path}}`"
            )));
        }
        self.text.push_str(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    /// Literal text, and values behind `$`.
    #[test]
    fn values_stay_where_they_are_put() {
        for (pieces, expected) in [
            (&["https://x.example/vendors/", "$a/b"][..], "https://x.example/vendors/a%2Fb"),
            (&["https://x.example/v/", "$../admin"], "https://x.example/v/..%2Fadmin"),
            (&["https://x.example/v/", "$1?admin=true#x"], "https://x.example/v/1%3Fadmin%3Dtrue%23x"),
            (
                &["https://x.example/v/", "$a b+c%2F&=;:@"],
                "https://x.example/v/a%20b%2Bc%252F%26%3D%3B%3A%40",
            ),
            (&["https://x.example/v/", "$Köln €"], "https://x.example/v/K%C3%B6ln%20%E2%82%AC"),
            (&["https://x.example/v/", "$a\\b\n"], "https://x.example/v/a%5Cb%0A"),
            (
                &["https://x.example/v/", "$a.b", "/", "$c-d_e~f", "/items"],
                "https://x.example/v/a.b/c-d_e~f/items",
            ),
            (&["https://x.example/v/", "$", "/items"], "https://x.example/v//items"),
            (
                &["https://x.example/?q=", "$a&b=c d#e+f", "&p=1"],
                "https://x.example/?q=a%26b%3Dc%20d%23e%2Bf&p=1",
            ),
            (&["https://x.example?q=", "$.."], "https://x.example?q=.."),
            (&["https://x.example/a?q=b/", "$..", "/c"], "https://x.example/a?q=b/../c"),
            (&["https://x.example/a#b/", "$..", "/c"], "https://x.example/a#b/../c"),
            (&["https://x.example/a#", "$b/c"], "https://x.example/a#b%2Fc"),
            (&["https://x.example/file.", "$.", "txt"], "https://x.example/file..txt"),
            (&["$https://x.example/api/v1", "/vendors/", "$a/b"], "https://x.example/api/v1/vendors/a%2Fb"),
            (&["$https", "://", "$x.example:8443", "/", "$a/b"], "https://x.example:8443/a%2Fb"),
            (&["https://", "$eu-1", ".x.example/", "$a?b"], "https://eu-1.x.example/a%3Fb"),
            (&["https://", "$[::1]:80", "/"], "https://[::1]:80/"),
            (&["https://x.example/$id/", "$a"], "https://x.example/$id/a"),
            (&["https://x.example/", "$%2e%2e"], "https://x.example/%252e%252e"),
            (&["https://x.example/a/../b/", "$c"], "https://x.example/a/../b/c"),
            (&["https://x.example/a/..", "$", "/b"], "https://x.example/a/../b"),
            (&["https://x.example/a/", "$", "../b"], "https://x.example/a/../b"),
            (&["https://", "$..", "/a"], "https://../a"),
        ] {
            assert_eq!(built(pieces).unwrap(), expected, "{pieces:?}");
        }
    }

    #[test]
    fn values_that_would_lead_elsewhere_are_refused() {
        for pieces in [
            &["https://x.example/v/", "$.."][..],
            &["https://a/", "$.."],
            &["https://x.example/v/", "$.", "/items"],
            &["https://x.example/v/", "$..", "?a=b"],
            &["https://x.example/v/.", "$.", "/items"],
            &["https://x.example/v/%2E", "$.", "/items"],
            &["https://x.example/v/", "$.", "$."],
            &["https://x.example\\v\\", "$.."],
            &["https://", "$evil.example/", ".x.example/"],
            &["https://", "$evil.example?", ".x.example/"],
            &["https://", "$evil.example#", ".x.example/"],
            &["https://", "$evil.example\\", ".x.example/"],
            &["https://", "$user@evil.example", "/"],
            &["https://", "$a b", "/"],
            &["https://", "$evil.example／", ".x.example/"],
            &["$https://x.example", "$/path"],
        ] {
            assert!(built(pieces).is_err(), "{pieces:?}");
        }
    }

    /// The URL standard is the reference: what a server reads is the value, and nothing else of the URL changes.
    #[test]
    fn a_parser_reads_the_values_that_were_put_in() {
        let mut values: Vec<String> = (0_u8..=127).map(|byte| format!("a{}b", char::from(byte))).collect();
        values.extend(
            [
                "a/../b", "%41", "a//b", "?", "#", "&", "=", "+", "日本", "\u{feff}", "a;b=c", "😀", "..a",
                "...",
            ]
            .map(str::to_owned),
        );
        for value in values {
            let text = built(&[
                "https://x.example/v/",
                &format!("${value}"),
                "/end?q=",
                &format!("${value}"),
                "&p=1#f",
            ])
            .unwrap();

            let url = Url::parse(&text).unwrap();

            let segments: Vec<&str> = url.path_segments().unwrap().collect();
            assert_eq!((segments.len(), segments[0], segments[2]), (3, "v", "end"), "{text}");
            let read: Vec<(String, String)> =
                url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
            assert_eq!(read, [("q".to_owned(), value.clone()), ("p".to_owned(), "1".to_owned())]);
            let as_query = format!("x={}", segments[1]);
            let segment = url::form_urlencoded::parse(as_query.as_bytes()).next().unwrap().1.into_owned();
            assert_eq!(segment, value, "no `+` is in a segment, so both are decoded alike");
            assert_eq!((url.host_str(), url.fragment()), (Some("x.example"), Some("f")));
        }
    }

    fn built(pieces: &[&str]) -> Result<String, Problem> {
        let mut url = UrlText::default();
        for piece in pieces {
            match piece.strip_prefix('$') {
                Some(value) => url.value(value)?,
                None => url.literal(piece),
            }
        }
        url.finish()
    }
}
