//! History by day: journals and long records of a day are in partitions of their own, which are dropped whole when nothing of the day is
//! kept any longer.
//!
//! The id of an execution begins with its time, so a day is a range of ids, and the children of an execution are of its day. What is of
//! no day that was made is in the rest: it works as everywhere else, and is deleted row by row.
//!
//! An execution that has expired loses its row, and its journal stays until the day is dropped. So a journal is read by way of the row
//! alone, and a long record by way of a journal or a record in a tail.

mod partition;
mod upkeep;

use std::collections::BTreeMap;
use std::sync::Mutex;

use steadflow_core::timestamp::Timestamp;
use steadflow_store::parts::{PartRow, PartValue};
use tokio_postgres::Client;

use self::partition::Partition;
use crate::columns::get;
use crate::error::{OpenError, Result};
use crate::migrate;
use crate::session::{BEGIN, TRIES};

/// The tables that are kept by day.
const TABLES: [&str; 2] = ["journals", "long_records"];

/// Where journals and long records are deleted row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowByRow {
    pub(crate) journals: &'static str,
    pub(crate) long_records: &'static str,
}

/// All, of every day.
pub(crate) const EVERYWHERE: RowByRow = RowByRow { journals: "journals", long_records: "long_records" };
/// What is of no day.
const REST: RowByRow = RowByRow { journals: "journals_rest", long_records: "long_records_rest" };

/// What a process knows of the days of its database.
#[derive(Debug)]
pub(crate) struct Days {
    /// Whether there are any: a database may lack partitions.
    are_kept: bool,
    /// Partitions of which nothing is needed any longer, and since when this process knows.
    unneeded: Mutex<BTreeMap<Partition, Timestamp>>,
}

impl Days {
    /// Keeps history by day if the database can, and makes the next days. What fails is said and tried again later: the rest takes what
    /// has no day.
    ///
    /// # Errors
    /// [`OpenError`] if it is not known whether the database can: other processes may know it.
    pub(crate) async fn open(
        db: &Client,
        are_wanted: bool,
        at: &str,
    ) -> std::result::Result<Self, OpenError> {
        let mut tries = 0;
        let are_kept = loop {
            tries += 1;
            match prepared(db, are_wanted).await {
                Ok(are_kept) => break are_kept,
                Err(error) if error.is_conflict() && tries < TRIES => {}
                // Somebody reads what is changed. A process that knows of no days is right beside others that do.
                Err(error) if error.is_conflict() => {
                    let error = error.of("days");
                    tracing::warn!(error = %error, "history is not kept by day yet; this is tried at the next start");
                    break false;
                }
                Err(error) if error.is_of_syntax() => {
                    let lacks = error.of("partitions");
                    tracing::info!(error = %lacks, "the database does not keep history by day; it is deleted row by row");
                    break false;
                }
                Err(error) => return Err(migrate::failed(at, error)),
            }
        };
        if are_kept && let Err(error) = first_days(db).await {
            let error = error.of("days");
            tracing::warn!(error = %error, "the next days could not be made; this is tried again");
        }
        Ok(Self { are_kept, unneeded: Mutex::default() })
    }

    /// Makes the days of rows that are moved to a table, which nobody else writes.
    pub(crate) async fn make_for(&self, db: &Client, table: &str, moved: &[PartRow]) -> Result<()> {
        let Some(table) = TABLES.into_iter().find(|known| self.are_kept && *known == table) else {
            return Ok(());
        };
        let ids = moved.iter().filter_map(|row| match row.first() {
            Some(PartValue::Id(id)) => Some(*id),
            _ => None,
        });
        let missing = Partition::of_past(table, ids, now(db).await?);
        for partition in missing {
            match in_transaction(db, async { partition.make(db).await }).await {
                // Somebody looks at the rest: it takes these rows, too.
                Err(error) if error.is_conflict() => {}
                made => made?,
            }
        }
        Ok(())
    }

    /// Returns from where the journals and long records of executions are deleted that have expired.
    pub(crate) const fn of_expired(&self) -> RowByRow {
        if self.are_kept { REST } else { EVERYWHERE }
    }
}

/// Returns whether history is kept by day, after it was made so where that is wanted.
async fn prepared(db: &Client, are_wanted: bool) -> Result<bool> {
    if is_by_day(db).await? || !are_wanted {
        return is_by_day(db).await;
    }
    in_transaction(db, async {
        migrate::lock(db).await?;
        // Another process may have been faster.
        if !is_by_day(db).await? {
            db.batch_execute(include_str!("queries/by_day.sql")).await?;
        }
        Ok(())
    })
    .await?;
    Ok(true)
}

async fn is_by_day(db: &Client) -> Result<bool> {
    let sql = "SELECT relkind::text = 'p' FROM pg_class WHERE oid = to_regclass('journals')";
    get(&db.query_typed_one(sql, &[]).await?, 0)
}

/// Makes the next days by the clock of the database, before this process has written anything.
async fn first_days(db: &Client) -> Result<()> {
    let now = now(db).await?;
    for table in TABLES {
        let made = partition::of(db, table).await?;
        for missing in Partition::ahead(table, now).filter(|next| !made.contains_key(next)) {
            in_transaction(db, async {
                migrate::lock(db).await?;
                missing.make(db).await
            })
            .await?;
        }
    }
    Ok(())
}

async fn now(db: &Client) -> Result<Timestamp> {
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    get(&db.query_typed_one(sql, &[]).await?, 0).map(Timestamp::from_micros)
}

async fn in_transaction(db: &Client, work: impl Future<Output = Result<()>>) -> Result<()> {
    db.batch_execute(BEGIN).await?;
    let done = work.await;
    db.batch_execute(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    done
}
