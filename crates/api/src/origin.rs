//! Origins of web pages, as an operator names them.

use std::str::FromStr;

use axum::http::uri::Uri;

/// The origin of a web page: scheme, host and, unless it is the default, port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Returns it as the header `Origin` has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no origin that can be allowed. Its message says what to give instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Any origin.
    #[error("`*` would let every web page that a user opens run flows and read their data; name each origin")]
    Any,
    /// Something else.
    #[error(
        "`{0}` is not an origin; give scheme, host and port as in https://app.example or http://localhost:3000"
    )]
    Malformed(String),
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.contains('*') {
            return Err(OriginError::Any);
        }
        let malformed = || OriginError::Malformed(text.to_owned());
        let lower = text.to_ascii_lowercase();
        let uri: Uri = lower.parse().map_err(|_| malformed())?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(malformed());
        };
        // A parsed address has the path `/` even where the text has none.
        if lower != format!("{scheme}://{authority}") || authority.as_str().contains('@') {
            return Err(malformed());
        }
        let default_port = if scheme == "http" { ":80" } else { ":443" };
        Ok(Self(lower.strip_suffix(default_port).unwrap_or(&lower).to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_exact() {
        let read = |text: &str| text.parse::<Origin>().map(|origin| origin.0).ok();

        assert_eq!(read("https://App.example").as_deref(), Some("https://app.example"));
        assert_eq!(read("https://app.example:443").as_deref(), Some("https://app.example"));
        assert_eq!(read("http://localhost:3000").as_deref(), Some("http://localhost:3000"));
        for text in
            ["", "null", "app.example", "https://app.example/", "https://a@app.example", "ftp://app.example"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!("https://*.example".parse::<Origin>(), Err(OriginError::Any));
    }
}
