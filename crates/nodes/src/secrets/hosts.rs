//! The hosts that a secret may be sent to.

use std::fmt;

use url::{Host, Url};

/// The hosts that a secret is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretHosts(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// In lower case, without a dot at the end; an address as URLs write it.
    host: String,
    /// Whether the entry is `*.host`: every name below it, and not itself.
    is_below: bool,
    port: Option<u16>,
}

/// An entry that is no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a host such as `api.example.com`, `*.example.com`, `api.example.com:8443` or `10.0.0.5`"
)]
pub struct SecretHostsError(String);

impl SecretHosts {
    /// Parses hosts, separated by commas. A host without a port stands for all its ports, and `*.host` for all names below it.
    ///
    /// # Errors
    /// The first entry that is no host. A list without entries has an empty one.
    pub fn parse(list: &str) -> Result<Self, SecretHostsError> {
        let list = list.trim().trim_end_matches(',');
        list.split(',').map(|entry| Entry::parse(entry.trim())).collect::<Result<_, _>>().map(Self)
    }

    /// Returns no hosts.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Returns whether there are none.
    pub(super) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the host of `url` is one of them.
    pub fn contain(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        let port = url.port_or_known_default();
        self.0.iter().any(|entry| entry.is_for(host) && (entry.port.is_none() || entry.port == port))
    }

    /// Returns whether the host of `url` is written out in one of them, and so known to those who know the list.
    pub(super) fn spell_out(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        self.0.iter().any(|entry| !entry.is_below && entry.host == host)
    }
}

impl fmt::Display for SecretHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Entry { host, is_below, port }) in self.0.iter().enumerate() {
            f.write_str(if number > 0 { ", " } else { "" })?;
            f.write_str(if *is_below { "*." } else { "" })?;
            f.write_str(host)?;
            if let Some(port) = port {
                write!(f, ":{port}")?;
            }
        }
        Ok(())
    }
}

impl Entry {
    fn parse(entry: &str) -> Result<Self, SecretHostsError> {
        let wrong = || SecretHostsError(entry.to_owned());
        let (is_below, bare) = entry.strip_prefix("*.").map_or((false, entry), |bare| (true, bare));
        if bare.contains(['/', '?', '#', '@', '*', '\\', '%']) || bare.contains(char::is_whitespace) {
            return Err(wrong());
        }
        // The parser of URLs gives hosts the form that they have in URLs. A port of 80 would be left out of `http`.
        let url = Url::parse(&format!("https://{bare}/")).map_err(|_| wrong())?;
        let given = bare.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
        let port = given.map(|(_, port)| port.parse().map_err(|_| wrong())).transpose()?;
        let is_name = matches!(url.host(), Some(Host::Domain(_)));
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_owned();
        if host.is_empty() || (is_below && !is_name) {
            return Err(wrong());
        }
        Ok(Self { host, is_below, port })
    }

    fn is_for(&self, host: &str) -> bool {
        if !self.is_below {
            return self.host == host;
        }
        host.strip_suffix(self.host.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_as_urls_write_them() {
        let hosts =
            SecretHosts::parse("API.example.com., *.example.org,bücher.example:8443,10.0.0.5,[::1]:80")
                .unwrap();

        for (url, is_for) in [
            ("https://api.example.com/", true),
            ("http://API.EXAMPLE.COM.:81/", true),
            ("https://x.api.example.com/", false),
            ("https://a.example.org/", true),
            ("https://a.b.example.org/", true),
            ("https://example.org/", false),
            ("https://.example.org/", false),
            ("https://badexample.org/", false),
            ("https://example.org.evil.example/", false),
            ("https://bücher.example:8443/", true),
            ("https://xn--bcher-kva.example:8443/", true),
            ("https://bücher.example/", false),
            ("http://10.5/", true),
            ("http://[::1]/", true),
            ("https://[::1]/", false),
        ] {
            assert_eq!(hosts.contain(&Url::parse(url).unwrap()), is_for, "{url}");
        }
        assert_eq!(
            hosts.to_string(),
            "api.example.com, *.example.org, xn--bcher-kva.example:8443, 10.0.0.5, [::1]:80"
        );
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for entry in [
            "",
            "*",
            "*.",
            "*.*",
            "https://x.example",
            "x.example/a",
            "a b",
            "u@x",
            "x:y",
            "*.10.0.0.1",
            "x%41",
        ] {
            assert_eq!(SecretHosts::parse(entry), Err(SecretHostsError(entry.to_owned())), "{entry}");
        }
    }
}
