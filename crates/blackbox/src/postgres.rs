//! A PostgreSQL server of the test's own, which it can stop, kill and start again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::wait::eventually;

/// How long it may take until a table is locked, or waited for.
const LOCKED_WITHIN: Duration = Duration::from_secs(30);

/// A running server. It is stopped, and its files are removed, when the test drops it.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    directory: TempDir,
}

impl Postgres {
    /// Starts one that accepts up to `connections_max` connections.
    ///
    /// # Panics
    /// If PostgreSQL is not installed, or does not start.
    pub fn start(connections_max: usize) -> Self {
        Self::start_with(connections_max, &[])
    }

    /// As [`Self::start`], with further settings.
    ///
    /// # Panics
    /// If PostgreSQL is not installed, or does not start.
    pub fn start_with(connections_max: usize, settings: &[&str]) -> Self {
        let server = Self::new();
        server.run("initdb", &["--username=steadflow", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        server.set(&format!("max_connections = {connections_max}"));
        settings.iter().for_each(|setting| server.set(setting));
        server.begin_here();
        server
    }

    /// Starts a standby that follows it, and does not keep it waiting.
    ///
    /// # Panics
    /// If it does not start.
    pub fn standby(&self) -> Self {
        let standby = Self::new();
        let from = format!("--host={}", self.path().display());
        standby.run(
            "pg_basebackup",
            &[&from, "--username=steadflow", "--write-recovery-conf", "--checkpoint=fast"],
        );
        standby.begin_here();
        standby
    }

    /// Lets a standby follow no longer: what its primary writes from now on does not reach it.
    pub fn fall_behind(&self) {
        self.ask("ALTER SYSTEM SET primary_conninfo = ''");
        self.ask("SELECT pg_reload_conf()");
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        self.run("pg_ctl", &["--wait", "--silent", "promote"]);
    }

    fn new() -> Self {
        let programs = programs().expect("PostgreSQL 15 or newer is installed (Debian: postgresql)");
        // Its user must be able to reach it, so it is not below the repository.
        let directory = tempfile::tempdir().expect("a folder can be made");
        let server = Self { programs, directory };
        if is_root() {
            owned_by_nobody(server.path());
        }
        server
    }

    /// Starts it where it can be reached in its directory only.
    fn begin_here(&self) {
        self.set("listen_addresses = ''");
        self.set(&format!("unix_socket_directories = '{}'", self.path().display()));
        self.begin();
    }

    fn set(&self, setting: &str) {
        let file = self.data().join("postgresql.conf");
        let before = std::fs::read_to_string(&file).expect("its settings can be read");
        std::fs::write(&file, format!("{before}{setting}\n")).expect("its settings can be written");
    }

    /// Returns what the server has logged.
    pub fn log(&self) -> String {
        std::fs::read(self.path().join("log"))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    /// Returns the URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://steadflow@/postgres?host={}", self.host())
    }

    /// Returns the URL of the database of whichever is the primary of the two.
    pub fn url_with(&self, standby: &Self) -> String {
        let hosts = format!("{},{}", self.host(), standby.host());
        format!("postgres://steadflow@{hosts}/postgres?target_session_attrs=read-write")
    }

    fn host(&self) -> String {
        self.path().display().to_string().replace('/', "%2F")
    }

    /// Starts it after a stop.
    ///
    /// # Panics
    /// If it does not start.
    pub fn begin(&self) {
        let log = format!("--log={}", self.path().join("log").display());
        self.run("pg_ctl", &[&log, "--wait", "--silent", "start"]);
    }

    /// Ends it as a crash does: what is not on its disk is lost.
    ///
    /// # Panics
    /// If it does not end.
    pub fn crash(&self) {
        self.run("pg_ctl", &["--mode=immediate", "--wait", "--silent", "stop"]);
    }

    /// Sends a signal to all its processes, by name without `SIG`.
    ///
    /// # Panics
    /// If that cannot be done.
    pub fn signal(&self, name: &str) {
        let file = self.data().join("postmaster.pid");
        let text = std::fs::read_to_string(file).expect("a running server has a file with its number");
        let id = text.lines().next().expect("the number is in the first line").to_owned();
        // The processes of connections are its children.
        let children = Command::new("pkill").args([&format!("-{name}"), "-P", &id]).output();
        children.expect("pkill can be run");
        done("kill", Command::new("kill").args(["-s", name, &id]).output());
    }

    /// Runs a statement, and returns the first column of its first row.
    ///
    /// # Panics
    /// If it fails.
    pub fn ask(&self, sql: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "--no-psqlrc",
                "--quiet",
                "--tuples-only",
                "--no-align",
                "--username=steadflow",
                "--dbname=postgres",
            ])
            .arg(format!("--host={}", self.path().display()))
            .args(["--command", sql])
            .output();
        let output = done("psql", output);
        String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
    }

    /// Locks a table, so that others wait who write to it, until [`Self::unlock`].
    ///
    /// # Panics
    /// If it cannot be locked.
    pub async fn lock(&self, table: &str) -> TableLock {
        let holder = Command::new(self.programs.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--username=steadflow", "--dbname=postgres"])
            .arg(format!("--host={}", self.path().display()))
            .args(["--command", &format!("LOCK TABLE {table} IN SHARE MODE; SELECT pg_sleep(600)")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let holder = holder.expect("psql can be run");
        let sql =
            "SELECT count(*) FROM pg_locks WHERE mode = 'ShareLock' AND granted AND relation IS NOT NULL";
        eventually("the table is locked", LOCKED_WITHIN, async || (self.ask(sql) != "0").then_some(())).await;
        TableLock { holder }
    }

    /// Waits until somebody waits for what [`Self::lock`] has locked.
    ///
    /// # Panics
    /// If nobody does in time.
    pub async fn is_waited_for(&self) {
        let sql = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        eventually("somebody waits for the table", LOCKED_WITHIN, async || {
            (self.ask(sql) != "0").then_some(())
        })
        .await;
    }

    /// Lets those go on who wait for a table.
    ///
    /// # Panics
    /// If that cannot be done.
    pub fn unlock(&self, mut lock: TableLock) {
        self.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LOCK TABLE%'");
        lock.holder.wait().expect("psql ends with its connection");
    }

    /// Returns the path of the socket on which it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.path().join(".s.PGSQL.5432")
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Runs a program of the server as a user without privileges: it refuses to run as root.
    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = as_unprivileged(&self.programs.join(program));
        let data = format!("--pgdata={}", self.data().display());
        // A pipe that the server inherits would never end.
        let log =
            std::fs::File::create(self.path().join(format!("{program}.log"))).expect("a log can be made");
        command.arg(data).args(arguments).current_dir(self.path());
        command.stdout(log.try_clone().expect("a log can be shared")).stderr(log);
        let status = command.status().expect("a program of PostgreSQL runs");
        let said = || std::fs::read_to_string(self.path().join(format!("{program}.log"))).unwrap_or_default();
        assert!(status.success(), "{program} ended with {status}:\n{}", said());
    }
}

/// The lock of a table.
#[derive(Debug)]
pub struct TableLock {
    holder: Child,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            self.signal("CONT");
            self.crash();
        }
    }
}

/// Returns the directory with the programs of the newest server that is installed.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|programs| programs.join("initdb").exists())
        .collect();
    found.sort();
    let elsewhere = std::env::var_os("PATH").into_iter().flat_map(|path| {
        std::env::split_paths(&path).filter(|programs| programs.join("initdb").exists()).collect::<Vec<_>>()
    });
    found.pop().or_else(|| elsewhere.into_iter().next())
}

/// Returns a command that is run by a user without privileges.
pub(crate) fn as_unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
    command
}

/// Lets that user use a folder.
pub(crate) fn owned_by_nobody(path: &Path) {
    done("chown", Command::new("chown").arg("nobody:nogroup").arg(path).output());
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn done(what: &str, output: std::io::Result<Output>) -> Output {
    let output = output.unwrap_or_else(|error| panic!("{what} cannot be run: {error}"));
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
