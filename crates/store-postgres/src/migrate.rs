//! Migrations: numbered SQL, run once each, forward only.

use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use crate::error::{OpenError, Result};
use crate::value::params;

/// In order, from 1, without gaps. The text of one that was released never changes.
const MIGRATIONS: &[(&str, &str)] = &[("initial", include_str!("../migrations/0001_initial.sql"))];

/// What is wrong with the schema that is there.
pub(crate) enum Found {
    /// Nothing any more: it is up to date.
    UpToDate,
    /// It has tables, and none of ours.
    Foreign,
    /// It has so many migrations, which are more than are known.
    Newer(i64),
    /// This migration has another text.
    Differs(i64),
}

/// Returns the number of the last migration.
pub(crate) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings the schema up to date. Of several processes that start together, one does, and the others wait: the lock is a row that
/// the transaction writes, so that it ends with the process that has it.
///
/// # Errors
/// What the database says.
pub(crate) async fn migrate(db: &Client, at: &str) -> std::result::Result<(), OpenError> {
    let failed = |error: crate::error::Error| OpenError::Database { at: at.to_owned(), reason: said(error) };
    match migrated(db).await.map_err(failed)? {
        Found::UpToDate => Ok(()),
        Found::Foreign => Err(OpenError::Foreign { at: at.to_owned() }),
        Found::Newer(found) => Err(OpenError::Newer { at: at.to_owned(), found, known: known() }),
        Found::Differs(migration) => Err(OpenError::Differs { at: at.to_owned(), migration }),
    }
}

pub(crate) fn said(error: crate::error::Error) -> String {
    crate::error::message(&error.of("migrate"))
}

async fn migrated(db: &Client) -> Result<Found> {
    if !is_ours(db).await? {
        return Ok(Found::Foreign);
    }
    make_table(db).await?;
    db.batch_execute("BEGIN").await?;
    let found = locked(db).await;
    let end = if matches!(found, Ok(Found::UpToDate)) { "COMMIT" } else { "ROLLBACK" };
    db.batch_execute(end).await?;
    found
}

/// Makes the table of migrations, with the row that locks it. Two that do so at the same time can meet; then it is there.
async fn make_table(db: &Client) -> Result<()> {
    let mut tries = 0;
    loop {
        tries += 1;
        match db.batch_execute(include_str!("queries/schema_migrations.sql")).await {
            Err(error) if error.as_db_error().is_some() && tries < crate::session::TRIES => {}
            made => return Ok(made?),
        }
    }
}

async fn locked(db: &Client) -> Result<Found> {
    // Row 0 is the lock.
    let sql = "UPDATE schema_migrations SET applied_at = applied_at WHERE number = 0";
    db.execute_typed(sql, &[]).await?;
    let rows = db
        .query_typed("SELECT number, checksum FROM schema_migrations WHERE number > 0 ORDER BY number", &[])
        .await?;
    let found = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if found > known() {
        return Ok(Found::Newer(found));
    }
    for (number, (name, sql)) in (1..).zip(MIGRATIONS) {
        let checksum = Sha256::digest(sql).to_vec();
        let stored = rows.iter().find(|row| row.get::<_, i64>(0) == number);
        match stored.map(|row| row.get::<_, Vec<u8>>(1)) {
            Some(stored) if stored == checksum => {}
            Some(_) => return Ok(Found::Differs(number)),
            None => {
                db.batch_execute(sql).await?;
                let note = "INSERT INTO schema_migrations (number, name, checksum, applied_at)
                    VALUES ($1, $2, $3, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)";
                db.execute_typed(note, params![number, *name, checksum.as_slice()]).await?;
            }
        }
    }
    Ok(Found::UpToDate)
}

/// Returns whether the schema is empty or was made by us.
async fn is_ours(db: &Client) -> Result<bool> {
    let sql = "SELECT count(*) = 0 OR count(*) FILTER (WHERE table_name = 'schema_migrations') = 1
        FROM information_schema.tables WHERE table_schema = current_schema()";
    Ok(db.query_typed_one(sql, &[]).await?.get(0))
}
