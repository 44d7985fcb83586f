//! The store in one SQLite file.
//!
//! One thread writes, a few connections read beside it. Commits that wait at the same time share a transaction and its
//! fsync; that is where the speed comes from. The file is in WAL mode with `synchronous=FULL`: what was answered
//! survives a power loss. `migrations/` defines what is stored.
//!
//! Every other process is kept off the file by a lock, so ownership of executions that live only in the tail is kept in
//! memory; opening the file proves that the processes that drove them have ended.

mod alerts;
mod audit;
mod backup;
mod blobs;
mod catalogue;
mod checkpoint;
mod columns;
mod connection;
mod doctor;
mod error;
mod events;
mod files;
mod history;
mod identities;
mod job;
mod keys;
mod lock;
mod log;
mod migrate;
mod notes;
mod oauth;
mod parts;
mod passkeys;
mod readers;
mod schedules;
mod search;
mod secrets;
mod space;
mod store;
mod tenants;
mod writer;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use steadflow_store::StoreError;
use tokio::sync::mpsc;

use crate::checkpoint::Checkpoints;
use crate::job::{Job, job};
use crate::lock::LockFile;
use crate::log::tips::Tips;
use crate::readers::Readers;
use crate::writer::Writer;

pub use crate::backup::Restored;
pub use crate::error::OpenError;
pub use crate::parts::SqliteParts;

/// Jobs that wait for the writer before callers have to.
const QUEUE_MAX: usize = 4_096;

/// How a database is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Connections that read at the same time; at least 1.
    pub readers: usize,
    /// How long to wait for a lock that a foreign program holds on the file.
    pub busy_timeout: Duration,
    /// What the writing connection may cache, in KiB. Grows only as needed.
    pub cache_kib: u32,
    /// Pages of 4 KiB that the file may have at most; `None` leaves it to the disk.
    pub pages_max: Option<u32>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { readers: 4, busy_timeout: Duration::from_secs(5), cache_kib: 32 * 1024, pages_max: None }
    }
}

/// A store in one SQLite file.
///
/// Dropping it finishes what is under way and closes the file, which blocks for as long as that takes. All methods need
/// a tokio runtime.
#[derive(Debug)]
pub struct SqliteStore {
    /// `None` once it is closed.
    jobs: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Readers,
}

impl SqliteStore {
    /// Opens the database at `path`, makes it if there is none, and brings its schema up to date. Only the user of this
    /// process may read the files that it makes.
    ///
    /// # Errors
    /// [`OpenError`] says which file, why, and what to do about it.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let lock = LockFile::take(path)?;
        files::create(path)?;
        let failed =
            |source: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: source.into() };
        let mut db = connection::open_writer(path, &options).map_err(failed)?;
        migrate::migrate(&mut db, path)?;
        // No other process has a lease: this one holds the lock.
        db.execute("DELETE FROM workers", []).map_err(failed)?;
        files::warn_of_readers(path);
        let tips = Tips::load(&db).map_err(failed)?;
        let writer = Writer::new(db, tips, Checkpoints::new(&options), lock);
        let (jobs, arriving) = mpsc::channel(QUEUE_MAX);
        let thread = thread::Builder::new().name("steadflow-sqlite".into());
        let thread = thread.spawn(move || writer.run(arriving)).map_err(OpenError::Thread)?;
        let readers = Readers::new(path.to_owned(), options);
        Ok(Self { jobs: Mutex::new(Some(jobs)), writer: Mutex::new(Some(thread)), readers })
    }

    /// Writes the database at `path` again, without what is free in it, and closes it. It takes as long as copying it, and
    /// as much room.
    ///
    /// # Errors
    /// [`OpenError`] as for [`Self::open`]; without enough room, nothing is changed.
    pub fn compact(path: impl AsRef<Path>) -> Result<(), OpenError> {
        let path = path.as_ref();
        let _lock = LockFile::take(path)?;
        let failed =
            |source: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: source.into() };
        let mut db = connection::open_writer(path, &SqliteOptions::default()).map_err(failed)?;
        migrate::migrate(&mut db, path)?;
        space::compact(&db).map_err(failed)
    }

    /// Has the writer do `work` in a transaction that it shares with others; answered once that is durable.
    async fn write<T, F>(&self, call: &'static str, bytes: usize, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    {
        let jobs =
            self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(StoreError::Closed)?;
        let (job, answer) = job(call, bytes, work);
        jobs.send(job).await.map_err(|_gone| StoreError::Closed)?;
        drop(jobs);
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// As [`Self::write`], for what is a few statements on the database alone.
    async fn change<T, F>(&self, call: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.write(call, 0, move |writer| work(&writer.db).map_err(|error| error::store_error(call, error)))
            .await
    }

    /// Reads beside the writer, in a transaction of its own.
    async fn read<T, F>(&self, call: &'static str, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.readers.read(call, move |db| read(db).map_err(|error| error::store_error(call, error))).await
    }

    /// Lets the writer finish and end; returns its thread, unless another call waits for it.
    fn end(&self) -> Option<JoinHandle<()>> {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.readers.close_now();
        if let Some(writer) = self.end() {
            // A writer that panicked has said so already.
            let _panicked = writer.join();
        }
    }
}
