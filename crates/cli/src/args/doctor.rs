//! The arguments of `steadflow doctor`.

use std::path::PathBuf;

use super::Blobs;

/// Check a database or, with --server, a running server
///
/// Of a database, checks the consistency. Stop the server first. Changes nothing, except that opening a database applies migrations
/// and recovers it after a crash. With a blob storage, it looks whether all blobs are there.
///
/// Of a running server, prints a line for each thing: whether it can be reached and is ready, its version and clock, what the key may do, and
/// which secrets, webhooks, local commands, quotas and alerts need something done. A line begins with ok, warning, fault, or
/// with skipped if the key may not see it.
///
/// Exit status: 0 no findings, warnings aside, 1 findings, or the database cannot be opened.
#[derive(Debug, clap::Args)]
#[command(after_help = DOCTOR_EXAMPLES)]
pub(crate) struct Doctor {
    /// Check the running server at this URL instead of a database
    #[arg(long, value_name = "URL", conflicts_with = "deep")]
    pub(crate) server: Option<String>,
    /// File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]
    #[arg(long, value_name = "FILE", env = "STEADFLOW_KEY_FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Read all blobs, and compare them with their hashes
    #[arg(long)]
    pub(crate) deep: bool,
    #[command(flatten)]
    pub(crate) blobs: Blobs,
    /// Database, as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default: sqlite:steadflow.db]
    #[arg(long, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
}

const DOCTOR_EXAMPLES: &str = "\
Examples:
  steadflow doctor --database sqlite:/var/lib/steadflow/flows.db
  steadflow doctor --server http://127.0.0.1:8080
  steadflow doctor --server https://flows.example --key-file admin.key --json";
