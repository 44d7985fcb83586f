//! The store on PostgreSQL itself.

#[path = "conformance.rs"]
mod conformance;
#[path = "group.rs"]
mod group;
#[path = "permits.rs"]
mod permits;
#[path = "processes.rs"]
pub(crate) mod processes;
#[path = "slots.rs"]
mod slots;

use crate::common::Temporary;
