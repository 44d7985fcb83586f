//! A deterministic simulator of the engine: the real [`steadflow_runtime::Shard`] and the real state machine under a
//! made-up clock, a store in memory, made-up peers and clients, and faults.
//!
//! A *seed* decides everything: the flows, what clients ask and when, how peers answer, which faults strike where. A
//! run has two phases. In the first, faults strike, and nothing may ever be wrong that the [`checker`] looks at. In the
//! second, everything is healed, and every execution must end. The same seed gives the same run, to the letter.
//!
//! [`run`] makes one run; [`seeds`] says which, so that `SIM_SEED=42` repeats one and `SIM_SEEDS=10000` asks for many.

mod agents;
mod checker;
mod clients;
mod edited;
mod fault;
mod flows;
mod ids;
mod mutation;
mod peers;
mod rng;
// Inside, so that the simulator is built once: optimised, it takes a minute.
#[cfg(test)]
mod tests;
mod trace;
mod world;

use std::collections::BTreeMap;
use std::fmt;

pub use fault::Fault;
pub use mutation::Mutation;

/// How a run is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The rule that the engine breaks.
    pub mutation: Option<Mutation>,
    /// Whether to keep the trace as text.
    pub keeps_trace: bool,
}

/// The result of a run without violations.
#[derive(Clone, Debug)]
pub struct Summary {
    /// A hash of everything that happened, in order.
    pub trace_hash: u64,
    /// How often each planned fault struck.
    pub faults: BTreeMap<Fault, u64>,
    /// Executions in all.
    pub executions: u64,
    /// Executions that completed.
    pub completed: u64,
    /// Attempts that peers saw.
    pub attempts: u64,
    /// Calls that had to be approved.
    pub approvals: u64,
    /// Those of them that were decided on.
    pub decided: u64,
    /// How often some other things happened.
    pub counted: BTreeMap<&'static str, u64>,
    /// Everything that happened, one a line; empty unless it was asked for.
    pub trace: String,
}

/// Something that must not be.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The run.
    pub seed: u64,
    /// What is wrong, with the invariant's letter and number.
    pub what: String,
    /// A hash of everything that happened until then.
    pub trace_hash: u64,
    /// Everything that happened until then, one a line; empty unless it was asked for.
    pub trace: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.what)
    }
}

impl std::error::Error for Violation {}

/// Makes the run of `seed`.
///
/// # Errors
/// The first thing that is wrong.
pub fn run(seed: u64, options: Options) -> Result<Summary, Box<Violation>> {
    world::World::new(seed, options).run()
}

/// Returns the seeds to run: `SIM_SEED` alone or, from 0, `SIM_SEEDS` of them; 500 where neither is set.
///
/// # Panics
/// If one of them is set and is no number.
pub fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name} must be a whole number, not `{text}`")))
    };
    match number("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_SEEDS").unwrap_or(500),
    }
}
