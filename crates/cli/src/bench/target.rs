//! The server that is measured: a temporary one with a new database, or one given with `--server`.

use std::fs::File;
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
use crate::args::Bench;
use crate::client::Server;
use crate::secrets;
use crate::settings::{ServerAddress, ServerKey};

const START_TIME_MAX: Duration = Duration::from_secs(20);
/// What a server says on its standard error, in its directory.
const LOG: &str = "server.log";

/// A server, and the number of executions that were started on it.
#[derive(Debug)]
pub(super) struct Target {
    server: Server,
    address: String,
    own: Option<OwnServer>,
    /// Other processes on the same database.
    others: Vec<OwnServer>,
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
    /// The API key that it asks for, if it asks for one.
    key: Option<String>,
}

impl OwnServer {
    /// Starts a server in a new directory below that of `args`.
    async fn start(args: &Bench, number: u16, with_key: bool) -> anyhow::Result<Self> {
        let free = TcpListener::bind("127.0.0.1:0").context("Could not find a free port")?;
        let address = free.local_addr().context("The port has no address")?.to_string();
        drop(free);
        let dir = args.dir.join(format!("steadflow-bench-{}-{number}", std::process::id()));
        std::fs::create_dir(&dir).with_context(|| format!("Could not create {}", dir.display()))?;
        let file = || format!("sqlite:{}", dir.join("bench.db").display());
        let database = args.database.clone().unwrap_or_else(file);
        let key = with_key.then(|| make_key(&database)).transpose()?;
        let process = spawn(&database, &address, &dir, key.is_some())?;
        let mut own = Self { process, address, database, dir, key };
        own.wait().await?;
        Ok(own)
    }

    /// Waits until it is ready.
    async fn wait(&mut self) -> anyhow::Result<()> {
        let ready = wait_for(&self.address, Some(&mut self.process)).await;
        let said = || std::fs::read_to_string(self.dir.join(LOG)).unwrap_or_default();
        ready.with_context(|| format!("The server did not start. It said: {}", said().trim_end()))
    }

    fn kill(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> anyhow::Result<Command> {
    std::env::current_exe().map(Command::new).context("Could not find the path of this program")
}

/// Makes an API key in a database that no server uses yet.
fn make_key(database: &str) -> anyhow::Result<String> {
    let made = program()?.args(["keys", "create", "--role", "editor", "--database", database]).output();
    let made = made.context("Could not make an API key")?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "Could not make an API key: {}", said.trim_end());
    Ok(String::from_utf8_lossy(&made.stdout).trim_end().to_owned())
}

fn spawn(database: &str, address: &str, dir: &Path, with_key: bool) -> anyhow::Result<Child> {
    // As often as the load generator can.
    let auth: &[&str] = if with_key { &["--auth", "on", "--requests-per-key", "0"] } else { &[] };
    let log = File::create(dir.join(LOG)).context("Could not create the log of the server")?;
    program()?
        .args(["--log", "warn", "serve", "--listen", address, "--egress-allow", "127.0.0.1"])
        .args(["--database", database])
        .args(auth)
        .env(secrets::variable(hooks::SECRET.0), hooks::SECRET.1)
        .stdin(Stdio::null())
        .stderr(log)
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
    pub(super) async fn start(args: &Bench) -> anyhow::Result<Self> {
        let mut others = Vec::new();
        let (address, own) = if let Some(url) = &args.server {
            let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
            wait_for(&address, None).await?;
            (address, None)
        } else {
            let own = OwnServer::start(args, 1, false).await?;
            for number in 2..=args.processes {
                others.push(OwnServer::start(args, number, false).await?);
            }
            (own.address.clone(), Some(own))
        };
        Self::new(address, own, others)
    }

    /// Starts a server that asks for an API key, which requests then show.
    pub(super) async fn start_with_key(args: &Bench) -> anyhow::Result<Self> {
        let own = OwnServer::start(args, 2, true).await?;
        Self::new(own.address.clone(), Some(own), Vec::new())
    }

    fn new(address: String, own: Option<OwnServer>, others: Vec<OwnServer>) -> anyhow::Result<Self> {
        let key = own.as_ref().and_then(|own| own.key.clone()).map(ServerKey);
        let server = Server::new(&ServerAddress { url: format!("http://{address}"), key })?;
        let (flows, started) = (std::sync::Mutex::default(), AtomicU64::new(0));
        Ok(Self { server, address, own, others, flows, started })
    }

    /// Returns the header with the API key.
    fn authorization(&self) -> String {
        let key = self.own.as_ref().and_then(|own| own.key.as_ref());
        key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default()
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Returns the addresses of all its processes.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> + Clone {
        std::iter::once(self.address()).chain(self.others.iter().map(|other| &*other.address))
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
        own.process = spawn(&own.database, &own.address, &own.dir, own.key.is_some())?;
        own.wait().await?;
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
        let authorization = self.authorization();
        format!("GET /api/v1/studio{path} HTTP/1.1\r\nHost: {}\r\n{authorization}\r\n", self.address)
            .into_bytes()
    }

    /// Returns an HTTP request that starts `flow` and, if `waits`, waits until it ends.
    pub(super) fn execute_request(&self, flow: &str, waits: bool, body: &Value) -> Vec<u8> {
        let body = body.to_string();
        let wait = if waits { "?wait=60" } else { "" };
        format!(
            "POST /api/v1/studio/flows/{flow}/execute{wait} HTTP/1.1\r\nHost: {}\r\n{}Content-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            self.authorization(),
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

/// Waits until the server at `address` is ready, and fails if its process ends.
async fn wait_for(address: &str, mut process: Option<&mut Child>) -> anyhow::Result<()> {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let began = Instant::now();
    loop {
        if let Ok(mut connection) = Connection::open(address).await
            && connection.send(request.as_bytes()).await.is_ok_and(|answer| answer.status == 200)
        {
            return Ok(());
        }
        if let Some(process) = &mut process {
            let ended = process.try_wait().context("Could not look at the process of the server")?;
            ensure!(ended.is_none(), "The server at {address} has ended");
        }
        ensure!(
            began.elapsed() < START_TIME_MAX,
            "The server at {address} is not ready after {} seconds",
            START_TIME_MAX.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
