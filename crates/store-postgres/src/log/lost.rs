//! Lost time: a database that has gone back, as a standby does that took over without the last commits.
//!
//! A worker knows in which history of the database it was registered, and how many batches it has committed. Where the
//! database has another history, or fewer batches, the worker has lost its lease: nothing goes on from a state that is not stored.
//! Which executions were acknowledged and are missing is said in the log.

use std::collections::{HashSet, VecDeque};

use steadflow_core::ids::ExecutionId;
use tokio_postgres::Client;
use uuid::Uuid;

use super::driven::{Driven, Lessee};
use super::journal;
use crate::columns::{execution_id, get};
use crate::error::Result;
use crate::value::{int, params};

/// How many of the executions accepted last are known.
const ACCEPTED_KEPT: usize = 65_536;
/// How many ids a line of the log has.
const IDS_A_LINE: usize = 50;

/// The history of a database: its cluster, and the timeline, which is another one after each failover. `None` where the database does
/// not tell: a loss is then noticed only by the batches that are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeline(Option<String>);

impl Timeline {
    /// Reads it. Any error of it means that the database does not tell; a connection that is broken fails with the next statement.
    pub(crate) async fn read(db: &Client) -> Self {
        let sql = "SELECT system_identifier::text || ' ' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
            FROM pg_control_system()";
        let row = db.query_typed_opt(sql, &[]).await.ok().flatten();
        Self(row.and_then(|row| get(&row, 0).ok()))
    }

    /// Returns whether `other` is certain to be another one.
    pub(super) fn differs(&self, other: &Self) -> bool {
        matches!((&self.0, &other.0), (Some(one), Some(other)) if one != other)
    }
}

/// The executions that a worker has accepted last.
#[derive(Debug, Default)]
pub(crate) struct Accepted(VecDeque<ExecutionId>);

impl Accepted {
    pub(super) fn add(&mut self, accepted: Vec<ExecutionId>) {
        self.0.extend(accepted);
        let surplus = self.0.len().saturating_sub(ACCEPTED_KEPT);
        self.0.drain(..surplus);
    }
}

/// Looks whether the database has gone back since the worker was registered, and says what is missing. Returns whether it has.
pub(super) async fn look(db: &Client, driven: &mut Driven) -> Result<bool> {
    if driven.is_lost {
        return Ok(true);
    }
    let Lessee { epoch, incarnation } = driven.lessee;
    let is_other = driven.timeline.differs(&Timeline::read(db).await);
    // The tail of one that was fenced is moved.
    let sql = "SELECT (SELECT coalesce(max(sequence), 0) FROM tail WHERE worker = $1) FROM workers
        WHERE epoch = $1 AND incarnation = $2 AND NOT is_fenced";
    let row = db.query_typed_opt(sql, params![int(epoch), incarnation]).await?;
    let stored: Option<i64> = row.map(|row| get(&row, 0)).transpose()?;
    let committed = driven.next().sequence - 1;
    let lost = stored.map_or(0, |stored| committed.saturating_sub(stored));
    if !is_other && lost <= 0 {
        return Ok(false);
    }
    let missing = missing(db, driven).await?;
    driven.is_lost = true;
    tracing::error!(
        worker.epoch = epoch,
        batches_lost = if stored.is_some() { lost.max(0) } else { committed },
        executions_missing = missing.len(),
        "the database has gone back in time, as after a failover to a standby that lacks the last commits; the worker stops and begins again with what is stored"
    );
    for ids in missing.chunks(IDS_A_LINE) {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        tracing::error!(
            executions = ids.join(" "),
            "accepted executions that are not in the database: they are lost, or were deleted"
        );
    }
    Ok(true)
}

/// Returns which of the executions that the worker drives or has accepted last are not stored.
async fn missing(db: &Client, driven: &Driven) -> Result<Vec<ExecutionId>> {
    let mut known: HashSet<ExecutionId> = driven.ids().chain(driven.accepted.0.iter().copied()).collect();
    let ids: Vec<Uuid> = known.iter().map(|id| id.uuid()).collect();
    let rows = db.query_typed("SELECT id FROM executions WHERE id = ANY($1)", params![ids]).await?;
    for row in rows {
        known.remove(&execution_id(&row, 0)?);
    }
    journal::each_in_tails(db, |entry, _| {
        known.remove(&entry.execution);
    })
    .await?;
    let mut missing: Vec<ExecutionId> = known.into_iter().collect();
    missing.sort_unstable();
    Ok(missing)
}
