//! [`Blobs`] for [`MemoryStore`].

use std::ops::Bound;
use std::sync::Arc;

use steadflow_core::ids::ExecutionId;

use super::{Database, MemoryStore, at_once};
use crate::{Blob, BlobPlace, Blobs, StoreFuture, is_reference};

impl Database {
    /// Returns the long records of an execution.
    pub(super) fn long_of(&self, id: ExecutionId) -> impl Iterator<Item = (u64, &Arc<str>)> {
        self.long.range((id, 0)..=(id, u64::MAX)).map(|((_, seq), record)| (*seq, record))
    }

    /// Returns how many bytes these have, also in blobs.
    pub(super) fn long_bytes(&self, id: ExecutionId) -> u64 {
        let bytes = |record: &str| Blob::read(record).map_or(record.len() as u64, |blob| blob.bytes);
        self.long_of(id).map(|(_, record)| bytes(record)).sum()
    }
}

impl Blobs for MemoryStore {
    fn blobs(&self, after: Option<(ExecutionId, u64)>, limit: usize) -> StoreFuture<'_, Vec<BlobPlace>> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        at_once(self.open().map(|database| {
            let references = database.long.range((after, Bound::Unbounded));
            let references = references.filter(|(_, record)| is_reference(record));
            let place = |(&(execution, seq), record): (&(ExecutionId, u64), &Arc<str>)| BlobPlace {
                execution,
                seq,
                blob: Blob::read(record),
            };
            references.map(place).take(limit).collect()
        }))
    }

    fn deleted_blobs(&self, limit: usize) -> StoreFuture<'_, Vec<ExecutionId>> {
        at_once(self.open().map(|database| database.deleted_blobs.iter().copied().take(limit).collect()))
    }

    fn forget_blobs(&self, executions: Vec<ExecutionId>) -> StoreFuture<'_, ()> {
        at_once(self.open().map(|mut database| {
            database.deleted_blobs.retain(|id| !executions.contains(id));
        }))
    }

    fn shown_of(&self, mut executions: Vec<ExecutionId>) -> StoreFuture<'_, Vec<ExecutionId>> {
        at_once(self.open().map(|database| {
            executions.retain(|id| database.rows.contains_key(id));
            executions
        }))
    }
}
