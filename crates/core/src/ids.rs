//! Identities: a newtype each, so that one is never taken for another.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that the caller made: `core` has no clock and no randomness to make one.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// Returns the UUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

uuid_id!(
    /// One execution; version 7, so that later ones sort behind earlier ones.
    ExecutionId
);
uuid_id!(
    /// One flow, all its versions.
    FlowId
);
uuid_id!(
    /// One registered agent.
    AgentId
);
uuid_id!(
    /// One tenant; tenants never see each other.
    TenantId
);
uuid_id!(
    /// One person or service account.
    PrincipalId
);
uuid_id!(
    /// One API key.
    KeyId
);

impl TenantId {
    /// The tenant that everything belongs to while no other exists.
    pub const DEFAULT: Self = Self(Uuid::nil());
}

/// A node's id as its flow document gives it: unique in the flow, never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// Wraps the id of a flow document's node.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A node's place in its flow version's node list. Versions are immutable, so it names a node for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeIndex(pub u16);

impl NodeIndex {
    /// Returns the place as an index into a slice.
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

/// An edge's place in its flow version's edge list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EdgeIndex(pub u16);

impl EdgeIndex {
    /// Returns the place as an index into a slice.
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

/// The number of an attempt, from 1. `retry_attempt` of the API is this number less one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attempt(u32);

impl Attempt {
    /// The first attempt.
    pub const FIRST: Self = Self(1);

    /// Returns the attempt with this number; 0 is taken as 1.
    pub const fn numbered(number: u32) -> Self {
        Self(if number == 0 { 1 } else { number })
    }

    /// Returns the number, from 1.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Returns the attempt after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The name of one call inside an attempt, such as `turn:3`. It is the same over all attempts of a node, so it is part of
/// the call's idempotency key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepKey(Option<Arc<str>>);

impl StepKey {
    /// The call of an attempt that makes no other. Start and end of the attempt are its start and end, so it has no
    /// events of its own.
    pub const ONLY: Self = Self(None);

    /// Returns the key called `name`.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(Some(name.into()))
    }

    /// Returns whether this is [`Self::ONLY`].
    pub const fn is_only(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the name; `None` for [`Self::ONLY`].
    pub fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Returns the key of asking a server to end the task of this call.
    pub(crate) fn of_cancel(&self) -> Self {
        Self::new(self.name().map_or_else(|| "cancel".to_owned(), |name| format!("cancel:{name}")))
    }
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().unwrap_or("-"))
    }
}

impl ExecutionId {
    /// Returns the id of the child that `node` of this execution started as its `number`-th. It depends on these three
    /// alone, so that a child cannot be started twice, and sorts near its parent's id.
    #[must_use]
    pub fn child(self, node: NodeIndex, number: u32) -> Self {
        let name = format!("{}:{number}", node.0);
        let mut bytes = *Uuid::new_v5(&self.0, name.as_bytes()).as_bytes();
        bytes[..6].copy_from_slice(&self.0.as_bytes()[..6]);
        bytes[6] = (bytes[6] & 0x0f) | 0x70;
        Self(Uuid::from_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_children_differ_by_parent_node_and_number_and_keep_the_time() {
        let parent = ExecutionId::new(Uuid::from_u128(0x0190_0000_0001_7000_8000_0000_0000_0001));
        let other = ExecutionId::new(Uuid::from_u128(0x0190_0000_0001_7000_8000_0000_0000_0002));

        let children = [
            parent.child(NodeIndex(1), 0),
            parent.child(NodeIndex(1), 1),
            parent.child(NodeIndex(11), 0),
            other.child(NodeIndex(1), 0),
        ];

        let mut distinct = children.to_vec();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), children.len());
        assert_eq!(children[0], parent.child(NodeIndex(1), 0));
        for child in children {
            assert_eq!(child.uuid().get_version_num(), 7);
            assert_eq!(child.uuid().as_bytes()[..6], parent.uuid().as_bytes()[..6]);
        }
    }
}
