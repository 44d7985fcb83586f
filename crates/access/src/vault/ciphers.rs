//! What encrypts the data of executions.

use std::sync::Arc;

use steadflow_core::ids::TenantId;
use steadflow_core::sensitive::Cipher;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use super::{Vault, VaultError, to_its_end};
use crate::cipher::DataCipher;

impl Vault {
    /// Returns what encrypts new executions of a tenant. Its data key is made if there is none.
    ///
    /// # Errors
    /// [`VaultError`]: it cannot be made.
    pub async fn cipher(&self, tenant: TenantId, at: Timestamp) -> Result<Arc<dyn Cipher>, VaultError> {
        let known = {
            let opened = self.inner.opened.read();
            opened.data_keys.get(&tenant).and_then(|(id, _)| opened.ciphers.get(id).cloned())
        };
        if let Some((_, cipher)) = known {
            return Ok(cipher);
        }
        let vault = self.clone();
        to_its_end(async move {
            let _turn = vault.inner.turn.lock().await;
            // Another process may have made it.
            vault.read_all().await?;
            let (id, key) = vault.data_key(tenant, at).await?;
            Ok(Arc::new(DataCipher::new(tenant, id, &key)) as Arc<dyn Cipher>)
        })
        .await
    }

    /// Returns what encrypts with a data key of a tenant; `None` if there is none, or no master key that opens it.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    pub async fn cipher_of(
        &self,
        tenant: TenantId,
        key: Uuid,
    ) -> Result<Option<Arc<dyn Cipher>>, VaultError> {
        let known = || {
            let opened = self.inner.opened.read();
            let (of, cipher) = opened.ciphers.get(&key)?;
            (*of == tenant).then(|| Arc::clone(cipher))
        };
        if let Some(cipher) = known() {
            return Ok(Some(cipher));
        }
        // Another process may have made it a moment ago.
        self.read_again().await?;
        Ok(known())
    }
}
