//! What every store must mean.

mod common;

use common::Temporary;

steadflow_store::conformance_tests!(Temporary::new());
