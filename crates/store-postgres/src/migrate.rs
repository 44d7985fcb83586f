//! Migrations: numbered SQL, run once each, forward only.

use std::cmp::Ordering;

use sha2::{Digest, Sha256};
use steadflow_store::StoreError;
use tokio_postgres::Client;

use crate::error::{OpenError, Result};
use crate::value::params;

/// A step of the schema.
struct Migration {
    name: &'static str,
    /// Its text, which never changes once it was released.
    sql: &'static str,
    /// The number of the oldest schema whose programs work beside this one: they name the columns that they read and write, so new
    /// tables, indexes, and columns with defaults are nothing to them.
    compatible_from: i64,
}

/// In order, from 1, without gaps.
const MIGRATIONS: &[Migration] =
    &[Migration { name: "initial", sql: include_str!("../migrations/0001_initial.sql"), compatible_from: 1 }];

/// The number of the row that says that the database must not be used. No version knows so many migrations, so older ones refuse it,
/// too.
const MARK: i64 = 1_000_000;
/// What the row is called of a database that is being moved to.
const UNFINISHED: &str = "unfinished move";
/// Stands before the place that a database was moved to.
const MOVED_TO: &str = "moved to ";

/// Why a database must not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It has only a part of what is moved to it.
    Unfinished,
    /// Its executions go on there.
    Moved(String),
}

impl Mark {
    fn of(name: &str) -> Self {
        name.strip_prefix(MOVED_TO).map_or(Self::Unfinished, |to| Self::Moved(to.to_owned()))
    }

    fn name(&self) -> String {
        match self {
            Self::Unfinished => UNFINISHED.to_owned(),
            Self::Moved(to) => format!("{MOVED_TO}{to}"),
        }
    }
}

/// What there is of the schema.
pub(crate) enum Found {
    /// So many migrations, which are as they are known.
    Known(i64),
    /// The database must not be used.
    Marked(Mark),
    /// It has tables, and none of ours.
    Foreign,
    /// It has so many migrations, which are more than are known, and this version works beside those that made them.
    Ahead(i64),
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
    let found = migrated(db).await.map_err(|error| failed(at, error))?.migrations(at)?;
    if found > known() {
        tracing::info!(
            found,
            known = known(),
            "the schema is of a newer version, beside which this one works"
        );
    }
    Ok(())
}

/// Looks whether the schema is that of this version and the database may be used, and changes nothing.
///
/// # Errors
/// [`OpenError::Older`] and those of [`migrate`].
pub(crate) async fn check(db: &Client, at: &str) -> std::result::Result<(), OpenError> {
    let found = async {
        let sql = "SELECT to_regclass('schema_migrations') IS NOT NULL";
        let has_table: bool = db.query_typed_one(sql, &[]).await?.get(0);
        match (is_ours(db).await?, has_table) {
            (false, _) => Ok(Found::Foreign),
            (true, false) => Ok(Found::Known(0)),
            (true, true) => found(db).await,
        }
    };
    let found = found.await.map_err(|error| failed(at, error))?.migrations(at)?;
    let at = at.to_owned();
    match found.cmp(&known()) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(OpenError::Older { at, found, known: known() }),
        // It may have what this version does not know of.
        Ordering::Greater => Err(OpenError::Newer { at, found, known: known() }),
    }
}

/// Looks whether processes may work on the database, and keeps it so until the transaction ends.
///
/// # Errors
/// [`StoreError::Refused`] if the database is being moved, or was.
pub(crate) async fn stays(db: &Client) -> Result<()> {
    // Who moves it has the row locked. What that one has written is seen by the next statement.
    db.execute_typed("SELECT 1 FROM schema_migrations WHERE number = 0 FOR SHARE", &[]).await?;
    let sql = "SELECT name FROM schema_migrations WHERE number = $1";
    let Some(row) = db.query_typed_opt(sql, params![MARK]).await? else { return Ok(()) };
    let name: &str = row.get(0);
    let source = format!("the database is marked as moved (`{name}`); stop this process").into();
    Err(StoreError::Refused { call: "register", source }.into())
}

/// Keeps others from changing the schema until the transaction ends, after it has waited for them.
pub(crate) async fn lock(db: &Client) -> Result<()> {
    db.execute_typed("SELECT 1 FROM schema_migrations WHERE number = 0 FOR UPDATE", &[]).await?;
    Ok(())
}

/// As [`lock`], without waiting: returns whether the schema may be changed. Somebody else may be at it, and one that is moved stays as
/// it is.
pub(crate) async fn try_lock(db: &Client) -> Result<bool> {
    let sql = "SELECT 1 FROM schema_migrations WHERE number = 0 FOR UPDATE SKIP LOCKED";
    if db.query_typed_opt(sql, &[]).await?.is_none() {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM schema_migrations WHERE number = $1";
    Ok(db.query_typed_opt(sql, params![MARK]).await?.is_none())
}

/// Says why the database must not be used, or that it may be.
pub(crate) async fn mark(db: &Client, mark: Option<&Mark>) -> Result<()> {
    db.execute_typed("DELETE FROM schema_migrations WHERE number = $1", params![MARK]).await?;
    if let Some(mark) = mark {
        note(db, MARK, &mark.name(), &[], MARK).await?;
    }
    Ok(())
}

impl Found {
    /// Returns how many migrations there are, if the database can be used.
    fn migrations(self, at: &str) -> std::result::Result<i64, OpenError> {
        let at = at.to_owned();
        match self {
            Self::Known(number) | Self::Ahead(number) => Ok(number),
            Self::Marked(Mark::Unfinished) => Err(OpenError::Unfinished { at }),
            Self::Marked(Mark::Moved(to)) => Err(OpenError::Moved { at, to }),
            Self::Foreign => Err(OpenError::Foreign { at }),
            Self::Newer(found) => Err(OpenError::Newer { at, found, known: known() }),
            Self::Differs(migration) => Err(OpenError::Differs { at, migration }),
        }
    }
}

pub(crate) fn failed(at: &str, error: crate::error::Error) -> OpenError {
    OpenError::Database { at: at.to_owned(), reason: said(error) }
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
    let end = if matches!(found, Ok(Found::Known(_) | Found::Ahead(_))) { "COMMIT" } else { "ROLLBACK" };
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
    let found = found(db).await?;
    let Found::Known(number) = found else { return Ok(found) };
    for (number, migration) in (1..).zip(MIGRATIONS).filter(|(next, _)| *next > number) {
        let Migration { name, sql, compatible_from } = migration;
        db.batch_execute(sql).await?;
        note(db, number, name, &Sha256::digest(sql), *compatible_from).await?;
    }
    Ok(Found::Known(known()))
}

/// Looks at what is noted of migrations.
async fn found(db: &Client) -> Result<Found> {
    let sql = "SELECT number, checksum, name, compatible_from FROM schema_migrations
        WHERE number > 0 ORDER BY number";
    let rows = db.query_typed(sql, &[]).await?;
    if let Some(mark) = rows.last().filter(|row| row.get::<_, i64>(0) == MARK) {
        return Ok(Found::Marked(Mark::of(mark.get(2))));
    }
    let differs = rows
        .iter()
        .zip(MIGRATIONS)
        .find(|(row, migration)| row.get::<_, &[u8]>(1) != &Sha256::digest(migration.sql)[..]);
    if let Some((row, _)) = differs {
        return Ok(Found::Differs(row.get(0)));
    }
    let found = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let unknown = rows.iter().skip(MIGRATIONS.len());
    Ok(match unknown.map(|row| row.get::<_, i64>(3)).max() {
        None => Found::Known(found),
        Some(oldest) if oldest <= known() => Found::Ahead(found),
        Some(_) => Found::Newer(found),
    })
}

async fn note(db: &Client, number: i64, name: &str, checksum: &[u8], compatible_from: i64) -> Result<()> {
    let sql = "INSERT INTO schema_migrations (number, name, checksum, applied_at, compatible_from)
        VALUES ($1, $2, $3, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, $4)";
    db.execute_typed(sql, params![number, name, checksum, compatible_from]).await?;
    Ok(())
}

/// Returns whether the schema is empty or was made by us. Extensions may have tables and views in it.
async fn is_ours(db: &Client) -> Result<bool> {
    let sql = "SELECT count(*) = 0 OR count(*) FILTER (WHERE table_name = 'schema_migrations') = 1
        FROM information_schema.tables
        WHERE table_schema = current_schema() AND NOT EXISTS (
            SELECT 1 FROM pg_depend WHERE deptype = 'e' AND objid = to_regclass(quote_ident(table_name))
        )";
    Ok(db.query_typed_one(sql, &[]).await?.get(0))
}
