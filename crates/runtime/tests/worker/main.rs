//! The worker's own decisions, without a store: what it asks, when, and what it makes of the answers.

mod bench;
mod inbox;
mod late_tasks;
mod lease;
mod looks;
mod parking;
mod pauses;
mod refused;
mod slots;
mod snapshots;
mod stop;
