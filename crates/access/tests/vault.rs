//! Secrets that are stored.

use std::sync::Arc;

use futures_util::FutureExt;
use steadflow_access::{
    Found, MasterKey, MasterKeySource, MasterKeys, NewSecret, NewValue, SECRETS_MAX, Vault, VaultError,
};
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{MemoryStore, SealedSecrets, SecretRecord, Store};
use uuid::Uuid;
use zeroize::Zeroizing;

const OURS: TenantId = TenantId::DEFAULT;
const THEIRS: TenantId = TenantId::new(Uuid::from_u128(7));
const VALUE: &str = "canary-4711";

fn key(byte: u8) -> MasterKeySource {
    let text = format!("{byte}AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    MasterKeySource::Given(MasterKey::parse(text.as_bytes()).expect("a key"))
}

async fn opened(store: &MemoryStore, source: MasterKeySource) -> Vault {
    Vault::open(Arc::new(store.reopen()), source).await.expect("it opens")
}

fn secret(tenant: TenantId, name: &str, value: &str) -> NewSecret {
    NewSecret {
        tenant,
        name: name.into(),
        value: NewValue::Value(Zeroizing::new(value.to_owned())),
        hosts: "api.example.com".into(),
        at: Timestamp::from_micros(5),
        by: "ada".into(),
    }
}

/// Returns a value, or `damaged`, or `none`.
fn value(vault: &Vault, tenant: TenantId, name: &str) -> String {
    match vault.secret(tenant, name) {
        Some(Found::Secret { value, .. }) => value.to_string(),
        Some(Found::Oauth { .. }) => "oauth2".to_owned(),
        Some(Found::Damaged) => "damaged".to_owned(),
        None => "none".to_owned(),
    }
}

#[tokio::test]
async fn a_secret_is_there_for_its_tenant_after_each_start() {
    let store = MemoryStore::new();
    let vault = opened(&store, key(1)).await;
    vault.put(secret(OURS, "KEY", "before")).await.expect("it is stored");
    vault.put(secret(OURS, "KEY", VALUE)).await.expect("it is stored");
    vault.put(secret(THEIRS, "KEY", "theirs")).await.expect("it is stored");

    let later = opened(&store, key(1)).await;

    for vault in [&vault, &later] {
        assert_eq!([value(vault, OURS, "KEY"), value(vault, THEIRS, "KEY")], [VALUE, "theirs"]);
        assert_eq!(value(vault, OURS, "KEY2"), "none");
        let listed = vault.list(OURS);
        assert_eq!(listed.len(), 1);
        assert_eq!((&*listed[0].name, &*listed[0].hosts), ("KEY", "api.example.com"));
        assert_eq!((&*listed[0].updated_by, listed[0].is_damaged), ("ada", false));
    }
    assert!(later.delete(OURS, "KEY").await.expect("it is deleted"));
    assert!(!later.delete(OURS, "KEY").await.expect("an answer"));
    assert_eq!([value(&later, OURS, "KEY"), value(&later, THEIRS, "KEY")], ["none", "theirs"]);
}

#[tokio::test]
async fn a_row_that_somebody_moved_or_changed_does_not_open() {
    let store = MemoryStore::new();
    let vault = opened(&store, key(1)).await;
    vault.put(secret(OURS, "KEY", VALUE)).await.expect("it is stored");
    vault.put(secret(THEIRS, "THEIR", "theirs")).await.expect("it is stored");
    let row = store.secrets().await.expect("secrets").into_iter().find(|row| row.tenant == OURS);
    let row = row.expect("it is there");
    for changed in [
        SecretRecord { tenant: THEIRS, ..row.clone() },
        SecretRecord { name: "NAME".into(), ..row.clone() },
        SecretRecord { name: "HOSTS".into(), hosts: "evil.example".into(), ..row.clone() },
    ] {
        store.put_secret(changed, 9).await.expect("it is stored");
    }
    store.put_secret(SecretRecord { hosts: "evil.example".into(), ..row }, 9).await.expect("it is stored");

    let vault = opened(&store, key(1)).await;

    for (tenant, name) in [(THEIRS, "KEY"), (OURS, "NAME"), (OURS, "HOSTS"), (OURS, "KEY")] {
        assert_eq!(value(&vault, tenant, name), "damaged", "{name}");
    }
    assert_eq!(value(&vault, THEIRS, "THEIR"), "theirs");
    assert!(vault.list(OURS).iter().all(|secret| secret.is_damaged));
    vault.put(secret(OURS, "KEY", "again")).await.expect("it is replaced");
    assert_eq!(value(&vault, OURS, "KEY"), "again");
}

#[tokio::test]
async fn without_a_master_key_nothing_is_stored() {
    let store = MemoryStore::new();
    let vault = opened(&store, MasterKeySource::None).await;

    let refused = vault.put(secret(OURS, "KEY", VALUE)).await;

    assert!(matches!(refused, Err(VaultError::NoMasterKey)), "{refused:?}");
    assert!(store.secrets().await.expect("secrets").is_empty());
    assert!(store.data_keys().await.expect("data keys").is_empty());
}

#[tokio::test]
async fn the_file_of_a_master_key_is_made_with_the_first_secret() {
    let (store, folder) = (MemoryStore::new(), tempfile::tempdir().expect("a folder"));
    let path = folder.path().join("key");
    let source = MasterKeySource::File(path.clone());
    let vault = opened(&store, source.clone()).await;
    assert!(!path.exists(), "nobody needs it yet");

    vault.put(secret(OURS, "KEY", VALUE)).await.expect("it is stored");
    vault.put(secret(THEIRS, "KEY", "theirs")).await.expect("it is stored");

    let vault = opened(&store, source.clone()).await;
    assert_eq!([value(&vault, OURS, "KEY"), value(&vault, THEIRS, "KEY")], [VALUE, "theirs"]);
    std::fs::remove_file(&path).expect("it is deleted");
    let vault = opened(&store, source).await;
    assert_eq!(value(&vault, OURS, "KEY"), "damaged");
    let refused = vault.put(secret(OURS, "KEY", VALUE)).await;
    assert!(matches!(refused, Err(VaultError::OtherMasterKey { own: None, .. })), "{refused:?}");
    assert!(!path.exists(), "another key would open nothing of what is stored");
}

#[tokio::test]
async fn another_master_key_opens_nothing_and_adds_nothing_until_all_is_deleted() {
    let store = MemoryStore::new();
    opened(&store, key(1)).await.put(secret(OURS, "KEY", VALUE)).await.expect("it is stored");
    let vault = opened(&store, key(2)).await;

    let refused = vault.put(secret(OURS, "OTHER", "new")).await;

    assert_eq!(value(&vault, OURS, "KEY"), "damaged");
    let said = refused.expect_err("it is refused").to_string();
    let (MasterKeySource::Given(first), MasterKeySource::Given(second)) = (key(1), key(2)) else {
        panic!("both are given")
    };
    assert!(said.contains(&**first.id()) && said.contains(&**second.id()), "{said}");
    assert!(vault.delete(OURS, "KEY").await.expect("it is deleted"));
    vault.put(secret(OURS, "OTHER", "new")).await.expect("nothing needs the other one now");
    assert_eq!(value(&opened(&store, key(2)).await, OURS, "OTHER"), "new");
}

#[tokio::test]
async fn a_tenant_has_so_many_secrets_and_no_more() {
    let store = MemoryStore::new();
    let vault = opened(&store, key(1)).await;
    for number in 0..SECRETS_MAX {
        vault.put(secret(OURS, &format!("KEY_{number}"), VALUE)).await.expect("it is stored");
    }

    let refused = vault.put(secret(OURS, "MORE", VALUE)).await;

    assert!(matches!(refused, Err(VaultError::TooMany)), "{refused:?}");
    vault.put(secret(OURS, "KEY_0", "again")).await.expect("it is replaced");
    vault.put(secret(THEIRS, "MORE", VALUE)).await.expect("theirs are others");
    assert_eq!([value(&vault, OURS, "MORE"), value(&vault, OURS, "KEY_0")], ["none", "again"]);
}

#[tokio::test]
async fn what_nobody_waits_for_any_longer_is_done_to_its_end() {
    let store = MemoryStore::new();
    let vault = opened(&store, key(1)).await;
    let seen = async |wanted: &str| {
        while store.secrets().await.expect("secrets").is_empty() != (wanted == "none") {
            tokio::task::yield_now().await;
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(value(&vault, OURS, "KEY"), wanted);
    };

    for _ in 0..2 {
        assert!(vault.put(secret(OURS, "KEY", VALUE)).now_or_never().is_none(), "it takes a moment");
        seen(VALUE).await;
        assert!(vault.delete(OURS, "KEY").now_or_never().is_none(), "it takes a moment");
        seen("none").await;
    }
}

#[tokio::test]
async fn no_description_of_a_vault_has_a_value() {
    let store = MemoryStore::new();
    let vault = opened(&store, key(1)).await;
    vault.put(secret(OURS, "KEY", VALUE)).await.expect("it is stored");
    let found = vault.secret(OURS, "KEY");

    let described = format!("{vault:?} {found:?} {:?} {:?}", secret(OURS, "KEY", VALUE), vault.list(OURS));

    assert!(described.contains("KEY") && !described.contains("canary"), "{described}");
    let stored = format!("{:?} {:?}", store.secrets().await, store.data_keys().await);
    assert!(stored.contains("KEY") && !stored.contains("sealed"), "{stored}");
    store.close().await.expect("it closes");
}

/// Both keys of a server whose master key is to be replaced.
fn both(present: u8, next: u8) -> MasterKeys {
    let MasterKeySource::Given(next) = key(next) else { unreachable!("it was given") };
    MasterKeys { present: key(present), next: Some(next) }
}

#[tokio::test]
async fn another_master_key_takes_over_without_a_moment_in_which_nothing_opens() {
    let store = MemoryStore::new();
    let open = async |keys: MasterKeys| Vault::open(Arc::new(store.reopen()), keys).await.expect("it opens");
    let old = open(key(1).into()).await;
    old.put(secret(OURS, "KEY", VALUE)).await.expect("it is stored");
    old.put(secret(THEIRS, "KEY", "theirs")).await.expect("it is stored");
    let (first, second) = (open(both(1, 2)).await, open(both(1, 2)).await);
    let third = TenantId::new(Uuid::from_u128(8));
    first.put(secret(third, "KEY", "third")).await.expect("the present key encrypts before the rotation");
    assert_eq!(value(&open(key(1).into()).await, third, "KEY"), "third");

    let rotated = first.rotate().await.expect("it is done");
    let again = second.rotate().await.expect("there is nothing to do");

    assert_eq!((rotated.data_keys, again.data_keys), (3, 0));
    let fourth = TenantId::new(Uuid::from_u128(9));
    first.put(secret(fourth, "KEY", "fourth")).await.expect("the next key encrypts afterwards");
    let late = open(both(1, 2)).await;
    for vault in [&first, &late, &open(key(2).into()).await] {
        let values = [OURS, THEIRS, third, fourth].map(|tenant| value(vault, tenant, "KEY"));
        assert_eq!(values, [VALUE, "theirs", "third", "fourth"]);
    }
    assert!(store.data_keys().await.expect("data keys").iter().all(|key| key.master == rotated.master));
    assert_eq!(value(&open(key(1).into()).await, OURS, "KEY"), "damaged", "the old key opens nothing");
}

#[tokio::test]
async fn a_rotation_needs_both_keys_and_does_all_or_nothing() {
    let store = MemoryStore::new();
    opened(&store, key(1)).await.put(secret(OURS, "KEY", VALUE)).await.expect("it is stored");

    let without = opened(&store, key(1)).await.rotate().await;
    let foreign = Vault::open(Arc::new(store.reopen()), both(3, 2)).await.expect("it opens").rotate().await;

    assert!(matches!(without, Err(VaultError::NoNextMasterKey)), "{without:?}");
    assert!(matches!(foreign, Err(VaultError::OtherMasterKey { .. })), "{foreign:?}");
    assert_eq!(value(&opened(&store, key(1)).await, OURS, "KEY"), VALUE);
}
