//! What a provider says of itself (OpenID Connect Discovery).

use serde_json::Value;
use steadflow_core::json;
use url::{Host, Url};

/// The addresses of a provider, and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Discovered {
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) userinfo: Option<Url>,
    pub(crate) jwks: Url,
    /// Whether the secret is sent in the header, and not in the form.
    pub(crate) takes_basic: bool,
    /// Whether each answer names the provider (RFC 9207).
    pub(crate) names_issuer: bool,
}

/// Checks the URL of a provider, as an operator writes it.
///
/// # Errors
/// A sentence about the setting.
pub fn check_issuer(issuer: &str) -> Result<(), IssuerError> {
    let malformed = || IssuerError::Malformed(issuer.to_owned());
    let url = Url::parse(issuer).map_err(|_| malformed())?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() {
        return Err(malformed());
    }
    if url.scheme() == "http" && !is_safe(&url, true) {
        return Err(IssuerError::Plain(issuer.to_owned()));
    }
    if is_safe(&url, true) { Ok(()) } else { Err(malformed()) }
}

/// Why a text cannot be the URL of a provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// It is none.
    #[error(
        "`issuer` must be the URL of the provider as its tokens have it, such as `https://login.example.org/realms/a`, not `{0}`"
    )]
    Malformed(String),
    /// Others could speak for the provider.
    #[error("`issuer` must begin with `https://`, not `{0}`: others could speak for the provider")]
    Plain(String),
}

/// Returns where a provider describes itself.
pub(super) fn address(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// Reads what a provider says of itself.
///
/// # Errors
/// What is wrong, in words that follow the name of the provider.
pub(super) fn read(issuer: &str, body: &[u8]) -> Result<Discovered, String> {
    let document = json::read(body).map_err(|error| format!("describes itself with no JSON: {error}"))?;
    let said = text(&document, "issuer").unwrap_or_default();
    if said != issuer {
        return Err(format!(
            "says that it is `{}`; the setting `issuer` must be exactly that",
            said.escape_debug()
        ));
    }
    let lists = |key: &str, value: &str| {
        document.get(key).and_then(Value::as_array).map(|all| all.iter().any(|one| one == value))
    };
    if lists("response_types_supported", "code") == Some(false) {
        return Err("does not support the response type `code`".to_owned());
    }
    if lists("code_challenge_methods_supported", "S256") == Some(false) {
        return Err("does not support PKCE with S256".to_owned());
    }
    let is_plain = issuer.starts_with("http://");
    let needed = |key: &str| url(&document, key, is_plain)?.ok_or_else(|| format!("has no `{key}`"));
    Ok(Discovered {
        authorization: needed("authorization_endpoint")?,
        token: needed("token_endpoint")?,
        userinfo: url(&document, "userinfo_endpoint", is_plain)?,
        jwks: needed("jwks_uri")?,
        takes_basic: lists("token_endpoint_auth_methods_supported", "client_secret_basic") != Some(false),
        names_issuer: document.get("authorization_response_iss_parameter_supported")
            == Some(&Value::Bool(true)),
    })
}

/// Returns an address. All are as safe as that of the provider.
fn url(document: &Value, key: &str, is_plain: bool) -> Result<Option<Url>, String> {
    let Some(text) = text(document, key) else { return Ok(None) };
    let url = Url::parse(text).ok().filter(|url| is_safe(url, is_plain));
    let url = url.ok_or_else(|| format!("has a `{key}` that is no `https` address"))?;
    Ok(Some(url))
}

/// Returns whether an address is one of HTTPS or, for tests, of this machine.
pub(super) fn is_safe(url: &Url, is_plain: bool) -> bool {
    let is_ours = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let has_scheme = url.scheme() == "https" || (is_plain && url.scheme() == "http" && is_ours);
    has_scheme && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

pub(super) fn text<'a>(document: &'a Value, key: &str) -> Option<&'a str> {
    document.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://login.example.com/realms/a";

    fn read_with(changes: &[(&str, Value)]) -> Result<Discovered, String> {
        let mut document = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://login.example.com/auth?realm=a",
            "token_endpoint": "https://login.example.com/token",
            "jwks_uri": "https://keys.example.com/jwks",
        });
        for (key, value) in changes {
            document[*key] = value.clone();
        }
        read(ISSUER, document.to_string().as_bytes())
    }

    #[test]
    fn a_provider_is_who_the_operator_named() {
        let found = read_with(&[]).unwrap();
        assert!(found.takes_basic && !found.names_issuer && found.userinfo.is_none());
        assert_eq!(address("https://a.example/"), "https://a.example/.well-known/openid-configuration");

        for (key, value, said) in [
            ("issuer", json!("https://login.example.com/realms/a/"), "must be exactly that"),
            ("issuer", json!(null), "must be exactly that"),
            ("token_endpoint", json!("http://login.example.com/token"), "no `https` address"),
            ("token_endpoint", json!("http://127.0.0.1/token"), "no `https` address"),
            ("jwks_uri", json!("file:///etc/passwd"), "no `https` address"),
            ("jwks_uri", json!(null), "has no `jwks_uri`"),
            ("userinfo_endpoint", json!("https://a:b@login.example.com/"), "no `https` address"),
            ("authorization_endpoint", json!("javascript:alert(1)"), "no `https` address"),
            ("response_types_supported", json!(["id_token"]), "`code`"),
            ("code_challenge_methods_supported", json!(["plain"]), "S256"),
        ] {
            let error = read_with(&[(key, value)]).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
        assert!(read(ISSUER, b"<html>").is_err());
    }
}
