//! What credentials stand for, on a store in memory, with a time that is moved.

mod authenticator;
mod keys;
mod oauth;
mod oidc;
mod passkeys;
mod people;
mod provider;
mod vault;

use std::sync::Arc;

use steadflow_access::{Grantor, IssuedKey, NewKey, issue};
use steadflow_core::access::{FlowScope, Grants};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::{PrincipalId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Identities, MemoryStore, PrincipalKind, PrincipalRecord};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn person(number: u128, role: Role) -> PrincipalRecord {
    PrincipalRecord {
        id: PrincipalId::new(Uuid::from_u128(number)),
        tenant: TenantId::DEFAULT,
        kind: PrincipalKind::Person,
        name: format!("Person {number}").into(),
        email: Some(format!("p{number}@example.com").into()),
        role,
        grants: Grants::default(),
        password: None,
        created_at: NOW,
        disabled_at: None,
    }
}

/// Returns a store with a person of each role.
async fn store() -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    for (number, role) in (0..).zip(Role::ALL) {
        assert!(store.create_principal(person(number, role)).await.expect("the store answers"));
    }
    Arc::new(store)
}

/// Returns a key to be made for the editor.
fn new_key() -> NewKey {
    NewKey {
        principal: PrincipalId::new(Uuid::from_u128(3)),
        name: "CI".into(),
        role: Role::Editor,
        flows: FlowScope::All,
        folders: None,
        networks: None,
        expires_at: None,
    }
}

async fn key(store: &MemoryStore, new: NewKey) -> IssuedKey {
    issue(store, Grantor::local(&Caller::LOCAL), new, NOW).await.expect("a key is made")
}
