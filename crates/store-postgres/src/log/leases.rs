//! Workers: who may write.

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::timestamp::Timestamp;
use steadflow_store::{StoreError, Worker};
use tokio::time::timeout;
use tokio_postgres::Client;
use uuid::Uuid;

use super::driven::Lessee;
use super::group::OwnWorker;
use super::idempotency;
use super::lost::{self, Timeline};
use crate::PostgresStore;
use crate::columns::get;
use crate::connect::LeaseClock;
use crate::error::{Error, Result};
use crate::migrate;
use crate::session::{session, transaction};
use crate::value::{int, params};

/// The moment in microseconds: the one that is given, or else the database's.
macro_rules! now {
    ($parameter:literal) => {
        concat!("coalesce(", $parameter, ", (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)")
    };
}

impl PostgresStore {
    /// See [`steadflow_store::Log::register`].
    pub(super) async fn register_worker(&self, name: &str, now: Timestamp, ttl: Duration) -> Result<Worker> {
        let (now, incarnation, format) = (self.moment(now), Uuid::now_v7(), self.options.format);
        let row = transaction!(&self.pool, |db| {
            migrate::stays(db).await?;
            fence(db, now, None).await?;
            let sql = concat!(
                "WITH next AS (UPDATE counters SET value = value + 1 WHERE name = 'epoch' RETURNING value)
                 INSERT INTO workers (epoch, incarnation, name, lease_until, is_fenced, format)
                 SELECT value, $1, $2, ",
                now!("$3"),
                " + $4, false, $5 FROM next RETURNING epoch"
            );
            Ok(db.query_typed_one(sql, params![incarnation, name, now, micros(ttl), format]).await?)
        })?;
        let timeline = Timeline::read(&*session(&self.pool).await?).await;
        let epoch: i64 = get(&row, 0)?;
        let epoch = u64::try_from(epoch).map_err(|_| Error::Unreadable(format!("epoch {epoch}")))?;
        self.workers()
            .insert(epoch, Arc::new(OwnWorker::new(Lessee { epoch, incarnation }, timeline, format)));
        Ok(Worker { epoch })
    }

    /// See [`steadflow_store::Log::renew`]. It has a connection of its own, and waits for nothing but a commit. It
    /// comes every few seconds, so it also deletes old idempotency keys.
    pub(super) async fn renew_lease(&self, worker: Worker, now: Timestamp, ttl: Duration) -> Result<()> {
        let own = self.own(worker)?;
        let mut kept = self.heartbeat.lock().await;
        // It is kept again once it has answered: one that says nothing is not used a second time.
        let (open, silence_max) = (kept.take().filter(|open| !open.is_closed()), ttl / 3);
        let renewing = async {
            let db = match open {
                Some(open) => open,
                None => self.options.connect().await.map_err(|error| Error::Pool(error.into()))?,
            };
            self.renew_on(&db, &own, now, ttl).await?;
            Ok(db)
        };
        let renewed = timeout(silence_max, renewing).await;
        *kept = Some(renewed.unwrap_or_else(|_| Err(Error::Silence(silence_max)))?);
        Ok(())
    }

    async fn renew_on(&self, db: &Client, own: &OwnWorker, now: Timestamp, ttl: Duration) -> Result<()> {
        // Behind a pooler, a connection outlives the server that it leads to.
        if own.timeline.differs(&Timeline::read(db).await) {
            lost::look(db, &mut *own.driven.lock().await).await?;
            return Err(StoreError::Fenced.into());
        }
        // A renewal that comes late, or twice, shortens nothing.
        let sql = concat!(
            "UPDATE workers SET lease_until = greatest(lease_until, ",
            now!("$2"),
            " + $3) WHERE epoch = $1 AND incarnation = $4 AND NOT is_fenced"
        );
        let Lessee { epoch, incarnation } = own.lessee;
        let renewed =
            db.execute_typed(sql, params![int(epoch), self.moment(now), micros(ttl), incarnation]).await?;
        if renewed == 0 {
            return Err(StoreError::Fenced.into());
        }
        idempotency::forget_old(db, now).await
    }

    /// See [`steadflow_store::Log::release`].
    pub(super) async fn release_lease(&self, worker: Worker) -> Result<()> {
        let Some(own) = self.workers().remove(&worker.epoch) else { return Ok(()) };
        let Lessee { epoch, incarnation } = own.lessee;
        let db = session(&self.pool).await?;
        let sql = "UPDATE workers SET is_fenced = true WHERE epoch = $1 AND incarnation = $2";
        db.execute_typed(sql, params![int(epoch), incarnation]).await?;
        Ok(())
    }

    /// Returns the moment that is compared with the ends of leases; `None` for the database's own.
    pub(super) fn moment(&self, now: Timestamp) -> Option<i64> {
        match self.options.clock {
            LeaseClock::Database => None,
            LeaseClock::Callers => Some(now.as_micros()),
        }
    }
}

/// Fences every worker but one whose lease has ended.
pub(super) async fn fence(db: &Client, now: Option<i64>, but: Option<Worker>) -> Result<()> {
    // One that stands still with its row locked is fenced when the database has ended its transaction.
    let sql = concat!(
        "UPDATE workers SET is_fenced = true WHERE epoch IN (
            SELECT epoch FROM workers WHERE NOT is_fenced AND epoch IS DISTINCT FROM $2 AND lease_until <= ",
        now!("$1"),
        " ORDER BY epoch FOR UPDATE SKIP LOCKED)"
    );
    db.execute_typed(sql, params![now, but.map(|worker| int(worker.epoch))]).await?;
    Ok(())
}

/// Keeps the worker from being fenced until the transaction ends.
///
/// # Errors
/// [`StoreError::Fenced`] if it is.
pub(crate) async fn hold(db: &Client, worker: Lessee) -> Result<()> {
    let sql = "SELECT 1 FROM workers WHERE epoch = $1 AND incarnation = $2 AND NOT is_fenced FOR SHARE";
    let row = db.query_typed_opt(sql, params![int(worker.epoch), worker.incarnation]).await?;
    row.map(drop).ok_or_else(|| StoreError::Fenced.into())
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
