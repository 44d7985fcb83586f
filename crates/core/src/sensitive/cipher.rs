//! Encrypts what records hold where they are stored.

use std::fmt;

use uuid::Uuid;

use crate::ids::ExecutionId;

/// Encrypts and decrypts the values of executions, with a key of their tenant.
pub trait Cipher: fmt::Debug + Send + Sync {
    /// Returns the ID of the key.
    fn key(&self) -> Uuid;

    /// Returns `text` encrypted, as something that can stand in a JSON string as it is. The same text of the same execution is
    /// encrypted in the same way, so that an execution is a function of its inputs.
    fn encrypt(&self, execution: ExecutionId, text: &str) -> String;

    /// Returns what was encrypted; `None` if it was for another execution or with another key, or was changed.
    fn decrypt(&self, execution: ExecutionId, encrypted: &str) -> Option<String>;
}

/// A stored value that cannot be decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value of record {0} cannot be decrypted: it was changed, or is of another execution")]
pub struct Undecipherable(pub u64);
