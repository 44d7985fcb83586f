//! How an OAuth2 secret gets its tokens.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Characters of a URL, a client ID, a scope or a parameter.
const CHARS_MAX: usize = 2_000;
/// Bytes of a client secret. A signed assertion is longer than a password.
const SECRET_BYTES_MAX: usize = 8 * 1024;
/// Scopes, and parameters of one kind.
const ENTRIES_MAX: usize = 100;
/// Parameters that are sent anyway.
const OWN_PARAMETERS: [&str; 15] = [
    "assertion",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
    "redirect_uri",
    "refresh_token",
    "response_type",
    "scope",
    "state",
];

/// How the first token is obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OauthGrant {
    /// With the credentials of the client alone (RFC 6749, 4.4).
    ClientCredentials,
    /// A person allows it once, and a refresh token gets the next ones (RFC 6749, 4.1 and 6).
    AuthorizationCode,
}

/// How the client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// In the header `Authorization`.
    Basic,
    /// In the form.
    Post,
    /// Not at all: a client without a secret, which PKCE protects.
    None,
}

/// How an OAuth2 secret gets its tokens. `Debug` hides the client secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OauthConfig {
    /// How the first token is obtained.
    pub grant: OauthGrant,
    /// What is asked for tokens.
    pub token_url: String,
    /// Where a person allows it.
    pub authorization_url: Option<String>,
    /// What the provider calls itself in its answer to that (RFC 9207).
    pub issuer: Option<String>,
    /// The ID of the client.
    pub client_id: String,
    /// The secret of the client.
    pub client_secret: Option<String>,
    /// How the client proves who it is.
    pub client_auth: ClientAuth,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Further parameters of the calls of the token endpoint, such as `audience` or `resource`.
    pub token_parameters: BTreeMap<String, String>,
    /// Further parameters of the page where a person allows it, such as `access_type` or `prompt`.
    pub authorization_parameters: BTreeMap<String, String>,
}

impl fmt::Debug for OauthConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { grant, token_url, client_id, client_auth, scopes, .. } = self;
        let mut fields = f.debug_struct("OauthConfig");
        fields.field("grant", grant).field("token_url", token_url).field("client_id", client_id);
        fields.field("client_auth", client_auth).field("scopes", scopes).finish_non_exhaustive()
    }
}

/// What is wrong with a configuration, as a sentence, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// A JSON pointer.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

impl OauthConfig {
    /// Checks it.
    ///
    /// # Errors
    /// The first [`ConfigFault`].
    pub fn check(&self) -> Result<(), ConfigFault> {
        check_url("token_url", &self.token_url)?;
        self.check_grant()?;
        if let Some(issuer) = &self.issuer {
            check_url("issuer", issuer)?;
        }
        if !is_text(&self.client_id) {
            return Err(fault("/client_id", format!("A client ID has 1 to {CHARS_MAX} visible characters.")));
        }
        self.check_secret()?;
        if self.scopes.len() > ENTRIES_MAX {
            return Err(fault("/scopes", format!("There are up to {ENTRIES_MAX} scopes.")));
        }
        let wrong = self.scopes.iter().position(|scope| !is_text(scope) || scope.contains([' ', '"', '\\']));
        if let Some(place) = wrong {
            let message = "A scope has visible ASCII characters without `\"` and `\\`. Give each one as an entry of its own.";
            return Err(fault(format!("/scopes/{place}"), message));
        }
        check_parameters("token_parameters", &self.token_parameters)?;
        check_parameters("authorization_parameters", &self.authorization_parameters)
    }

    fn check_grant(&self) -> Result<(), ConfigFault> {
        match (self.grant, &self.authorization_url) {
            (OauthGrant::AuthorizationCode, Some(url)) => check_url("authorization_url", url),
            (OauthGrant::AuthorizationCode, None) => Err(fault(
                "/authorization_url",
                "The grant `authorization_code` needs the URL where a person allows it.",
            )),
            (OauthGrant::ClientCredentials, None) => {
                let is_extra = !self.authorization_parameters.is_empty() || self.issuer.is_some();
                let message =
                    "`issuer` and `authorization_parameters` are for the grant `authorization_code`.";
                if is_extra { Err(fault("/authorization_parameters", message)) } else { Ok(()) }
            }
            (OauthGrant::ClientCredentials, Some(_)) => Err(fault(
                "/authorization_url",
                "With the grant `client_credentials`, nobody has to allow it. Remove the URL, or use `authorization_code`.",
            )),
        }
    }

    fn check_secret(&self) -> Result<(), ConfigFault> {
        let length = self.client_secret.as_ref().map(String::len);
        match (self.client_auth, length) {
            (ClientAuth::None, Some(_)) => {
                Err(fault("/client_auth", "A client with a secret proves who it is with `basic` or `post`."))
            }
            (ClientAuth::None, None) if self.grant == OauthGrant::ClientCredentials => Err(fault(
                "/client_auth",
                "The grant `client_credentials` needs a client secret, sent with `basic` or `post`.",
            )),
            (ClientAuth::None, None) => Ok(()),
            (ClientAuth::Basic | ClientAuth::Post, Some(1..=SECRET_BYTES_MAX)) => Ok(()),
            (ClientAuth::Basic | ClientAuth::Post, _) => Err(fault(
                "/client_secret",
                format!(
                    "A client secret has 1 to {SECRET_BYTES_MAX} bytes. A client without one has the `client_auth` `none`."
                ),
            )),
        }
    }

    /// Returns the host of the token endpoint, for people.
    pub fn token_host(&self) -> String {
        Url::parse(&self.token_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// A URL that gets credentials is one of HTTPS, or of the operator's own network.
fn check_url(key: &str, text: &str) -> Result<(), ConfigFault> {
    let wrong = |message: &str| Err(fault(format!("/{key}"), message));
    let url = match Url::parse(text) {
        Ok(url) if text.len() <= CHARS_MAX && url.host().is_some() => url,
        Ok(_) | Err(_) => return wrong("This is not a URL such as `https://login.example.com/oauth/token`."),
    };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return wrong("The URL has neither a user name nor a password nor a fragment (`#…`).");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if url.host().is_some_and(|host| is_own_network(&host)) => Ok(()),
        _ => wrong(
            "The URL begins with `https://`. `http://` is only for your own network: a private address, or a name without a dot.",
        ),
    }
}

fn is_own_network(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => !name.trim_end_matches('.').contains('.'),
        Host::Ipv4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Host::Ipv6(address) => match IpAddr::V6(*address).to_canonical() {
            IpAddr::V4(address) => address.is_loopback() || address.is_private(),
            IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
        },
    }
}

fn check_parameters(key: &str, parameters: &BTreeMap<String, String>) -> Result<(), ConfigFault> {
    if parameters.len() > ENTRIES_MAX {
        return Err(fault(format!("/{key}"), format!("There are up to {ENTRIES_MAX} parameters.")));
    }
    for (name, value) in parameters {
        let at = || format!("/{key}/{}", name.replace('~', "~0").replace('/', "~1"));
        if OWN_PARAMETERS.contains(&name.as_str()) {
            return Err(fault(at(), format!("`{name}` is set by the server itself.")));
        }
        if !is_text(name) || value.chars().count() > CHARS_MAX {
            return Err(fault(at(), format!("A parameter has a name, and up to {CHARS_MAX} characters.")));
        }
    }
    Ok(())
}

fn is_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= CHARS_MAX && !text.chars().any(char::is_control)
}

fn fault(pointer: impl Into<String>, message: impl Into<String>) -> ConfigFault {
    ConfigFault { pointer: pointer.into(), message: message.into() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Returns a configuration that is right.
    pub(crate) fn config(grant: OauthGrant) -> OauthConfig {
        let authorization_url = "https://login.example.com/authorize?tenant=a".to_owned();
        OauthConfig {
            grant,
            token_url: "https://login.example.com/token".to_owned(),
            authorization_url: (grant == OauthGrant::AuthorizationCode).then_some(authorization_url),
            issuer: None,
            client_id: "client one".to_owned(),
            client_secret: Some("s3cret:&%".to_owned()),
            client_auth: ClientAuth::Basic,
            scopes: vec!["read".to_owned(), "https://example.com/write".to_owned()],
            token_parameters: BTreeMap::from([("audience".to_owned(), "https://api.example.com".to_owned())]),
            authorization_parameters: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        type Change = fn(&mut OauthConfig);
        let code: [(Change, &str); 14] = [
            (|c| c.token_url = "login.example.com".to_owned(), "/token_url"),
            (|c| c.token_url = "http://login.example.com/token".to_owned(), "/token_url"),
            (|c| c.token_url = "http://8.8.8.8/token".to_owned(), "/token_url"),
            (|c| c.token_url = "https://user@login.example.com/".to_owned(), "/token_url"),
            (|c| c.token_url = "https://login.example.com/#a".to_owned(), "/token_url"),
            (|c| c.authorization_url = None, "/authorization_url"),
            (|c| c.authorization_url = Some("javascript:alert(1)".to_owned()), "/authorization_url"),
            (|c| c.issuer = Some("issuer".to_owned()), "/issuer"),
            (|c| c.client_id = String::new(), "/client_id"),
            (|c| c.client_secret = None, "/client_secret"),
            (|c| c.client_auth = ClientAuth::None, "/client_auth"),
            (|c| c.scopes = vec!["a".to_owned(), "b c".to_owned()], "/scopes/1"),
            (
                |c| c.token_parameters = BTreeMap::from([("scope".to_owned(), "x".to_owned())]),
                "/token_parameters/scope",
            ),
            (
                |c| c.authorization_parameters = BTreeMap::from([("state".to_owned(), "x".to_owned())]),
                "/authorization_parameters/state",
            ),
        ];
        for (change, pointer) in code {
            let mut wrong = config(OauthGrant::AuthorizationCode);
            change(&mut wrong);
            assert_eq!(wrong.check().unwrap_err().pointer, pointer, "{wrong:?}");
        }
        let with_url = OauthConfig {
            authorization_url: Some("https://login.example.com/authorize".to_owned()),
            ..config(OauthGrant::ClientCredentials)
        };
        assert_eq!(with_url.check().unwrap_err().pointer, "/authorization_url");
        let without = OauthConfig {
            client_secret: None,
            client_auth: ClientAuth::None,
            ..config(OauthGrant::ClientCredentials)
        };
        assert_eq!(without.check().unwrap_err().pointer, "/client_auth");
    }

    #[test]
    fn https_and_the_own_network_are_taken() {
        for url in [
            "https://login.example.com/token",
            "http://127.0.0.1:9000/token",
            "http://[::1]/token",
            "http://10.0.0.5/t",
            "http://keycloak:8080/realms/a/protocol/openid-connect/token",
            "http://localhost/token",
        ] {
            let right = OauthConfig { token_url: url.to_owned(), ..config(OauthGrant::ClientCredentials) };
            assert_eq!(right.check(), Ok(()), "{url}");
        }
        let public = OauthConfig {
            client_secret: None,
            client_auth: ClientAuth::None,
            ..config(OauthGrant::AuthorizationCode)
        };
        assert_eq!(public.check(), Ok(()), "a client without a secret");
        assert!(!format!("{:?}", config(OauthGrant::ClientCredentials)).contains("s3cret"));
    }
}
