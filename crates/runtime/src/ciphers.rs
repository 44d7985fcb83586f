//! Where the keys come from that encrypt the data of executions.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use steadflow_core::ids::TenantId;
use steadflow_core::sensitive::Cipher;
use uuid::Uuid;

/// Gives the ciphers of tenants.
pub trait Ciphers: fmt::Debug + Send + Sync + 'static {
    /// Returns what encrypts new executions of a tenant. Its key is made if there is none, and stored by then.
    fn newest(&self, tenant: TenantId) -> BoxFuture<'_, Result<Arc<dyn Cipher>, NoCipher>>;

    /// Returns what encrypts with a key that is stored.
    fn of_key(&self, tenant: TenantId, key: Uuid) -> BoxFuture<'_, Result<Arc<dyn Cipher>, NoCipher>>;
}

/// Why there is no cipher, and what to do: one or more sentences.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoCipher(pub String);

/// Where nothing can be encrypted.
#[derive(Debug)]
pub(crate) struct NoCiphers;

impl NoCiphers {
    fn none() -> BoxFuture<'static, Result<Arc<dyn Cipher>, NoCipher>> {
        let reason = "Sensitive data cannot be encrypted here: there is no master key.".to_owned();
        Box::pin(std::future::ready(Err(NoCipher(reason))))
    }
}

impl Ciphers for NoCiphers {
    fn newest(&self, _: TenantId) -> BoxFuture<'_, Result<Arc<dyn Cipher>, NoCipher>> {
        Self::none()
    }

    fn of_key(&self, _: TenantId, _: Uuid) -> BoxFuture<'_, Result<Arc<dyn Cipher>, NoCipher>> {
        Self::none()
    }
}
