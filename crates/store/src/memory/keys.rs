//! [`Keys`] for [`MemoryStore`].

use steadflow_core::decision_link::SigningKey;

use super::{MemoryStore, at_once};
use crate::{Keys, StoreError, StoreFuture};

impl MemoryStore {
    fn signing_key_now(&self, purpose: &'static str, fresh: SigningKey) -> Result<SigningKey, StoreError> {
        Ok(self.open()?.signing_keys.entry(purpose).or_insert(fresh).clone())
    }
}

impl Keys for MemoryStore {
    fn signing_key(&self, purpose: &'static str, fresh: SigningKey) -> StoreFuture<'_, SigningKey> {
        at_once(self.signing_key_now(purpose, fresh))
    }
}
