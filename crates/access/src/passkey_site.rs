//! For which pages passkeys are: a device signs for no others.

use std::sync::Arc;

use url::{Host, Url};

/// For which pages passkeys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeySite {
    /// The origin of the pages, as browsers write it.
    pub(crate) origin: Arc<str>,
    /// The name of their host.
    pub id: Arc<str>,
}

impl PasskeySite {
    /// Returns that of a server which people find there; `None` where browsers have no passkeys: for addresses without a name, and
    /// without TLS elsewhere than on this machine.
    pub fn of(public_url: &str) -> Option<Self> {
        let url = Url::parse(public_url).ok()?;
        let Some(Host::Domain(name)) = url.host() else { return None };
        let is_safe = url.scheme() == "https" || name == "localhost" || name.ends_with(".localhost");
        is_safe.then(|| Self { origin: url.origin().ascii_serialization().into(), id: name.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_for_names_with_tls_or_on_this_machine() {
        let id = |url: &str| PasskeySite::of(url).map(|site| (site.id.to_string(), site.origin.to_string()));
        let is = |id: &str, origin: &str| Some((id.to_owned(), origin.to_owned()));

        assert_eq!(id("https://Flows.example.org"), is("flows.example.org", "https://flows.example.org"));
        assert_eq!(
            id("https://flows.example.org:8443"),
            is("flows.example.org", "https://flows.example.org:8443")
        );
        assert_eq!(id("http://localhost:8080"), is("localhost", "http://localhost:8080"));
        for none in
            ["http://flows.example.org", "http://127.0.0.1:8080", "https://192.0.2.1", "https://[::1]", ""]
        {
            assert_eq!(id(none), None, "{none}");
        }
    }
}
