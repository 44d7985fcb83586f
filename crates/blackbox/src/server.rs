//! The process under test.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::api::Api;
use crate::binary::{Run, profile_directory, run, steadflow};
use crate::wait::eventually;

/// How long a start may take before a test gives up on it.
const START_WITHIN: Duration = Duration::from_secs(20);
/// How long an end may take that a signal asked for, unless the test says otherwise.
const END_WITHIN: Duration = Duration::from_secs(30);

/// A folder on the disk that the build lies on, gone at the end: a memory disk would make no commit durable.
#[derive(Debug)]
pub struct Workplace {
    directory: TempDir,
}

impl Default for Workplace {
    fn default() -> Self {
        Self::new()
    }
}

impl Workplace {
    /// Makes one.
    ///
    /// # Panics
    /// If that cannot be done.
    pub fn new() -> Self {
        let parent = profile_directory().with_file_name("blackbox");
        std::fs::create_dir_all(&parent).expect("the target directory can be written to");
        let directory = tempfile::tempdir_in(parent).expect("a folder can be made");
        Self { directory }
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// How to start the server.
#[derive(Clone, Debug)]
pub struct Setup {
    directory: PathBuf,
    binary: PathBuf,
    database: String,
    wrapper: Vec<String>,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Setup {
    /// A server in `workplace` that may call loopback, with its database there.
    pub fn new(workplace: &Workplace) -> Self {
        let directory = workplace.path().to_owned();
        let arguments = vec!["--egress-allow".to_owned(), "127.0.0.1".to_owned()];
        let database = format!("sqlite:{}", directory.join("steadflow.db").display());
        let binary = steadflow().to_owned();
        Self { database, directory, binary, wrapper: Vec::new(), arguments, variables: Vec::new() }
    }

    /// Starts another binary than the one under test, such as one of another version.
    #[must_use]
    pub fn binary(mut self, binary: PathBuf) -> Self {
        self.binary = binary;
        self
    }

    /// Puts the database elsewhere: to this URL.
    #[must_use]
    pub fn database(mut self, url: String) -> Self {
        self.database = url;
        self
    }

    /// Lets the flows call nothing but the outside world, as is the default.
    #[must_use]
    pub fn without_egress_to_loopback(mut self) -> Self {
        self.arguments.clear();
        self
    }

    /// Adds arguments of `serve`.
    #[must_use]
    pub fn arguments<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments.extend(arguments.into_iter().map(str::to_owned));
        self
    }

    /// Adds variables of its environment.
    #[must_use]
    pub fn variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.variables.extend(variables);
        self
    }

    /// Starts the binary through another command, which must become it or pass signals on.
    #[must_use]
    pub fn wrapped_by<'a>(mut self, wrapper: impl IntoIterator<Item = &'a str>) -> Self {
        self.wrapper = wrapper.into_iter().map(str::to_owned).collect();
        self
    }

    /// Starts the server and waits until it is ready.
    ///
    /// # Panics
    /// If it does not get ready.
    pub async fn start(self) -> Server {
        let address = free_address();
        let mut server = Server::spawn(self, address);
        server.ready().await;
        server
    }

    /// Starts the server, which is expected to end by itself, and returns what came of it.
    ///
    /// # Panics
    /// If it does not end in time.
    pub async fn start_in_vain(self) -> Run {
        let mut server = Server::spawn(self, free_address());
        let status = server.ended(END_WITHIN).await;
        Run { code: status.code(), stdout: String::new(), stderr: server.log() }
    }
}

/// A running server. It is killed when the test drops it.
#[derive(Debug)]
pub struct Server {
    setup: Setup,
    address: SocketAddr,
    api: Api,
    process: Child,
    started_at: Instant,
}

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub struct Resources {
    /// Its memory now, in bytes.
    pub resident: u64,
    /// The most that it ever was.
    pub resident_peak: u64,
}

impl Server {
    fn spawn(setup: Setup, address: SocketAddr) -> Self {
        let log = File::options().create(true).append(true).open(setup.directory.join("log"));
        let log = log.expect("the log can be written");
        let mut line: Vec<String> = setup.wrapper.clone();
        line.push(setup.binary.to_string_lossy().into_owned());
        let process = Command::new(&line[0])
            .args(&line[1..])
            .arg("serve")
            .args(["--listen", &address.to_string()])
            .args(["--database", &setup.database])
            .args(&setup.arguments)
            .envs(setup.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&setup.directory)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log can be shared"))
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        Self { setup, address, api: Api::new(address), process, started_at: Instant::now() }
    }

    /// Waits until `/readyz` says so, and returns how long that took from the start of the process.
    async fn ready(&mut self) -> Duration {
        let api = self.api.clone();
        eventually("the server is ready", START_WITHIN, async || {
            if let Some(status) = self.process.try_wait().expect("a child can be asked") {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            let answer = api.call(reqwest::Method::GET, "/readyz", &[], None).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
        self.started_at.elapsed()
    }

    /// Waits until it takes new work again.
    ///
    /// # Panics
    /// If it has ended, or is not ready `within` the time.
    pub async fn comes_back(&mut self, within: Duration) {
        let api = self.api.clone();
        eventually("the process takes new work again", within, async || {
            assert!(!self.has_ended(), "the server ended:\n{}", self.log());
            let answer = api.call(reqwest::Method::GET, "/readyz", &[], None).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
    }

    /// Returns a client.
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// Returns where it listens; restarts keep that.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the number of its process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Returns what all its processes wrote so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.setup.directory.join("log")).unwrap_or_default()
    }

    /// Kills it with -9, which nothing in it hears of.
    ///
    /// # Panics
    /// If it has ended already.
    pub fn kill(&mut self) {
        assert!(
            self.process.try_wait().is_ok_and(|ended| ended.is_none()),
            "it ended early:\n{}",
            self.log()
        );
        self.process.kill().expect("a child can be killed");
        self.process.wait().expect("a killed child ends");
    }

    /// Starts it again after its end, and returns how long it took to be ready.
    ///
    /// # Panics
    /// If it does not get ready.
    pub async fn restart(&mut self) -> Duration {
        let next = Self::spawn(self.setup.clone(), self.address);
        let before = std::mem::replace(self, next);
        drop(before);
        self.ready().await
    }

    /// Starts another binary on its database and its port after its end, and returns how long it took to be ready.
    ///
    /// # Panics
    /// If it does not get ready.
    pub async fn restart_as(&mut self, binary: PathBuf) -> Duration {
        self.setup.binary = binary;
        self.restart().await
    }

    /// Sends a signal, by name without `SIG`.
    ///
    /// # Panics
    /// If it cannot be sent.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "SIG{name} could not be sent");
    }

    /// Returns whether it has ended.
    ///
    /// # Panics
    /// If that cannot be asked.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().expect("a child can be asked").is_some()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If that does not come `within` the time.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        eventually("the server ends", within, async || self.process.try_wait().expect("a child can be asked"))
            .await
    }

    /// Stops it in order.
    ///
    /// # Panics
    /// If it does not end well.
    pub async fn stop(&mut self) {
        self.signal("TERM");
        let status = self.ended(END_WITHIN).await;
        assert!(status.success(), "it ended with {status}:\n{}", self.log());
    }

    /// Runs `doctor` on the database of a server that has ended.
    ///
    /// # Panics
    /// If it cannot be run.
    pub fn doctor(&self) -> Run {
        run(&self.setup.directory, &["doctor", "--database", &self.setup.database])
    }

    /// Runs `revoke-links` on the database of a server that has ended.
    ///
    /// # Panics
    /// If it cannot be run.
    pub fn revoke_links(&self) -> Run {
        run(&self.setup.directory, &["revoke-links", "--database", &self.setup.database])
    }

    /// Returns what it holds.
    ///
    /// # Panics
    /// If it does not run, or this is no Linux.
    pub fn resources(&self) -> Resources {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("a running process has a status");
        let bytes = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("Linux says it");
            let kibibytes = line.trim_matches([':', ' ', '\t']).trim_end_matches(" kB");
            kibibytes.trim().parse::<u64>().expect("it is a number") * 1024
        };
        Resources { resident: bytes("VmRSS"), resident_peak: bytes("VmHWM") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- what the server said ---\n{}", self.log());
        }
    }
}

/// The server keeps its port over restarts; another process is unlikely to take it in between.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has free ports");
    listener.local_addr().expect("a bound socket has an address")
}
