//! Workers: who may write.

use std::time::Duration;

use rusqlite::Connection;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{StoreError, Worker};

use crate::error::store_error;
use crate::writer::Writer;

use super::idempotency;

/// See [`steadflow_store::Log::register`].
pub(crate) fn register(
    writer: &Writer,
    name: &str,
    now: Timestamp,
    ttl: Duration,
) -> Result<Worker, StoreError> {
    let until = now.plus(ttl).as_micros();
    let registered = || -> rusqlite::Result<u64> {
        fence(&writer.db, now, None)?;
        let sql = "INSERT INTO workers (name, lease_until) VALUES (?1, ?2) RETURNING epoch";
        writer.db.query_row(sql, (name, until), |row| row.get(0))
    };
    registered().map(|epoch| Worker { epoch }).map_err(|error| store_error("register", error))
}

/// Fences every worker but one whose lease has ended at `now`.
pub(crate) fn fence(db: &Connection, now: Timestamp, but: Option<Worker>) -> rusqlite::Result<()> {
    let sql = "DELETE FROM workers WHERE lease_until <= ?1 AND epoch IS NOT ?2";
    db.prepare_cached(sql)?.execute((now.as_micros(), but.map(|worker| worker.epoch))).map(drop)
}

/// See [`steadflow_store::Log::renew`]. Comes every few seconds, so it also sweeps up old idempotency keys.
pub(crate) fn renew(
    writer: &Writer,
    worker: Worker,
    now: Timestamp,
    ttl: Duration,
) -> Result<(), StoreError> {
    let until = now.plus(ttl).as_micros();
    let renewed = || -> rusqlite::Result<usize> {
        idempotency::forget_old(&writer.db, now)?;
        // A renewal that comes late, or twice, shortens nothing.
        let sql = "UPDATE workers SET lease_until = max(lease_until, ?2) WHERE epoch = ?1";
        writer.db.prepare_cached(sql)?.execute((worker.epoch, until))
    };
    match renewed().map_err(|error| store_error("renew", error))? {
        0 => Err(StoreError::Fenced),
        _ => Ok(()),
    }
}

/// See [`steadflow_store::Log::release`].
pub(crate) fn release(writer: &Writer, worker: Worker) -> Result<(), StoreError> {
    let released = writer.db.execute("DELETE FROM workers WHERE epoch = ?1", [worker.epoch]);
    released.map(drop).map_err(|error| store_error("release", error))
}
