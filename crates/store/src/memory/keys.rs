//! [`Keys`] for [`MemoryStore`].

use steadflow_core::decision_link::SigningKey;

use super::{MemoryStore, at_once};
use crate::{Keys, StoreError, StoreFuture};

impl MemoryStore {
    fn signing_key_now(&self, purpose: &'static str) -> Result<Option<SigningKey>, StoreError> {
        Ok(self.open()?.signing_keys.get(purpose).cloned())
    }

    fn signing_key_or_now(&self, purpose: &'static str, fresh: SigningKey) -> Result<SigningKey, StoreError> {
        Ok(self.open()?.signing_keys.entry(purpose).or_insert(fresh).clone())
    }

    fn replace_signing_key_now(&self, purpose: &'static str, fresh: SigningKey) -> Result<(), StoreError> {
        self.open()?.signing_keys.insert(purpose, fresh);
        Ok(())
    }
}

impl Keys for MemoryStore {
    fn signing_key(&self, purpose: &'static str) -> StoreFuture<'_, Option<SigningKey>> {
        at_once(self.signing_key_now(purpose))
    }

    fn signing_key_or(&self, purpose: &'static str, fresh: SigningKey) -> StoreFuture<'_, SigningKey> {
        at_once(self.signing_key_or_now(purpose, fresh))
    }

    fn replace_signing_key(&self, purpose: &'static str, fresh: SigningKey) -> StoreFuture<'_, ()> {
        at_once(self.replace_signing_key_now(purpose, fresh))
    }
}
