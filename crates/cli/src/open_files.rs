//! File descriptors, divided so that one kind of traffic cannot use up those of another.
//!
//! A process without free descriptors cannot respond to its operator, and outgoing calls fail although the called service
//! works.

use tokio::sync::Semaphore;

/// Reserved for the database, the log, name lookups and connections that wait for room.
const RESERVED: usize = 128;
/// The limit that is assumed if the real one is unknown.
const COMMON: u64 = 1_024;

/// The number of descriptors for each kind of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenFiles {
    /// Concurrent outgoing calls of nodes.
    pub(crate) calls: usize,
    /// Concurrent connections of clients.
    pub(crate) connections: usize,
}

impl OpenFiles {
    /// Raises the limit of the process as far as possible, and divides it.
    pub(crate) fn raised() -> Self {
        let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
            tracing::warn!(error = %error, "the limit of open files is unknown; assuming {COMMON}");
            COMMON
        });
        Self::divided(limit)
    }

    /// Gives clients half of what is not reserved, and calls a quarter: for each connection that a call uses, there may
    /// be an idle one.
    fn divided(limit: u64) -> Self {
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
        assert_eq!(OpenFiles::divided(1_024), OpenFiles { calls: 224, connections: 448 });
        assert_eq!(OpenFiles::divided(0), OpenFiles { calls: 1, connections: 2 });
        assert!(OpenFiles::divided(u64::MAX).calls <= Semaphore::MAX_PERMITS);
    }
}
