//! The arguments of `steadflow invite`.

use super::keys::KeyRole;

/// Make a link with which somebody becomes a member
///
/// It is made in the database, for when nobody can sign in any more. With SQLite, stop the server first. The person who opens the link enters a
/// name, an e-mail address and a password; it works once, for 7 days. For an address that a member has, the link sets a new password.
#[derive(Debug, clap::Args)]
#[command(after_help = INVITE_EXAMPLES)]
pub(crate) struct Invite {
    /// What the member may do
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: KeyRole,
    /// E-mail address that the link is for [default: that which is entered]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// URL under which people find the server, without a path [default: http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "STEADFLOW_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    /// Database, as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default: sqlite:steadflow.db]
    #[arg(long, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
    /// Tenant that the member belongs to
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) tenant: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const INVITE_EXAMPLES: &str = "\
Examples:
  steadflow invite --role admin --public-url https://flows.example.org
  steadflow invite --role admin --email ann@example.org --database postgres://steadflow@db/steadflow";
