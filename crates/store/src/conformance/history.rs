//! What [`History`](crate::History) means.

pub mod analytics;
pub mod costs;
pub mod lists;
pub mod retention;
