//! What [`Log`](crate::Log) means.

pub mod commits;
pub mod idempotency;
pub mod inbox;
pub mod leases;
pub mod parking;
pub mod recovery;
