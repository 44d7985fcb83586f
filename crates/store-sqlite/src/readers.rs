//! Connections that read, beside the one that writes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use steadflow_store::StoreError;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::error::store_error;
use crate::{SqliteOptions, connection};

/// How long a call waits for a connection.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// A few connections, opened when first needed.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    path: Arc<PathBuf>,
    options: SqliteOptions,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, options: SqliteOptions) -> Self {
        let permits = Arc::new(Semaphore::new(options.readers.max(1)));
        Self { path: Arc::new(path), options, idle: Arc::default(), permits }
    }

    /// Returns which file is read, and how it was opened.
    pub(crate) fn file(&self) -> (Arc<PathBuf>, SqliteOptions) {
        (Arc::clone(&self.path), self.options.clone())
    }

    /// Runs `read` in one read transaction, on a thread where it may block.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if all connections are in use for too long; what `read` returns.
    pub(crate) async fn read<T, F>(&self, call: &'static str, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = timeout(WAIT_MAX, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = permit.map_err(|_| StoreError::Busy { call })?.map_err(|_closed| StoreError::Closed)?;
        let readers = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut db = readers.connection().map_err(|error| store_error(call, error))?;
            let answer = in_transaction(&mut db, call, read);
            readers.put_back(db);
            answer
        });
        task.await.unwrap_or_else(|error| Err(StoreError::Database { call, source: error.into() }))
    }

    /// Waits for the reads that are under way, refuses others, and closes the connections.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(self.options.readers.max(1)).unwrap_or(u32::MAX);
        // An error says that they are closed already.
        let _all = self.permits.acquire_many(all).await;
        self.close_now();
    }

    /// Refuses further reads, and closes the connections that are idle.
    pub(crate) fn close_now(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn connection(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| connection::open_reader(&self.path, &self.options), Ok)
    }

    fn put_back(&self, db: Connection) {
        if !self.permits.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
        }
    }
}

fn in_transaction<T>(
    db: &mut Connection,
    call: &'static str,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let tx = db.transaction().map_err(|error| store_error(call, error))?;
    let answer = read(&tx)?;
    tx.finish().map_err(|error| store_error(call, error))?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_that_gets_no_reader_in_time_is_refused() {
        let options = SqliteOptions { readers: 1, ..SqliteOptions::default() };
        let readers = Readers::new("unused".into(), options);
        let _reading = readers.permits.acquire().await.unwrap();
        let asked = Instant::now();

        let refused = readers.read("rows", |_| Ok(())).await;

        assert!(matches!(refused, Err(StoreError::Busy { call: "rows" })), "{refused:?}");
        assert_eq!(asked.elapsed(), WAIT_MAX);
    }
}
