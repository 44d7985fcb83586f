//! The process in which code of flows runs: JavaScript on a value, with nothing around it.
//!
//! The server starts its own program again for it, which comes here before anything else
//! ([ADR 26](../../../docs/adr/0026-code-runs-in-a-process-for-each-call.md)). The process makes an interpreter, gives up
//! everything that it does not need (`confine`), and only then reads a [`Request`] from standard input, up to its end. It
//! writes one [`Reply`] to standard output and ends. What it says is only as good as the code that it ran: who reads it checks
//! it.

#[cfg(target_os = "linux")]
mod confine;
#[cfg(target_os = "linux")]
mod interpreter;
#[cfg(target_os = "linux")]
mod natives;
#[cfg(target_os = "linux")]
mod place;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod read;
#[cfg(target_os = "linux")]
mod write;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[cfg(target_os = "linux")]
pub use process::run_if_asked;

/// The first argument of the program as a sandbox. The second one is the process that starts it, and a third one is a
/// [`FORBIDDEN`] act to try.
pub const COMMAND: &str = "code-sandbox";

/// What a sandbox must not let through, each of which it is killed for.
pub const FORBIDDEN: [&str; 4] = ["open", "socket", "fork", "exec"];

/// How much memory the values of code may take, in bytes.
pub const MEMORY_MAX: usize = 64 * 1024 * 1024;

/// How many milliseconds of CPU time a check may take.
pub const CHECK_CPU_MS: u64 = 5_000;

/// The environment of the sandbox: all times are UTC, without a file that says so.
pub const ENVIRONMENT: [(&str, &str); 2] = [("TZ", "UTC0"), ("MIMALLOC_ARENA_RESERVE", "0")];

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request<'a> {
    /// To run a source.
    #[serde(borrow)]
    Run(Run<'a>),
    /// To look whether sources are JavaScript.
    #[serde(borrow)]
    Check(Vec<Cow<'a, str>>),
}

/// What to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run<'a> {
    /// The body of a function of `input`.
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    /// The input.
    #[serde(borrow)]
    pub input: &'a RawValue,
    /// How many milliseconds of CPU time it may take.
    pub cpu_ms: u64,
    /// The largest output, in bytes of its JSON text.
    pub output_bytes_max: usize,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The output.
    Output(Box<RawValue>),
    /// What is wrong with each of the sources of a check.
    Checked(Vec<Option<Failure>>),
    /// Why there is none.
    Failure(Failure),
    /// The sandbox cannot be made here, and nothing was run.
    Unavailable(String),
}

/// Why code has no output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind of failure.
    pub why: Why,
    /// What is wrong, for a person.
    pub message: String,
    /// The line of the source, from 1.
    pub line: Option<u32>,
    /// The column in that line, from 1.
    pub column: Option<u32>,
    /// Where it was called from.
    pub stack: Option<String>,
}

/// Kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The source is not JavaScript.
    Syntax,
    /// The input has a number that JavaScript cannot keep.
    Input,
    /// It threw an error.
    Threw,
    /// It took all of its CPU time.
    CpuTime,
    /// It waits for something that does not come.
    Waits,
    /// It returned what is not JSON.
    NotJson,
    /// Its output is too large.
    TooLarge,
}

impl Failure {
    /// Returns a failure without a place.
    pub fn new(why: Why, message: impl Into<String>) -> Self {
        Self { why, message: message.into(), line: None, column: None, stack: None }
    }
}

/// Says that this platform has no sandbox, if the arguments ask for one.
#[cfg(not(target_os = "linux"))]
pub fn run_if_asked(
    mut arguments: impl Iterator<Item = std::ffi::OsString>,
) -> Option<std::process::ExitCode> {
    use std::io::Write as _;

    arguments.next().filter(|first| first == COMMAND)?;
    let reply = Reply::Unavailable("code runs only on Linux, where a process can be confined".to_owned());
    let text = serde_json::to_vec(&reply).unwrap_or_default();
    drop(std::io::stdout().write_all(&text));
    Some(std::process::ExitCode::FAILURE)
}
