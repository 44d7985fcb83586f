//! Arguments of `move`.

/// Move a database to another one, such as from SQLite to PostgreSQL
///
/// It can be moved back, and to another file or server. Stop all servers first. Copies everything, executions that are under
/// way included, which go on where they were. Reads again what was written, and compares hashes. FROM is not changed before
/// all is there; then it is marked as moved, so that nothing is done twice. If the command does not get to its end, TO
/// cannot be used: delete it, and begin again.
///
/// Give a URL with a password in its variable: other users of the machine can read arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Move {
    /// Database to move, as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`
    #[arg(value_name = "FROM", env = "STEADFLOW_MOVE_FROM", hide_env_values = true)]
    pub(crate) from: String,
    /// Where to: a file that is not there yet, or an empty database of PostgreSQL
    #[arg(
        value_name = "TO",
        env = "STEADFLOW_MOVE_TO",
        hide_env_values = true,
        required_unless_present = "reopen"
    )]
    pub(crate) to: Option<String>,
    /// Read all of FROM, look whether TO could be used, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Let FROM be used again after it was moved, as it was then; for when TO is lost
    #[arg(long, conflicts_with_all = ["to", "dry_run"])]
    pub(crate) reopen: bool,
}

const EXAMPLES: &str = "\
Examples:
  steadflow move sqlite:flows.db postgres://steadflow@db.example/steadflow --dry-run
  STEADFLOW_MOVE_TO=postgres://steadflow:secret@db.example/steadflow steadflow move sqlite:flows.db
  STEADFLOW_MOVE_FROM=postgres://… STEADFLOW_MOVE_TO=sqlite:flows.db steadflow move";
