//! The arguments of `steadflow flows` and `steadflow agents`.

use std::path::PathBuf;

use clap::Subcommand;
use steadflow_core::folder::Folder;

use super::Asked;
use super::files::{Apply, Diff, Export};

/// List, show, run, pause and resume flows of a running server, and keep them as files
#[derive(Debug, clap::Args)]
#[command(after_help = FLOWS_EXAMPLES)]
pub(crate) struct Flows {
    #[command(subcommand)]
    pub(crate) command: FlowsCommand,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

const FLOWS_EXAMPLES: &str = "\
Examples:
  steadflow flows list --folder billing
  steadflow flows show \"Refund review\"
  steadflow flows run \"Refund review\" --trigger '{\"amount\": 120}'
  steadflow flows pause 0197a3c2-…
  steadflow flows diff \"Refund review\" --from 3 --to 5
  steadflow apply flows                           see `steadflow apply --help`";

#[derive(Debug, Subcommand)]
pub(crate) enum FlowsCommand {
    /// List flows, newest first
    List {
        /// Only flows with this status: draft, active, paused or archived
        #[arg(long)]
        status: Option<String>,
        /// Only flows in this folder, such as `billing/refunds`, and below it
        #[arg(long, value_name = "FOLDER")]
        folder: Option<Folder>,
        /// Only flows with this text in their name
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Maximum number of flows, 1-1000
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Show a flow with its settings, its nodes and what is probably not meant in it
    Show {
        /// ID or name of the flow
        flow: String,
        /// This version [default: the current one]
        #[arg(long, value_name = "N")]
        version: Option<u32>,
    },
    /// Run a flow on the server, follow it, and print its result as JSON
    ///
    /// Progress is written to standard error. Ctrl-C ends the command, and not the execution.
    ///
    /// Exit status: 0 completed, 1 failed or cancelled, 130 ended with Ctrl-C.
    Run(RunFlow),
    /// Pause a flow: nothing starts until it is resumed; what runs goes on
    Pause {
        /// ID or name of the flow
        flow: String,
    },
    /// Let a paused flow start again
    Resume {
        /// ID or name of the flow
        flow: String,
    },
    /// Make the server have the flows that files say: `steadflow apply`, without agents
    Apply(Apply),
    /// Write the flows of the server to files: `steadflow export`, without agents
    Export(Export),
    /// Show what differs between files and the server, or between two versions of a flow
    ///
    /// Exit status: 0 nothing differs, 1 something does, 2 a file has an error.
    Diff(DiffFlows),
}

/// What to compare.
#[derive(Debug, clap::Args)]
pub(crate) struct DiffFlows {
    /// Files or folders; with --from, the ID or the name of a flow
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Compare this version of the flow with another one
    #[arg(long, value_name = "N")]
    pub(crate) from: Option<u32>,
    /// The other version [default: the current one]
    #[arg(long, value_name = "N", requires = "from")]
    pub(crate) to: Option<u32>,
}

/// How a flow is run.
#[derive(Debug, clap::Args)]
pub(crate) struct RunFlow {
    /// ID or name of the flow
    pub(crate) flow: String,
    /// Trigger data, as JSON or @FILE [default: the `example` of the flow's trigger, or {}]
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) trigger: Option<String>,
    /// What the execution is about [default: as the flow says]
    #[arg(long, value_name = "ID")]
    pub(crate) context_id: Option<String>,
    /// Only start it, and print the ID of the execution
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Key for repeating the command safely: the same key starts only one execution [default: a new key]
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}

/// List, show and test agents of a running server, and keep them as files
#[derive(Debug, clap::Args)]
#[command(after_help = AGENTS_EXAMPLES)]
pub(crate) struct Agents {
    #[command(subcommand)]
    pub(crate) command: AgentsCommand,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

const AGENTS_EXAMPLES: &str = "\
Examples:
  steadflow agents list
  steadflow agents test \"Risk analyst\"
  steadflow agents test \"Risk analyst\" --skill explain --input '{\"vendor\": \"ACME\"}'
  steadflow agents export agents";

#[derive(Debug, Subcommand)]
pub(crate) enum AgentsCommand {
    /// List agents, newest first
    List {
        /// Only agents with a skill of this name
        #[arg(long, value_name = "NAME")]
        skill: Option<String>,
        /// Only agents of this type: llm, http or mcp
        #[arg(long = "type", value_name = "TYPE")]
        agent_type: Option<String>,
        /// Maximum number of agents, 1-1000
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Show an agent with its skills; secrets are not shown
    Show {
        /// ID or name of the agent
        agent: String,
    },
    /// Test whether an agent can be reached or, with --skill, try one of its skills
    ///
    /// Without --skill, the least costly call is made that shows it. Nothing is stored.
    ///
    /// Exit status: 0 it works, 1 it does not.
    Test {
        /// ID or name of the agent
        agent: String,
        /// Try this skill, at most two minutes, and print what it answers
        #[arg(long, value_name = "NAME")]
        skill: Option<String>,
        /// Input of the skill, as JSON or @FILE [default: {}]
        #[arg(long, value_name = "JSON", requires = "skill", allow_hyphen_values = true)]
        input: Option<String>,
    },
    /// Make the server have the agents that files say: `steadflow apply`, without flows
    Apply(Apply),
    /// Write the agents of the server to files: `steadflow export`, without flows
    Export(Export),
    /// Show what differs between files and the server
    ///
    /// Exit status: 0 nothing differs, 1 something does, 2 a file has an error.
    Diff(Diff),
}
