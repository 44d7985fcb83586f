//! Listening to what changes.

use steadflow_core::ids::{ExecutionId, NodeIndex};

use super::Engine;
use crate::followed::Following;
use crate::hub::Changes;
use crate::live::LiveFollowing;

impl Engine {
    /// Listens to every committed change, from here on.
    pub fn changes(&self) -> Changes {
        self.inner.hub.subscribe()
    }

    /// Listens to the changes of one execution, from here on.
    pub fn follow(&self, execution: ExecutionId) -> Following {
        self.inner.hub.follow(execution)
    }

    /// Listens to what the models of a node write while they write it, from here on.
    pub fn follow_texts(&self, execution: ExecutionId, node: NodeIndex) -> LiveFollowing {
        self.inner.texts.follow(execution, node)
    }
}
