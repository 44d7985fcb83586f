//! The server that is measured: one of our own on a new database, or one that was named.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::Value;

use super::connection::Connection;
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
    address: String,
    dir: PathBuf,
}

impl OwnServer {
    /// Starts a server in a new directory below `dir`.
    fn create(dir: &Path) -> anyhow::Result<Self> {
        let free = TcpListener::bind("127.0.0.1:0").context("There is no free port")?;
        let address = free.local_addr().context("The port has no address")?.to_string();
        drop(free);
        let dir = dir.join(format!("steadflow-bench-{}", std::process::id()));
        std::fs::create_dir(&dir).with_context(|| format!("{} could not be made", dir.display()))?;
        Ok(Self { process: spawn(&dir, &address)?, address, dir })
    }

    fn kill(&mut self) {
        // It may have ended by itself, which is what was wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(dir: &Path, address: &str) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("This program cannot find itself")?;
    Command::new(program)
        .args(["--log", "warn", "serve", "--listen", address, "--egress-allow", "127.0.0.1"])
        .arg("--database")
        .arg(format!("sqlite:{}", dir.join("bench.db").display()))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("The server could not be started")
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.kill();
        // Nothing of this is needed any more, so errors change nothing.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Target {
    pub(super) async fn start(named: Option<&str>, dir: &Path) -> anyhow::Result<Self> {
        let (address, own) = match named {
            Some(url) => (url.trim_start_matches("http://").trim_end_matches('/').to_owned(), None),
            None => {
                let own = OwnServer::create(dir)?;
                (own.address.clone(), Some(own))
            }
        };
        let server = Server::new(&format!("http://{address}"))?;
        wait_for(&address).await?;
        Ok(Self { server, address, own, flows: std::sync::Mutex::default(), told: AtomicU64::new(0) })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Returns the process that is measured.
    pub(super) fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.own()?.process.id())
    }

    fn own(&self) -> anyhow::Result<&OwnServer> {
        self.own.as_ref().context("This measure needs a server of its own: leave --server out")
    }

    /// Returns what the database takes on the disk.
    pub(super) fn database_bytes(&self) -> anyhow::Result<f64> {
        let mut bytes = 0;
        for entry in std::fs::read_dir(&self.own()?.dir)? {
            bytes += entry?.metadata()?.len();
        }
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
        Ok(bytes as f64)
    }

    /// Kills the server with SIGKILL and starts it on the same database; returns how long it took to serve again.
    pub(super) async fn kill_and_start(&mut self) -> anyhow::Result<Duration> {
        let own = self.own.as_mut().context("This measure needs a server of its own: leave --server out")?;
        own.kill();
        let began = Instant::now();
        own.process = spawn(&own.dir, &own.address)?;
        wait_for(&self.address).await?;
        Ok(began.elapsed())
    }

    /// Counts executions that ended, for [`Self::check_complete`].
    pub(super) fn count(&self, executions: u64) {
        self.told.fetch_add(executions, Ordering::Relaxed);
    }

    /// Returns how many were counted.
    pub(super) fn counted(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }

    /// Returns how many executions of `flow` there are, by how they ended.
    pub(super) async fn counts(&self, flow: &str) -> anyhow::Result<Value> {
        let flow = self.server.send(self.server.call(Method::GET, &format!("/flows/{flow}"))).await?;
        Ok(flow["execution_counts"].clone())
    }

    /// Creates a flow and returns its id.
    pub(super) async fn create_flow(&self, document: &Value) -> anyhow::Result<String> {
        let flow = self.server.send(self.server.call(Method::POST, "/flows").json(document)).await?;
        let id = flow["id"].as_str().context("The new flow has no id")?.to_owned();
        self.flows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(id.clone());
        Ok(id)
    }

    /// Returns a whole HTTP request that reads `path`, below `/api/v1/studio`.
    pub(super) fn get_request(&self, path: &str) -> Vec<u8> {
        format!("GET /api/v1/studio{path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).into_bytes()
    }

    /// Returns a whole HTTP request that starts `flow`, and may wait for its end.
    pub(super) fn execute_request(&self, flow: &str, waits: bool, body: &Value) -> Vec<u8> {
        let body = body.to_string();
        let wait = if waits { "?wait=60" } else { "" };
        format!(
            "POST /api/v1/studio/flows/{flow}/execute{wait} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
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
            let counts = self.counts(&id).await?;
            ensure!(counts["total"] == counts["completed"], "Not all executions completed: {counts}");
            stored += counts["completed"].as_u64().context("The flow has no counts")?;
        }
        let told = self.counted();
        ensure!(stored == told, "{told} executions were counted, but {stored} are stored");
        let whose = if self.own.is_some() { "our own server" } else { "the server" };
        crate::output::note(format_args!(
            "checked: all {told} executions are stored and completed on {whose}"
        ));
        Ok(())
    }
}

/// Waits until the server at `address` answers that it is ready.
async fn wait_for(address: &str) -> anyhow::Result<()> {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let began = Instant::now();
    loop {
        if let Ok(mut connection) = Connection::open(address).await
            && connection.send(request.as_bytes()).await.is_ok_and(|answer| answer.status == 200)
        {
            return Ok(());
        }
        ensure!(began.elapsed() < START_TIME_MAX, "There is no server at {address}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
