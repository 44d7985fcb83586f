//! Inputs for executions that another worker may drive.

use std::sync::Arc;

use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;

/// The number of an item of the inbox. Larger than that of any item before it, and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboxId(pub u64);

/// An input to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxInput {
    /// Of this tenant.
    pub tenant: TenantId,
    /// For which execution; it need not exist yet.
    pub execution: ExecutionId,
    /// The input as JSON text; stores do not interpret it.
    pub input: Arc<str>,
    /// When it was sent.
    pub created_at: Timestamp,
}

/// An input as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxItem {
    /// Its number.
    pub id: InboxId,
    /// What was sent.
    pub sent: InboxInput,
}
