//! The arguments of `steadflow verify`.

use std::path::PathBuf;

/// Check that nobody has changed the audit log
///
/// Reads the whole log of each tenant and says where entries were changed, taken out or put in, and with which entry it ends. What was
/// cut off at the end is found with `--head`: note it now and then, somewhere else. On SQLite, the server must be stopped.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// Database, as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default: sqlite:steadflow.db]
    #[arg(long, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
    /// Check this file, which `--export` has written, instead of a database
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    pub(crate) file: Option<PathBuf>,
    /// An end that was noted earlier, as NUMBER:HASH, or TENANT=NUMBER:HASH for another tenant than the default one. May be repeated
    #[arg(long, value_name = "HEAD")]
    pub(crate) head: Vec<String>,
    /// Also write all entries to standard output, one JSON object a line
    #[arg(long, conflicts_with = "file")]
    pub(crate) export: bool,
    /// Print JSON: one object for each tenant
    #[arg(long, conflicts_with = "export")]
    pub(crate) json: bool,
}
