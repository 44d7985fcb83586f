//! Copies all parts from one database to another one, and looks whether they arrived.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, Receiver};

use super::{Digest, PARTS, Part, PartRow, Parts};
use crate::StoreError;

/// Pages that wait to be written.
const PAGES_WAITING: usize = 1;

/// A part that was copied.
#[derive(Clone, Copy, Debug)]
pub struct Copied {
    /// Which.
    pub part: &'static str,
    /// What was read, and what is there now.
    pub digest: Digest,
    /// How long it took.
    pub took: Duration,
}

/// Why a copy failed.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The database that is copied cannot be read.
    #[error("`{part}` cannot be read")]
    Read {
        /// Which part.
        part: &'static str,
        /// Why not.
        source: StoreError,
    },
    /// The other one cannot be written to.
    #[error("`{part}` cannot be written")]
    Write {
        /// Which part.
        part: &'static str,
        /// Why not.
        source: StoreError,
    },
    /// What was written is not what was read.
    #[error(
        "`{part}` has {read} after {read_rows} rows were read, and {found} in {found_rows} rows after they were written"
    )]
    Differs {
        /// Which part.
        part: &'static str,
        /// The hash of what was read.
        read: Digest,
        /// How many rows.
        read_rows: u64,
        /// The hash of what is there.
        found: Digest,
        /// How many rows.
        found_rows: u64,
    },
}

/// Copies all parts. Each is read again after it was written, and `done` is told of it.
///
/// # Errors
/// [`CopyError`] says of which part.
pub async fn copy(
    source: &dyn Parts,
    target: &dyn Parts,
    mut done: impl FnMut(Copied),
) -> Result<(), CopyError> {
    for part in PARTS {
        let began = Instant::now();
        let read = copy_part(source, target, part).await?;
        let found = digest_of(target, part).await?;
        if read != found {
            let (read_rows, found_rows) = (read.rows, found.rows);
            return Err(CopyError::Differs { part: part.name, read, read_rows, found, found_rows });
        }
        done(Copied { part: part.name, digest: read, took: began.elapsed() });
    }
    Ok(())
}

/// Reads all parts, and tells `done` of each.
///
/// # Errors
/// [`CopyError::Read`] says of which part.
pub async fn read_all(source: &dyn Parts, mut done: impl FnMut(Copied)) -> Result<(), CopyError> {
    for part in PARTS {
        let began = Instant::now();
        let digest = digest_of(source, part).await?;
        done(Copied { part: part.name, digest, took: began.elapsed() });
    }
    Ok(())
}

async fn copy_part(source: &dyn Parts, target: &dyn Parts, part: &'static Part) -> Result<Digest, CopyError> {
    let (pages, arriving) = mpsc::channel(PAGES_WAITING);
    let write = write_pages(target, part, arriving);
    let (read, written) = tokio::join!(source.read(part, pages), write);
    // Where it cannot be written, it is not read to its end.
    let digest = written?;
    read.map_err(|source| CopyError::Read { part: part.name, source })?;
    Ok(digest)
}

async fn write_pages(
    target: &dyn Parts,
    part: &'static Part,
    mut arriving: Receiver<Vec<PartRow>>,
) -> Result<Digest, CopyError> {
    let mut digest = Digest::default();
    while let Some(rows) = arriving.recv().await {
        rows.iter().for_each(|row| digest.add(row));
        let written = target.write(part, rows).await;
        written.map_err(|source| CopyError::Write { part: part.name, source })?;
    }
    Ok(digest)
}

async fn digest_of(parts: &dyn Parts, part: &'static Part) -> Result<Digest, CopyError> {
    let (pages, mut arriving) = mpsc::channel::<Vec<PartRow>>(PAGES_WAITING);
    let add = async move {
        let mut digest = Digest::default();
        while let Some(rows) = arriving.recv().await {
            rows.iter().for_each(|row| digest.add(row));
        }
        digest
    };
    let (read, digest) = tokio::join!(parts.read(part, pages), add);
    read.map_err(|source| CopyError::Read { part: part.name, source })?;
    Ok(digest)
}
