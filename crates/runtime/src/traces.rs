//! How many executions had their traces sent or dropped: counted by what makes traces, and shown among the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many executions had their traces sent, and how many dropped.
#[derive(Debug, Default)]
pub struct TraceCounts {
    sent: AtomicU64,
    dropped: AtomicU64,
}

impl TraceCounts {
    /// Counts executions whose traces were sent.
    pub fn add_sent(&self, executions: u64) {
        self.sent.fetch_add(executions, Ordering::Relaxed);
    }

    /// Counts executions whose traces nobody will see.
    pub fn add_dropped(&self, executions: u64) {
        self.dropped.fetch_add(executions, Ordering::Relaxed);
    }

    /// Returns how many executions had their traces sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Returns how many executions had their traces dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}
