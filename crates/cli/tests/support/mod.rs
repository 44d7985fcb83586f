//! The real binary, in its own folder.

mod server;

use std::fmt::Display;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use server::Server;

/// A temporary folder in which the binary runs.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder can be made"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file into it.
    pub(crate) fn write(&self, name: &str, text: impl ToString) {
        std::fs::write(self.path().join(name), text.to_string()).expect("a file can be written");
    }

    /// Returns a command that starts the binary in this folder, with these arguments and no other settings.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steadflow"));
        let settings = std::env::vars_os().map(|(name, _)| name);
        for name in settings.filter(|name| name.to_string_lossy().starts_with("STEADFLOW_")) {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(self.path()).env("COLUMNS", "100").stdin(Stdio::null());
        command
    }

    /// Runs the binary until it ends.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().expect("the binary starts").into()
    }

    /// Runs the binary until it ends, with `text` on its standard input.
    pub(crate) fn run_on(&self, arguments: &[&str], text: &str) -> Run {
        self.write("stdin", text);
        let stdin = std::fs::File::open(self.path().join("stdin")).expect("it was just written");
        self.command(arguments).stdin(stdin).output().expect("the binary starts").into()
    }

    /// Starts the binary without waiting for it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
    }
}

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("it writes UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("it writes UTF-8"),
        }
    }
}

impl Run {
    /// Checks the exit status.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Reads standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("this is not JSON: {}", self.stdout))
    }
}

/// Whether a process is there, and does not only wait for its exit status to be read.
pub(crate) fn is_running(process: impl Display) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with(['Z', 'X']))
}

/// Sends a signal, by name without `SIG`.
pub(crate) fn signal(process: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &process.to_string()]).status();
    assert!(status.is_ok_and(|status| status.success()), "SIG{name} could not be sent");
}

/// Returns a flow document with these nodes in a chain.
pub(crate) fn flow(nodes: &[Value]) -> Value {
    let ids: Vec<&Value> = nodes.iter().map(|node| &node["id"]).collect();
    let edges: Vec<Value> =
        ids.windows(2).map(|pair| serde_json::json!({ "from": pair[0], "to": pair[1] })).collect();
    serde_json::json!({ "name": "Review", "flow_definition": { "nodes": nodes, "edges": edges } })
}
