//! What [`History`](crate::History) means.

pub mod analytics;
pub mod lists;
pub mod retention;
