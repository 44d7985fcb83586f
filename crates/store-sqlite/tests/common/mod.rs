//! A database in a directory that goes with the test.

use std::path::PathBuf;

use steadflow_store::conformance::Harness;
use steadflow_store_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

pub(crate) struct Temporary {
    directory: TempDir,
}

impl Temporary {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory can be made") }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("steadflow.db")
    }
}

impl Harness for Temporary {
    type Store = SqliteStore;

    async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.path(), SqliteOptions::default()).expect("the database opens")
    }
}
