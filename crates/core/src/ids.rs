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
