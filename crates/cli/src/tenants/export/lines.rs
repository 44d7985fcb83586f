//! The files of an export.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A file of an export.
pub(super) struct Lines<'a> {
    dir: &'a Path,
    name: &'static str,
    file: BufWriter<File>,
    hash: Sha256,
    rows: usize,
    bytes: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(dir: &'a Path, name: &'static str) -> anyhow::Result<Self> {
        let path = dir.join(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = BufWriter::new(file.with_context(|| format!("Could not make {}", path.display()))?);
        Ok(Self { dir, name, file, hash: Sha256::new(), rows: 0, bytes: 0 })
    }

    pub(super) fn add(&mut self, row: impl AsRef<str>) -> anyhow::Result<()> {
        for part in [row.as_ref().as_bytes(), b"\n"] {
            self.hash.update(part);
            self.file.write_all(part).with_context(|| format!("Could not write {}", self.name))?;
            self.bytes += part.len() as u64;
        }
        self.rows += 1;
        Ok(())
    }

    pub(super) fn add_value(&mut self, row: &Value) -> anyhow::Result<()> {
        self.add(row.to_string())
    }

    pub(super) fn end(self) -> anyhow::Result<Value> {
        let Self { dir, name, file, hash, rows, bytes } = self;
        let file = file.into_inner().map_err(std::io::IntoInnerError::into_error);
        let synced = file.and_then(|file| file.sync_all());
        synced.with_context(|| format!("Could not write {}", dir.join(name).display()))?;
        let sha256: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(json!({ "name": name, "rows": rows, "bytes": bytes, "sha256": sha256 }))
    }
}
