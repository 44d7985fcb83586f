//! The semantics of every store.

use crate::common::Temporary;

steadflow_store::conformance_tests!(Temporary::new());
