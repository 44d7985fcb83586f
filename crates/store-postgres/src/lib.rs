//! The store on PostgreSQL, for any number of processes.
//!
//! A process commits on one connection, whose transactions are sent whole, without waiting between their statements. Each
//! locks the row of its worker: a worker that another process has fenced, or that has lost its row, writes nothing. Each adds a row to
//! the tail, by whose number a batch is looked up whose outcome is unknown because the connection broke.
//!
//! Behind a pooler in transaction mode nothing stays on a connection from one transaction to the next, and nothing needs more of the
//! database than tables, unique indexes and transactions that read what is committed. `migrations/` defines what is stored.

mod alerts;
mod audit;
mod blobs;
mod catalogue;
mod columns;
mod connect;
mod counters;
mod days;
mod direct;
mod doctor;
mod durability;
mod error;
mod events;
mod fold;
mod history;
mod identities;
mod keys;
mod log;
mod migrate;
mod needs;
mod notes;
mod oauth;
mod parts;
mod passkeys;
mod row;
mod schedules;
mod search;
mod secrets;
mod session;
mod sessions;
mod statement_cache;
mod store;
mod tenants;
#[cfg(test)]
mod testing;
mod value;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use steadflow_store::{StoreError, StoreFuture, Worker};
use tokio::time::timeout;

use crate::connect::{Connection, Pool};
use crate::days::Days;
use crate::error::{Error, Result};
use crate::log::commit::Writer;
use crate::log::group::OwnWorker;

pub use crate::connect::{LeaseClock, PostgresOptions};
pub use crate::error::OpenError;
pub use crate::parts::PostgresParts;

/// How long a call may take, unless it is one that takes as long as there is data.
const CALL_TIME_MAX: Duration = Duration::from_secs(30);
/// Connections of calls that keep a worker from committing.
const WORKER_CONNECTIONS: usize = 4;

/// A store in a PostgreSQL database. All methods need a tokio runtime.
#[derive(Debug)]
pub struct PostgresStore {
    options: PostgresOptions,
    /// What commits go through.
    writer: Arc<Writer>,
    /// What the data survives, in a few words.
    durability: String,
    /// Whether history is kept by day, and what is known of the days.
    days: Days,
    /// Connections of reads, and of changes that are not commits.
    pool: Pool,
    /// Connections of calls that keep a worker from committing: no reader keeps these waiting. A call locks its worker first, and
    /// then takes a connection.
    worker_pool: Pool,
    /// The connection of leases.
    heartbeat: tokio::sync::Mutex<Option<Connection>>,
    /// The workers of this process, by epoch.
    workers: Mutex<Workers>,
}

/// Workers by epoch. One that has lost its lease is not in it.
type Workers = HashMap<u64, Arc<OwnWorker>>;

impl PostgresStore {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// [`OpenError`] says which database, why, and what to do about it.
    pub async fn open(options: PostgresOptions) -> std::result::Result<Self, OpenError> {
        let (db, options, direct) = options.reach().await?;
        migrate::migrate(&db, &options.to_string()).await?;
        let durability = durability::of(&db, &options).await?;
        needs::look(&db, &options.to_string()).await?;
        let days = Days::open(&db, options.by_day, &options.to_string()).await?;
        let pool = options.pool(options.connections, direct.clone())?;
        let worker_pool = options.pool(WORKER_CONNECTIONS, direct)?;
        let (heartbeat, workers) = (tokio::sync::Mutex::new(None), Mutex::default());
        let writer = Arc::new(Writer::new(options.clone(), pool.clone()));
        Ok(Self { options, writer, durability, days, pool, worker_pool, heartbeat, workers })
    }

    fn workers(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a worker of this process.
    fn own(&self, worker: Worker) -> Result<Arc<OwnWorker>> {
        if self.is_closed() {
            return Err(StoreError::Closed.into());
        }
        let own = self.workers().get(&worker.epoch).cloned();
        own.ok_or_else(|| StoreError::Fenced.into())
    }

    /// As [`call`], for one that a worker makes: one that has lost its lease is forgotten, with its connection.
    fn call_of_worker<'a, T: 'a>(
        &'a self,
        name: &'static str,
        worker: Worker,
        work: impl Future<Output = Result<T>> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        let own = self.workers().get(&worker.epoch).cloned();
        Box::pin(async move {
            let done = work.await.map_err(|error| error.of(name));
            if matches!(done, Err(StoreError::Fenced)) {
                self.forget(worker, own.as_ref());
            }
            done
        })
    }

    /// Forgets a worker, unless it is another one by now that has the same epoch.
    fn forget(&self, worker: Worker, own: Option<&Arc<OwnWorker>>) {
        let mut workers = self.workers();
        let is_same = |known: &Arc<OwnWorker>| own.is_some_and(|own| Arc::ptr_eq(own, known));
        if workers.get(&worker.epoch).is_some_and(is_same) {
            workers.remove(&worker.epoch);
        }
    }

    fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }
}

/// Gives up what takes too long: its connection may be one on which nothing will ever come, although nobody has closed it.
async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(CALL_TIME_MAX, work).await.unwrap_or_else(|_| Err(Error::Silence(CALL_TIME_MAX)))
}

/// As [`call`], for what may take as long as there is data.
fn long_call<'a, T: 'a>(
    name: &'static str,
    work: impl Future<Output = Result<T>> + Send + 'a,
) -> StoreFuture<'a, T> {
    Box::pin(async move { work.await.map_err(|error| error.of(name)) })
}

/// Names the call of which `work` is done in its errors.
fn call<'a, T: 'a>(
    name: &'static str,
    work: impl Future<Output = Result<T>> + Send + 'a,
) -> StoreFuture<'a, T> {
    Box::pin(async move { within(work).await.map_err(|error| error.of(name)) })
}

/// As [`call`], of one thing: if it is damaged, the error names it as `what`.
fn call_of<'a, T: 'a>(
    name: &'static str,
    what: String,
    work: impl Future<Output = Result<T>> + Send + 'a,
) -> StoreFuture<'a, T> {
    Box::pin(async move {
        within(work).await.map_err(|error| {
            if let Error::Unreadable(reason) = error {
                StoreError::Corrupt { what, reason }
            } else {
                error.of(name)
            }
        })
    })
}
