//! A PgBouncer in front of a PostgreSQL, as many operate it: in transaction mode, with fewer connections than its clients make.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::postgres::{Postgres, as_unprivileged, is_root, owned_by_nobody};
use crate::wait::eventually;

/// How long its start may take.
const START_WITHIN: Duration = Duration::from_secs(10);
/// Its port, which is a part of the name of its socket.
const PORT: u16 = 6432;

/// A running pooler. It is killed when the test drops it.
#[derive(Debug)]
pub struct Pooler {
    program: PathBuf,
    directory: TempDir,
    process: Child,
}

impl Pooler {
    /// Starts one with so many connections to the database.
    ///
    /// # Panics
    /// If PgBouncer is not installed, or does not start.
    pub async fn start(database: &Postgres, connections: usize) -> Self {
        let program = program().expect("PgBouncer is installed (Debian: pgbouncer)");
        // Its user must be able to reach it, so it is not below the repository.
        let directory = tempfile::tempdir().expect("a folder can be made");
        let place = directory.path().display();
        let settings = format!(
            "[databases]\n* = host={} user=steadflow\n[pgbouncer]\npool_mode = transaction\n\
             default_pool_size = {connections}\nmax_client_conn = 500\nserver_login_retry = 1\nlisten_addr =\nlisten_port = {PORT}\n\
             unix_socket_dir = {place}\nauth_type = any\n",
            database.path().display()
        );
        std::fs::write(directory.path().join("pgbouncer.ini"), settings)
            .expect("its settings can be written");
        if is_root() {
            owned_by_nobody(directory.path());
        }
        let process = spawn(&program, directory.path());
        let pooler = Self { program, directory, process };
        pooler.answers().await;
        pooler
    }

    /// Returns the URL of the database through it.
    pub fn url(&self) -> String {
        let host = self.directory.path().display().to_string().replace('/', "%2F");
        format!("postgres://steadflow@/postgres?host={host}&port={PORT}")
    }

    /// Kills it with -9 and starts it again: all connections to it break.
    ///
    /// # Panics
    /// If it does not start again.
    pub async fn restart(&mut self) {
        self.end();
        self.process = spawn(&self.program, self.directory.path());
        self.answers().await;
    }

    /// Returns what it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    async fn answers(&self) {
        let socket = self.directory.path().join(format!(".s.PGSQL.{PORT}"));
        eventually("PgBouncer answers", START_WITHIN, async || {
            tokio::net::UnixStream::connect(&socket).await.ok().map(drop)
        })
        .await;
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            eprintln!("--- what the pooler said ---\n{}", self.log());
        }
    }
}

fn spawn(program: &Path, directory: &Path) -> Child {
    let log = File::options().create(true).append(true).open(directory.join("log"));
    let log = log.expect("its log can be written");
    let mut command = as_unprivileged(program);
    command.arg("pgbouncer.ini").current_dir(directory).stdin(Stdio::null());
    command.stdout(log.try_clone().expect("a log can be shared")).stderr(log);
    command.spawn().expect("PgBouncer can be run")
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian has it where only the paths of administrators lead.
    let mut folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.find_map(|folder| Some(folder.join("pgbouncer")).filter(|program| program.exists()))
}
