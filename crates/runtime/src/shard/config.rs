//! A shard's measures.

use std::sync::Arc;
use std::time::Duration;

use crate::admission::Capacity;

/// The shard's measures.
#[derive(Clone, Debug)]
pub struct ShardConfig {
    /// The name of the worker, as attempts record it.
    pub worker: Arc<str>,
    /// An execution with nothing to do for longer than this leaves memory.
    pub park_after: Duration,
    /// How long a change may stay out of the rows that people query.
    pub show_after: Duration,
    /// How long an execution may hold the tail back.
    pub snapshot_after: Duration,
    /// When to try again after the database refused a commit.
    pub redo_after: Duration,
    /// How long before it is due a parked execution is loaded.
    pub load_ahead: Duration,
    /// What executions in memory may take.
    pub capacity: Capacity,
    /// Whether other processes start executions of the same flows. The store then has the last word on slots.
    pub is_shared: bool,
    /// Whether there is a storage for blobs, where long records go.
    pub has_blobs: bool,
    /// How old an input is for which no execution is found when it is seen whether there is one.
    pub unclaimed_after: Duration,
}

impl ShardConfig {
    /// Returns the measures that hold unless there is reason for others.
    pub fn new(worker: Arc<str>) -> Self {
        Self {
            worker,
            park_after: Duration::from_secs(60),
            show_after: Duration::from_millis(250),
            snapshot_after: Duration::from_secs(1),
            redo_after: Duration::from_millis(500),
            capacity: Capacity::DEFAULT,
            load_ahead: Duration::from_millis(100),
            is_shared: false,
            has_blobs: false,
            unclaimed_after: Duration::from_secs(60),
        }
    }
}
