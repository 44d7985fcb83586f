//! Secrets of tenants, as a database has them: encrypted with a key that it does not have.

use std::fmt;
use std::sync::Arc;

use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::StoreFuture;

/// A key that encrypts the secrets of one tenant. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKeyRecord {
    /// Its id, which secrets name.
    pub id: Uuid,
    /// Whose secrets it encrypts.
    pub tenant: TenantId,
    /// Which master key encrypts it.
    pub master: Arc<str>,
    /// The key, encrypted.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A secret. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretRecord {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name, which is unique in the tenant.
    pub name: Arc<str>,
    /// What it is: `value` or `oauth2`.
    pub kind: Arc<str>,
    /// The [`DataKeyRecord`] that encrypts it.
    pub data_key: Uuid,
    /// The value, encrypted.
    pub sealed: Vec<u8>,
    /// Where it may be sent, separated by commas; nowhere if it is empty.
    pub hosts: Arc<str>,
    /// When it was last set.
    pub updated_at: Timestamp,
    /// Who set it.
    pub updated_by: Arc<str>,
}

impl fmt::Debug for DataKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, tenant, master, sealed: _, created_at } = self;
        let mut fields = f.debug_struct("DataKeyRecord");
        fields.field("id", id).field("tenant", tenant).field("master", master);
        fields.field("created_at", created_at).finish_non_exhaustive()
    }
}

impl fmt::Debug for SecretRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant, name, kind, data_key, sealed: _, hosts, updated_at, updated_by } = self;
        let mut fields = f.debug_struct("SecretRecord");
        fields.field("tenant", tenant).field("name", name).field("kind", kind).field("data_key", data_key);
        fields.field("hosts", hosts);
        fields.field("updated_at", updated_at).field("updated_by", updated_by).finish_non_exhaustive()
    }
}

/// The secrets of all tenants. Nothing here can be read without the master key.
pub trait SealedSecrets: Send + Sync + 'static {
    /// Returns the secrets of all tenants, in the order of tenants and names.
    fn secrets(&self) -> StoreFuture<'_, Vec<SecretRecord>>;

    /// Stores a secret, in the place of one of the same name, whose tokens ([`OauthTokens`](crate::OauthTokens)) are deleted. Returns `false`, and stores nothing, where it would be a new one
    /// of a tenant that has `max` already.
    fn put_secret(&self, secret: SecretRecord, max: usize) -> StoreFuture<'_, bool>;

    /// Deletes a secret with its tokens. Returns whether there was one.
    fn delete_secret(&self, tenant: TenantId, name: Arc<str>) -> StoreFuture<'_, bool>;

    /// Returns all data keys, in the order of tenants, the oldest first.
    fn data_keys(&self) -> StoreFuture<'_, Vec<DataKeyRecord>>;

    /// Stores a new data key.
    fn create_data_key(&self, key: DataKeyRecord) -> StoreFuture<'_, ()>;

    /// Stores data keys in the place of those with the same ids: all of them or none. Those that are gone are not stored.
    fn replace_data_keys(&self, keys: Vec<DataKeyRecord>) -> StoreFuture<'_, ()>;

    /// Returns a number that grows with each change of a secret or data key, where several processes make them; else 0.
    fn secret_changes(&self) -> StoreFuture<'_, u64> {
        Box::pin(std::future::ready(Ok(0)))
    }
}
