//! Content types, and what kind of content each is.

use reqwest::header::{CONTENT_TYPE, HeaderMap};

use crate::call::header_text;

/// Types that are text although their names do not begin with `text/`.
const TEXTS: [&str; 16] = [
    "application/ecmascript",
    "application/graphql",
    "application/javascript",
    "application/jose",
    "application/jsonl",
    "application/jwt",
    "application/pem-certificate-chain",
    "application/pgp-signature",
    "application/sql",
    "application/toml",
    "application/x-javascript",
    "application/x-sh",
    "application/x-www-form-urlencoded",
    "application/x-yaml",
    "application/xml-dtd",
    "application/yaml",
];

/// A content type (RFC 9110, 8.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Media {
    /// `type/subtype` in lower case.
    pub(super) essence: String,
    /// The parameter `charset`, as it was given.
    pub(super) charset: Option<String>,
    /// The type with its parameters, as it was given.
    pub(super) full: String,
}

/// What a type's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Html,
    Xml,
    Text,
    Binary,
}

impl Media {
    /// Returns the content type in `headers`. The last that is well-formed counts, as in browsers (WHATWG Fetch, "extract a
    /// MIME type"); `None` where none is.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut last: Option<Self> = None;
        for value in headers.get_all(CONTENT_TYPE) {
            for text in header_text(value).split(',') {
                let Some(mut media) = Self::parse(text.trim()) else { continue };
                if let Some(before) = last.filter(|before| before.essence == media.essence) {
                    media.charset = media.charset.or(before.charset);
                }
                last = Some(media);
            }
        }
        last
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let (family, name) = essence.split_once('/')?;
        let is_named = |word: &str| !word.is_empty() && word != "*" && !word.contains(['/', ' ']);
        if !is_named(family) || !is_named(name) {
            return None;
        }
        let charset = parts.filter_map(|part| part.split_once('=')).find_map(|(name, value)| {
            let value = value.trim().trim_matches(['"', '\'']).trim();
            (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
        });
        Some(Self { essence, charset, full: text.to_owned() })
    }

    pub(super) fn kind(&self) -> Kind {
        let essence = self.essence.as_str();
        match essence {
            "application/json" | "text/json" => Kind::Json,
            _ if essence.ends_with("+json") => Kind::Json,
            "text/html" | "application/xhtml+xml" => Kind::Html,
            "application/xml" | "text/xml" => Kind::Xml,
            _ if essence.ends_with("+xml") => Kind::Xml,
            _ if essence.starts_with("text/") || TEXTS.contains(&essence) => Kind::Text,
            // Lines or sequences of JSON, and its dialects.
            _ if essence.contains("json") || essence.ends_with("+yaml") => Kind::Text,
            _ => Kind::Binary,
        }
    }
}
