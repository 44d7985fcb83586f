//! The server that is measured: a temporary one with a new database, or one given with `--server`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::connection::Connection;
use super::hooks;
use crate::client::Server;
use crate::secrets;

const START_TIME_MAX: Duration = Duration::from_secs(20);

/// A server, and the number of executions that were started on it.
#[derive(Debug)]
pub(super) struct Target {
    server: Server,
    address: String,
    own: Option<OwnServer>,
    flows: std::sync::Mutex<Vec<String>>,
    started: AtomicU64,
}

/// A temporary server and its directory. Both are removed on drop.
#[derive(Debug)]
struct OwnServer {
    process: Child,
    address: String,
    database: String,
    dir: PathBuf,
}

impl OwnServer {
    /// Starts a server in a new directory below `dir`.
    fn create(database: Option<&str>, dir: &Path) -> anyhow::Result<Self> {
        let free = TcpListener::bind("127.0.0.1:0").context("Could not find a free port")?;
        let address = free.local_addr().context("The port has no address")?.to_string();
        drop(free);
        let dir = dir.join(format!("steadflow-bench-{}", std::process::id()));
        std::fs::create_dir(&dir).with_context(|| format!("Could not create {}", dir.display()))?;
        let file = || format!("sqlite:{}", dir.join("bench.db").display());
        let database = database.map_or_else(file, str::to_owned);
        Ok(Self { process: spawn(&database, &address)?, address, database, dir })
    }

    fn kill(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(database: &str, address: &str) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("Could not find the path of this program")?;
    Command::new(program)
        .args(["--log", "warn", "serve", "--listen", address, "--egress-allow", "127.0.0.1"])
        .args(["--database", database])
        .env(secrets::variable(hooks::SECRET.0), hooks::SECRET.1)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("Could not start the server")
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.kill();
        // An error only leaves temporary files behind.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Target {
    pub(super) async fn start(
        named: Option<&str>,
        database: Option<&str>,
        dir: &Path,
    ) -> anyhow::Result<Self> {
        let (address, own) = match named {
            Some(url) => (url.trim_start_matches("http://").trim_end_matches('/').to_owned(), None),
            None => {
                let own = OwnServer::create(database, dir)?;
                (own.address.clone(), Some(own))
            }
        };
        let server = Server::new(&format!("http://{address}"))?;
        wait_for(&address).await?;
        Ok(Self { server, address, own, flows: std::sync::Mutex::default(), started: AtomicU64::new(0) })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Returns the process that is measured.
    pub(super) fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.own()?.process.id())
    }

    fn own(&self) -> anyhow::Result<&OwnServer> {
        self.own.as_ref().context("This measurement needs its own server; do not use --server")
    }

    /// Returns the size of the database on disk, in bytes.
    pub(super) fn database_bytes(&self) -> anyhow::Result<f64> {
        let mut bytes = 0;
        for entry in std::fs::read_dir(&self.own()?.dir)? {
            bytes += entry?.metadata()?.len();
        }
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
        Ok(bytes as f64)
    }

    /// Kills the server with SIGKILL and starts it again with the same database. Returns the time until it was ready.
    pub(super) async fn kill_and_start(&mut self) -> anyhow::Result<Duration> {
        let own = self.own.as_mut().context("This measurement needs its own server; do not use --server")?;
        own.kill();
        let began = Instant::now();
        own.process = spawn(&own.database, &own.address)?;
        wait_for(&self.address).await?;
        Ok(began.elapsed())
    }

    /// Counts executions that ended, for [`Self::check_complete`].
    pub(super) fn count(&self, executions: u64) {
        self.started.fetch_add(executions, Ordering::Relaxed);
    }

    /// Returns the number of counted executions.
    pub(super) fn counted(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Returns the numbers of executions of `flow` by status.
    pub(super) async fn counts(&self, flow: &str) -> anyhow::Result<Value> {
        let flow = self.server.send(self.server.call(Method::GET, &format!("/flows/{flow}"))).await?.value;
        Ok(flow["execution_counts"].clone())
    }

    /// Creates a flow and returns its id.
    pub(super) async fn create_flow(&self, document: &Value) -> anyhow::Result<String> {
        let flow = self.server.send(self.server.call(Method::POST, "/flows").json(document)).await?.value;
        let id = flow["id"].as_str().context("The new flow has no id")?.to_owned();
        self.flows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(id.clone());
        Ok(id)
    }

    /// Creates an agent and returns its id.
    pub(super) async fn create_agent(&self, document: &Value) -> anyhow::Result<String> {
        let agent = self.server.send(self.server.call(Method::POST, "/agents").json(document)).await?.value;
        Ok(agent["id"].as_str().context("The new agent has no id")?.to_owned())
    }

    /// Starts an execution of `flow` and returns its id.
    pub(super) async fn start_execution(&self, flow: &str) -> anyhow::Result<String> {
        let call = self.server.call(Method::POST, &format!("/flows/{flow}/execute")).json(&json!({}));
        let started = self.server.send(call).await?.value;
        Ok(started["execution_id"].as_str().context("The new execution has no id")?.to_owned())
    }

    /// Returns an HTTP request that reads `path`, relative to `/api/v1/studio`.
    pub(super) fn get_request(&self, path: &str) -> Vec<u8> {
        format!("GET /api/v1/studio{path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).into_bytes()
    }

    /// Returns an HTTP request that starts `flow` and, if `waits`, waits until it ends.
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

    /// Checks that every counted execution is stored and has completed.
    pub(super) async fn check_complete(&self) -> anyhow::Result<()> {
        let flows = self.flows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let mut stored = 0;
        for id in flows {
            let counts = self.counts(&id).await?;
            ensure!(counts["total"] == counts["completed"], "Not all executions completed: {counts}");
            stored += counts["completed"].as_u64().context("The flow has no counts")?;
        }
        let counted = self.counted();
        ensure!(stored == counted, "{counted} executions ended, but {stored} are stored");
        crate::output::note(format_args!("checked: all {counted} executions are stored and have completed"));
        Ok(())
    }
}

/// Waits until the server at `address` is ready.
async fn wait_for(address: &str) -> anyhow::Result<()> {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let began = Instant::now();
    loop {
        if let Ok(mut connection) = Connection::open(address).await
            && connection.send(request.as_bytes()).await.is_ok_and(|answer| answer.status == 200)
        {
            return Ok(());
        }
        ensure!(
            began.elapsed() < START_TIME_MAX,
            "The server at {address} is not ready after {} seconds",
            START_TIME_MAX.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
