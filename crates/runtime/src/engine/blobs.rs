//! Deletes the blobs of executions that were deleted.

use std::time::Duration;

use steadflow_store::{BlobStorage, StoreError};
use tokio::time::sleep;

use super::Engine;

/// How often it is looked for executions that were deleted.
const DELETE_EVERY: Duration = Duration::from_secs(5);
/// Executions of a step.
const STEP: usize = 100;

impl Engine {
    /// Deletes the blobs of executions that were deleted, until the engine has ended. Without a storage it returns at once.
    pub async fn keep_blobs(&self) {
        tokio::select! {
            () = self.look_after_blobs() => {}
            _ = self.wait_for_end() => {}
        }
    }

    async fn look_after_blobs(&self) {
        let Some(storage) = self.blobs().storage() else { return };
        loop {
            if let Err(error) = self.delete_blobs(storage).await {
                tracing::warn!(error, "blobs of deleted executions are not deleted yet; it is tried again");
            }
            sleep(DELETE_EVERY).await;
        }
    }

    /// The database forgets an execution only when its blobs are gone, so that nothing is left after a crash.
    async fn delete_blobs(&self, storage: &dyn BlobStorage) -> Result<(), String> {
        let say = |error: StoreError| error.to_string();
        loop {
            let deleted = self.store().deleted_blobs(STEP).await.map_err(say)?;
            if deleted.is_empty() {
                return Ok(());
            }
            for &id in &deleted {
                let gone = storage.delete_all(id).await;
                gone.map_err(|error| format!("{}: {error}", storage.place()))?;
            }
            self.store().forget_blobs(deleted).await.map_err(say)?;
        }
    }
}
