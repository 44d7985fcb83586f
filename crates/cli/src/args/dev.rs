//! The arguments of `steadflow dev`.

use std::path::PathBuf;

use super::Egress;

/// Write flows in files, with a server that follows them
///
/// Starts a server on this machine, applies the flows and agents of a folder as `steadflow apply` does, and applies them again
/// whenever a file changes. A file with an error changes nothing: the error is printed with its line, and the server goes on with what it
/// has. Nobody has to sign in. Ctrl-C ends it.
///
/// Settings come from these options and from `steadflow.toml`, of which those of addresses, sign-in, database and master key are left out.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Dev {
    /// Folder with flows and agents
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Loopback address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: String,
    /// Database, as `sqlite:PATH` [default: .steadflow/dev.db in the folder]
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Do not open the studio in a browser
    #[arg(long)]
    pub(crate) no_open: bool,
    #[command(flatten)]
    pub(crate) egress: Egress,
}

const EXAMPLES: &str = "\
Examples:
  steadflow dev flows
  steadflow dev --no-open --listen 127.0.0.1:9000
  steadflow dev flows --egress-allow 127.0.0.1    let flows call services on this machine";
