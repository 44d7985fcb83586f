//! What the disk can do: the yardstick beside every figure.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

const TIME: Duration = Duration::from_secs(2);

/// Appends 4 KiB and makes it durable, over and over; returns how often a second.
pub(super) fn syncs_per_second(dir: &Path) -> anyhow::Result<f64> {
    let path = dir.join(format!(".steadflow-bench-{}.tmp", std::process::id()));
    let measured = measure(&path);
    let removed = std::fs::remove_file(&path);
    let rate = measured.with_context(|| format!("{} could not be written", path.display()))?;
    removed.with_context(|| format!("{} could not be removed", path.display()))?;
    Ok(rate)
}

fn measure(path: &Path) -> std::io::Result<f64> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let began = Instant::now();
    let mut count = 0_u32;
    while began.elapsed() < TIME {
        file.write_all(&[0; 4_096])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}
