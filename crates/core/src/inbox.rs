//! Inputs for an execution that come from outside its owner: from another process, or from another execution.
//!
//! A [`Signal`] is stored in the same transaction as what caused it; the owner of the execution takes it in with its next
//! commit. A stored format: names and shapes here must always stay readable.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::approval::Answer;
use crate::caller::Actor;
use crate::event::{ChildEnd, Resolution};
use crate::external_event::ExternalEvent;
use crate::ids::{ExecutionId, NodeId, NodeIndex};

/// A stored input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// End the execution.
    Cancel {
        /// What to say of it.
        message: Arc<str>,
        /// Who asked.
        by: Actor,
    },
    /// End the execution without undoing the rest of what it did.
    StopCompensation {
        /// Who asked.
        by: Actor,
    },
    /// Start nothing new.
    Pause {
        /// Who asked.
        by: Actor,
    },
    /// Start things again.
    Resume {
        /// Who asked.
        by: Actor,
    },
    /// End a backoff.
    RetryNow {
        /// The node that waits.
        node: NodeId,
        /// Who asked.
        by: Actor,
    },
    /// Settle a node that waits for a decision.
    Resolve {
        /// The node.
        node: NodeId,
        /// What was decided.
        resolution: Resolution,
        /// By whom.
        by: Actor,
    },
    /// Approve or reject a call.
    Approve {
        /// The node.
        node: NodeId,
        /// What was decided.
        answer: Answer,
        /// By whom.
        by: Actor,
    },
    /// An event came that a node waits for.
    EventArrived {
        /// The node.
        node: NodeId,
        /// The event.
        event: Box<ExternalEvent>,
    },
    /// Another execution takes the session of a node.
    Interrupt {
        /// The node.
        node: NodeId,
        /// That execution.
        by: ExecutionId,
    },
    /// A child execution ended.
    ChildEnded {
        /// The node that started it.
        node: NodeIndex,
        /// Its number among the node's children.
        child: u32,
        /// How it ended.
        end: ChildEnd,
    },
}

/// A signal with the execution that it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    /// The execution.
    pub to: ExecutionId,
    /// What it is to take in.
    pub signal: Signal,
}
