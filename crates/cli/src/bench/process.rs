//! Memory and CPU time of a process on Linux.

use anyhow::Context;

/// Clock ticks per second (`USER_HZ`), which is 100 on all common Linux systems.
const TICKS_PER_SECOND: f64 = 100.0;

/// Returns the resident memory of `pid`, in bytes.
pub(super) fn resident_bytes(pid: u32) -> anyhow::Result<f64> {
    let text = read(pid, "status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    Ok(kilobytes.context("Could not read the memory of the server from /proc")? * 1_024.0)
}

/// Returns the CPU time of `pid`, in seconds.
pub(super) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let text = read(pid, "stat")?;
    // The name in parentheses may contain spaces; the third field follows it.
    let fields: Vec<&str> =
        text.rsplit_once(") ").map(|(_, fields)| fields.split(' ').collect()).unwrap_or_default();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    let (user, system) =
        ticks(11).zip(ticks(12)).context("Could not read the CPU time of the server from /proc")?;
    Ok((user + system) / TICKS_PER_SECOND)
}

fn read(pid: u32, file: &str) -> anyhow::Result<String> {
    let path = format!("/proc/{pid}/{file}");
    std::fs::read_to_string(&path).with_context(|| format!("Could not read {path}; this requires Linux"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_a_clock() {
        let pid = std::process::id();

        assert!(resident_bytes(pid).expect("it is readable") > 100_000.0);
        assert!(cpu_seconds(pid).expect("it is readable") >= 0.0);
    }
}
