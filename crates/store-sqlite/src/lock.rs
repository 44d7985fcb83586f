//! The lock that keeps a second server off the file.
//!
//! SQLite's own locks would let two servers share a database. But ownership of executions is kept in memory beside it,
//! so there is one server a file. The operating system releases the lock when the process ends, however it ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use rustix::fs::OFlags;

use crate::OpenError;
use crate::files::{beside, open_private};

/// Held as long as the database is open.
#[derive(Debug)]
pub(crate) struct LockFile {
    _file: File,
}

impl LockFile {
    /// Takes the lock of `database`.
    pub(crate) fn take(database: &Path) -> Result<Self, OpenError> {
        let path = beside(database, ".lock");
        // Somebody else's link could have any file of this user created here.
        let file = open_private(&path, OFlags::NOFOLLOW).map_err(|source| refusal(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(OpenError::Locked { database: database.to_owned(), lock: path })
            }
            Err(TryLockError::Error(source)) => Err(OpenError::Io { path, source }),
        }
    }
}

fn refusal(path: &Path, source: io::Error) -> OpenError {
    let path = path.to_owned();
    if path.is_symlink() { OpenError::Link { path } } else { OpenError::Io { path, source } }
}
