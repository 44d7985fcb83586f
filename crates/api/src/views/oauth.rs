//! OAuth2 secrets as the API takes and shows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use steadflow_access::{ClientAuth, ConfigFault, Connection, OauthConfig, OauthGrant, OauthStatus};
use utoipa::ToSchema;

use super::wire::Time;
use crate::hidden_text::HiddenText;

/// How the first token is obtained.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OauthGrant)]
pub(crate) enum GrantName {
    /// With the credentials of the client alone.
    ClientCredentials,
    /// A person allows it once.
    AuthorizationCode,
}

/// How the client proves who it is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OauthClientAuth)]
pub(crate) enum ClientAuthName {
    /// In the header `Authorization`.
    Basic,
    /// In the form.
    Post,
    /// Not at all: a client without a secret.
    None,
}

/// Whether an OAuth2 secret can be used.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OauthConnection)]
pub(crate) enum ConnectionName {
    /// Its token is obtained when a flow needs it.
    Ready,
    /// Somebody has to connect it first.
    NeedsConnection,
    /// The last try to get a token failed; it is tried again when a flow needs it.
    Failing,
}

/// How an access token is obtained.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = OauthInput)]
pub(crate) struct OauthInput {
    grant: GrantName,
    /// What is asked for tokens: a URL of `https`, or of your own network.
    token_url: String,
    /// Where a person allows it, with the grant `authorization_code`.
    authorization_url: Option<String>,
    /// What the provider calls itself in its answer to that (RFC 9207). If it is given, another answer is refused.
    issuer: Option<String>,
    client_id: String,
    /// The secret of the client. It is never shown again.
    #[schema(value_type = Option<String>, write_only)]
    client_secret: Option<HiddenText>,
    /// `basic` unless given, or `none` if there is no client secret.
    client_auth: Option<ClientAuthName>,
    /// What is asked for, each scope as an entry of its own.
    #[serde(default)]
    scopes: Vec<String>,
    /// Further parameters of the calls of the token endpoint, such as `audience` or `resource`. They are shown.
    #[serde(default)]
    token_parameters: BTreeMap<String, String>,
    /// Further parameters of the page where a person allows it, such as `access_type` or `prompt`. They are shown.
    #[serde(default)]
    authorization_parameters: BTreeMap<String, String>,
}

/// How an access token is obtained, and how that is going. The client secret and tokens are not shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OauthSecret)]
pub(crate) struct OauthView {
    grant: GrantName,
    token_url: String,
    authorization_url: Option<String>,
    issuer: Option<String>,
    client_id: String,
    client_auth: ClientAuthName,
    scopes: Vec<String>,
    token_parameters: BTreeMap<String, String>,
    authorization_parameters: BTreeMap<String, String>,
    /// Where the provider sends browsers back to, which has to be registered there; only with the grant `authorization_code`.
    redirect_uri: Option<String>,
    connection: ConnectionName,
    /// When its token was obtained, if it has one.
    obtained_at: Option<Time>,
    /// When that expires, if the provider says so. The next one is obtained before.
    expires_at: Option<Time>,
    /// Why the last try to get a token failed, if it did.
    error: Option<String>,
}

impl OauthInput {
    /// Returns what it says.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(crate) fn checked(self) -> Result<OauthConfig, ConfigFault> {
        let client_secret = self.client_secret.map(|HiddenText(text)| text.to_string());
        let usual = if client_secret.is_some() { ClientAuthName::Basic } else { ClientAuthName::None };
        let config = OauthConfig {
            grant: self.grant.into(),
            token_url: self.token_url,
            authorization_url: self.authorization_url,
            issuer: self.issuer,
            client_id: self.client_id,
            client_secret,
            client_auth: self.client_auth.unwrap_or(usual).into(),
            scopes: self.scopes,
            token_parameters: self.token_parameters,
            authorization_parameters: self.authorization_parameters,
        };
        config.check().map(|()| config)
    }
}

impl From<GrantName> for OauthGrant {
    fn from(name: GrantName) -> Self {
        match name {
            GrantName::ClientCredentials => Self::ClientCredentials,
            GrantName::AuthorizationCode => Self::AuthorizationCode,
        }
    }
}

impl From<OauthGrant> for GrantName {
    fn from(grant: OauthGrant) -> Self {
        match grant {
            OauthGrant::ClientCredentials => Self::ClientCredentials,
            OauthGrant::AuthorizationCode => Self::AuthorizationCode,
        }
    }
}

impl From<ClientAuthName> for ClientAuth {
    fn from(name: ClientAuthName) -> Self {
        match name {
            ClientAuthName::Basic => Self::Basic,
            ClientAuthName::Post => Self::Post,
            ClientAuthName::None => Self::None,
        }
    }
}

impl From<ClientAuth> for ClientAuthName {
    fn from(auth: ClientAuth) -> Self {
        match auth {
            ClientAuth::Basic => Self::Basic,
            ClientAuth::Post => Self::Post,
            ClientAuth::None => Self::None,
        }
    }
}

impl OauthView {
    pub(crate) fn new(config: &OauthConfig, status: OauthStatus, redirect_uri: String) -> Self {
        Self {
            grant: config.grant.into(),
            token_url: config.token_url.clone(),
            authorization_url: config.authorization_url.clone(),
            issuer: config.issuer.clone(),
            client_id: config.client_id.clone(),
            client_auth: config.client_auth.into(),
            scopes: config.scopes.clone(),
            token_parameters: config.token_parameters.clone(),
            authorization_parameters: config.authorization_parameters.clone(),
            redirect_uri: (config.grant == OauthGrant::AuthorizationCode).then_some(redirect_uri),
            connection: match status.connection {
                Connection::Ready => ConnectionName::Ready,
                Connection::NeedsConnection => ConnectionName::NeedsConnection,
                Connection::Failing => ConnectionName::Failing,
            },
            obtained_at: status.obtained_at.map(Into::into),
            expires_at: status.expires_at.map(Into::into),
            error: status.error.map(|error| error.to_string()),
        }
    }
}
