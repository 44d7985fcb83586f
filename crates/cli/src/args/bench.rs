//! The arguments of `steadflow bench`.

use std::path::PathBuf;

use clap::ValueEnum;

/// Measure the speed of this machine
///
/// Starts a temporary server with a new database, sends requests over HTTP, checks that everything was stored, and prints
/// a table. The load generator runs on the same machine and uses part of its CPU.
#[derive(Debug, clap::Args)]
#[command(after_help = BENCH_EXAMPLES)]
pub(crate) struct Bench {
    /// Numbers of concurrent executions, each measured separately
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,64,512")]
    pub(crate) concurrency: Vec<usize>,
    /// Duration of each measurement, in seconds
    #[arg(long, default_value_t = 5.0)]
    pub(crate) seconds: f64,
    /// Number of repetitions; the table shows the median and the range
    #[arg(long, default_value_t = 3)]
    pub(crate) runs: usize,
    /// Measurements to run
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [
        Measure::Disk, Measure::Chain, Measure::Calls, Measure::FanOut, Measure::Map, Measure::Latency,
        Measure::Webhook, Measure::Retries, Measure::Idle, Measure::Followers, Measure::Agents, Measure::Waits,
        Measure::Sleepers,
    ])]
    pub(crate) only: Vec<Measure>,
    /// Number of sleeping executions for `sleepers`
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    pub(crate) sleepers: u32,
    /// Database sizes for `growth`, in node executions
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0,1000000,5000000")]
    pub(crate) growth: Vec<u64>,
    /// Measure this server instead. For `calls` and `retries`, start it with `--egress-allow 127.0.0.1`
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Measure with this database of PostgreSQL, which should be empty, instead of a temporary one of SQLite
    #[arg(long, value_name = "URL", conflicts_with = "server")]
    pub(crate) database: Option<String>,
    /// Number of server processes that share the database of PostgreSQL. The connections of `chain`, `calls`, `fan-out` and `growth`
    /// are spread over all of them; the other measurements, and a single connection, use the first one
    #[arg(long, value_name = "COUNT", default_value_t = 1, requires = "database", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) processes: u16,
    /// Directory of the temporary database, on the disk to measure
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Print JSON instead of the table
    #[arg(long)]
    pub(crate) json: bool,
}

const BENCH_EXAMPLES: &str = "\
Examples:
  steadflow bench
  steadflow bench --concurrency 64 --seconds 10 --runs 5 --only chain --json > bench.json
  steadflow bench --concurrency 64,512 --runs 7 --only auth";

/// A measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measure {
    /// Syncs of a small write per second, and rows per second that SQLite writes.
    Disk,
    /// A flow of ten sequential `echo` nodes, started and awaited over HTTP.
    Chain,
    /// The same with ten calls of a local HTTP service.
    Calls,
    /// 100 parallel `echo` nodes and a join.
    FanOut,
    /// A map of 10,000 `echo` items: items per second, beside the chain, and the growth of the server.
    Map,
    /// A flow of one `echo` node, one execution at a time.
    Latency,
    /// A signed webhook, from the call to the result of its flow of one `echo` node, one at a time.
    Webhook,
    /// How late retries start: 200 executions with backoffs of 1 s and 2 s.
    Retries,
    /// Memory and CPU time of an idle server.
    Idle,
    /// The cost of 1,000 clients of the event stream, and the delay of their events.
    Followers,
    /// 1,000 agents whose models write at the same time: memory of each, and the delay of a token on its way to a reader.
    Agents,
    /// 10,000 executions that wait for a person, and 10,000 that wait for an event: memory and database of each.
    Waits,
    /// Executions that wait for a day: memory of each, and the time until the server is ready again after kill -9.
    Sleepers,
    /// The chain with and without an API key, in turn: what it costs to ask for one.
    Auth,
    /// Throughput and the requests of the studio at several database sizes. Takes minutes and gigabytes.
    Growth,
}
