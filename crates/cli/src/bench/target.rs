//! The server that is measured: one of our own on a new database, or one that was named.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use reqwest::Method;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::client::Server;

const START_TIME_MAX: Duration = Duration::from_secs(20);

/// A server, and what it was told.
#[derive(Debug)]
pub(super) struct Target {
    server: Server,
    address: String,
    own: Option<OwnServer>,
    flows: std::sync::Mutex<Vec<String>>,
    told: AtomicU64,
}

/// A process of ours and its directory. Both end with it.
#[derive(Debug)]
struct OwnServer {
    process: Child,
    dir: PathBuf,
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // Nothing of this is needed any more, so errors change nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Target {
    pub(super) async fn start(named: Option<&str>, dir: &Path) -> anyhow::Result<Self> {
        let (address, own) = match named {
            Some(url) => (url.trim_start_matches("http://").trim_end_matches('/').to_owned(), None),
            None => {
                let (address, own) = start_own(dir)?;
                (address, Some(own))
            }
        };
        let server = Server::new(&format!("http://{address}"))?;
        wait_for(&address).await?;
        Ok(Self { server, address, own, flows: std::sync::Mutex::default(), told: AtomicU64::new(0) })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn count_one(&self) {
        self.count_many(1);
    }

    pub(super) fn count_many(&self, executions: u64) {
        self.told.fetch_add(executions, Ordering::Relaxed);
    }

    /// Creates a flow and returns its id.
    pub(super) async fn create_flow(&self, document: &Value) -> anyhow::Result<String> {
        let flow = self.server.send(self.server.call(Method::POST, "/flows").json(document)).await?;
        let id = flow["id"].as_str().context("The new flow has no id")?.to_owned();
        self.flows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(id.clone());
        Ok(id)
    }

    /// Returns a whole HTTP request that starts `flow` and waits for its end.
    pub(super) fn execute_request(&self, flow: &str, body: &Value) -> Vec<u8> {
        let body = body.to_string();
        format!(
            "POST /api/v1/studio/flows/{flow}/execute?wait=60 HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .into_bytes()
    }

    /// Asks whether every execution that was counted is stored, and completed.
    pub(super) async fn check_complete(&self) -> anyhow::Result<()> {
        let flows = self.flows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let mut stored = 0;
        for id in flows {
            let flow = self.server.send(self.server.call(Method::GET, &format!("/flows/{id}"))).await?;
            let counts = &flow["execution_counts"];
            ensure!(counts["total"] == counts["completed"], "Not all executions completed: {counts}");
            stored += counts["completed"].as_u64().context("The flow has no counts")?;
        }
        let told = self.told.load(Ordering::Relaxed);
        ensure!(stored == told, "{told} executions were counted, but {stored} are stored");
        let whose = if self.own.is_some() { "our own server" } else { "the server" };
        crate::output::note(format_args!(
            "checked: all {told} executions are stored and completed on {whose}"
        ));
        Ok(())
    }
}

fn start_own(dir: &Path) -> anyhow::Result<(String, OwnServer)> {
    let free = TcpListener::bind("127.0.0.1:0").context("There is no free port")?;
    let address = free.local_addr().context("The port has no address")?.to_string();
    drop(free);
    let dir = dir.join(format!("steadflow-bench-{}", std::process::id()));
    std::fs::create_dir(&dir).with_context(|| format!("{} could not be made", dir.display()))?;
    let program = std::env::current_exe().context("This program cannot find itself")?;
    let process = Command::new(program)
        .args(["--log", "warn", "serve", "--listen", &address, "--egress-allow", "127.0.0.1"])
        .arg("--database")
        .arg(format!("sqlite:{}", dir.join("bench.db").display()))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("The server could not be started")?;
    Ok((address, OwnServer { process, dir }))
}

async fn wait_for(address: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    while TcpStream::connect(address).await.is_err() {
        if began.elapsed() > START_TIME_MAX {
            bail!("There is no server at {address}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
