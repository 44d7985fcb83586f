//! The pure core: what a flow is and what its execution does next.
//!
//! Nothing here reads a clock, does I/O, waits, or draws lots. Time and chance come in as values; what should happen
//! goes out as events and effects. Whoever drives it commits the events before acting on the effects.

pub mod agent;
pub mod condition;
pub mod event;
pub mod execution;
pub mod expression;
pub mod failure;
pub mod flow;
pub mod ids;
pub mod limits;
pub mod node_types;
pub mod payload;
pub mod retry;
pub mod scope;
pub mod template;
pub mod timestamp;
pub mod trial;
pub mod work;
