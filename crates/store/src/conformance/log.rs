//! What [`Log`](crate::Log) means.

pub mod budgets;
pub mod commits;
pub mod idempotency;
pub mod inbox;
pub mod leases;
pub mod long_records;
pub mod parking;
pub mod recovery;
