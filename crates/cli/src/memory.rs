//! The memory of this process, which holds secrets in clear text.

use anyhow::Context;
use rlimit::Resource;

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
    fn protected_process_is_not_dumped() {
        protect().expect("it is possible");

        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        assert_eq!(Resource::CORE.get().expect("it is readable"), (0, 0));
    }
}
