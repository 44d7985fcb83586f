//! The lock that keeps a second server off the file.
//!
//! SQLite's own locks would let two servers share a database. But ownership of executions is kept in memory beside it,
//! so there is one server a file. The operating system gives the lock back when the process ends, however it ends.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::OpenError;

/// Held as long as the database is open.
#[derive(Debug)]
pub(crate) struct LockFile {
    _file: File,
}

impl LockFile {
    /// Takes the lock of `database`.
    pub(crate) fn take(database: &Path) -> Result<Self, OpenError> {
        let path = path_beside(database);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|source| OpenError::Io { path: path.clone(), source })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(OpenError::Locked { database: database.to_owned(), lock: path })
            }
            Err(TryLockError::Error(source)) => Err(OpenError::Io { path, source }),
        }
    }
}

fn path_beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
