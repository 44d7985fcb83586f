//! Making days ahead, and taking those away of which nothing is kept.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::batch::{self, Place};
use tokio_postgres::Client;
use uuid::Uuid;

use super::TABLES;
use super::partition::{self, Made, Partition};
use crate::PostgresStore;
use crate::columns::{get, number};
use crate::error::Result;
use crate::migrate;
use crate::session::{Transaction, rows, session};
use crate::value::params;
use crate::within;

/// How long a day must be over before it is taken away: nothing of it begins any more.
const OVER_FOR: Duration = Duration::from_secs(86_400);
/// How long nothing of a day must be needed before it is taken away: who reads an execution has read it by then.
const UNNEEDED_FOR: Duration = Duration::from_secs(60);

/// What is done to a partition, in a transaction of its own.
#[derive(Clone, Copy, Debug)]
enum Change {
    Make,
    Empty,
    Remove,
    Analyze,
}

impl PostgresStore {
    /// See [`steadflow_store::Store::tidy`]. What has to wait is done the next time.
    pub(crate) async fn look_after_days(&self, now: Timestamp) -> Result<()> {
        if !self.days.are_kept {
            return Ok(());
        }
        // What is needed comes first.
        for table in TABLES {
            let made = self.made(table).await?;
            self.make_ahead(table, &made, now).await?;
        }
        for table in TABLES {
            let made = self.made(table).await?;
            self.drop_unneeded(table, &made, now).await?;
            let is_due = |(known, last): &(&Partition, &Option<Timestamp>)| {
                known.day.end() <= now && last.is_none_or(|last| last < known.day.end())
            };
            // One is enough at a time; those that were dropped are passed over.
            if let Some((over, _)) = made.iter().rev().find(is_due) {
                self.change(*over, Change::Analyze).await?;
            }
        }
        Ok(())
    }

    async fn made(&self, table: &'static str) -> Result<Made> {
        within(async { partition::of(&*session(&self.pool).await?, table).await }).await
    }

    async fn make_ahead(&self, table: &'static str, made: &Made, now: Timestamp) -> Result<()> {
        for next in Partition::ahead(table, now).filter(|next| !made.contains_key(next)) {
            if !self.change(next, Change::Make).await? {
                break;
            }
        }
        Ok(())
    }

    async fn drop_unneeded(&self, table: &str, made: &Made, now: Timestamp) -> Result<()> {
        self.unneeded().retain(|known, _| known.table != table || made.contains_key(known));
        for over in made.keys().filter(|known| known.day.end().plus(OVER_FOR) <= now) {
            let is_empty = self.is_unneeded(*over, now).await? && self.change(*over, Change::Empty).await?;
            // Who has the table locked has it for the next one, too.
            if is_empty && !self.change(*over, Change::Remove).await? {
                break;
            }
        }
        Ok(())
    }

    fn unneeded(&self) -> MutexGuard<'_, BTreeMap<Partition, Timestamp>> {
        self.days.unneeded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether a partition has been of no use for long enough.
    async fn is_unneeded(&self, over: Partition, now: Timestamp) -> Result<bool> {
        let is_needed = within(async { is_needed(&*session(&self.pool).await?, over).await }).await?;
        let mut unneeded = self.unneeded();
        if is_needed {
            unneeded.remove(&over);
            return Ok(false);
        }
        Ok(now.since(*unneeded.entry(over).or_insert(now)) >= UNNEEDED_FOR)
    }

    /// Returns whether it was done, or need not be. Others come first: who has the schema or a lock of what is changed.
    async fn change(&self, partition: Partition, change: Change) -> Result<bool> {
        let done = within(async {
            let tx = Transaction::begin(&self.pool).await?;
            match changed(&tx, partition, change).await {
                Ok(false) => tx.undo().await.map(|()| false),
                done => tx.end(done).await,
            }
        });
        match done.await {
            Err(error) if error.is_conflict() => {
                tracing::debug!(%partition, ?change, "it is tried again: somebody else is at it");
                Ok(false)
            }
            done => done,
        }
    }
}

async fn changed(db: &Client, partition: Partition, change: Change) -> Result<bool> {
    // What changes no schema keeps nobody from changing it.
    if !matches!(change, Change::Analyze) && !migrate::try_lock(db).await? {
        return Ok(false);
    }
    match change {
        Change::Make => partition.make(db).await?,
        // Another process was faster.
        _ if !partition.is_there(db).await? => {}
        Change::Empty => {
            partition.empty(db).await?;
            // What has come before it was locked is seen now.
            return Ok(!is_needed(db, partition).await?);
        }
        Change::Remove => {
            let is_removed = partition.remove(db).await?;
            if is_removed {
                tracing::info!(%partition, "dropped the history of a day of which nothing is kept");
            }
            return Ok(is_removed);
        }
        Change::Analyze => partition.analyze(db).await?,
    }
    Ok(true)
}

/// Returns whether there is an execution that may have something in the partition. One that has no row yet has records in a tail.
async fn is_needed(db: &Client, partition: Partition) -> Result<bool> {
    let (first, end) = partition.ids();
    let sql = "SELECT EXISTS (SELECT 1 FROM executions WHERE id >= $1 AND id < $2)
        OR EXISTS (SELECT 1 FROM orphan_records WHERE execution >= $1 AND execution < $2)
        OR EXISTS (SELECT 1 FROM orphans WHERE execution >= $1 AND execution < $2)";
    let is_in_tables = async || get::<bool>(&db.query_typed_one(sql, params![first, end]).await?, 0);
    // Once more: what has left a tail meanwhile is in a table by then.
    Ok(is_in_tables().await? || is_in_tails(db, first, end).await? || is_in_tables().await?)
}

async fn is_in_tails(db: &Client, first: Uuid, end: Uuid) -> Result<bool> {
    let mut batches = rows(db, "SELECT worker, sequence, entries FROM tail", &[]).await?;
    while let Some(row) = batches.try_next().await? {
        let place = Place { worker: number(&row, 0)?, sequence: get(&row, 1)? };
        // A row that cannot be read may have any.
        let Ok(entries) = batch::entries(place, get(&row, 2)?) else {
            tracing::warn!(
                worker = place.worker,
                place.sequence,
                "a batch of the tail is not readable, so no history of past days is dropped: run `steadflow doctor`"
            );
            return Ok(true);
        };
        if entries.iter().any(|entry| (first..end).contains(&entry.execution.uuid())) {
            return Ok(true);
        }
    }
    Ok(false)
}
