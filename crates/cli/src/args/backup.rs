//! Arguments of `backup` and `restore`.

use std::path::PathBuf;

use super::Blobs;

/// Make a backup of a database, also while a server uses it
///
/// The backup is the database as it was at one moment, in a new file that only its owner can read. Until it is complete, its name
/// ends with `.partial`. It needs as much room as the database, and the log of the database (`-wal`) grows while it is made.
///
/// Blobs of a folder are copied into a folder beside it, whose name is that of the backup with `.blobs`; those of a bucket are not.
///
/// The master key of stored secrets is not in it: keep a copy of that elsewhere.
#[derive(Debug, clap::Args)]
#[command(after_help = BACKUP_EXAMPLES)]
pub(crate) struct Backup {
    /// File to make
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Database, as `sqlite:PATH` [default: sqlite:steadflow.db]
    #[arg(long, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
    #[command(flatten)]
    pub(crate) blobs: Blobs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const BACKUP_EXAMPLES: &str = "\
Examples:
  steadflow backup /backups/steadflow-$(date +%F).db
  steadflow backup /backups/flows.db --database sqlite:/var/lib/steadflow/flows.db";

/// Make a database of a backup
///
/// Prints the IDs of the executions that had not ended when the backup was made. As soon as a server uses the database, they
/// go on from there: what they did after that is done again, with the same idempotency keys.
///
/// Blobs that the storage lacks are put there from the folder `FILE.blobs`.
#[derive(Debug, clap::Args)]
#[command(after_help = RESTORE_EXAMPLES)]
pub(crate) struct Restore {
    /// Backup, as `steadflow backup` has made it
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Database to make, as `sqlite:PATH`; it must not be there yet [default: sqlite:steadflow.db]
    #[arg(long, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
    #[command(flatten)]
    pub(crate) blobs: Blobs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const RESTORE_EXAMPLES: &str = "\
Examples:
  steadflow restore /backups/steadflow-2026-11-30.db > unfinished.txt
  steadflow restore /backups/flows.db --database sqlite:/var/lib/steadflow/flows.db";
