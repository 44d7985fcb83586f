//! The semantics of every store: on PostgreSQL itself, and through a pooler.

use super::Temporary;

steadflow_store::conformance_tests!(Temporary::new());
