//! The speed of the disk and of SQLite, shown next to every result.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use rusqlite::Connection;

use super::figures::{Figures, Spread};
use crate::args::Bench;

/// Duration of each measurement before another one.
const GLANCE: Duration = Duration::from_millis(500);
/// Duration of each measurement as a result of its own.
const LOOK: Duration = Duration::from_secs(2);
/// Rows per transaction, about as many as on a busy server.
const BATCH: u32 = 500;

/// The speed of this machine without Steadflow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Yardstick {
    /// Appends of 4 KiB with a sync each, per second.
    pub(super) syncs: f64,
    /// Small rows that SQLite writes in durable transactions of 500, per second.
    pub(super) rows: f64,
}

impl Yardstick {
    pub(super) fn take(dir: &Path) -> anyhow::Result<Self> {
        Ok(Self { syncs: syncs_per_second(dir, GLANCE)?, rows: rows_per_second(dir, GLANCE)? })
    }
}

/// Measures both as results of their own.
pub(super) fn measure(args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let (mut syncs, mut rows) = (Spread::default(), Spread::default());
    for _ in 0..args.runs.max(1) {
        syncs.push(syncs_per_second(&args.dir, LOOK)?);
        rows.push(rows_per_second(&args.dir, LOOK)?);
    }
    figures.add("fdatasync of 4 KiB", "per s", syncs);
    figures.add("SQLite rows of 100 bytes, 500 per transaction", "per s", rows);
    Ok(())
}

/// Files that are deleted after the measurement.
struct Scratch(PathBuf);

impl Scratch {
    fn new(dir: &Path, name: &str) -> Self {
        Self(dir.join(format!(".steadflow-bench-{}.{name}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(suffix);
            // Not all of these files exist.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn syncs_per_second(dir: &Path, time: Duration) -> anyhow::Result<f64> {
    let scratch = Scratch::new(dir, "tmp");
    let measure = || -> std::io::Result<f64> {
        let mut file = OpenOptions::new().create_new(true).append(true).open(&scratch.0)?;
        let began = Instant::now();
        let mut count = 0_u32;
        while began.elapsed() < time {
            file.write_all(&[0; 4_096])?;
            file.sync_data()?;
            count += 1;
        }
        Ok(f64::from(count) / began.elapsed().as_secs_f64())
    };
    measure().with_context(|| format!("Could not write {}", scratch.0.display()))
}

fn rows_per_second(dir: &Path, time: Duration) -> anyhow::Result<f64> {
    let scratch = Scratch::new(dir, "db");
    // SQLite would follow a link that somebody else put there.
    File::create_new(&scratch.0).with_context(|| format!("Could not write {}", scratch.0.display()))?;
    let measure = || -> rusqlite::Result<f64> {
        let db = Connection::open(&scratch.0)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT) STRICT",
        )?;
        let text = "x".repeat(100);
        let began = Instant::now();
        let mut count = 0_u32;
        while began.elapsed() < time {
            db.execute_batch("BEGIN IMMEDIATE")?;
            for _ in 0..BATCH {
                db.prepare_cached("INSERT INTO row (text) VALUES (?1)")?.execute([&text])?;
            }
            db.execute_batch("COMMIT")?;
            count += BATCH;
        }
        Ok(f64::from(count) / began.elapsed().as_secs_f64())
    };
    measure().with_context(|| format!("Could not write {}", scratch.0.display()))
}
