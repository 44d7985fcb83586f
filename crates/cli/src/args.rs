//! The arguments, and the help that explains them.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use uuid::Uuid;

/// Runs agentic flows so that they finish, or say exactly why not.
///
/// Settings are taken from flags, then from STEADFLOW_* variables, then from `steadflow.toml` in the working directory.
/// Secrets of flows are read from `STEADFLOW_SECRET_<NAME>`.
#[derive(Debug, Parser)]
#[command(name = "steadflow", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// File of settings [default: steadflow.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE", env = "STEADFLOW_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// What to log to standard error: a level, or directives such as `warn,steadflow_runtime=debug`
    #[arg(long, global = true, value_name = "FILTER", env = "STEADFLOW_LOG")]
    pub(crate) log: Option<String>,
    /// How to log it
    #[arg(long, global = true, value_name = "FORMAT", env = "STEADFLOW_LOG_FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

const EXAMPLES: &str = "\
Examples:
  steadflow serve --demo                    a server with flows to look at
  steadflow run examples/parallel.json      run a flow here and print its result
  steadflow validate flows/*.json           check flows before they are used
  steadflow executions list --status failed what failed on the server
  steadflow executions retry <ID>           run it again";

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(Serve),
    Run(Run),
    Validate(Validate),
    Executions(Executions),
    Health(Health),
    Doctor(Doctor),
    /// Print the description of the REST API (OpenAPI 3.1, JSON)
    Openapi,
    Bench(Bench),
}

/// Start the server: REST API, studio and engine in one process
///
/// Stops in order on SIGTERM or Ctrl-C: takes no new work, gives what is under way `--grace-seconds` to end, hands the rest
/// to the next start without counting it as a failed attempt. A second signal quits at once, which is safe too.
#[derive(Debug, clap::Args)]
#[command(after_help = SERVE_EXAMPLES)]
pub(crate) struct Serve {
    /// Where to listen. Only loopback addresses: this version has no authentication [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", env = "STEADFLOW_LISTEN")]
    pub(crate) listen: Option<String>,
    /// Where everything is stored: `sqlite:PATH` [default: sqlite:steadflow.db]
    #[arg(long, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
    /// Addresses, networks and host names that flows may call although they are not public, separated by commas
    #[arg(long, value_name = "LIST", env = "STEADFLOW_EGRESS_ALLOW")]
    pub(crate) egress_allow: Option<String>,
    /// A further name under which browsers and clients reach this server, such as a proxy's; may be repeated
    #[arg(long, value_name = "HOST", env = "STEADFLOW_ALLOWED_HOSTS", value_delimiter = ',')]
    pub(crate) allowed_host: Vec<String>,
    /// Add flows to look at, and a peer that fails on purpose for them to call
    #[arg(long)]
    pub(crate) demo: bool,
    /// How long what is under way may go on after a signal to stop [default: 10]
    #[arg(long, value_name = "SECONDS", env = "STEADFLOW_GRACE_SECONDS")]
    pub(crate) grace_seconds: Option<u64>,
}

const SERVE_EXAMPLES: &str = "\
Examples:
  steadflow serve
  steadflow serve --demo
  steadflow serve --listen 127.0.0.1:9000 --database sqlite:/var/lib/steadflow/flows.db
  steadflow serve --egress-allow 127.0.0.1,10.1.0.0/16,models.internal

steadflow.toml, every key optional:
  listen = \"127.0.0.1:8080\"
  database = \"sqlite:steadflow.db\"
  egress_allow = [\"10.1.0.0/16\", \"models.internal\"]
  allowed_hosts = [\"flows.example.org\"]
  grace_seconds = 10
  log = \"info\"
  log_format = \"text\"
  server = \"http://127.0.0.1:8080\"";

/// Run a flow here, without a server, and print its result
///
/// Shows each attempt as it goes on standard error, and the result as JSON on standard output. FLOW.json is a flow
/// document, or `{"flow": {…}, "agents": [{"id": "…", …}]}` with the agents that it needs.
///
/// Exit status: 0 completed, 1 failed, 2 the document is not valid, 130 cancelled by Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct Run {
    /// The flow; `-` reads standard input
    #[arg(value_name = "FLOW.json")]
    pub(crate) file: PathBuf,
    /// What the flow is started with: JSON, or @FILE
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) trigger: String,
    /// Keep the execution in this database [default: in memory, gone afterwards]
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// As in `serve`
    #[arg(long, value_name = "LIST", env = "STEADFLOW_EGRESS_ALLOW")]
    pub(crate) egress_allow: Option<String>,
    /// Limit of the whole execution; replaces the flow's `timeout_seconds`
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<f64>,
    /// Start the peer that the examples call, which fails on purpose, and point the flow to it
    #[arg(long)]
    pub(crate) demo_peer: bool,
}

const RUN_EXAMPLES: &str = "\
Examples:
  steadflow run examples/parallel.json --trigger '{\"vendor\": \"ACME\", \"risk\": 82}'
  steadflow run examples/retry-recovers.json --demo-peer
  steadflow run flow.json --trigger @order.json --timeout 60 | jq .total";

/// Check flow documents
///
/// Prints every fault as `file:pointer: message`, the pointer being a JSON pointer into the document. Exit status: 0 all are
/// valid, 2 some are not.
#[derive(Debug, clap::Args)]
pub(crate) struct Validate {
    /// Flow documents, as `run` takes them; `-` reads standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// List, show, retry, cancel and watch executions of a running server
#[derive(Debug, clap::Args)]
pub(crate) struct Executions {
    #[command(subcommand)]
    pub(crate) command: ExecutionsCommand,
    /// The server [default: http://127.0.0.1:8080]
    #[arg(long, global = true, value_name = "URL", env = "STEADFLOW_SERVER")]
    pub(crate) server: Option<String>,
    /// Print the server's JSON instead of tables
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExecutionsCommand {
    /// List executions, newest first
    List {
        /// Of this flow
        #[arg(long, value_name = "ID")]
        flow: Option<Uuid>,
        /// In this status: pending, running, paused, completed, failed or cancelled
        #[arg(long)]
        status: Option<String>,
        /// With this text in id, context id or error message
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// At most so many, 1-100
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Show one execution with its nodes and attempts
    Show {
        /// The execution
        id: Uuid,
    },
    /// Retry a failed or cancelled execution: a new one with the same trigger data
    Retry {
        /// The failed or cancelled execution
        id: Uuid,
        /// Run everything again, or only what has not completed
        #[arg(long, value_enum, default_value_t = RetryFrom::Start)]
        from: RetryFrom,
        /// Repeat the command with the same key to be sure that it happens once [default: a new one]
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
    },
    /// Cancel an unfinished execution
    Cancel {
        /// The execution
        id: Uuid,
    },
    /// Follow an execution until it has ended. Exit status 0 only if it completed
    Watch {
        /// The execution
        id: Uuid,
    },
}

/// Where a retry begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RetryFrom {
    /// Everything runs again.
    Start,
    /// Outputs of completed nodes are taken over.
    Failed,
}

/// Ask a running server whether it takes new work
///
/// For health checks, such as a container's. Exit status: 0 it does, 1 it is stopping, its database failed, or it does not
/// answer in time.
#[derive(Debug, clap::Args)]
pub(crate) struct Health {
    /// The server [default: http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "STEADFLOW_SERVER")]
    pub(crate) server: Option<String>,
    /// How long it may take to answer
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub(crate) timeout: f64,
}

/// Check a database against the rules that hold in every state
///
/// Needs the database for itself: stop the server first. Changes nothing but what opening always does (migrations, and
/// what a crash has left in the write-ahead log). Exit status: 0 nothing found, 1 findings, or it cannot be opened.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The database [default: sqlite:steadflow.db]
    #[arg(long, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
}

/// Measure speed on this machine
///
/// Starts a server of its own on a new database, drives it over HTTP, checks that everything it was told was stored, and
/// prints a table. The load generator runs beside the server and takes its share of the machine.
#[derive(Debug, clap::Args)]
#[command(after_help = BENCH_EXAMPLES)]
pub(crate) struct Bench {
    /// Executions at once, a measure each
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,64,512")]
    pub(crate) concurrency: Vec<usize>,
    /// How long each measure takes
    #[arg(long, default_value_t = 5.0)]
    pub(crate) seconds: f64,
    /// How often each measure is repeated; the median and the spread are shown
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,
    /// Which measures to make
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [
        Measure::Disk, Measure::Chain, Measure::Calls, Measure::FanOut, Measure::Latency, Measure::Retries,
        Measure::Idle, Measure::Followers, Measure::Sleepers,
    ])]
    pub(crate) only: Vec<Measure>,
    /// How many executions sleep
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    pub(crate) sleepers: u32,
    /// The node executions in the database at which growth is measured
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0,1000000,5000000")]
    pub(crate) growth: Vec<u64>,
    /// Measure this server instead. Calls and retries need it to run with `--egress-allow 127.0.0.1`
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Where the database is put for the time of the measure: a directory on the disk that is meant
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Write the figures to this file, too
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

const BENCH_EXAMPLES: &str = "\
Examples:
  steadflow bench
  steadflow bench --concurrency 64 --seconds 10 --runs 5 --only chain --json bench.json";

/// One thing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measure {
    /// How often a second the disk makes a small write durable, and how many rows SQLite writes.
    Disk,
    /// A flow of ten `echo` nodes, started and awaited over HTTP, at each concurrency.
    Chain,
    /// The same with ten calls of a local HTTP peer.
    Calls,
    /// A hundred `echo` nodes side by side, and a join.
    FanOut,
    /// A flow of one `echo` node, one at a time.
    Latency,
    /// How late retries start, 200 executions with backoffs of 1 s and 2 s.
    Retries,
    /// Memory and time of a server that nobody calls.
    Idle,
    /// A thousand readers of the event stream: what they cost, and how late they hear.
    Followers,
    /// Executions that wait for a day: memory of each, and the time to serve again after kill -9.
    Sleepers,
    /// The chain and the reads of the studio as the database grows. Takes minutes and gigabytes.
    Growth,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }
}
