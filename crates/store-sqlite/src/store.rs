//! [`Store`] for [`SqliteStore`].

use steadflow_store::{Space, Store, StoreError, StoreFuture};

use crate::log::long_records;
use crate::{SqliteStore, doctor, space};

impl Store for SqliteStore {
    fn doctor(&self) -> StoreFuture<'_, Vec<String>> {
        Box::pin(self.read("doctor", doctor::examine))
    }

    fn durability(&self) -> String {
        "sqlite, WAL, synchronous=FULL: power loss".into()
    }

    fn space(&self) -> StoreFuture<'_, Space> {
        let (path, options) = self.readers.file();
        Box::pin(self.read("space", move |db| space::measure(db, &path, &options)))
    }

    fn shrink(&self) -> StoreFuture<'_, bool> {
        Box::pin(self.change("shrink", |db| Ok(long_records::sweep(db)? || space::shrink(db)?)))
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
