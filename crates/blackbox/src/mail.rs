//! A real mail server, `aiosmtpd`, which takes mail by STARTTLS and login.
//!
//! Needs a Python that has it (`make test` sets one up): `STEADFLOW_TEST_PYTHON`, else the one in `.venv`, else `python3`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

const PACKAGE_PRESENT: &str = "import importlib.util as u, sys; sys.exit(u.find_spec('aiosmtpd') is None)";

/// A running mail server. It ends with the pipe to it.
#[derive(Debug)]
pub struct MailServer {
    process: Child,
    _stdin: Option<ChildStdin>,
    port: u16,
    mails: Arc<Mutex<Vec<Value>>>,
}

impl MailServer {
    /// Starts one; `None` if there is no Python that has it, which is an error where `CI` is set.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start() -> Option<Self> {
        let python = python();
        let has_package = Command::new(&python).args(["-c", PACKAGE_PRESENT]).status();
        if !has_package.is_ok_and(|status| status.success()) {
            assert!(std::env::var_os("CI").is_none(), "{} lacks aiosmtpd", python.display());
            eprintln!("SKIPPED: {} lacks aiosmtpd; run `make test`", python.display());
            return None;
        }
        let mut process = Command::new(python)
            .args(["-W", "ignore"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mail_server.py"))
            .args([certificate(), tls("key.pem")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let (stdin, stdout) = (process.stdin.take(), process.stdout.take());
        let mut lines = BufReader::new(stdout.expect("it is piped")).lines();
        let mut next = move || Some(read(&lines.next()?.ok()?));
        let first = next().expect("the mail server speaks");
        let port = first["port"].as_u64().and_then(|port| port.try_into().ok()).expect("it says its port");
        let mails = Arc::<Mutex<Vec<Value>>>::default();
        let taken = Arc::clone(&mails);
        std::thread::spawn(move || {
            while let Some(mail) = next() {
                taken.lock().push(mail);
            }
        });
        Some(Self { process, _stdin: stdin, port, mails })
    }

    /// Returns its URL, with the login that it takes.
    pub fn url(&self) -> String {
        format!("smtp://flows:p%40ss%2Fword@localhost:{}", self.port)
    }

    /// Returns all mails that came, in their order, also those that it held.
    pub fn mails(&self) -> Vec<Value> {
        self.mails.lock().clone()
    }

    /// Returns the variable that lets the program trust it.
    pub fn trust() -> (String, String) {
        ("SSL_CERT_FILE".to_owned(), certificate().display().to_string())
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("the mail server says {line:?}: {error}"))
}

fn certificate() -> PathBuf {
    tls("certificate.pem")
}

fn tls(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../nodes/tests/nodes/tls").join(file)
}

fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("STEADFLOW_TEST_PYTHON") {
        return python.into();
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
    if own.exists() { own } else { "python3".into() }
}
