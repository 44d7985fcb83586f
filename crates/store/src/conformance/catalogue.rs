//! What [`Catalogue`](crate::Catalogue) means.

pub mod agents;
pub mod edits;
pub mod flows;
