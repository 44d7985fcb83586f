//! Why something failed.

use serde::Serialize;
use steadflow_core::failure::Failure;
use utoipa::ToSchema;

use super::wire::{AnyJson, ErrorClassName};

/// Why something failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Failure)]
pub(crate) struct ErrorView {
    error_class: ErrorClassName,
    error_message: String,
    /// The HTTP status of the service that was called, where it responded.
    status: Option<u16>,
    /// What it responded, decoded; the beginning of a long response. Null where it did not respond.
    #[schema(value_type = AnyJson)]
    body: Option<AnyJson>,
}

impl From<Failure> for ErrorView {
    fn from(failure: Failure) -> Self {
        Self {
            error_class: failure.class.into(),
            error_message: failure.message,
            status: failure.status,
            body: failure.body.map(AnyJson),
        }
    }
}
