//! The keys with which an installation signs what it gives away.

use steadflow_core::decision_link::SigningKey;

use crate::StoreFuture;

/// The keys of an installation, one for each purpose. They are the same for all its processes and after each restart, and no
/// answer, log or export has them.
pub trait Keys: Send + Sync + 'static {
    /// Returns the key of a purpose, if it has one yet.
    fn signing_key(&self, purpose: &'static str) -> StoreFuture<'_, Option<SigningKey>>;

    /// Returns the key of a purpose. Where there is none yet, `fresh` is stored and is the key from then on.
    fn signing_key_or(&self, purpose: &'static str, fresh: SigningKey) -> StoreFuture<'_, SigningKey>;

    /// Makes `fresh` the key of a purpose: what was signed with the one before is worth nothing from then on.
    fn replace_signing_key(&self, purpose: &'static str, fresh: SigningKey) -> StoreFuture<'_, ()>;
}
