//! The semantics of every store: on PostgreSQL itself, and through a pooler.

use steadflow_core::timestamp::Timestamp;
use steadflow_store::Store;
use steadflow_store::conformance::Harness;
use steadflow_store_postgres::PostgresStore;

use super::Temporary;

/// When the executions of the suite were accepted, by their ids.
const ACCEPTED: Timestamp = Timestamp::from_micros(0x0190_0000_0000 * 1_000);

/// A database that has the day of the executions of the suite.
struct ByDay(Temporary);

impl Harness for ByDay {
    type Store = PostgresStore;

    async fn open(&self) -> PostgresStore {
        let store = self.0.open().await;
        store.tidy(ACCEPTED).await.expect("the day is made");
        store
    }
}

steadflow_store::conformance_tests!(ByDay(Temporary::new()));
