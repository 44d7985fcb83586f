//! A folder, with a folder for each execution that has blobs.
//!
//! A blob is written into a file with another name, which gets its own once it is on the disk. So there is no blob that is not whole,
//! and what a crash leaves is not taken for one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use steadflow_core::ids::ExecutionId;
use steadflow_store::{Blob, BlobError, BlobFuture, BlobStorage};
use uuid::Uuid;

/// What the name of a file ends with that is not whole.
const PARTIAL: &str = ".partial";

/// A folder for blobs. Only the user of this process can read what it makes.
#[derive(Clone, Debug)]
pub struct Folder {
    path: Arc<Path>,
    /// Numbers files that are being written.
    next: Arc<AtomicU64>,
}

impl Folder {
    /// Returns the folder at `path`, which is made with its first blob.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into().into(), next: Arc::default() }
    }

    /// Returns where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the file of a blob.
    #[must_use]
    pub fn file(&self, execution: ExecutionId, blob: Blob) -> PathBuf {
        self.of(execution).join(blob.to_string())
    }

    /// Makes sure that another folder has a blob of this one. On one disk it is a second name of the same file.
    ///
    /// # Errors
    /// [`BlobError`], also if the blob is not here.
    pub async fn copy_to(&self, to: &Self, execution: ExecutionId, blob: Blob) -> Result<(), BlobError> {
        let target = to.clone();
        let linked = self.wait(move |own| {
            let (file, copy) = (own.file(execution, blob), target.file(execution, blob));
            fs::metadata(&file)?;
            make(&target.of(execution))?;
            match fs::hard_link(&file, copy) {
                Ok(()) => Ok(true),
                Err(error) => Ok(error.kind() == ErrorKind::AlreadyExists),
            }
        });
        if linked.await? {
            return Ok(());
        }
        let found = self.read(execution, blob).await?;
        let record = String::from_utf8(found).map_err(|error| BlobError::Refused(error.to_string()))?;
        to.put(execution, blob, record.into()).await
    }

    fn of(&self, execution: ExecutionId) -> PathBuf {
        self.path.join(execution.to_string())
    }

    /// Does `work`, which waits for the disk, on a thread where that keeps nobody waiting.
    fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> BlobFuture<'_, T> {
        let own = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&own));
        Box::pin(async move {
            let done = done.await.map_err(|error| BlobError::Failed(error.to_string()))?;
            done.map_err(|error| failure(&error))
        })
    }

    fn write(&self, execution: ExecutionId, blob: Blob, record: &str) -> io::Result<()> {
        let (folder, file) = (self.of(execution), self.file(execution, blob));
        make(&folder)?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let partial = folder.join(format!("{blob}.{}-{number}{PARTIAL}", std::process::id()));
        let written = || -> io::Result<()> {
            let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
            new.write_all(record.as_bytes())?;
            new.sync_all()?;
            fs::rename(&partial, &file)?;
            File::open(&folder)?.sync_all()
        };
        written().inspect_err(|_| {
            let _gone = fs::remove_file(&partial);
        })
    }

    fn list(&self, after: Option<ExecutionId>, limit: usize) -> io::Result<Vec<ExecutionId>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|name| Uuid::try_parse(name).ok()).map(ExecutionId::new);
            found.extend(id.filter(|id| after.is_none_or(|after| *id > after)));
        }
        found.sort_unstable();
        found.truncate(limit);
        Ok(found)
    }
}

impl BlobStorage for Folder {
    fn place(&self) -> String {
        format!("file:{}", self.path.display())
    }

    fn check(&self) -> BlobFuture<'_, ()> {
        self.wait(|folder| {
            make(&folder.path)?;
            let file = folder.path.join(format!("check-{}{PARTIAL}", std::process::id()));
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&file)?;
            fs::remove_file(file)
        })
    }

    fn put(&self, execution: ExecutionId, blob: Blob, record: Arc<str>) -> BlobFuture<'_, ()> {
        self.wait(move |folder| match folder.write(execution, blob, &record) {
            // Its folder was deleted under it, or was not made yet.
            Err(error) if error.kind() == ErrorKind::NotFound => folder.write(execution, blob, &record),
            written => written,
        })
    }

    fn read(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, Vec<u8>> {
        self.wait(move |folder| {
            let mut found =
                Vec::with_capacity(usize::try_from(blob.bytes).unwrap_or(0).min(64 * 1024 * 1024));
            File::open(folder.file(execution, blob))?.take(blob.bytes + 1).read_to_end(&mut found)?;
            Ok(found)
        })
    }

    fn length(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, u64> {
        self.wait(move |folder| Ok(fs::metadata(folder.file(execution, blob))?.len()))
    }

    fn delete(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, ()> {
        self.wait(move |folder| {
            gone(fs::remove_file(folder.file(execution, blob)))?;
            // Where it was the last one, its folder goes, too.
            let _kept = fs::remove_dir(folder.of(execution));
            Ok(())
        })
    }

    fn delete_all(&self, execution: ExecutionId) -> BlobFuture<'_, ()> {
        self.wait(move |folder| gone(fs::remove_dir_all(folder.of(execution))))
    }

    fn executions(&self, after: Option<ExecutionId>, limit: usize) -> BlobFuture<'_, Vec<ExecutionId>> {
        self.wait(move |folder| folder.list(after, limit))
    }
}

/// Makes a folder with those above it, durable when it returns.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if above != folder {
        make(above)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => {
            made?;
            File::open(above)?.sync_all()
        }
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn failure(error: &io::Error) -> BlobError {
    let kind = error.kind();
    if kind == ErrorKind::NotFound {
        return BlobError::Missing;
    }
    let is_lasting = matches!(
        kind,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotADirectory
    );
    if is_lasting { BlobError::Refused(error.to_string()) } else { BlobError::Failed(error.to_string()) }
}
