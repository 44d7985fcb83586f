//! How an execution ends, where it is known before that.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::caller::Actor;
use crate::failure::ErrorClass;
use crate::ids::NodeIndex;
use crate::status::ExecutionStatus;

/// How an execution ends once what its nodes did is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedEnd {
    /// Failed or cancelled.
    pub status: ExecutionStatus,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Arc<str>>,
    /// The class of the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<ErrorClass>,
    /// The node whose failure ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeIndex>,
    /// Who cancelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
}
