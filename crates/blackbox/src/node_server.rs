//! Servers of others that are packages of npm: the ones that `e2e/package.json` names.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// A running server. It ends with the pipe to it.
#[derive(Debug)]
pub struct NodeServer {
    process: Child,
    _stdin: Option<ChildStdin>,
    port: u16,
}

impl NodeServer {
    /// Returns a file of a package, such as `@scope/name/dist/index.js`; `None` if it is not installed, which is an error where
    /// `CI` is set.
    ///
    /// # Panics
    /// If it is such an error.
    pub fn installed(file: &str) -> Option<PathBuf> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/node_modules").join(file);
        if program.exists() {
            return Some(program);
        }
        assert!(std::env::var_os("CI").is_none(), "there is no {}", program.display());
        eprintln!("SKIPPED: there is no {}; run `make test`", program.display());
        None
    }

    /// Starts a program that listens, on a free port of loopback instead of the one that it wants.
    ///
    /// # Panics
    /// If there is no Node.js, or the program does not listen.
    pub fn start(program: &Path, arguments: &[&str]) -> Self {
        let mut process = Command::new("node")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/node_server.mjs"))
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("there is node");
        let (stdin, stdout) = (process.stdin.take(), process.stdout.take());
        let mut lines = BufReader::new(stdout.expect("it is piped")).lines().map_while(Result::ok);
        let port = lines.find_map(|line| line.strip_prefix("PORT ")?.parse().ok());
        // It says something about each request, and must not wait for somebody to read it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, _stdin: stdin, port: port.expect("the server says its port") }
    }

    /// Returns the address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for NodeServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
