//! A database as [`Parts`], to be moved: nothing else uses it meanwhile, as this has its lock.

mod tables;
mod tail;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Row, ToSql, params_from_iter};
use steadflow_store::parts::{Column, Counters, Kind, Part, PartPage, PartRow, PartValue, Parts};
use steadflow_store::{StoreError, StoreFuture};
use tokio::sync::mpsc::Sender;
use uuid::Uuid;

use self::tables::statements;
use crate::columns::unreadable;
use crate::error::store_error;
use crate::lock::LockFile;
use crate::migrate::{self, Mark};
use crate::{OpenError, SqliteOptions, connection, files};

/// The part that is kept as batches of the tail.
const TAIL: &str = "records";
/// Pages of the log of SQLite after which it is written to the file.
const CHECKPOINT_PAGES: u32 = 4_000;

/// A database that is moved, from or to.
#[derive(Debug)]
pub struct SqliteParts {
    db: Arc<Mutex<Connection>>,
    path: PathBuf,
    _lock: LockFile,
}

/// Whether somebody has taken a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Taken,
    Nobody,
}

impl SqliteParts {
    /// Opens a database to read it. Nothing of it is changed before [`Parts::leave`].
    ///
    /// # Errors
    /// [`OpenError`], also if its schema is not that of this version.
    pub fn source(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let lock = LockFile::take(path)?;
        let db = connection::open_reader(path, &SqliteOptions::default()).map_err(failed(path))?;
        migrate::check(&db, path)?;
        Ok(Self::new(db, path, lock))
    }

    /// Makes a database to write to, or opens one that is empty. It cannot be opened for anything else before [`Parts::arrive`].
    ///
    /// # Errors
    /// [`OpenError`], also if it has something.
    pub fn target(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let lock = LockFile::take(path)?;
        files::create(path)?;
        let mut db = connection::open_writer(path, &SqliteOptions::default()).map_err(failed(path))?;
        migrate::migrate(&mut db, path)?;
        let tables = full_tables(&db).map_err(failed(path))?;
        if !tables.is_empty() {
            return Err(OpenError::NotEmpty { path: path.to_owned(), tables: tables.join(", ") });
        }
        db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(failed(path))?;
        migrate::mark(&db, Some(&Mark::Unfinished)).map_err(failed(path))?;
        Ok(Self::new(db, path, lock))
    }

    /// Looks whether [`Self::target`] would find something to refuse, and changes nothing.
    ///
    /// # Errors
    /// [`OpenError`] as for [`Self::target`].
    pub fn look_at_target(path: impl AsRef<Path>) -> Result<(), OpenError> {
        let path = path.as_ref();
        if !path.exists() {
            return Ok(());
        }
        let found = match Self::source(path) {
            // It has nothing at all.
            Err(OpenError::Older { found: 0, .. }) => return Ok(()),
            found => found?,
        };
        let tables = full_tables(&found.lock()).map_err(failed(path))?;
        if tables.is_empty() {
            return Ok(());
        }
        Err(OpenError::NotEmpty { path: path.to_owned(), tables: tables.join(", ") })
    }

    /// Lets a database that was moved be opened again.
    ///
    /// # Errors
    /// [`OpenError`], also if it was not moved.
    pub fn reopen(path: impl AsRef<Path>) -> Result<(), OpenError> {
        let path = path.as_ref();
        let _lock = LockFile::take(path)?;
        let db = connection::open_writer(path, &SqliteOptions::default()).map_err(failed(path))?;
        match migrate::check(&db, path) {
            Err(OpenError::Moved { .. }) => migrate::mark(&db, None).map_err(failed(path)),
            Ok(()) => Err(OpenError::NotMoved { path: path.to_owned() }),
            Err(error) => Err(error),
        }
    }

    fn new(db: Connection, path: &Path, lock: LockFile) -> Self {
        Self { db: Arc::new(Mutex::new(db)), path: path.to_owned(), _lock: lock }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works with the database where it may block.
    async fn with<T: Send + 'static>(
        &self,
        call: &'static str,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let db = Arc::clone(&self.db);
        let task =
            tokio::task::spawn_blocking(move || work(&mut db.lock().unwrap_or_else(PoisonError::into_inner)));
        task.await.unwrap_or_else(|error| Err(StoreError::Database { call, source: error.into() }))
    }
}

fn failed(path: &Path) -> impl Fn(rusqlite::Error) -> OpenError {
    move |source| OpenError::Database { path: path.to_owned(), source: source.into() }
}

impl Parts for SqliteParts {
    fn read(&self, part: &'static Part, pages: Sender<Vec<PartRow>>) -> StoreFuture<'_, ()> {
        Box::pin(self.with(part.name, move |db| read(db, part, &pages)))
    }

    fn write(&self, part: &'static Part, rows: Vec<PartRow>) -> StoreFuture<'_, ()> {
        Box::pin(self.with(part.name, move |db| write(db, part, &rows)))
    }

    fn counters(&self) -> StoreFuture<'_, Counters> {
        Box::pin(self.with("counters", |db| counters(db).map_err(|error| store_error("counters", error))))
    }

    fn complete(&self, counters: Counters) -> StoreFuture<'_, ()> {
        Box::pin(self.with("complete", move |db| {
            complete(db, counters).map_err(|error| store_error("complete", error))
        }))
    }

    fn leave(&self, to: String) -> StoreFuture<'_, ()> {
        let path = self.path.clone();
        Box::pin(self.with("leave", move |_| {
            let left = || -> rusqlite::Result<()> {
                let db = connection::open_writer(&path, &SqliteOptions::default())?;
                migrate::mark(&db, Some(&Mark::Moved(to)))
            };
            left().map_err(|error| store_error("leave", error))
        }))
    }

    fn arrive(&self) -> StoreFuture<'_, ()> {
        Box::pin(
            self.with("arrive", |db| migrate::mark(db, None).map_err(|error| store_error("arrive", error))),
        )
    }
}

fn read(db: &Connection, part: &Part, pages: &Sender<Vec<PartRow>>) -> Result<(), StoreError> {
    let mut page = PartPage::default();
    let mut send = |row| {
        let full = page.add(part.whole(row)?);
        let is_taken = full.is_none_or(|page| pages.blocking_send(page).is_ok());
        Ok(if is_taken { Sent::Taken } else { Sent::Nobody })
    };
    if part.name == TAIL {
        tail::read(db, &mut send)?;
    } else {
        read_table(db, part, &mut send)?;
    }
    // Nobody may be there to take it.
    let _taken = page.rest().map(|page| pages.blocking_send(page));
    Ok(())
}

fn read_table(
    db: &Connection,
    part: &Part,
    mut send: impl FnMut(PartRow) -> Result<Sent, StoreError>,
) -> Result<(), StoreError> {
    let failed = |error| store_error(part.name, error);
    let mut statement = db.prepare(&statements(part).select).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let values = (0..).zip(part.columns).map(|(at, column)| value(row, at, column));
        if send(values.collect::<rusqlite::Result<_>>().map_err(failed)?)? == Sent::Nobody {
            break;
        }
    }
    Ok(())
}

fn value(row: &Row<'_>, at: usize, column: &Column) -> rusqlite::Result<PartValue> {
    let found = row.get_ref(at)?;
    Ok(match (column.kind, found) {
        (_, ValueRef::Null) => PartValue::Null,
        (Kind::Id, ValueRef::Blob(bytes)) => PartValue::Id(
            Uuid::from_slice(bytes).map_err(|_| unreadable(at, format!("`{}` is no id", column.name)))?,
        ),
        (Kind::Int, ValueRef::Integer(int)) => PartValue::Int(int),
        (Kind::Real, ValueRef::Real(real)) => PartValue::Real(real),
        (Kind::Flag, ValueRef::Integer(flag @ (0 | 1))) => PartValue::Flag(flag == 1),
        (Kind::Text | Kind::Json, ValueRef::Text(_)) => PartValue::Text(found.as_str()?.to_owned()),
        (Kind::Bytes, ValueRef::Blob(bytes)) => PartValue::Bytes(bytes.to_vec()),
        (_, other) => {
            return Err(rusqlite::Error::InvalidColumnType(at, column.name.to_owned(), other.data_type()));
        }
    })
}

fn write(db: &mut Connection, part: &Part, rows: &[PartRow]) -> Result<(), StoreError> {
    let failed = |error| store_error(part.name, error);
    let tx = db.transaction().map_err(failed)?;
    if part.name == TAIL {
        tail::write(&tx, part, rows)?;
    } else {
        let mut statement = tx.prepare_cached(&statements(part).insert).map_err(failed)?;
        for row in rows {
            let written = statement.execute(params_from_iter(row.iter().map(Bound))).map_err(failed)?;
            if written != 1 {
                return Err(part.unreadable("what it refers to is not there".into()));
            }
        }
    }
    tx.commit().map_err(failed)
}

/// A value as a parameter.
struct Bound<'a>(&'a PartValue);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            PartValue::Null => ToSqlOutput::Owned(Value::Null),
            PartValue::Id(id) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
            PartValue::Int(int) => ToSqlOutput::Owned(Value::Integer(*int)),
            PartValue::Real(real) => ToSqlOutput::Owned(Value::Real(*real)),
            PartValue::Flag(flag) => ToSqlOutput::Owned(Value::Integer(i64::from(*flag))),
            PartValue::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            PartValue::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Returns the tables that have rows; those that no part has say nothing.
fn full_tables(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut full = Vec::new();
    for table in tables::names() {
        if db.prepare(&format!("SELECT 1 FROM {table} LIMIT 1"))?.exists([])? {
            full.push(table.to_owned());
        }
    }
    Ok(full)
}

fn counters(db: &Connection) -> rusqlite::Result<Counters> {
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?1";
    let last = |table: &str| db.query_row(sql, [table], |row| row.get(0));
    Ok(Counters { epoch: last("workers")?, inbox: last("inbox")? })
}

fn complete(db: &mut Connection, counters: Counters) -> rusqlite::Result<()> {
    let tx = db.transaction()?;
    for (table, last) in [("workers", counters.epoch), ("inbox", counters.inbox)] {
        tx.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table])?;
        tx.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", (table, last))?;
    }
    tx.commit()?;
    db.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)")
}
