//! Another master key: the keys of tenants are encrypted with it, and no secret is encrypted again.
//!
//! Servers that have both keys open what either of them encrypts, so none of them has to stop meanwhile.

use std::sync::Arc;

use steadflow_store::DataKeyRecord;

use super::{Vault, VaultError, to_its_end};
use crate::sealing::{Key, Place};

/// What came of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// Which master key encrypts all keys of tenants now.
    pub master: Arc<str>,
    /// How many of them it did not encrypt before.
    pub data_keys: usize,
}

impl Vault {
    /// Encrypts the keys of all tenants with the next master key: all of them or none.
    ///
    /// # Errors
    /// [`VaultError::NoNextMasterKey`]; or [`VaultError::OtherMasterKey`] if there is one that does not open.
    pub async fn rotate(&self) -> Result<Rotated, VaultError> {
        let vault = self.clone();
        to_its_end(async move { vault.rotate_now().await }).await
    }

    async fn rotate_now(&self) -> Result<Rotated, VaultError> {
        let _turn = self.inner.turn.lock().await;
        let next = self.inner.opened.read().next.clone().ok_or(VaultError::NoNextMasterKey)?;
        let mut renewed = Vec::new();
        for record in self.inner.store.data_keys().await? {
            if record.master == *next.id() {
                continue;
            }
            let Some(key) = self.opened_key(&record)? else {
                tracing::error!(tenant = %record.tenant, "a data key is damaged, and stays as it is");
                continue;
            };
            let sealed = next.key().seal(&Place::DataKey(record.tenant, record.id), key.bytes())?;
            renewed.push(DataKeyRecord { master: Arc::clone(next.id()), sealed, ..record });
        }
        let data_keys = renewed.len();
        self.inner.store.replace_data_keys(renewed).await?;
        self.read_all().await?;
        Ok(Rotated { master: Arc::clone(next.id()), data_keys })
    }

    /// Opens a data key; `None` if it is damaged.
    fn opened_key(&self, record: &DataKeyRecord) -> Result<Option<Key>, VaultError> {
        let opened = self.inner.opened.read();
        if opened.master_of(&record.master).is_none() {
            let own = opened.master.as_ref().map(|master| Arc::clone(master.id()));
            return Err(VaultError::OtherMasterKey { stored: Arc::clone(&record.master), own });
        }
        Ok(opened.data_key(record))
    }
}
