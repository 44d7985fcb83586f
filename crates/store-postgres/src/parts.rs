//! A database as [`Parts`], to be moved: no process uses it meanwhile.
//!
//! The source has the row locked that each process writes when it starts, and the rows of workers, without which none commits. The target
//! has a row that each process refuses.

mod arrays;
mod tables;
mod tail;

use futures_util::TryStreamExt;
use steadflow_store::StoreFuture;
use steadflow_store::parts::{Column, Counters, Kind, Part, PartPage, PartRow, PartValue, Parts};
use tokio::sync::Mutex;
use tokio::sync::mpsc::Sender;
use tokio_postgres::Client;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::columns::get;
use crate::connect::Connection;
use crate::days::Days;
use crate::error::{Error, OpenError, Result, message};
use crate::migrate::{self, Mark};
use crate::session::rows;
use crate::value::{self, Typed, params};
use crate::{PostgresOptions, long_call};

/// The part that is kept in tails.
const TAIL: &str = "records";
/// What comes of a move beside the parts: what a process may claim, and which event had a key last.
const BESIDE: [&str; 2] = [
    "INSERT INTO orphans (execution)
        SELECT id FROM executions WHERE owner IS NOT NULL AND completed_at IS NULL
        UNION SELECT execution FROM orphan_records",
    "INSERT INTO event_keys (tenant, key, event, at)
        SELECT DISTINCT ON (tenant, key) tenant, key, id, at FROM received_events
        WHERE key IS NOT NULL ORDER BY tenant, key, at DESC, id DESC",
];
/// The sequence of the numbers of the inbox.
const INBOX: &str = "pg_get_serial_sequence('inbox', 'number')";

/// A database that is moved, from or to.
#[derive(Debug)]
pub struct PostgresParts {
    db: Connection,
    /// The transaction that keeps others off a source, until it ends.
    lock: Mutex<Connection>,
    /// What a target knows of the days of its database; none in a source.
    target: Option<Days>,
}

impl PostgresParts {
    /// Connects to a database to read it. Nothing of it is changed before [`Parts::leave`], and no process can use it meanwhile.
    ///
    /// # Errors
    /// [`OpenError`], also if its schema is not that of this version, or if a process uses it.
    pub async fn source(options: &PostgresOptions) -> std::result::Result<Self, OpenError> {
        let (db, lock) = (options.connect().await?, options.connect().await?);
        let at = options.to_string();
        migrate::check(&db, &at).await?;
        hold(&lock, &at).await?;
        // It may have been moved while this waited.
        migrate::check(&db, &at).await?;
        Ok(Self { db, lock: Mutex::new(lock), target: None })
    }

    /// Connects to a database to write to it, which must be empty. No process can use it before [`Parts::arrive`].
    ///
    /// # Errors
    /// [`OpenError`], also if it has something, or if a process uses it.
    pub async fn target(options: &PostgresOptions) -> std::result::Result<Self, OpenError> {
        Self::look_at_target(options).await?;
        let (db, lock) = (options.connect().await?, options.connect().await?);
        let at = options.to_string();
        migrate::migrate(&db, &at).await?;
        let days = Days::open(&db, options.by_day, &at).await?;
        hold(&lock, &at).await?;
        is_empty(&db, &at).await?;
        let begun = async {
            migrate::mark(&lock, Some(&Mark::Unfinished)).await?;
            Ok(lock.batch_execute("COMMIT").await?)
        };
        begun.await.map_err(|error| failed(&at, error))?;
        Ok(Self { db, lock: Mutex::new(lock), target: Some(days) })
    }

    /// Looks whether [`Self::target`] would find something to refuse, and changes nothing.
    ///
    /// # Errors
    /// [`OpenError`] as for [`Self::target`].
    pub async fn look_at_target(options: &PostgresOptions) -> std::result::Result<(), OpenError> {
        let db = options.connect().await?;
        let at = options.to_string();
        match migrate::check(&db, &at).await {
            Err(OpenError::Older { found: 0, .. }) => Ok(()),
            Ok(()) | Err(OpenError::Older { .. }) => is_empty(&db, &at).await,
            Err(error) => Err(error),
        }
    }

    /// Lets a database that was moved be used again.
    ///
    /// # Errors
    /// [`OpenError`], also if it was not moved.
    pub async fn reopen(options: &PostgresOptions) -> std::result::Result<(), OpenError> {
        let db = options.connect().await?;
        let at = options.to_string();
        match migrate::check(&db, &at).await {
            Err(OpenError::Moved { .. }) => {
                migrate::mark(&db, None).await.map_err(|error| failed(&at, error))
            }
            Ok(()) => Err(OpenError::NotMoved { at }),
            Err(error) => Err(error),
        }
    }
}

fn failed(at: &str, error: Error) -> OpenError {
    OpenError::Database { at: at.to_owned(), reason: message(&error.of("move")) }
}

/// Begins a transaction in which no process can start or commit.
async fn hold(db: &Client, at: &str) -> std::result::Result<(), OpenError> {
    let in_use = |by: String| OpenError::InUse { at: at.to_owned(), by };
    let held = async {
        db.batch_execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0").await?;
        let start = "SELECT 1 FROM schema_migrations WHERE number = 0 FOR UPDATE NOWAIT";
        db.query_typed(start, &[]).await?;
        let living = "SELECT name, ceil((lease_until - extract(epoch FROM clock_timestamp()) * 1000000) / 1000000)::bigint
            FROM workers WHERE NOT is_fenced AND lease_until > extract(epoch FROM clock_timestamp()) * 1000000
            ORDER BY lease_until DESC";
        let living = db.query_typed(living, &[]).await?;
        db.query_typed("SELECT 1 FROM workers ORDER BY epoch FOR UPDATE NOWAIT", &[]).await?;
        // A process without a lease cannot have a new one, and nobody can edit anything.
        db.query_typed("SELECT 1 FROM counters ORDER BY name FOR UPDATE NOWAIT", &[]).await?;
        Ok::<_, Error>(living)
    };
    let living = held.await.map_err(|error| match error.code() {
        Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE => {
            in_use("a process that starts or writes".into())
        }
        _ => failed(at, error),
    })?;
    let Some(last) = living.first() else { return Ok(()) };
    let names: Vec<String> = living.iter().map(|row| row.get(0)).collect();
    let seconds: i64 = last.get(1);
    Err(in_use(format!("{} (its lease ends in {seconds} s if it is gone)", names.join(", "))))
}

/// Looks whether all tables that are there are empty.
async fn is_empty(db: &Client, at: &str) -> std::result::Result<(), OpenError> {
    let full = async {
        let mut full = Vec::new();
        for table in tables::names() {
            let there = db.query_typed_one("SELECT to_regclass($1) IS NOT NULL", params![table]).await?;
            let sql = format!("SELECT 1 FROM {table} LIMIT 1");
            if get(&there, 0)? && db.query_typed_opt(&sql, &[]).await?.is_some() {
                full.push(table);
            }
        }
        Ok(full)
    };
    let full = full.await.map_err(|error| failed(at, error))?;
    if full.is_empty() {
        return Ok(());
    }
    Err(OpenError::NotEmpty { at: at.to_owned(), tables: full.join(", ") })
}

impl Parts for PostgresParts {
    fn read(&self, part: &'static Part, pages: Sender<Vec<PartRow>>) -> StoreFuture<'_, ()> {
        long_call(part.name, async move {
            let mut sending = Sending { part, pages, page: PartPage::default() };
            if part.name == TAIL {
                tail::read(&self.db, &mut sending).await?;
            } else {
                read_table(&self.db, &mut sending, self.target.is_none()).await?;
            }
            sending.rest().await;
            Ok(())
        })
    }

    fn write(&self, part: &'static Part, rows: Vec<PartRow>) -> StoreFuture<'_, ()> {
        long_call(part.name, async move {
            let count = rows.len() as u64;
            if let Some(days) = &self.target {
                days.make_for(&self.db, part.name, &rows).await?;
            }
            let arrays = arrays::of(part.columns, rows)?;
            let arrays: Vec<Typed<'_>> = arrays.iter().map(arrays::Array::typed).collect();
            let written = self.db.execute_typed(&tables::insert(part), &arrays).await?;
            if written == count { Ok(()) } else { Err(part.unreadable("not all were written".into()).into()) }
        })
    }

    fn counters(&self) -> StoreFuture<'_, Counters> {
        long_call("counters", async move {
            let sql = format!(
                "SELECT (SELECT value FROM counters WHERE name = 'epoch'),
                    coalesce(pg_sequence_last_value({INBOX}::regclass), 0)"
            );
            let row = self.db.query_typed_one(&sql, &[]).await?;
            Ok(Counters { epoch: get(&row, 0)?, inbox: get(&row, 1)? })
        })
    }

    fn complete(&self, counters: Counters) -> StoreFuture<'_, ()> {
        long_call("complete", complete(&self.db, counters))
    }

    fn leave(&self, to: String) -> StoreFuture<'_, ()> {
        long_call("leave", async move {
            let db = self.lock.lock().await;
            // One that only stood still finds that it may write no more.
            db.batch_execute("UPDATE workers SET is_fenced = true").await?;
            migrate::mark(&db, Some(&Mark::Moved(to))).await?;
            Ok(db.batch_execute("COMMIT").await?)
        })
    }

    fn arrive(&self) -> StoreFuture<'_, ()> {
        long_call("arrive", migrate::mark(&self.db, None))
    }
}

async fn read_table(db: &Client, sending: &mut Sending<'_>, is_source: bool) -> Result<()> {
    let part = sending.part;
    let sql = tables::select(part, is_source);
    let mut found = rows(db, &sql, &[]).await?;
    while let Some(row) = found.try_next().await? {
        let values = (0..).zip(part.columns).map(|(at, column)| value(&row, at, column));
        if !sending.add(values.collect::<Result<_>>()?).await? {
            break;
        }
    }
    Ok(())
}

fn value(row: &Row, at: usize, column: &Column) -> Result<PartValue> {
    let found = match column.kind {
        Kind::Id => get::<Option<_>>(row, at)?.map(PartValue::Id),
        Kind::Int => get::<Option<_>>(row, at)?.map(PartValue::Int),
        Kind::Real => get::<Option<_>>(row, at)?.map(PartValue::Real),
        Kind::Flag => get::<Option<_>>(row, at)?.map(PartValue::Flag),
        Kind::Text => get::<Option<_>>(row, at)?.map(|text| PartValue::Text(value::read(text))),
        Kind::Json => get::<Option<_>>(row, at)?.map(PartValue::Text),
        Kind::Bytes => get::<Option<_>>(row, at)?.map(PartValue::Bytes),
    };
    Ok(found.unwrap_or(PartValue::Null))
}

/// Rows on their way.
struct Sending<'a> {
    part: &'a Part,
    pages: Sender<Vec<PartRow>>,
    page: PartPage,
}

impl Sending<'_> {
    /// Adds a row. Returns whether somebody takes it.
    async fn add(&mut self, row: PartRow) -> Result<bool> {
        let Some(page) = self.page.add(self.part.whole(row)?) else { return Ok(true) };
        Ok(self.pages.send(page).await.is_ok())
    }

    async fn rest(self) {
        if let Some(page) = self.page.rest() {
            // Nobody may be there to take it.
            let _taken = self.pages.send(page).await;
        }
    }
}

async fn complete(db: &Client, counters: Counters) -> Result<()> {
    db.batch_execute("BEGIN").await?;
    for sql in BESIDE {
        db.execute_typed(sql, &[]).await?;
    }
    let sql = "UPDATE counters SET value = greatest(value, $1) WHERE name = 'epoch'";
    db.execute_typed(sql, params![counters.epoch]).await?;
    if counters.inbox > 0 {
        let sql = format!("SELECT setval({INBOX}, $1)");
        db.query_typed(&sql, params![counters.inbox]).await?;
    }
    // The statistics of empty tables would lead to plans that read them whole.
    db.batch_execute("COMMIT; ANALYZE").await?;
    Ok(())
}
