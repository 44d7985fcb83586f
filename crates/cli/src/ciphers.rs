//! Encrypts the data of executions with the keys of the stored secrets.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use steadflow_access::{Vault, VaultError};
use steadflow_core::ids::TenantId;
use steadflow_core::sensitive::Cipher;
use steadflow_runtime::{Ciphers, Clock as _, NoCipher, SystemClock};
use uuid::Uuid;

/// What encrypts where there may be stored secrets.
#[derive(Debug)]
pub(crate) struct VaultCiphers(pub(crate) Option<Vault>);

impl VaultCiphers {
    fn vault(&self) -> Result<&Vault, NoCipher> {
        self.0.as_ref().ok_or_else(|| none(&VaultError::NoMasterKey))
    }
}

impl Ciphers for VaultCiphers {
    fn newest(&self, tenant: TenantId) -> BoxFuture<'_, Result<Arc<dyn Cipher>, NoCipher>> {
        Box::pin(async move {
            let cipher = self.vault()?.cipher(tenant, SystemClock::new().wall()).await;
            cipher.map_err(|error| none(&error))
        })
    }

    fn of_key(&self, tenant: TenantId, key: Uuid) -> BoxFuture<'_, Result<Arc<dyn Cipher>, NoCipher>> {
        Box::pin(async move {
            let cipher = self.vault()?.cipher_of(tenant, key).await.map_err(|error| none(&error))?;
            cipher.ok_or_else(|| {
                NoCipher(format!(
                    "its data key {key} cannot be decrypted; start the server with the master key that it was stored with"
                ))
            })
        })
    }
}

fn none(error: &VaultError) -> NoCipher {
    NoCipher(format!(
        "Sensitive data cannot be encrypted: {error}. Let the operator of the server set `master_key_file` or \
         STEADFLOW_MASTER_KEY."
    ))
}
