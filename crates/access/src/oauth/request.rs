//! What a token endpoint is asked, and where a person is sent to allow it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::oauth_config::{ClientAuth, OauthConfig};

/// What tokens are asked for with.
#[derive(Clone, Copy)]
pub(super) enum Asking<'a> {
    /// The credentials of the client.
    Client,
    /// A refresh token.
    Refresh(&'a str),
    /// What the provider sent when a person allowed it.
    Code { code: &'a str, verifier: &'a str, redirect_uri: &'a str },
}

/// A request to a token endpoint.
pub(super) struct TokenRequest {
    pub(super) fields: Vec<(String, String)>,
    /// The header `Authorization`.
    pub(super) authorization: Option<String>,
    /// What nothing may show.
    pub(super) hidden: Vec<String>,
}

/// Returns what the token endpoint is asked (RFC 6749, 4.1.3, 4.4.2 and 6; RFC 7636, 4.5).
pub(super) fn token_request(config: &OauthConfig, asking: Asking<'_>) -> TokenRequest {
    let mut fields: Vec<(&str, String)> = Vec::new();
    let mut hidden = Vec::new();
    match asking {
        Asking::Client => fields.push(("grant_type", "client_credentials".to_owned())),
        Asking::Refresh(token) => {
            fields.push(("grant_type", "refresh_token".to_owned()));
            fields.push(("refresh_token", token.to_owned()));
            hidden.push(token.to_owned());
        }
        Asking::Code { code, verifier, redirect_uri } => {
            fields.push(("grant_type", "authorization_code".to_owned()));
            fields.push(("code", code.to_owned()));
            fields.push(("redirect_uri", redirect_uri.to_owned()));
            fields.push(("code_verifier", verifier.to_owned()));
            hidden.extend([code.to_owned(), verifier.to_owned()]);
        }
    }
    // A refresh has the scope of what was allowed.
    if matches!(asking, Asking::Client) && !config.scopes.is_empty() {
        fields.push(("scope", config.scopes.join(" ")));
    }
    let secret = config.client_secret.as_deref().unwrap_or_default();
    hidden.extend(config.client_secret.clone());
    let authorization = match config.client_auth {
        ClientAuth::Basic => {
            // Both are encoded first (RFC 6749, 2.3.1).
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let (id, secret) = (encoded(&config.client_id), encoded(secret));
            Some(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
        }
        ClientAuth::Post => {
            fields.push(("client_id", config.client_id.clone()));
            fields.push(("client_secret", secret.to_owned()));
            None
        }
        ClientAuth::None => {
            fields.push(("client_id", config.client_id.clone()));
            None
        }
    };
    let own = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
    let fields = own.chain(config.token_parameters.clone()).collect();
    TokenRequest { fields, authorization, hidden }
}

/// Returns where a person is sent (RFC 6749, 4.1.1; RFC 7636, 4.3). `None` if the configuration has no such URL.
pub(super) fn authorization_url(
    config: &OauthConfig,
    state: &str,
    verifier: &str,
    redirect_uri: &str,
) -> Option<Url> {
    let mut url = Url::parse(config.authorization_url.as_deref()?).ok()?;
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("response_type", "code").append_pair("client_id", &config.client_id);
        query.append_pair("redirect_uri", redirect_uri);
        if !config.scopes.is_empty() {
            query.append_pair("scope", &config.scopes.join(" "));
        }
        query.append_pair("state", state).append_pair("code_challenge", &challenge(verifier));
        query.append_pair("code_challenge_method", "S256").extend_pairs(&config.authorization_parameters);
    }
    Some(url)
}

/// Returns the challenge of a verifier (RFC 7636, 4.2).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth_config::OauthGrant;
    use crate::oauth_config::tests::config;

    fn form(request: &TokenRequest) -> String {
        let pairs: Vec<String> =
            request.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }

    #[test]
    fn the_challenge_is_the_one_of_the_rfc() {
        let challenge = challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");

        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_client_proves_who_it_is_in_the_header_or_in_the_form() {
        let basic = token_request(&config(OauthGrant::ClientCredentials), Asking::Client);
        let post = OauthConfig { client_auth: ClientAuth::Post, ..config(OauthGrant::ClientCredentials) };
        let post = token_request(&post, Asking::Client);
        let none = OauthConfig {
            client_auth: ClientAuth::None,
            client_secret: None,
            ..config(OauthGrant::AuthorizationCode)
        };
        let code =
            Asking::Code { code: "c0de", verifier: "v", redirect_uri: "https://f.example/oauth/callback" };
        let none = token_request(&none, code);

        assert_eq!(
            form(&basic),
            "grant_type=client_credentials&scope=read https://example.com/write&audience=https://api.example.com"
        );
        let expected = format!("Basic {}", STANDARD.encode("client+one:s3cret%3A%26%25"));
        assert_eq!(basic.authorization.as_ref(), Some(&expected));
        assert!(form(&post).contains("&client_id=client one&client_secret=s3cret:&%&audience="));
        assert_eq!(post.authorization, None);
        assert_eq!(
            form(&none),
            "grant_type=authorization_code&code=c0de&redirect_uri=https://f.example/oauth/callback&code_verifier=v\
             &client_id=client one&audience=https://api.example.com"
        );
        assert_eq!(none.hidden, ["c0de", "v"]);
        let refresh = token_request(&config(OauthGrant::AuthorizationCode), Asking::Refresh("r1"));
        assert!(form(&refresh).starts_with("grant_type=refresh_token&refresh_token=r1&audience="));
        assert_eq!(refresh.hidden, ["r1", "s3cret:&%"]);
    }

    #[test]
    fn a_person_is_sent_with_a_challenge_and_what_the_provider_needs() {
        let mut config = config(OauthGrant::AuthorizationCode);
        config.authorization_parameters.insert("prompt".to_owned(), "consent".to_owned());

        let url = authorization_url(&config, "st", "v", "https://f.example/oauth/callback").unwrap();

        assert_eq!(
            url.as_str(),
            "https://login.example.com/authorize?tenant=a&response_type=code&client_id=client+one\
             &redirect_uri=https%3A%2F%2Ff.example%2Foauth%2Fcallback&scope=read+https%3A%2F%2Fexample.com%2Fwrite\
             &state=st&code_challenge=TJRIXgwhrmxBzh3-e2v6zupato5AokdvUCCOUm9QYIA&code_challenge_method=S256&prompt=consent"
        );
    }
}
