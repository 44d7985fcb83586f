//! Room: it is returned to the disk after a deletion, and a quota holds.

use crate::common::Temporary;
use rusqlite::Connection;
use serde_json::json;
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::conformance::Harness;
use steadflow_store::{Catalogue, FlowRecord, FlowStatus, Store, StoreError};
use steadflow_store_sqlite::{SqliteOptions, SqliteStore};
use uuid::Uuid;

const AT: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const MIB: u64 = 1024 * 1024;

/// A flow whose document is a megabyte long.
fn large(number: u128) -> FlowRecord {
    FlowRecord {
        id: FlowId::new(Uuid::from_u128(number)),
        tenant: TenantId::DEFAULT,
        version: 1,
        status: FlowStatus::Active,
        document: Payload::from_value(&json!("x".repeat(1_000_000))),
        name: "f".into(),
        category: None,
        is_template: false,
        starts_by_itself: false,
        webhook_path: None,
        folder: None,
        created_at: AT,
        updated_at: AT,
    }
}

fn bytes(database: &Temporary) -> u64 {
    database.path().metadata().expect("the file is there").len()
}

async fn fill_and_delete(store: &SqliteStore) {
    for number in 1..=20 {
        store.create_flow(large(number)).await.expect("a flow is stored");
    }
    for number in 1..=20 {
        assert!(store.delete_flow(TenantId::DEFAULT, large(number).id).await.expect("a deletion"));
    }
}

#[tokio::test]
async fn what_is_deleted_is_returned_to_the_disk_in_steps() {
    let database = Temporary::new();
    let store = database.open().await;
    fill_and_delete(&store).await;
    let full = store.space().await.expect("it is measured");

    let mut steps = 0;
    while store.shrink().await.expect("it shrinks") {
        steps += 1;
    }

    let space = store.space().await.expect("it is measured");
    store.close().await.expect("it closes");
    assert!(full.can_shrink && full.reusable > 15 * MIB, "{full:?}");
    assert!(steps > 10, "a step returns a megabyte: {steps}");
    assert!(space.reusable <= 4 * MIB, "{space:?}");
    assert!(bytes(&database) < 6 * MIB, "{} bytes", bytes(&database));
}

#[tokio::test]
async fn a_file_of_an_older_version_shrinks_once_it_is_compacted() {
    let database = Temporary::new();
    let old = Connection::open(database.path()).expect("it opens");
    old.execute_batch("PRAGMA auto_vacuum = NONE; CREATE TABLE t (a); DROP TABLE t").expect("it is made");
    drop(old);
    let store = database.open().await;
    fill_and_delete(&store).await;
    let before = store.space().await.expect("it is measured");
    let shrinks = store.shrink().await.expect("it says so");
    store.close().await.expect("it closes");
    let full = bytes(&database);

    SqliteStore::compact(database.path()).expect("it is compacted");

    let store = database.open().await;
    let after = store.space().await.expect("it is measured");
    assert_eq!((before.can_shrink, shrinks), (false, false));
    assert!(full > 15 * MIB && bytes(&database) < MIB, "{full} bytes, then {}", bytes(&database));
    assert!(after.can_shrink && after.reusable == 0, "{after:?}");
}

#[tokio::test]
async fn a_quota_refuses_by_name_and_heals_by_a_deletion() {
    let database = Temporary::new();
    let options = SqliteOptions { pages_max: Some(1_024), ..SqliteOptions::default() };
    let store = SqliteStore::open(database.path(), options).expect("it opens");
    let mut stored = 0;
    let refused = loop {
        match store.create_flow(large(stored + 1)).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 9, "four of them fit");
    };

    let space = store.space().await.expect("it is measured");
    assert!(store.delete_flow(TenantId::DEFAULT, large(1).id).await.expect("a deletion"));
    let again = store.create_flow(large(20)).await;

    assert!(matches!(refused, StoreError::Full { .. }), "{refused:?}");
    assert_eq!(space.quota, Some(4 * MIB));
    assert!(space.free().is_some_and(|free| free < MIB), "{space:?}");
    assert!(again.is_ok(), "{again:?}");
}
