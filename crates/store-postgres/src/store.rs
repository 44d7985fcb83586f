//! [`Store`] for [`PostgresStore`].

use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Space, Store, StoreFuture};

use crate::columns::number;
use crate::error::Result;
use crate::log::long_records;
use crate::session::session;
use crate::{PostgresStore, call, doctor, long_call};

impl Store for PostgresStore {
    fn doctor(&self) -> StoreFuture<'_, Vec<String>> {
        long_call("doctor", doctor::examine(self))
    }

    fn durability(&self) -> String {
        self.durability.clone()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn space(&self) -> StoreFuture<'_, Space> {
        call("space", self.measure())
    }

    fn shrink(&self) -> StoreFuture<'_, bool> {
        call("shrink", async move { long_records::sweep(&*session(&self.pool).await?).await })
    }

    fn tidy(&self, now: Timestamp) -> StoreFuture<'_, ()> {
        long_call("tidy", async move {
            // One that fails keeps the other from nothing.
            let days = self.look_after_days(now).await;
            self.fold_counters().await.and(days)
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        call("close", self.close_all())
    }
}

impl PostgresStore {
    /// The disk of a database is not ours to look at.
    async fn measure(&self) -> Result<Space> {
        let db = session(&self.pool).await?;
        let row = db.query_typed_one("SELECT pg_database_size(current_database())", &[]).await?;
        let used = number(&row, 0)?;
        Ok(Space { used, quota: None, disk_free: None, reusable: 0, can_shrink: true })
    }

    /// Waits for commits that are under way.
    async fn close_all(&self) -> Result<()> {
        self.pool.close();
        self.worker_pool.close();
        let workers: Vec<_> = self.workers().drain().map(|(_, own)| own).collect();
        for own in workers {
            own.driven.lock().await.connection = None;
        }
        *self.heartbeat.lock().await = None;
        Ok(())
    }
}
