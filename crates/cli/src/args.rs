//! The arguments and their help.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

mod backup;
mod bench;
mod blobs;
mod completions;
mod dev;
mod doctor;
mod executions;
mod files;
mod flows;
mod import;
mod invite;
mod keys;
mod mail;
mod moving;
mod network;
mod pause;
mod requests;
mod secrets;
mod tenants;
mod verify;
mod webhooks;

pub(crate) use self::backup::{Backup, Restore};
pub(crate) use self::bench::{Bench, Measure};
pub(crate) use self::blobs::Blobs;
pub(crate) use self::completions::Completions;
pub(crate) use self::dev::Dev;
pub(crate) use self::doctor::Doctor;
pub(crate) use self::mail::Mail;
pub(crate) use self::moving::Move;
pub(crate) use self::network::Network;
pub(crate) use self::pause::{Pause, Resume};
pub(crate) use self::requests::Requests;
pub(crate) use self::secrets::{ClientAuth, Grant, Oauth2, Secrets, SecretsCommand};
pub(crate) use self::tenants::{CreateTenant, SetQuota, Tenants, TenantsCommand};
pub(crate) use self::verify::Verify;
pub(crate) use executions::{Executions, ExecutionsCommand, Fork, RetryFrom, Which};
pub(crate) use files::{Apply, ApplyAll, Diff, DiffAll, Export, ExportAll};
pub(crate) use flows::{Agents, AgentsCommand, DiffFlows, Flows, FlowsCommand, RunFlow};
pub(crate) use import::{From as ImportFrom, Import};
pub(crate) use invite::Invite;
pub(crate) use keys::{CreateKey, Keys, KeysCommand};
pub(crate) use webhooks::{SendCall, Webhooks, WebhooksCommand};

/// A durable execution engine for agentic flows.
///
/// Settings come from options, then from STEADFLOW_* variables, then from `steadflow.toml` in the working directory.
/// Secrets of flows come from STEADFLOW_SECRET_* variables; `run` uses only those that are named with `--secret`.
#[derive(Debug, Parser)]
#[command(name = "steadflow", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Settings file [default: steadflow.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE", env = "STEADFLOW_CONFIG", display_order = 900)]
    pub(crate) config: Option<PathBuf>,
    /// Log filter: a level, or directives such as `warn,steadflow_runtime=debug`
    #[arg(long, global = true, value_name = "FILTER", env = "STEADFLOW_LOG", display_order = 901)]
    pub(crate) log: Option<String>,
    /// Log format
    #[arg(long, global = true, value_name = "FORMAT", env = "STEADFLOW_LOG_FORMAT", display_order = 902)]
    pub(crate) log_format: Option<LogFormat>,
}

const EXAMPLES: &str = "\
Examples:
  steadflow serve --demo                      start a server with example flows
  steadflow dev flows                         write flows in files, with a server that follows them
  steadflow run examples/parallel.json        run a flow without a server
  steadflow validate flows/*.json             check flow documents
  steadflow apply flows --dry-run             see what these files would change on the server
  steadflow flows run \"Refund review\"         run a flow on the server, and follow it
  steadflow executions list --status failed   list failed executions of the server
  steadflow executions retry <ID>             retry one of them";

/// Whether requests must show who they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Auth {
    // They must.
    On,
    // Anyone who reaches the server may do everything.
    Off,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Readable text.
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(Box<Serve>),
    Dev(Dev),
    Run(Run),
    Validate(Validate),
    Import(Import),
    #[command(flatten)]
    OnServer(OnServer),
    Keys(Keys),
    Invite(Invite),
    Tenants(Tenants),
    Secrets(Secrets),
    Health(Health),
    #[command(flatten)]
    OnDatabase(OnDatabase),
    /// Print the OpenAPI 3.1 document of the REST API
    Openapi,
    Completions(Completions),
    Bench(Bench),
}

/// What is done with a running server.
#[derive(Debug, Subcommand)]
pub(crate) enum OnServer {
    Apply(ApplyAll),
    Export(ExportAll),
    Diff(DiffAll),
    Flows(Flows),
    Agents(Agents),
    Executions(Executions),
    Pause(Pause),
    Resume(Resume),
    Approvals(Approvals),
    Webhooks(Webhooks),
}

/// What is done with a database, and not with a server.
#[derive(Debug, Subcommand)]
pub(crate) enum OnDatabase {
    Doctor(Doctor),
    Compact(Compact),
    Backup(Backup),
    Restore(Restore),
    Move(Move),
    RevokeLinks(RevokeLinks),
    Verify(Verify),
}

/// Start the server: REST API, studio and engine in one process
///
/// On SIGTERM or Ctrl-C, the server accepts no new work, gives running attempts `--grace-seconds` to finish, and releases
/// the others to the next start without counting them as failed. A second signal stops it immediately, without data loss.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = SERVE_EXAMPLES)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) network: Network,
    /// Database, as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default: sqlite:steadflow.db]
    #[arg(long, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
    /// Whether requests must show an API key. `off` is for loopback addresses only [default: off there, else on]
    #[arg(long, value_name = "WHETHER", env = "STEADFLOW_AUTH")]
    pub(crate) auth: Option<Auth>,
    #[command(flatten)]
    pub(crate) blobs: Blobs,
    #[command(flatten)]
    pub(crate) requests: Requests,
    #[command(flatten)]
    pub(crate) egress: Egress,
    #[command(flatten)]
    pub(crate) mail: Mail,
    /// File with the master key, which encrypts stored secrets: 32 bytes in Base64, readable by its owner alone [default: DATABASE.master-key
    /// with SQLite, made with the first secret]
    #[arg(long, value_name = "FILE", env = "STEADFLOW_MASTER_KEY_FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
    /// File with the master key that takes over with `steadflow secrets rotate` [default: none]
    #[arg(long, value_name = "FILE", env = "STEADFLOW_NEXT_MASTER_KEY_FILE")]
    pub(crate) next_master_key_file: Option<PathBuf>,
    /// Additional host name of this server, such as that of a proxy. May be repeated
    #[arg(long, value_name = "HOST", env = "STEADFLOW_ALLOWED_HOSTS", value_delimiter = ',')]
    pub(crate) allowed_host: Vec<String>,
    /// Origin whose pages may call this server, such as `https://app.example`. May be repeated
    #[arg(long, value_name = "ORIGIN", env = "STEADFLOW_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub(crate) allowed_origin: Vec<String>,
    /// Add example flows, and a demo service for them that fails on purpose
    #[arg(long)]
    pub(crate) demo: bool,
    /// Time that running attempts get to finish when the server stops [default: 10]
    #[arg(long, value_name = "SECONDS", env = "STEADFLOW_GRACE_SECONDS")]
    pub(crate) grace_seconds: Option<u64>,
    /// With PostgreSQL: how long the work of a process waits before another one takes it over, after the process has gone without a
    /// word; 3 to 120 [default: 15]
    #[arg(long, value_name = "SECONDS", env = "STEADFLOW_LEASE_SECONDS")]
    pub(crate) lease_seconds: Option<u64>,
    #[command(flatten)]
    pub(crate) upkeep: Upkeep,
    #[command(flatten)]
    pub(crate) traces: Traces,
}

/// What is kept, and how large the database may become.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Upkeep {
    /// Days for which completed executions are kept; fractions are possible [default: for ever]
    #[arg(long, value_name = "DAYS", env = "STEADFLOW_KEEP_COMPLETED_DAYS")]
    pub(crate) keep_completed_days: Option<f64>,
    /// Days for which failed executions are kept [default: for ever]
    #[arg(long, value_name = "DAYS", env = "STEADFLOW_KEEP_FAILED_DAYS")]
    pub(crate) keep_failed_days: Option<f64>,
    /// Days for which cancelled executions are kept [default: for ever]
    #[arg(long, value_name = "DAYS", env = "STEADFLOW_KEEP_CANCELLED_DAYS")]
    pub(crate) keep_cancelled_days: Option<f64>,
    /// Largest size of the database in MiB [default: as much as the disk has]
    #[arg(long, value_name = "MIB", env = "STEADFLOW_DATABASE_MAX_MIB")]
    pub(crate) database_max_mib: Option<u32>,
    /// Room in MiB that is held back for executions that run: with less, new ones are refused [default: 64]
    #[arg(long, value_name = "MIB", env = "STEADFLOW_RESERVE_MIB")]
    pub(crate) reserve_mib: Option<u32>,
}

/// Traces of executions.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Traces {
    /// OpenTelemetry collector that traces of executions are sent to, such as `http://127.0.0.1:4318` [default: none]
    #[arg(long, value_name = "URL", env = "STEADFLOW_OTLP_ENDPOINT")]
    pub(crate) otlp_endpoint: Option<String>,
    /// Share of executions that are traced, from 0 to 1 [default: 1]
    #[arg(long, value_name = "RATIO", env = "STEADFLOW_TRACE_RATIO")]
    pub(crate) trace_ratio: Option<f64>,
    /// Add what was asked and answered to traces, and the messages of errors
    #[arg(long, env = "STEADFLOW_TRACE_CONTENT")]
    pub(crate) trace_content: bool,
}

/// Outgoing calls of flows.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Egress {
    /// Non-public addresses, networks and host names that flows may call, separated by commas
    #[arg(long, value_name = "LIST", env = "STEADFLOW_EGRESS_ALLOW")]
    pub(crate) egress_allow: Option<String>,
    /// Proxy for the calls of flows, such as `http://proxy.example:3128` [default: none]
    #[arg(long, value_name = "URL", env = "STEADFLOW_EGRESS_PROXY", hide_env_values = true)]
    pub(crate) egress_proxy: Option<String>,
    /// Hosts that are called without the proxy, separated by commas [default: the variable `NO_PROXY`]
    #[arg(long, value_name = "LIST", env = "STEADFLOW_EGRESS_NO_PROXY")]
    pub(crate) egress_no_proxy: Option<String>,
}

const SERVE_EXAMPLES: &str = "\
Examples:
  steadflow serve
  steadflow serve --demo
  steadflow serve --listen 127.0.0.1:9000 --database sqlite:/var/lib/steadflow/flows.db
  steadflow serve --egress-allow 127.0.0.1,10.1.0.0/16,models.internal

steadflow.toml (all keys are optional):
  listen = \"127.0.0.1:8080\"
  auth = \"on\"
  database = \"sqlite:steadflow.db\"
  egress_allow = [\"10.1.0.0/16\", \"models.internal\"]
  egress_proxy = \"http://proxy.example:3128\"
  egress_no_proxy = [\"models.internal\"]
  allowed_hosts = [\"flows.example.org\"]
  allowed_origins = [\"https://app.example.org\"]
  grace_seconds = 10
  log = \"info\"
  log_format = \"text\"
  server = \"http://127.0.0.1:8080\"
  database_max_mib = 10240
  reserve_mib = 64
  secret_hosts = { OPENAI_KEY = [\"api.openai.com\"] }

  [blobs]
  storage = \"file:/var/lib/steadflow/blobs\"

  [traces]
  otlp_endpoint = \"http://127.0.0.1:4318\"
  ratio = 0.1
  content = false

  [keep]
  completed_days = 30
  failed_days = 90
  [keep.flows.01900000-0000-7000-8000-000000000001]
  completed_days = 7

  [mcp.files]
  command = [\"/usr/bin/node\", \"/srv/mcp/files/index.js\"]
  env = { TOKEN = \"${secrets.FILES_TOKEN}\" }
  cwd = \"/data\"";

/// Run a flow without a server and print its result
///
/// Shows the attempts on standard error, and prints the result as JSON to standard output. FLOW.json is a flow document,
/// or `{"flow": {…}, "agents": [{"id": "…", …}]}` if the flow needs agents. If the flow calls `http://demo-peer`, as the
/// examples do, a demo service that fails on purpose runs with it.
///
/// Exit status: 0 completed, 1 failed, 2 invalid document, 130 cancelled with Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct Run {
    /// Flow document; `-` reads from standard input
    #[arg(value_name = "FLOW.json")]
    pub(crate) file: PathBuf,
    /// Trigger data, as JSON or @FILE [default: the `example` of the flow's trigger, or {}]
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) trigger: Option<String>,
    /// Store the execution in this database [default: in memory only]
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Secret that the flow may use, from its STEADFLOW_SECRET_* variable, or from a file as NAME=@FILE. May be repeated [default: none]
    #[arg(long, value_name = "NAME")]
    pub(crate) secret: Vec<String>,
    #[command(flatten)]
    pub(crate) egress: Egress,
    /// Timeout of the whole execution. Overrides the flow's `timeout_seconds`
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<f64>,
}

const RUN_EXAMPLES: &str = "\
Examples:
  steadflow run examples/parallel.json
  steadflow run examples/parallel.json --trigger '{\"vendor\": \"ACME\", \"risk\": 12}'
  steadflow run flow.json --trigger @order.json --timeout 60 | jq .total
  steadflow run flow.json --secret API_KEY --secret SIGNING_KEY=@key.txt";

/// Check files with flows and agents
///
/// Prints each error as `file:line: pointer: message`, where `pointer` is a JSON pointer into the document.
///
/// Exit status: 0 all documents are valid, 2 some are not.
#[derive(Debug, clap::Args)]
pub(crate) struct Validate {
    /// Flow documents, in the same format as for `run`, and agent documents; `-` reads from standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The server that is asked, and how its answers are printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// URL of the server [default: http://127.0.0.1:8080]
    #[arg(long, global = true, value_name = "URL", env = "STEADFLOW_SERVER")]
    pub(crate) server: Option<String>,
    /// File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]
    #[arg(long, global = true, value_name = "FILE", env = "STEADFLOW_KEY_FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Print JSON instead of tables
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// List, show, approve and reject what waits for a person
#[derive(Debug, clap::Args)]
pub(crate) struct Approvals {
    #[command(subcommand)]
    pub(crate) command: ApprovalsCommand,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsCommand {
    /// List what waits for a person, that of the newest executions first
    List {
        /// Maximum number of executions, 1-100
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Show one with all that a person has to see
    Show {
        /// ID, as `list` prints it
        id: String,
    },
    /// Approve: the call is made once, the request for input is answered, or the node goes on
    Approve {
        #[command(flatten)]
        decision: Decision,
        /// Arguments to make the call with instead, as JSON or @FILE
        #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
        arguments: Option<String>,
        /// What is filled in for a request for input or an approval node, as JSON or @FILE; `show` lists the fields
        #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
        form: Option<String>,
    },
    /// Reject: the call is not made, the input is declined, or the node is rejected
    Reject {
        #[command(flatten)]
        decision: Decision,
    },
    /// Make no choice on a request for input
    Cancel {
        #[command(flatten)]
        decision: Decision,
    },
    /// Make a link with which one person can decide without signing in; anyone who has it can
    Link {
        /// ID, as `list` prints it
        id: String,
        /// Name or address of who gets it; it is shown as who decided
        #[arg(long = "for", value_name = "NAME")]
        made_for: Option<String>,
        /// How long it works, 60-2592000 [default: 604800, a week]
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(60..=2_592_000))]
        expires_in: Option<u64>,
    },
}

/// On what is decided, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct Decision {
    /// ID, as `list` prints it
    pub(crate) id: String,
    /// Why. If a call is rejected, the model reads it; of an approval node, it is in the output
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// Hash of the arguments that were seen, as `show` prints it: a call with others is refused [default: any]
    #[arg(long, value_name = "HASH")]
    pub(crate) hash: Option<String>,
}

/// Check whether a server accepts new work
///
/// For health checks, for example of a container.
///
/// Exit status: 0 it does, 1 it is stopping, its database has failed, or it does not respond in time.
#[derive(Debug, clap::Args)]
pub(crate) struct Health {
    /// URL of the server [default: http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "STEADFLOW_SERVER")]
    pub(crate) server: Option<String>,
    /// Time that the server gets to respond
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub(crate) timeout: f64,
}

/// Write a database again, without the room that is free in it
///
/// Stop the server first. This takes as long as copying the database, and as much room. Databases of older versions need it
/// once: from then on, the server returns free room to the disk by itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Compact {
    /// Database, as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default: sqlite:steadflow.db]
    #[arg(long, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// End all links to decide with that were made before
///
/// With SQLite, stop the server first. Replaces the key that signs links: those that were made or sent before lead to nothing from then on,
/// and new ones work. What waits for a person goes on waiting.
#[derive(Debug, clap::Args)]
pub(crate) struct RevokeLinks {
    /// Database, as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default: sqlite:steadflow.db]
    #[arg(long, value_name = "URL", env = "STEADFLOW_DATABASE")]
    pub(crate) database: Option<String>,
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
