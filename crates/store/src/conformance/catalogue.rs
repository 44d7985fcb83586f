//! What [`Catalogue`](crate::Catalogue) means.

pub mod agents;
pub mod drafts;
pub mod edits;
pub mod flows;
pub mod presence;
