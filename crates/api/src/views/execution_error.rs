//! Why something failed.

use serde::Serialize;
use steadflow_core::failure::Failure;
use utoipa::ToSchema;

use super::wire::ErrorClassName;

/// Why something failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Failure)]
pub(crate) struct ErrorView {
    error_class: ErrorClassName,
    error_message: String,
}

impl From<Failure> for ErrorView {
    fn from(failure: Failure) -> Self {
        Self { error_class: failure.class.into(), error_message: failure.message }
    }
}
