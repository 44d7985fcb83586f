//! Making tenants.

use std::sync::Arc;

use steadflow_core::ids::TenantId;
use steadflow_core::tenant::{NameUnfit, check_name};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Store, StoreError, TenantRecord};
use uuid::Uuid;

/// How many tenants there may be beside the default one.
pub const TENANTS_MAX: usize = 1_000;

/// Why a tenant is not made.
#[derive(Debug, thiserror::Error)]
pub enum TenantRefused {
    /// It cannot be called so.
    #[error(transparent)]
    Name(#[from] NameUnfit),
    /// Another one is called so.
    #[error("there is a tenant of this name already")]
    Taken,
    /// There are as many as there may be.
    #[error("there are {TENANTS_MAX} tenants already")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a tenant.
///
/// # Errors
/// [`TenantRefused`] says why not.
pub async fn make_tenant(
    store: &dyn Store,
    name: &str,
    now: Timestamp,
) -> Result<TenantRecord, TenantRefused> {
    check_name(name)?;
    if store.tenants().await?.len() >= TENANTS_MAX {
        return Err(TenantRefused::TooMany);
    }
    let record = TenantRecord::new(TenantId::new(Uuid::now_v7()), Arc::from(name), now);
    let is_made = store.create_tenant(record.clone()).await?;
    if is_made { Ok(record) } else { Err(TenantRefused::Taken) }
}

#[cfg(test)]
mod tests {
    use steadflow_store::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn so_many_tenants_are_made_and_no_more() {
        let (store, now) = (MemoryStore::default(), Timestamp::from_micros(0));
        let make = async |name: &str| make_tenant(&store, name, now).await;

        assert!(matches!(make("default").await, Err(TenantRefused::Name(NameUnfit::Reserved))));
        for number in 0..TENANTS_MAX {
            make(&format!("t{number}")).await.expect("there is room");
            assert!(matches!(make("t0").await, Err(TenantRefused::Taken | TenantRefused::TooMany)));
        }
        assert!(matches!(make("more").await, Err(TenantRefused::TooMany)));
    }
}
