//! Databases of one test each.

use std::sync::atomic::{AtomicU64, Ordering};

use steadflow_store::conformance::Harness;
use steadflow_store_postgres::{LeaseClock, PostgresOptions, PostgresStore};
use tokio_postgres::NoTls;

/// A database of its own on the server of the tests, which is reached through a pooler in transaction mode or not.
#[derive(Debug)]
pub(crate) struct Database<const POOLED: bool> {
    name: String,
    by_day: bool,
}

/// A database that is reached without a pooler.
pub(crate) type Temporary = Database<false>;
/// A database that is reached through a pooler, which has fewer connections to it than a process makes.
pub(crate) type Pooled = Database<true>;

/// Returns the URL of the server on which the tests run.
pub(crate) fn server() -> String {
    std::env::var("STEADFLOW_TEST_POSTGRES").expect(
        "STEADFLOW_TEST_POSTGRES names a PostgreSQL server; cargo-nextest starts one, or set it to the URL of yours",
    )
}

/// Returns the URL of the pooler in front of it.
fn pooler() -> String {
    std::env::var("STEADFLOW_TEST_PGBOUNCER")
        .expect("STEADFLOW_TEST_PGBOUNCER names a PgBouncer in front of the server; cargo-nextest starts one")
}

impl<const POOLED: bool> Database<POOLED> {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { name: format!("steadflow_{}_{count}", std::process::id()), by_day: true }
    }

    /// One that is as if the server lacked partitions.
    pub(crate) fn without_days() -> Self {
        Self { by_day: false, ..Self::new() }
    }

    /// The same, with what the server has.
    pub(crate) fn with_days(&self) -> Self {
        Self { name: self.name.clone(), by_day: true }
    }

    /// Returns its URL on the server, without a pooler.
    pub(crate) fn url(&self) -> String {
        server().replacen("/postgres?", &format!("/{}?", self.name), 1)
    }

    /// Returns the options that lead to it, on the clock of the tests.
    pub(crate) fn options(&self) -> PostgresOptions {
        let url = if POOLED { pooler() } else { server() };
        let url = url.replacen("/postgres?", &format!("/{}?", self.name), 1);
        let mut options: PostgresOptions = url.parse().expect("the URL is one");
        (options.clock, options.connections) = (LeaseClock::Callers, 4);
        options.by_day = self.by_day;
        options
    }

    /// Changes it by hand.
    pub(crate) async fn change(&self, sql: &str) {
        let (db, connection) = tokio_postgres::connect(&self.url(), NoTls).await.expect("the server answers");
        tokio::spawn(connection);
        db.batch_execute(sql).await.expect("it is changed");
    }

    /// Returns the number that a query says.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let (db, connection) = tokio_postgres::connect(&self.url(), NoTls).await.expect("the server answers");
        tokio::spawn(connection);
        db.query_one(sql, &[]).await.expect("it is read").get(0)
    }

    pub(crate) async fn make(&self) {
        let (admin, connection) =
            tokio_postgres::connect(&server(), NoTls).await.expect("the server answers");
        tokio::spawn(connection);
        let known = "SELECT 1 FROM pg_database WHERE datname = $1";
        if admin.query_opt(known, &[&self.name]).await.expect("databases are listed").is_none() {
            let sql = format!("CREATE DATABASE {}", self.name);
            admin.batch_execute(&sql).await.expect("a database is made");
        }
    }
}

impl<const POOLED: bool> Harness for Database<POOLED> {
    type Store = PostgresStore;

    async fn open(&self) -> PostgresStore {
        self.make().await;
        PostgresStore::open(self.options()).await.expect("the database opens")
    }
}
