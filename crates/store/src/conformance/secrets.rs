//! What [`SealedSecrets`] means.

use steadflow_core::ids::TenantId;

use super::samples::{OURS, THEIRS, at, uuid};
use super::{Harness, reopened};
use crate::{DataKeyRecord, SealedSecrets, SecretRecord, Store};

fn secret(tenant: TenantId, name: &str, sealed: &[u8]) -> SecretRecord {
    SecretRecord {
        tenant,
        name: name.into(),
        kind: "value".into(),
        data_key: uuid(7),
        sealed: sealed.to_vec(),
        hosts: "api.example.com, *.example.org".into(),
        updated_at: at(3),
        updated_by: "ada@example.com".into(),
    }
}

fn data_key(tenant: TenantId, number: u16, sealed: &[u8]) -> DataKeyRecord {
    DataKeyRecord {
        id: uuid(number),
        tenant,
        master: "0123456789abcdef".into(),
        sealed: sealed.to_vec(),
        created_at: at(i64::from(number)),
    }
}

/// Returns the tenant, name and sealed value of each secret.
async fn stored(store: &impl Store) -> Vec<(TenantId, String, Vec<u8>)> {
    let all = store.secrets().await.expect("secrets");
    all.into_iter().map(|secret| (secret.tenant, secret.name.to_string(), secret.sealed)).collect()
}

pub async fn a_secret_is_kept_replaced_and_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let put = async |store: &H::Store, secret| store.put_secret(secret, 9).await.expect("an answer");
    assert!(stored(&store).await.is_empty());

    assert!(put(&store, secret(OURS, "KEY", &[0, 1, 255])).await);
    assert!(put(&store, secret(OURS, "A", &[2])).await);
    let store = reopened(harness, store).await;

    let first = store.secrets().await.expect("secrets");
    assert_eq!(first, [secret(OURS, "A", &[2]), secret(OURS, "KEY", &[0, 1, 255])]);
    let changed = SecretRecord {
        kind: "oauth2".into(),
        data_key: uuid(8),
        hosts: "".into(),
        updated_at: at(4),
        updated_by: "bob".into(),
        ..secret(OURS, "KEY", &[3])
    };
    assert!(put(&store, changed.clone()).await);
    assert_eq!(store.secrets().await.expect("secrets")[1], changed);
    assert!(store.delete_secret(OURS, "KEY".into()).await.expect("an answer"));
    assert!(!store.delete_secret(OURS, "KEY".into()).await.expect("an answer"), "it is gone");
    assert_eq!(stored(&store).await, [(OURS, "A".to_owned(), vec![2])]);
    store.close().await.expect("it closes");
    assert!(store.secrets().await.is_err(), "a closed store refuses");
    assert!(store.put_secret(changed, 9).await.is_err(), "a closed store refuses");
}

pub async fn a_tenant_has_so_many_secrets_and_no_more<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let put = async |tenant, name, sealed| {
        store.put_secret(secret(tenant, name, &[sealed]), 2).await.expect("an answer")
    };
    assert!(put(OURS, "A", 1).await && put(OURS, "B", 2).await && put(THEIRS, "A", 3).await);

    let (new, old, theirs) = (put(OURS, "C", 4).await, put(OURS, "B", 5).await, put(THEIRS, "C", 6).await);

    assert!(!new, "it would be the third");
    assert!(old && theirs, "what is replaced, and what is another tenant's, are no more");
    let all = [(OURS, "A", 1), (OURS, "B", 5), (THEIRS, "A", 3), (THEIRS, "C", 6)];
    let mut stored = stored(&store).await;
    stored.sort();
    let mut expected = all.map(|(tenant, name, sealed)| (tenant, name.to_owned(), vec![sealed]));
    expected.sort();
    assert_eq!(stored, expected);
}

pub async fn a_tenant_replaces_and_deletes_no_secret_of_another<H: Harness>(harness: &H) {
    let store = harness.open().await;
    store.put_secret(secret(OURS, "KEY", &[1]), 9).await.expect("an answer");

    let deleted = store.delete_secret(THEIRS, "KEY".into()).await.expect("an answer");
    store.put_secret(secret(THEIRS, "KEY", &[2]), 9).await.expect("an answer");

    assert!(!deleted);
    assert!(stored(&store).await.contains(&(OURS, "KEY".to_owned(), vec![1])));
    store.delete_secret(THEIRS, "KEY".into()).await.expect("an answer");
    assert_eq!(stored(&store).await, [(OURS, "KEY".to_owned(), vec![1])]);
}

pub async fn data_keys_are_kept_and_replaced_together<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for key in [data_key(OURS, 2, &[2]), data_key(THEIRS, 3, &[3]), data_key(OURS, 1, &[0, 255])] {
        store.create_data_key(key).await.expect("it is stored");
    }
    let store = reopened(harness, store).await;
    let kept = store.data_keys().await.expect("data keys");
    let ours: Vec<_> = kept.iter().filter(|key| key.tenant == OURS).cloned().collect();

    let other_master = |key| DataKeyRecord { master: "fedcba9876543210".into(), sealed: vec![9], ..key };
    let new = [data_key(OURS, 1, &[]), data_key(THEIRS, 3, &[]), data_key(OURS, 4, &[])].map(other_master);
    store.replace_data_keys(new.to_vec()).await.expect("they are replaced");

    assert_eq!(ours, [data_key(OURS, 1, &[0, 255]), data_key(OURS, 2, &[2])], "the oldest first");
    let mut later = store.data_keys().await.expect("data keys");
    later.sort_by_key(|key| key.id);
    assert_eq!(later, [new[0].clone(), data_key(OURS, 2, &[2]), new[1].clone()], "what is gone stays so");
}

pub async fn each_change_of_a_secret_is_noticed_where_several_processes_make_them<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let changes = async || store.secret_changes().await.expect("a number");
    let mut seen = vec![changes().await];
    store.create_data_key(data_key(OURS, 1, &[1])).await.expect("it is stored");
    seen.push(changes().await);
    store.put_secret(secret(OURS, "KEY", &[1]), 9).await.expect("it is stored");
    seen.push(changes().await);
    store.put_secret(secret(OURS, "KEY", &[2]), 9).await.expect("it is stored");
    seen.push(changes().await);
    store.replace_data_keys(vec![data_key(OURS, 1, &[2])]).await.expect("it is replaced");
    seen.push(changes().await);
    store.delete_secret(OURS, "KEY".into()).await.expect("it is deleted");
    seen.push(changes().await);

    let is_noticed = seen.windows(2).all(|pair| pair[0] < pair[1]);
    assert_eq!(is_noticed, store.is_shared(), "{seen:?}");
}
