//! Where a fork comes from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::{ExecutionId, NodeId};

/// Where a fork comes from: another execution, from one of its nodes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The execution that it is a fork of.
    pub of: ExecutionId,
    /// The node from which on it runs by itself.
    pub node: NodeId,
    /// The nodes whose outputs the one who forked it gave. All others that it reuses are those of `of`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub edited: BTreeSet<NodeId>,
}
