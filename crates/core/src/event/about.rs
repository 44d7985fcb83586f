//! What an event is about.

use super::Event;
use crate::ids::NodeIndex;

impl Event {
    /// Returns the node that the event is about.
    pub const fn node(&self) -> Option<NodeIndex> {
        match self {
            Self::AttemptStarted { node, .. }
            | Self::AttemptFailed { node, .. }
            | Self::AttemptReleased { node, .. }
            | Self::NodeCompleted { node, .. }
            | Self::NodeFailed { node, .. }
            | Self::NodeSkipped { node }
            | Self::NodeWaiting { node, .. }
            | Self::EventAwaited { node, .. }
            | Self::SessionTaken { node, .. }
            | Self::BackoffEnded { node, .. }
            | Self::StepStarted { node, .. }
            | Self::StepEnded { node, .. }
            | Self::TaskStarted { node, .. }
            | Self::TaskResumed { node, .. }
            | Self::TaskEnded { node, .. }
            | Self::ApprovalRequested { node, .. }
            | Self::ApprovalDecided { node, .. }
            | Self::ChildrenStarted { node, .. }
            | Self::ChildEnded { node, .. }
            | Self::Resolved { node, .. } => Some(*node),
            Self::Finished { node, .. } => *node,
            Self::Accepted(_)
            | Self::Started
            | Self::Adopted { .. }
            | Self::Paused { .. }
            | Self::Resumed { .. }
            | Self::CompensationStarted { .. } => None,
        }
    }
}
