//! Copies of a database: one made while a server uses it, and the database that is made of one again.
//!
//! A backup is marked, so that nothing opens it by accident and it stays as it was made. Both files get their names once they are whole
//! and on the disk: a process that is killed before leaves nothing that looks like a backup or a database.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::BlobPlace;

use crate::columns::first_bytes;
use crate::doctor::in_tail;
use crate::files::{beside, open_private};
use crate::lock::LockFile;
use crate::migrate::{self, Mark};
use crate::{OpenError, SqliteOptions, SqliteStore, blobs, connection};

/// What a database is called until it is whole.
const PARTIAL: &str = ".partial";

/// A database that was made of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was made.
    pub taken_at: Timestamp,
    /// The executions that had not ended then. What they did after the backup was made is not known, and is done again.
    pub unfinished: BTreeSet<ExecutionId>,
}

impl SqliteStore {
    /// Copies the database at `path` to the file `to`, as it is at one moment, also while a server uses it. Returns the size of the
    /// copy in bytes. The log of the database grows meanwhile, because what is being read stays in it.
    ///
    /// # Errors
    /// [`OpenError`], also if there is a file `to` already; then there is no copy.
    pub fn back_up(path: impl AsRef<Path>, to: impl AsRef<Path>, now: Timestamp) -> Result<u64, OpenError> {
        let (path, to) = (path.as_ref(), to.as_ref());
        let db = connection::open_reader(path, &SqliteOptions::default()).map_err(failed(path))?;
        // It is open to be read only in any case, and with this nothing can be copied out of it either.
        db.pragma_update(None, "query_only", false).map_err(failed(path))?;
        migrate::check_mark(&db, path)?;
        let copy = Partial::new(to)?;
        copy.fill_from(&db).map_err(failed(path))?;
        drop(db);
        let marked = open_copy(&copy.path).map_err(failed(&copy.path))?;
        migrate::mark(&marked, Some(&Mark::Backup(now))).map_err(failed(&copy.path))?;
        drop(marked);
        copy.complete()
    }

    /// Makes the database at `path` of the backup `from`, which stays as it is.
    ///
    /// # Errors
    /// [`OpenError`], also if there is a database at `path` already, or `from` is no backup; then nothing is made.
    pub fn restore(from: impl AsRef<Path>, path: impl AsRef<Path>) -> Result<Restored, OpenError> {
        let (from, path) = (from.as_ref(), path.as_ref());
        let _lock = LockFile::take(path)?;
        let backup = open_backup(from).map_err(failed(from))?;
        let Some(taken_at) = migrate::backup_mark(&backup, from)? else {
            return Err(OpenError::NotABackup { path: from.to_owned() });
        };
        let copy = Partial::new(path)?;
        copy.fill_from(&backup).map_err(failed(from))?;
        let db = open_copy(&copy.path).map_err(failed(&copy.path))?;
        migrate::mark(&db, None).map_err(failed(&copy.path))?;
        let unfinished = unfinished(&db).map_err(failed(&copy.path))?;
        drop(db);
        copy.complete()?;
        Ok(Restored { taken_at, unfinished })
    }

    /// Returns all references to blobs of a database or a backup, also while a server uses it.
    ///
    /// # Errors
    /// [`OpenError`] if it cannot be read.
    pub fn blobs_in(path: impl AsRef<Path>) -> Result<Vec<BlobPlace>, OpenError> {
        let path = path.as_ref();
        let db = open_backup(path).map_err(failed(path))?;
        // One of an older version has none.
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'deleted_blobs')";
        if !db.query_row(sql, [], |row| row.get(0)).map_err(failed(path))? {
            return Ok(Vec::new());
        }
        blobs::places(&db, None, usize::MAX).map_err(failed(path))
    }
}

/// A file that is not whole yet. Dropping it deletes it.
#[derive(Debug)]
struct Partial {
    path: PathBuf,
    to: PathBuf,
    /// Locked as long as it is written: another process with the same name would write into it, too.
    file: File,
}

impl Partial {
    /// Makes an empty file, or takes over one that an earlier process did not complete.
    fn new(to: &Path) -> Result<Self, OpenError> {
        let path = beside(to, PARTIAL);
        let io = |source| OpenError::Io { path: path.clone(), source };
        let file = open_private(&path, OFlags::NOFOLLOW).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InProgress { path }),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        // Another process may have completed or deleted it before the lock was taken.
        let is_ours =
            path.metadata().is_ok_and(|named| file.metadata().is_ok_and(|own| own.ino() == named.ino()));
        match (is_ours, to.exists()) {
            (true, false) => {}
            (false, false) => return Err(OpenError::InProgress { path }),
            (true, true) => {
                std::fs::remove_file(&path).map_err(io)?;
                return Err(OpenError::Exists { path: to.to_owned() });
            }
            (false, true) => return Err(OpenError::Exists { path: to.to_owned() }),
        }
        file.set_len(0).map_err(io)?;
        Ok(Self { path, to: to.to_owned(), file })
    }

    /// Copies a database into it.
    fn fill_from(&self, db: &Connection) -> rusqlite::Result<()> {
        let Some(path) = self.path.to_str() else {
            return Err(rusqlite::Error::InvalidPath(self.path.clone()));
        };
        db.execute("VACUUM INTO ?1", [path]).map(drop)
    }

    /// Gives it its name. Returns its size in bytes.
    fn complete(self) -> Result<u64, OpenError> {
        let completed = || -> io::Result<u64> {
            self.file.sync_all()?;
            renameat_with(CWD, &self.path, CWD, &self.to, RenameFlags::NOREPLACE)?;
            let folder = self.to.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            Ok(self.file.metadata()?.len())
        };
        completed().map_err(|error| {
            let is_there = error.kind() == io::ErrorKind::AlreadyExists;
            if is_there { OpenError::Exists { path: self.to.clone() } } else { self.io(error) }
        })
    }

    fn io(&self, source: io::Error) -> OpenError {
        OpenError::Io { path: self.path.clone(), source }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Once it is complete, there is none.
        let _gone = std::fs::remove_file(&self.path);
    }
}

/// Opens a copy to write to it. Nobody else has it, it is synced as a whole, and made again if that fails.
fn open_copy(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "OFF")?;
    Ok(db)
}

/// Opens a backup, which can be on a disk that cannot be written to.
fn open_backup(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// Returns the executions that have not ended: a row of one that has says when, and of one that was accepted just now there may be
/// records alone.
fn unfinished(db: &Connection) -> rusqlite::Result<BTreeSet<ExecutionId>> {
    let mut unfinished = in_tail(db)?;
    let mut statement = db.prepare("SELECT id FROM executions WHERE completed_at IS NULL")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        unfinished.insert(ExecutionId::new(first_bytes(row)));
    }
    Ok(unfinished)
}

fn failed(path: &Path) -> impl Fn(rusqlite::Error) -> OpenError {
    move |source| OpenError::Database { path: path.to_owned(), source: source.into() }
}
