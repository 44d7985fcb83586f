//! The arguments of `steadflow apply`, `export` and `diff`, and of the same commands for flows or agents alone.

use std::path::PathBuf;

use steadflow_core::folder::Folder;

use super::Asked;

/// Make a running server have the flows and agents that files say
///
/// All files are checked before anything is changed. Each that differs from what the server has is then saved as a new version, in the order
/// in which they refer to each other. A file is the flow or the agent that has its `id` or, if the server has none of this
/// id, its name.
///
/// Exit status: 0 the server has what the files say, 1 something was not done, which is named, 2 a file has an error and
/// nothing was changed.
#[derive(Debug, clap::Args)]
#[command(after_help = APPLY_EXAMPLES)]
pub(crate) struct ApplyAll {
    #[command(flatten)]
    pub(crate) apply: Apply,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

/// What to apply.
#[derive(Debug, clap::Args)]
pub(crate) struct Apply {
    /// Files, or folders that are searched for files that end with `.json`
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only say what would be changed
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Also archive the flows of the server that no file has
    #[arg(long)]
    pub(crate) prune: bool,
}

const APPLY_EXAMPLES: &str = "\
Examples:
  steadflow apply flows --dry-run                 say what would be changed
  steadflow apply flows/refund.json               apply one file
  steadflow apply --server https://flows.example  apply this folder to another server";

/// Write the flows and agents of a running server to files, one for each
///
/// A file that is there already is only written if the server has something else, and keeps its place and its name. Nothing is deleted.
/// Values that are secret are not exported.
///
/// Exit status: 0 the files are as the server has it, 2 a file that is there has an error and nothing was written.
#[derive(Debug, clap::Args)]
#[command(after_help = EXPORT_EXAMPLES)]
pub(crate) struct ExportAll {
    #[command(flatten)]
    pub(crate) export: Export,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

/// What to export.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// Folder to write to; it is made if it does not exist
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Only what is in this folder of the server, such as `billing/refunds`, and below it
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<Folder>,
    /// Only say what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  steadflow export                                write to ./flows and ./agents
  steadflow export backup --folder billing        only the flows in a folder";

/// Show what differs between files and a running server
///
/// Lines with `-` are what the server has, lines with `+` what the files have.
///
/// Exit status: 0 nothing differs, 1 something does, 2 a file has an error.
#[derive(Debug, clap::Args)]
#[command(after_help = DIFF_EXAMPLES)]
pub(crate) struct DiffAll {
    #[command(flatten)]
    pub(crate) diff: Diff,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

/// What to compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// Files, or folders that are searched for files that end with `.json`
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
}

const DIFF_EXAMPLES: &str = "\
Examples:
  steadflow diff flows
  steadflow diff flows/refund.json --server https://flows.example
  steadflow flows diff \"Refund review\" --from 3 --to 5    two versions of a flow";
