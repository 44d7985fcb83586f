//! What an agent's document says of how much its executions may ask of it, all together.

use std::time::Duration;

/// The protection of an agent, shared by all executions. What is `None` is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// Calls under way.
    pub max_concurrency: Option<u32>,
    /// Calls that begin in a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens that calls of a model use in a minute.
    pub tokens_per_minute: Option<u32>,
    /// When calls are held back because the last ones failed.
    pub breaker: Option<Breaker>,
}

impl Protection {
    /// Returns whether it limits anything.
    pub fn is_some(&self) -> bool {
        *self != Self::default()
    }
}

/// When a circuit breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open.
    pub open: Duration,
}
