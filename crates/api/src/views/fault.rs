//! What is wrong with a document, or probably not meant in it.

use serde::Serialize;
use steadflow_core::flow::Fault;
use utoipa::ToSchema;

/// One thing that is wrong with a document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentFault {
    /// Where, as a JSON pointer (RFC 6901) into the document; empty for the document itself.
    pointer: String,
    /// What is wrong.
    message: String,
}

impl From<Fault> for DocumentFault {
    fn from(fault: Fault) -> Self {
        Self { pointer: fault.pointer, message: fault.message }
    }
}
