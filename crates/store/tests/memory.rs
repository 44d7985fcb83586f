//! [`MemoryStore`] means what every store must mean.

use steadflow_store::conformance::Harness;
use steadflow_store::{MemoryStore, conformance_tests};

struct InMemory(MemoryStore);

impl Harness for InMemory {
    type Store = MemoryStore;

    async fn open(&self) -> MemoryStore {
        self.0.reopen()
    }
}

conformance_tests!(InMemory(MemoryStore::new()));
