//! How to reach the database.

use std::fmt::{self, Display};
use std::ops::Deref;
use std::str::FromStr;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Hook, HookError, Manager, ManagerConfig, RecyclingMethod, Runtime};
use rustls::{ClientConfig, RootCertStore};
use steadflow_core::event::FORMAT;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::direct::{Direct, MARK, TIMEOUTS};
use crate::error::{OpenError, message};

/// How long a new connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long what was sent may stay without an acknowledgement, and after how much silence a connection is checked. A database that
/// has gone without a word is noticed within this time.
const SILENCE: Duration = Duration::from_secs(5);
/// How long a connection of a pool is used again without asking whether it leads anywhere.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How long the answer to that may take.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// How a database is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresOptions {
    config: Config,
    /// Connections of reads and changes; commits and leases have their own.
    pub connections: usize,
    /// Whose clock says when a lease ends.
    pub clock: LeaseClock,
    /// The format of journals that is read and written; another one than [`FORMAT`] only for tests.
    pub format: i64,
    /// Whether history is kept by day where the database can; tests do without.
    pub by_day: bool,
}

/// Whose clock says when a lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseClock {
    /// The database's, so that the clocks of different machines are never compared.
    Database,
    /// The moments that callers give, for tests that make these up.
    Callers,
}

impl FromStr for PostgresOptions {
    type Err = OpenError;

    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`, as libpq has it.
    fn from_str(url: &str) -> Result<Self, OpenError> {
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| OpenError::Url {
            url: without_password(url),
            reason: message(&error),
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(2 * SILENCE);
        }
        config.keepalives_idle(SILENCE).keepalives_interval(SILENCE).keepalives_retries(2);
        if config.get_application_name().is_none() {
            config.application_name("steadflow");
        }
        Ok(Self {
            config,
            connections: 8,
            clock: LeaseClock::Database,
            format: i64::from(FORMAT),
            by_day: true,
        })
    }
}

/// The database, without the password.
impl Display for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(host) => write!(f, "{separator}{host}:{port}")?,
                Host::Unix(path) => write!(f, "{separator}{}:{port}", path.display())?,
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl PostgresOptions {
    /// Connects, apart from the pool.
    pub(crate) async fn connect(&self) -> Result<Connection, OpenError> {
        let failed = |reason| OpenError::Connect { at: self.to_string(), reason };
        // One server may take the connection and say nothing.
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(1);
        let connected = timeout(CONNECT_TIMEOUT * (hosts + 1), self.config.connect(tls()?)).await;
        let connected = connected.map_err(|_| failed("it says nothing".to_owned()))?;
        let (client, connection) = connected.map_err(|error| failed(message(&error)))?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = %message(&error), "a connection to the database ended");
            }
        });
        Ok(Connection { client, task })
    }

    /// Connects for the first time, and finds out how all further connections are made.
    pub(crate) async fn reach(self) -> Result<(Connection, Self, Direct), OpenError> {
        let marked = self.with(MARK);
        if let Ok(db) = marked.connect().await {
            let direct = Direct::look(&db).await;
            // Who waits for another process that changes the schema gives up later.
            let further = if direct.is_so() { marked.with(TIMEOUTS) } else { self };
            return Ok((db, further, direct));
        }
        let db = self.connect().await?;
        Ok((db, self, Direct::default()))
    }

    /// Adds options of the server to those that the URL has.
    fn with(&self, added: &str) -> Self {
        let mut with = self.clone();
        with.config
            .options(self.config.get_options().map_or(added.to_owned(), |own| format!("{own} {added}")));
        with
    }

    /// Returns a pool of up to so many connections, which connects when it is asked.
    pub(crate) fn pool(&self, connections: usize, direct: Direct) -> Result<Pool, OpenError> {
        let recycled = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), tls()?, recycled);
        let within = Some(CONNECT_TIMEOUT);
        let built = deadpool_postgres::Pool::builder(manager)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .pre_recycle(Hook::async_fn(|client, metrics| Box::pin(answers(client, metrics.last_used()))))
            .wait_timeout(within)
            .create_timeout(within)
            .recycle_timeout(Some(ANSWERS_WITHIN))
            .build();
        built
            .map(|connections| Pool { connections, direct })
            .map_err(|error| OpenError::Connect { at: self.to_string(), reason: error.to_string() })
    }
}

/// Connections that are made when they are needed.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) connections: deadpool_postgres::Pool,
    pub(crate) direct: Direct,
}

impl Pool {
    pub(crate) fn close(&self) {
        self.connections.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.connections.is_closed()
    }
}

/// A connection. It is closed when it is dropped, also if an answer is still to come.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Client,
    task: JoinHandle<()>,
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Looks whether a connection still leads to the database, if it was not used for a while: nothing may ever come on it again, although
/// nobody has closed it.
async fn answers(client: &ClientWrapper, unused_for: Duration) -> Result<(), HookError> {
    if unused_for > TRUSTED_FOR {
        let asked = timeout(ANSWERS_WITHIN, client.simple_query("")).await;
        asked.map_err(|_| HookError::message("the database says nothing"))?.map_err(HookError::Backend)?;
    }
    Ok(())
}

/// TLS that trusts what the system trusts. Whether it is used, the URL says (`sslmode`).
fn tls() -> Result<MakeRustlsConnect, OpenError> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.certs);
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Certificates { reason: error.to_string() })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Returns a URL with `***` for its password.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "***".to_owned() };
    // Parameters can have a password, too, and a password can have any character.
    let query = rest.rfind('?').filter(|at| rest.rfind('@').is_none_or(|sign| sign < *at));
    let rest = &rest[..query.unwrap_or(rest.len())];
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split_once(':').map_or(user.to_owned(), |(user, _)| format!("{user}:***"));
            format!("{scheme}://{user}@{host}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let options: PostgresOptions = "postgres://u:secret@db.example:6000/flows".parse().unwrap();
        assert_eq!(options.to_string(), "postgres://u@db.example:6000/flows");

        for url in [
            "postgres://u:secret@host:port/flows",
            "postgres://u:sec@ret@host/x?sslmode=never",
            "postgres://u:se/sec@host/x?sslmode=never",
            "postgres://u:se?sec@host/x?sslmode=never",
            "postgres://host/x?password=secret&sslmode=never",
        ] {
            let refused = url.parse::<PostgresOptions>().unwrap_err().to_string();
            assert!(!refused.contains("sec"), "{refused}");
            assert!(refused.contains("host"), "{refused}");
        }
    }
}
