//! The arguments of `steadflow secrets`.

use clap::Subcommand;

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
    Set {
        /// Name of the secret: letters, digits and `_`
        name: String,
        /// Host that it may be sent to, such as `api.example.com` or `*.example.com`. May be repeated
        #[arg(long, value_name = "HOST", value_delimiter = ',')]
        hosts: Vec<String>,
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
