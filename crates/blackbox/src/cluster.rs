//! Several processes on one PostgreSQL.

use std::path::Path;

use crate::binary::{admin_key, steadflow};
use crate::postgres::Postgres;
use crate::server::{Server, Setup, Workplace};

/// What the secrets of all of them are encrypted with.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Several processes on one PostgreSQL, and that.
#[derive(Debug)]
pub struct Cluster {
    /// The database.
    pub database: Postgres,
    /// The processes.
    pub servers: Vec<Server>,
    /// In which their logs are.
    _workplaces: Vec<Workplace>,
}

impl Cluster {
    /// How long a lease lasts.
    pub const LEASE_SECONDS: u64 = 3;

    /// Starts a database, and so many processes on it.
    ///
    /// # Panics
    /// If one does not start.
    pub async fn start(processes: usize) -> Self {
        let database = Postgres::start(200);
        let urls = vec![database.url(); processes];
        Self::start_on(database, &urls).await
    }

    /// Starts a process for each URL, which leads to the database.
    ///
    /// # Panics
    /// If one does not start.
    pub async fn start_on(database: Postgres, urls: &[String]) -> Self {
        Self::start_as(steadflow(), database, urls).await
    }

    /// Starts a database, and so many processes on it that ask for credentials. Returns the key of an admin.
    ///
    /// # Panics
    /// If one does not start.
    pub async fn start_with_auth(processes: usize) -> (Self, String) {
        let database = Postgres::start(200);
        let urls = vec![database.url(); processes];
        let key = admin_key(Workplace::new().path(), &urls[0]);
        (Self::start_with(steadflow(), database, &urls, &["--auth", "on"]).await, key)
    }

    /// As [`Self::start_on`], with another binary than the one under test.
    ///
    /// # Panics
    /// If one does not start.
    pub async fn start_as(binary: &Path, database: Postgres, urls: &[String]) -> Self {
        Self::start_with(binary, database, urls, &[]).await
    }

    async fn start_with(binary: &Path, database: Postgres, urls: &[String], arguments: &[&str]) -> Self {
        let (mut workplaces, mut servers) = (Vec::new(), Vec::new());
        for url in urls {
            let workplace = Workplace::new();
            let lease = Self::LEASE_SECONDS.to_string();
            let setup = Setup::new(&workplace).binary(binary.to_owned()).database(url.clone());
            let master_key = ("STEADFLOW_MASTER_KEY".to_owned(), MASTER_KEY.to_owned());
            let setup = setup.arguments(["--lease-seconds", &lease]).arguments(arguments.iter().copied());
            let setup = setup.variables([master_key]);
            servers.push(setup.start().await);
            workplaces.push(workplace);
        }
        Self { database, servers, _workplaces: workplaces }
    }
}
