//! The arguments of `steadflow keys`.

use clap::{Subcommand, ValueEnum};
use ipnet::IpNet;
use steadflow_core::caller::Role;
use steadflow_core::folder::Folder;
use steadflow_core::ids::FlowId;

/// Make, list and delete API keys
///
/// With SQLite, stop the server first. Keys are for a server that was started with `--auth on`; a program sends one as
/// `Authorization: Bearer …`, and the other commands read it from the variable STEADFLOW_KEY or with --key-file.
#[derive(Debug, clap::Args)]
#[command(after_help = KEYS_EXAMPLES)]
pub(crate) struct Keys {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
    /// Database, as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default: sqlite:steadflow.db]
    #[arg(long, global = true, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
    /// Tenant that the keys are of
    #[arg(long, global = true, value_name = "NAME", default_value = "default")]
    pub(crate) tenant: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key, and print it; it is never shown again
    Create(CreateKey),
    /// List the keys, with their beginnings
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a key: it is worth nothing from then on
    Delete {
        /// Beginning of the key, as `list` prints it, or its ID
        key: String,
    },
}

/// A key to be made.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateKey {
    /// What it may do
    #[arg(long, value_enum)]
    pub(crate) role: KeyRole,
    /// Name, to tell it from others
    #[arg(long, value_name = "NAME", default_value = "Made on the command line")]
    pub(crate) name: String,
    /// Service account that acts by it; it is made if there is none
    #[arg(long, value_name = "NAME", default_value = "cli")]
    pub(crate) account: String,
    /// How long it works [default: until it is deleted]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub(crate) expires_in: Option<u32>,
    /// Flow that it is limited to. May be repeated [default: all flows, and everything else]
    #[arg(long, value_name = "ID")]
    pub(crate) flow: Vec<FlowId>,
    /// Folder of flows that it is limited to, such as `billing/refunds`. May be repeated [default: all flows, and everything else]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Vec<Folder>,
    /// Address or network that it works from, such as 203.0.113.0/24. May be repeated [default: all]
    #[arg(long, value_name = "ADDRESS", value_parser = steadflow_access::network)]
    pub(crate) address: Vec<IpNet>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The role of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyRole {
    /// Look at everything
    Viewer,
    /// Also run, retry, cancel and decide
    Operator,
    /// Also change flows, agents and alerts
    Editor,
    /// Everything
    Admin,
}

impl From<KeyRole> for Role {
    fn from(role: KeyRole) -> Self {
        match role {
            KeyRole::Viewer => Self::Viewer,
            KeyRole::Operator => Self::Operator,
            KeyRole::Editor => Self::Editor,
            KeyRole::Admin => Self::Admin,
        }
    }
}

const KEYS_EXAMPLES: &str = "\
Examples:
  steadflow keys create --role admin > admin.key
  steadflow keys create --role operator --expires-in 90 --address 203.0.113.0/24
  steadflow keys create --role editor --folder billing
  steadflow keys list
  steadflow keys delete sf_live_Ab3dEf9h";
