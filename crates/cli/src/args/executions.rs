//! The arguments of `steadflow executions`.

use clap::{Subcommand, ValueEnum};
use uuid::Uuid;

use super::Asked;
use crate::condition::Condition;
use crate::value_address::ValueAddress;

/// List, show, retry, fork, cancel and watch executions of a running server
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Executions {
    #[command(subcommand)]
    pub(crate) command: ExecutionsCommand,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

const EXAMPLES: &str = "\
Examples:
  steadflow executions list --status failed --limit 50
  steadflow executions watch 0197a3c2-…
  steadflow executions retry 0197a3c2-… --from failed
  steadflow executions retry --filter error-class=timeout --filter since=2h --dry-run
  steadflow executions cancel --filter flow=\"Refund review\" --filter status=running,paused

--filter takes flow (ID or name), status, error-class, node, since and until (a moment, or how
long ago: 30m, 2h, 7d), search (text in the ID, the context ID or the error message), fingerprint
and context-id.";

#[derive(Debug, Subcommand)]
pub(crate) enum ExecutionsCommand {
    /// List executions, newest first
    List {
        /// Only executions of this flow
        #[arg(long, value_name = "ID")]
        flow: Option<Uuid>,
        /// Only the child executions of this execution
        #[arg(long, value_name = "ID")]
        parent: Option<Uuid>,
        /// Also child executions, which are left out otherwise
        #[arg(long, conflicts_with = "parent")]
        children: bool,
        /// Only executions with this status: pending, running, paused, completed, failed or cancelled
        #[arg(long)]
        status: Option<String>,
        /// Only executions with this text in their ID, context ID or error message
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Further condition, such as `node=charge` or `since=2h`. May be repeated; every one has to fit
        #[arg(long, value_name = "NAME=VALUE")]
        filter: Vec<Condition>,
        /// Maximum number of executions, 1-1000
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Show an execution with its nodes and attempts; long values are shown in part
    Show {
        /// ID of the execution
        id: Uuid,
        /// Print only this value, all of it, as JSON: result, trigger-data, NODE/input or NODE/output
        #[arg(long, value_name = "VALUE")]
        value: Option<ValueAddress>,
    },
    /// Retry a failed or cancelled execution, or all that a filter fits
    ///
    /// A retry is a new execution with the same trigger data. With --filter, failed executions are retried unless it names another status; those that were retried before are skipped, so that doing it twice retries once.
    ///
    /// Exit status: 0 done, and what was skipped is named, 1 it ended before all were looked at.
    Retry {
        #[command(flatten)]
        which: Which,
        /// Where to start
        #[arg(long, value_enum, default_value_t = RetryFrom::Start)]
        from: RetryFrom,
        /// Key for repeating the command safely: the same key starts only one execution [default: a new key]
        #[arg(long, value_name = "KEY", conflicts_with = "filter")]
        idempotency_key: Option<String>,
    },
    /// Start a new execution from a completed node of another one
    ///
    /// The other one may have any status. The node and what it leads to runs; the outputs of all other completed nodes are reused.
    Fork(Fork),
    /// Cancel an unfinished execution, or all that a filter fits
    ///
    /// With --filter, child executions are cancelled with those that started them.
    ///
    /// Exit status: 0 done, and what was skipped is named, 1 it ended before all were looked at.
    Cancel {
        #[command(flatten)]
        which: Which,
    },
    /// End an execution that is undoing what it did, without the rest
    StopCompensation {
        /// ID of the execution
        id: Uuid,
    },
    /// Follow an execution until it ends
    ///
    /// Exit status: 0 completed, 1 failed or cancelled.
    Watch {
        /// ID of the execution
        id: Uuid,
    },
}

/// One execution, or many.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// ID of the execution
    #[arg(required_unless_present = "filter", conflicts_with = "filter")]
    pub(crate) id: Option<Uuid>,
    /// All executions that this fits, such as `node=charge` or `since=2h`. May be repeated; every one has to fit
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) filter: Vec<Condition>,
    /// Only say which executions these are
    #[arg(long, requires = "filter")]
    pub(crate) dry_run: bool,
    /// Maximum number of executions, the newest first [default: all]
    #[arg(long, value_name = "N", requires = "filter")]
    pub(crate) limit: Option<u32>,
}

/// Where a retry starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RetryFrom {
    /// Run all nodes again.
    Start,
    /// Reuse the outputs of completed nodes, and run the others.
    Failed,
}

impl RetryFrom {
    /// Returns what the API calls it.
    pub(crate) const fn mode(self) -> &'static str {
        match self {
            Self::Start => "from_start",
            Self::Failed => "from_failed",
        }
    }
}

/// How an execution is forked.
#[derive(Debug, clap::Args)]
pub(crate) struct Fork {
    /// ID of the execution
    pub(crate) id: Uuid,
    /// ID of the completed node to start from
    #[arg(long, value_name = "NODE")]
    pub(crate) node: String,
    /// Output of a node that does not run, as JSON or @FILE, in place of its own. With that of `--node`, the nodes that follow
    /// on it run. May be repeated
    #[arg(long = "output", value_name = "NODE=JSON", value_parser = output_of)]
    pub(crate) outputs: Vec<(String, String)>,
    /// Trigger data, as JSON or @FILE [default: those of the execution]
    #[arg(long, value_name = "JSON")]
    pub(crate) trigger: Option<String>,
    /// Run the current version of the flow instead of the one of the execution
    #[arg(long)]
    pub(crate) current: bool,
    /// Key for repeating the command safely: the same key starts only one execution [default: a new key]
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}

fn output_of(text: &str) -> Result<(String, String), &'static str> {
    let (node, output) = text.split_once('=').ok_or("use NODE=JSON or NODE=@FILE")?;
    Ok((node.to_owned(), output.to_owned()))
}
