//! The same through a pooler in transaction mode, which has fewer connections to the database than the store makes.

#[path = "conformance.rs"]
mod conformance;
#[path = "group.rs"]
mod group;
#[path = "permits.rs"]
mod permits;
#[path = "processes.rs"]
mod processes;
#[path = "slots.rs"]
mod slots;

use crate::common::Pooled as Temporary;
