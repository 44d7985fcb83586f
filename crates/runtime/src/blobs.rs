//! Puts records into the blob storage before their commits, and reads them back.
//!
//! The first record of an execution stays in the database, as does the one with which it starts: stores read whose an execution
//! is, and whether it has a slot, where nothing but the database can be asked.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::stream::{StreamExt, TryStreamExt, iter};
use serde_json::value::RawValue;
use steadflow_core::ids::ExecutionId;
use steadflow_store::{
    BLOB_RECORD, Blob, BlobError, BlobStorage, Commit, Committed, Store, StoreError, Stored, Worker,
    is_reference,
};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// Blobs of an execution that are read at the same time.
const READS_AT_ONCE: usize = 8;

/// Where long records go; nowhere but into the database if there is no storage for them.
#[derive(Clone, Debug, Default)]
pub struct Offload(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    storage: Arc<dyn BlobStorage>,
    /// Whether the last call failed. Then one call at a time looks whether the storage is back, and the others fail at once.
    is_down: AtomicBool,
    looking: Mutex<()>,
    written: AtomicU64,
    read: AtomicU64,
    failed: AtomicU64,
}

/// What was done with blobs since this process runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlobCounts {
    /// Whether the storage did what it should when it was asked last.
    pub is_up: bool,
    /// Blobs written.
    pub written: u64,
    /// Blobs read.
    pub read: u64,
    /// Calls that failed.
    pub failed: u64,
}

impl Offload {
    /// Puts long records into `storage`.
    pub fn to(storage: Arc<dyn BlobStorage>) -> Self {
        let (is_down, looking) = (AtomicBool::new(false), Mutex::default());
        let (written, read, failed) = Default::default();
        Self(Some(Arc::new(Inner { storage, is_down, looking, written, read, failed })))
    }

    /// Returns whether there is a storage.
    pub fn is_set_up(&self) -> bool {
        self.0.is_some()
    }

    /// Returns the storage.
    pub fn storage(&self) -> Option<&dyn BlobStorage> {
        self.0.as_ref().map(|inner| &*inner.storage)
    }

    /// Returns what was done; `None` if there is no storage.
    pub fn counts(&self) -> Option<BlobCounts> {
        let inner = self.0.as_ref()?;
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Some(BlobCounts {
            is_up: !inner.is_down.load(Ordering::Relaxed),
            written: of(&inner.written),
            read: of(&inner.read),
            failed: of(&inner.failed),
        })
    }

    /// Commits a batch, with its long records in blobs. What nothing was committed of is deleted from there.
    pub(crate) async fn commit(
        &self,
        store: &dyn Store,
        worker: Worker,
        batch: Vec<Commit>,
    ) -> Result<Vec<Committed>, StoreError> {
        let Some(inner) = self.0.as_ref().filter(|_| batch.iter().any(may_be_long)) else {
            return store.commit(worker, batch).await;
        };
        let (batch, put) = inner.put(batch).await?;
        let committed = store.commit(worker, batch).await;
        inner.take_back(&put, &committed).await;
        committed
    }

    /// Returns what is stored of an execution with the records that are in blobs.
    ///
    /// # Errors
    /// [`StoreError::Blobs`] if the storage does not answer as it should: try again. [`StoreError::Corrupt`] if a blob is missing,
    /// or is not what was written.
    pub async fn whole(&self, mut stored: Stored) -> Result<Stored, StoreError> {
        if !stored.records.iter().any(|record| is_reference(record)) {
            return Ok(stored);
        }
        let id = stored.id;
        let records = std::mem::take(&mut stored.records);
        let whole = iter((1..).zip(records)).map(|(seq, record)| async move {
            if is_reference(&record) { self.read(id, seq, &record).await } else { Ok(record) }
        });
        stored.records = whole.buffered(READS_AT_ONCE).try_collect().await?;
        Ok(stored)
    }

    async fn read(&self, id: ExecutionId, seq: u64, reference: &str) -> Result<Arc<str>, StoreError> {
        let corrupt =
            |reason: String| StoreError::Corrupt { what: format!("record {seq} of execution {id}"), reason };
        let blob =
            Blob::read(reference).ok_or_else(|| corrupt("the reference to its blob is damaged".into()))?;
        let Some(inner) = &self.0 else {
            return Err(corrupt(format!(
                "it is in blob {blob}, and there is no blob storage here; set up the one that it was put into"
            )));
        };
        let place = inner.storage.place();
        let found = match inner.call(inner.storage.read(id, blob)).await {
            Ok(found) => found,
            Err(BlobError::Missing) => {
                return Err(corrupt(format!(
                    "its blob {id}/{blob} is not in {place}; put it back, or set up the storage that it is in"
                )));
            }
            Err(BlobError::Refused(reason) | BlobError::Failed(reason)) => return Err(inner.failure(&reason)),
        };
        inner.read.fetch_add(1, Ordering::Relaxed);
        let text = spawn_blocking(move || checked(blob, found)).await;
        text.ok().flatten().ok_or_else(|| {
            corrupt(format!(
                "its blob {id}/{blob} in {place} is not what was written; put it back from a copy"
            ))
        })
    }
}

fn may_be_long(commit: &Commit) -> bool {
    commit.record.as_ref().is_some_and(|record| record.len() >= BLOB_RECORD)
}

/// Returns the record that a blob has, if it is that.
fn checked(blob: Blob, found: Vec<u8>) -> Option<Arc<str>> {
    let is_same = found.len() as u64 == blob.bytes && Blob::of(&found) == blob;
    let text = String::from_utf8(found).ok().filter(|_| is_same)?;
    Some(text.into())
}

/// A blob that was put, and for which commit of a batch.
struct Put {
    at: usize,
    execution: ExecutionId,
    blob: Blob,
}

impl Inner {
    /// Puts the long records of a batch into blobs.
    async fn put(&self, mut batch: Vec<Commit>) -> Result<(Vec<Commit>, Vec<Put>), StoreError> {
        let mut put = Vec::new();
        for (at, commit) in batch.iter_mut().enumerate().filter(|(_, commit)| may_be_long(commit)) {
            let Some(record) = commit.record.clone() else { continue };
            let named = Arc::clone(&record);
            // The hash of a long record takes time that the loop does not have.
            let blob = spawn_blocking(move || can_be_apart(&named).then(|| Blob::of(named.as_bytes()))).await;
            let Some(blob) = blob.ok().flatten() else { continue };
            let execution = commit.execution;
            put.push(Put { at, execution, blob });
            if let Err(error) = self.call(self.storage.put(execution, blob, record)).await {
                self.delete(&put).await;
                return Err(self.failure(&error.to_string()));
            }
            self.written.fetch_add(1, Ordering::Relaxed);
            commit.record = Some(blob.reference().into());
        }
        Ok((batch, put))
    }

    /// Deletes what nothing refers to after a commit. A decision that is made again has another time, so its record is another one.
    async fn take_back(&self, put: &[Put], committed: &Result<Vec<Committed>, StoreError>) {
        let is_undone = |put: &&Put| match committed {
            Ok(answers) => answers.get(put.at).is_some_and(|answer| *answer != Committed::Done),
            Err(
                StoreError::Full { .. }
                | StoreError::Busy { .. }
                | StoreError::Database { .. }
                | StoreError::Refused { .. }
                | StoreError::Blobs { .. },
            ) => true,
            // Nobody knows what is written, or another worker may write it. It goes with its execution.
            Err(
                StoreError::Fenced
                | StoreError::Unknown { .. }
                | StoreError::WebhookTaken
                | StoreError::Corrupt { .. }
                | StoreError::Closed,
            ) => false,
        };
        self.delete(put.iter().filter(is_undone)).await;
    }

    /// Deletes blobs, if that can be done at once: otherwise they go with their execution.
    async fn delete(&self, put: impl IntoIterator<Item = &Put>) {
        for Put { execution, blob, .. } in put {
            if let Err(error) = self.call(self.storage.delete(*execution, *blob)).await {
                tracing::debug!(execution.id = %execution, %blob, error = %error, "a blob is left until its execution is deleted");
            }
        }
    }

    /// Waits for a call of the storage, or fails at once while another one waits for it to come back.
    async fn call<T>(&self, call: impl Future<Output = Result<T, BlobError>> + Send) -> Result<T, BlobError> {
        let mut looking = None;
        if self.is_down.load(Ordering::Relaxed) {
            match self.looking.try_lock() {
                Ok(guard) => looking = Some(guard),
                Err(_) => {
                    return Err(BlobError::Failed("it failed a moment ago, and the log says how".to_owned()));
                }
            }
        }
        let answer = call.await;
        match &answer {
            Ok(_) | Err(BlobError::Missing) => {
                if self.is_down.swap(false, Ordering::Relaxed) {
                    tracing::info!(storage = self.storage.place(), "the blob storage is back");
                }
            }
            Err(error @ (BlobError::Refused(_) | BlobError::Failed(_))) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                if !self.is_down.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        storage = self.storage.place(),
                        error = %error,
                        "the blob storage failed: what has large data waits until it is back, and all else goes on"
                    );
                }
            }
        }
        drop(looking);
        answer
    }

    fn failure(&self, reason: &str) -> StoreError {
        StoreError::Blobs { reason: format!("{}: {reason}", self.storage.place()) }
    }
}

/// Returns whether a store can do without the text of a record: it is not that of an acceptance or a start.
fn can_be_apart(record: &str) -> bool {
    let read = serde_json::from_str::<(u64, i64, Vec<&RawValue>)>(record);
    let is_read_there =
        |event: &&RawValue| event.get() == "\"started\"" || event.get().starts_with("{\"accepted\"");
    read.is_ok_and(|(.., events)| !events.iter().any(is_read_there))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stores_read_stays_with_them() {
        for (record, can_be) in [
            (r#"[1,0,[{"accepted":{"tenant":"x"}},"started"]]"#, false),
            (r#"[2,0,[{"adopted":{"worker":"w"}},"started",{"attempt_started":{"node":0}}]]"#, false),
            (r#"[3,0,[{"node_completed":{"node":0,"output":"started"}}]]"#, true),
            (r#"[3,0,[{"node_completed":{"node":0,"output":["started",{"accepted":1}]}}]]"#, true),
            ("no record", false),
        ] {
            assert_eq!(can_be_apart(record), can_be, "{record}");
        }
    }
}
