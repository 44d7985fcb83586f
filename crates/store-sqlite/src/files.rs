//! The files of a database, which only their owner may read: they hold keys of agents as they were entered.

use std::fs::File;
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::OpenError;

/// Read and write, for the owner alone.
const PRIVATE: u32 = 0o600;
/// All permissions of other users.
const OTHERS: u32 = 0o077;

/// Opens a file for writing. If there is none, it is created for its owner alone, whatever the umask of the process.
pub(crate) fn open_private(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags.bits().cast_signed();
    File::options().create(true).truncate(false).write(true).mode(PRIVATE).custom_flags(flags).open(path)
}

/// Creates the file of a database if there is none. SQLite gives `-wal` and `-shm` the same permissions.
///
/// No connection may be open: closing a file releases the locks that SQLite has on it.
pub(crate) fn create(database: &Path) -> Result<(), OpenError> {
    let made = open_private(database, OFlags::empty());
    made.map(drop).map_err(|source| OpenError::Io { path: database.to_owned(), source })
}

/// Logs which files of an open database other users may read, and the command that changes it.
pub(crate) fn warn_of_readers(database: &Path) {
    let files = [database.to_owned(), beside(database, "-wal"), beside(database, "-shm")];
    let open: Vec<String> =
        files.iter().filter(|file| is_open_to_others(file)).map(|file| file.display().to_string()).collect();
    if !open.is_empty() {
        let files = open.join(" ");
        tracing::warn!(
            "other users may open the database, which has keys in clear text; run `chmod 600 {files}`"
        );
    }
}

fn is_open_to_others(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & OTHERS != 0)
}

/// Returns the path of `database` with a suffix.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
