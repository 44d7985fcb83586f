//! Records that are not in the database, but in a storage for blobs, such as a folder.
//!
//! A record of [`BLOB_RECORD`] bytes or more can be in a *blob*: an object whose name is the execution and the SHA-256 of the
//! record. It is stored before its commit, so what a committed record refers to is there. Its commit has a reference in its place,
//! [`Blob::reference`], which a store keeps as it keeps long records. No two executions share a blob, so the blobs of an execution
//! are deleted with it, and nothing is counted.

use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};
use steadflow_core::ids::ExecutionId;

use crate::StoreFuture;

/// Bytes of a record, as JSON text, from which on it can be in a blob.
pub const BLOB_RECORD: usize = 64 * 1024;

/// Bytes that no reference has: what is stored apart and shorter is one.
pub const REFERENCE_BYTES_MAX: usize = 1_024;

/// A record in a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blob {
    /// The SHA-256 of the record.
    pub sha256: [u8; 32],
    /// How many bytes it has.
    pub bytes: u64,
}

impl Blob {
    /// Returns that of a record.
    #[must_use]
    pub fn of(record: &[u8]) -> Self {
        Self { sha256: Sha256::digest(record).into(), bytes: record.len() as u64 }
    }

    /// Returns what a database has in the place of the record.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("{{\"blob\":\"{self}\",\"bytes\":{}}}", self.bytes)
    }

    /// Reads a reference.
    #[must_use]
    pub fn read(reference: &str) -> Option<Self> {
        let reference: Value = serde_json::from_str(reference).ok()?;
        let bytes = reference.get("bytes")?.as_u64()?;
        let name = reference.get("blob")?.as_str()?;
        Some(Self { sha256: hash_of(name)?, bytes })
    }
}

/// The name of the blob: its hash as hexadecimal text.
impl Display for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Reads a hash that is written as 64 hexadecimal digits.
fn hash_of(name: &str) -> Option<[u8; 32]> {
    let (pairs, []) = name.as_bytes().as_chunks::<2>() else { return None };
    let mut hash = [0; 32];
    if pairs.len() != hash.len() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(pairs) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(hash)
}

/// Where a reference is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobPlace {
    /// The execution.
    pub execution: ExecutionId,
    /// The number of the record.
    pub seq: u64,
    /// The blob; `None` if the reference is not readable.
    pub blob: Option<Blob>,
}

/// What a database knows of blobs.
pub trait Blobs: Send + Sync + 'static {
    /// Returns references of executions that were not deleted, after the one that is given, in the order of the ids of their
    /// executions and of their numbers.
    fn blobs(&self, after: Option<(ExecutionId, u64)>, limit: usize) -> StoreFuture<'_, Vec<BlobPlace>>;

    /// Returns executions that were deleted, and whose blobs are to be.
    fn deleted_blobs(&self, limit: usize) -> StoreFuture<'_, Vec<ExecutionId>>;

    /// Says that the blobs of these executions are deleted.
    fn forget_blobs(&self, executions: Vec<ExecutionId>) -> StoreFuture<'_, ()>;

    /// Returns those of these executions that have a row.
    fn shown_of(&self, executions: Vec<ExecutionId>) -> StoreFuture<'_, Vec<ExecutionId>>;
}

/// What every call of a storage for blobs returns.
pub type BlobFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BlobError>> + Send + 'a>>;

/// A storage for blobs. What it has stored it keeps, also through a loss of power, until it is deleted.
pub trait BlobStorage: Debug + Send + Sync + 'static {
    /// Returns where it is, as a setting has it.
    fn place(&self) -> String;

    /// Looks whether it can be used.
    fn check(&self) -> BlobFuture<'_, ()>;

    /// Stores a blob; durable when it returns. The same one may be there already.
    fn put(&self, execution: ExecutionId, blob: Blob, record: Arc<str>) -> BlobFuture<'_, ()>;

    /// Returns what is stored under the name of a blob, up to one byte more than it has: who reads it compares.
    fn read(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, Vec<u8>>;

    /// Returns how many bytes are stored under the name of a blob.
    fn length(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, u64>;

    /// Deletes a blob. It may be gone already.
    fn delete(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, ()>;

    /// Deletes all blobs of an execution. There may be none.
    fn delete_all(&self, execution: ExecutionId) -> BlobFuture<'_, ()>;

    /// Returns executions that have blobs, after the one that is given, in the order of their ids.
    fn executions(&self, after: Option<ExecutionId>, limit: usize) -> BlobFuture<'_, Vec<ExecutionId>>;
}

/// Why a storage for blobs did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// It answers, and there is no such blob.
    #[error("there is no such blob")]
    Missing,
    /// It refuses what is asked of it as it is set up: nothing changes that but the operator.
    #[error("{0}")]
    Refused(String),
    /// It does not answer, or cannot do it now. Try again later.
    #[error("{0}")]
    Failed(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{is_long, is_reference};

    #[test]
    fn a_reference_is_read_as_it_was_written() {
        let blob = Blob::of(b"[1,2,[]]");
        let reference = blob.reference();

        assert_eq!(Blob::read(&reference), Some(blob));
        assert_eq!(blob.bytes, 8);
        assert!(reference.len() < REFERENCE_BYTES_MAX && is_long(&reference) && is_reference(&reference));
        assert!(!is_reference("[1,0,[]]") && !is_long("[1,0,[]]") && !is_long(""));
        for damaged in
            [&reference[1..], &reference.replace("bytes", "b"), "{}", "", "{\"blob\":\"\u{fc}\",\"bytes\":1}"]
        {
            assert_eq!(Blob::read(damaged), None, "{damaged}");
        }
    }
}
