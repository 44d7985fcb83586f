//! [`Store`] for [`SqliteStore`].

use steadflow_store::{Store, StoreError, StoreFuture};

use crate::{SqliteStore, doctor};

impl Store for SqliteStore {
    fn doctor(&self) -> StoreFuture<'_, Vec<String>> {
        Box::pin(self.read("doctor", doctor::examine))
    }

    fn durability(&self) -> String {
        "sqlite, WAL, synchronous=FULL: power loss".into()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.close_all())
    }
}

impl SqliteStore {
    async fn close_all(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let Some(writer) = self.end() else { return Ok(()) };
        let joined = tokio::task::spawn_blocking(move || writer.join()).await;
        match joined {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_panic)) => {
                Err(StoreError::Database { call: "close", source: "the writer panicked".into() })
            }
            Err(error) => Err(StoreError::Database { call: "close", source: error.into() }),
        }
    }
}
