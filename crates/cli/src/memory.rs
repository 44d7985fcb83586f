//! The memory of this process: how much of it there is, and that it holds secrets in clear text.

use std::fs;

use anyhow::Context;
use rlimit::Resource;

/// Files that say how much memory this process may use, in bytes: as a container (cgroup 2 and 1) and as a machine.
const LIMITS: [&str; 3] =
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/proc/meminfo"];
/// The limit that is assumed if none is known.
const COMMON: u64 = 4 << 30;

/// Returns how many bytes of memory this process may use: the least of what its limits, its container and the machine allow.
pub(crate) fn limit() -> u64 {
    let address_space = Resource::AS.get_soft().ok().filter(|&bytes| bytes != rlimit::INFINITY);
    let files = LIMITS.into_iter().filter_map(|path| limit_in(&fs::read_to_string(path).ok()?));
    files.chain(address_space).min().unwrap_or(COMMON)
}

/// Reads a number of bytes, or of kilobytes after `MemTotal:`. `max` is no limit.
fn limit_in(text: &str) -> Option<u64> {
    match text.strip_prefix("MemTotal:") {
        Some(rest) => rest.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1_024),
        None => text.trim().parse().ok(),
    }
}

/// Keeps the memory of this process out of core dumps and, on Linux, from other processes of the same user.
///
/// # Errors
/// The operating system refuses it.
pub(crate) fn protect() -> anyhow::Result<()> {
    Resource::CORE.set(0, 0).context("Could not turn core dumps off")?;
    hide().context("Could not hide the memory from other processes")
}

/// A core dump that is piped to a program has no limit, so it takes this too.
#[cfg(target_os = "linux")]
fn hide() -> std::io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

#[cfg(not(target_os = "linux"))]
const fn hide() -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    use super::*;

    #[test]
    fn limits_are_read_as_the_kernel_writes_them() {
        for (text, bytes) in [
            ("536870912\n", Some(536_870_912)),
            ("max\n", None),
            ("9223372036854771712\n", Some(9_223_372_036_854_771_712)),
            ("MemTotal:       24621232 kB\nMemFree:        15000000 kB\n", Some(25_212_141_568)),
            ("", None),
        ] {
            assert_eq!(limit_in(text), bytes, "{text}");
        }
        assert!(limit() > 1 << 20);
    }

    #[test]
    fn protected_process_is_not_dumped() {
        protect().expect("it is possible");

        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        assert_eq!(Resource::CORE.get().expect("it is readable"), (0, 0));
    }
}
