//! A worker's measures.

use std::sync::Arc;
use std::time::Duration;

use crate::shard::ShardConfig;

/// A worker's measures.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Those of its shard, its name among them.
    pub shard: ShardConfig,
    /// How long its lease lasts without renewal. It is renewed after a third of that, and given up after two thirds.
    pub lease_ttl: Duration,
    /// When to ask for a lease again after the store refused one.
    pub register_again_after: Duration,
    /// How often it looks for parked executions that are due.
    pub due_every: Duration,
    /// How far ahead it looks for them.
    pub due_ahead: Duration,
    /// How many of them it asks for at once. What was found is kept in memory until it is due, at some 50 bytes each.
    pub due_limit: usize,
    /// How often it looks for executions whose owner's lease has ended.
    pub orphans_every: Duration,
    /// How many of them it takes over at once; all of them are in memory from then on.
    pub orphans_limit: usize,
    /// How often it reads the inbox. It reads at once what its own commits have sent.
    pub inbox_every: Duration,
    /// How many items of the inbox it reads at once.
    pub inbox_limit: usize,
    /// With how many items in hand it reads no more; each holds its input in memory.
    pub inbox_in_hand_max: usize,
    /// How many executions it takes from the store at the same time; each costs a read and a replay.
    pub loads_at_once: usize,
    /// How long it may take to hand back what still runs when it stops.
    pub hand_back_max: Duration,
}

impl WorkerConfig {
    /// Returns the measures that hold unless there is reason for others.
    pub fn new(name: Arc<str>) -> Self {
        Self {
            shard: ShardConfig::new(name),
            lease_ttl: Duration::from_secs(15),
            register_again_after: Duration::from_secs(1),
            due_every: Duration::from_secs(10),
            due_ahead: Duration::from_secs(30),
            due_limit: 1_000,
            orphans_every: Duration::from_secs(1),
            orphans_limit: 1_000,
            inbox_every: Duration::from_millis(250),
            inbox_limit: 500,
            inbox_in_hand_max: 5_000,
            loads_at_once: 64,
            hand_back_max: Duration::from_secs(5),
        }
    }
}
