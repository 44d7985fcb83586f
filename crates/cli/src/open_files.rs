//! File descriptors, shared out so that no kind of traffic takes those of another.
//!
//! A process that has none left cannot answer its operator, and fails calls for a reason that is not their peer's.

use tokio::sync::Semaphore;

/// Left to the database, the log and name lookups.
const RESERVED: usize = 128;
/// What a process has where nobody says how many it may have.
const COMMON: u64 = 1_024;

/// How many descriptors each kind of traffic may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenFiles {
    /// Calls that nodes make, at once.
    pub(crate) calls: usize,
    /// Connections of clients, at once.
    pub(crate) connections: usize,
}

impl OpenFiles {
    /// Raises the process's limit as far as it may, and shares it out.
    pub(crate) fn raised() -> Self {
        let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
            tracing::warn!(error = %error, "the limit of open files is not known; {COMMON} is assumed");
            COMMON
        });
        Self::shared_out(limit)
    }

    /// Gives clients half of what is left beside the reserve, and calls a quarter: beside each connection that a call
    /// uses, another may lie idle.
    fn shared_out(limit: u64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let left = limit.saturating_sub(RESERVED).max(4);
        Self { calls: left / 4, connections: left / 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_connections_leave_a_reserve() {
        assert_eq!(OpenFiles::shared_out(1_024), OpenFiles { calls: 224, connections: 448 });
        assert_eq!(OpenFiles::shared_out(0), OpenFiles { calls: 1, connections: 2 });
        assert!(OpenFiles::shared_out(u64::MAX).calls <= Semaphore::MAX_PERMITS);
    }
}
