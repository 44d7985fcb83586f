//! The arguments of `steadflow secrets`.

use clap::{Subcommand, ValueEnum};

use super::Asked;

/// List, set and delete the stored secrets of a running server
///
/// Values are never shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Secrets {
    #[command(subcommand)]
    pub(crate) command: SecretsCommand,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// List secrets by name, with the hosts that they may be sent to
    List,
    /// Store a secret, or replace it: its value is read from standard input
    ///
    /// A line break at the end is not part of the value. Without `--hosts`, the secret is sent nowhere, and only verifies calls of
    /// webhooks.
    ///
    /// With `--oauth2`, the value of the secret is an access token that the server obtains, and the client secret is read from
    /// standard input.
    Set {
        /// Name of the secret: letters, digits and `_`
        name: String,
        /// Host that it may be sent to, such as `api.example.com` or `*.example.com`. May be repeated
        #[arg(long, value_name = "HOST", value_delimiter = ',')]
        hosts: Vec<String>,
        #[command(flatten)]
        oauth2: Box<Oauth2>,
    },
    /// Print the page of the provider where a person allows an OAuth2 secret
    Connect {
        /// Name of the secret
        name: String,
    },
    /// Encrypt the stored secrets of all tenants with the next master key of the server
    ///
    /// Start all servers with both keys first (`--next-master-key-file`). Afterwards, start them with the next one alone.
    Rotate,
    /// Delete a stored secret
    Delete {
        /// Name of the secret
        name: String,
    },
}

/// How an access token is obtained.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "OAuth2")]
pub(crate) struct Oauth2 {
    /// Obtain an access token by OAuth2: with the credentials of the client alone, or after a person has allowed it
    #[arg(long, value_name = "GRANT", requires = "token_url", requires = "client_id")]
    pub(crate) oauth2: Option<Grant>,
    /// Token URL of the provider
    #[arg(long, value_name = "URL", requires = "oauth2")]
    pub(crate) token_url: Option<String>,
    /// URL of the provider where a person allows it
    #[arg(long, value_name = "URL", requires = "oauth2")]
    pub(crate) authorization_url: Option<String>,
    /// Issuer of the provider; if it is given, an answer of another one is refused
    #[arg(long, value_name = "URL", requires = "oauth2")]
    pub(crate) issuer: Option<String>,
    /// ID of the client
    #[arg(long, value_name = "ID", requires = "oauth2")]
    pub(crate) client_id: Option<String>,
    /// How the client sends its secret. With `none`, it has no secret, and nothing is read
    #[arg(long, value_name = "HOW", requires = "oauth2", default_value = "basic")]
    pub(crate) client_auth: ClientAuth,
    /// Scope to ask for. May be repeated
    #[arg(long = "scope", value_name = "SCOPE", requires = "oauth2")]
    pub(crate) scopes: Vec<String>,
    /// Further parameter for the token URL, such as `audience=https://api.example.com`. May be repeated
    #[arg(long = "token-parameter", value_name = "NAME=VALUE", requires = "oauth2")]
    pub(crate) token_parameters: Vec<String>,
    /// Further parameter for the authorization URL, such as `access_type=offline`. May be repeated
    #[arg(long = "authorization-parameter", value_name = "NAME=VALUE", requires = "oauth2")]
    pub(crate) authorization_parameters: Vec<String>,
}

/// How the first token is obtained.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Grant {
    /// With the credentials of the client alone
    ClientCredentials,
    /// A person allows it once: see `steadflow secrets connect`
    AuthorizationCode,
}

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ClientAuth {
    /// In the header `Authorization`
    Basic,
    /// In the form
    Post,
    /// It has no secret
    None,
}
