//! The arguments of `steadflow executions`.

use clap::{Subcommand, ValueEnum};
use uuid::Uuid;

use super::Asked;
use crate::value_address::ValueAddress;

/// List, show, retry, fork, cancel and watch executions of a running server
#[derive(Debug, clap::Args)]
pub(crate) struct Executions {
    #[command(subcommand)]
    pub(crate) command: ExecutionsCommand,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

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
    /// Retry a failed or cancelled execution as a new one with the same trigger data
    Retry {
        /// ID of the failed or cancelled execution
        id: Uuid,
        /// Where to start
        #[arg(long, value_enum, default_value_t = RetryFrom::Start)]
        from: RetryFrom,
        /// Key for repeating the command safely: the same key starts only one execution [default: a new key]
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
    },
    /// Start a new execution from a completed node of another one
    ///
    /// The other one may have any status. The node and what it leads to runs; the outputs of all other completed nodes are reused.
    Fork(Fork),
    /// Cancel an unfinished execution
    Cancel {
        /// ID of the execution
        id: Uuid,
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

/// Where a retry starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RetryFrom {
    /// Run all nodes again.
    Start,
    /// Reuse the outputs of completed nodes, and run the others.
    Failed,
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
