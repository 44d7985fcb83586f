//! [`SealedSecrets`] for [`MemoryStore`].

use std::collections::BTreeMap;
use std::sync::Arc;

use steadflow_core::ids::TenantId;
use uuid::Uuid;

use super::{MemoryStore, a_moment_later, at_once};
use crate::{
    DataKeyRecord, OauthAuthorizationRecord, OauthTokenRecord, SealedSecrets, SecretRecord, StoreError,
    StoreFuture,
};

/// What a database would hold of secrets.
#[derive(Debug, Default)]
pub(super) struct StoredSecrets {
    pub(super) secrets: BTreeMap<(TenantId, Arc<str>), SecretRecord>,
    data_keys: BTreeMap<Uuid, DataKeyRecord>,
    pub(super) tokens: BTreeMap<(TenantId, Arc<str>), OauthTokenRecord>,
    pub(super) authorizations: BTreeMap<[u8; 32], OauthAuthorizationRecord>,
}

impl StoredSecrets {
    fn put(&mut self, secret: SecretRecord, max: usize) -> bool {
        let key = (secret.tenant, Arc::clone(&secret.name));
        let count = self.secrets.keys().filter(|(tenant, _)| *tenant == secret.tenant).count();
        let fits = count < max || self.secrets.contains_key(&key);
        if fits {
            self.forget(&key);
            self.secrets.insert(key, secret);
        }
        fits
    }

    /// Deletes all that is of a tenant, and returns how much.
    pub(super) fn delete_of(&mut self, tenant: TenantId) -> usize {
        let count = |all: &Self| {
            all.secrets.len() + all.data_keys.len() + all.tokens.len() + all.authorizations.len()
        };
        let before = count(self);
        self.secrets.retain(|(of, _), _| *of != tenant);
        self.data_keys.retain(|_, key| key.tenant != tenant);
        self.tokens.retain(|(of, _), _| *of != tenant);
        self.authorizations.retain(|_, begun| begun.tenant != tenant);
        before - count(self)
    }

    fn delete(&mut self, key: &(TenantId, Arc<str>)) -> bool {
        self.forget(key);
        self.secrets.remove(key).is_some()
    }

    fn sorted_data_keys(&self) -> Vec<DataKeyRecord> {
        let mut keys: Vec<_> = self.data_keys.values().cloned().collect();
        keys.sort_by_key(|key| (key.tenant, key.created_at, key.id));
        keys
    }

    fn replace(&mut self, keys: Vec<DataKeyRecord>) {
        for key in keys {
            if let Some(stored) = self.data_keys.get_mut(&key.id) {
                *stored = key;
            }
        }
    }
}

impl MemoryStore {
    pub(super) fn with_secrets<T>(
        &self,
        call: impl FnOnce(&mut StoredSecrets) -> T,
    ) -> Result<T, StoreError> {
        Ok(call(&mut self.open()?.secrets))
    }
}

impl SealedSecrets for MemoryStore {
    fn secrets(&self) -> StoreFuture<'_, Vec<SecretRecord>> {
        at_once(self.with_secrets(|stored| stored.secrets.values().cloned().collect()))
    }

    fn put_secret(&self, secret: SecretRecord, max: usize) -> StoreFuture<'_, bool> {
        a_moment_later(self.with_secrets(|stored| stored.put(secret, max)))
    }

    fn delete_secret(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, bool> {
        a_moment_later(self.with_secrets(|stored| stored.delete(&(tenant, name))))
    }

    fn data_keys(&self) -> StoreFuture<'_, Vec<DataKeyRecord>> {
        at_once(self.with_secrets(|stored| stored.sorted_data_keys()))
    }

    fn create_data_key(&self, key: DataKeyRecord) -> StoreFuture<'_, ()> {
        at_once(self.with_secrets(|stored| drop(stored.data_keys.insert(key.id, key))))
    }

    fn replace_data_keys(&self, keys: Vec<DataKeyRecord>) -> StoreFuture<'_, ()> {
        at_once(self.with_secrets(|stored| stored.replace(keys)))
    }
}
