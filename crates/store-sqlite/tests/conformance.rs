//! What every store must mean.

use crate::common::Temporary;

steadflow_store::conformance_tests!(Temporary::new());
