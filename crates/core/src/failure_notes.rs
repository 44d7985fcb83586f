//! What people note about failures that are alike: a stored format.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::caller::Actor;
use crate::ids::{FlowId, PrincipalId};
use crate::timestamp::Timestamp;

/// Who cares for a failure group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// Whose failures these are.
    pub flow: FlowId,
    /// Who.
    pub to: PrincipalId,
    /// What they were called then.
    pub name: Arc<str>,
    /// Who said so.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// That a failure group is not shown for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted {
    /// Whose failures these are.
    pub flow: FlowId,
    /// Until this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Until it fails in a version after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_version: Option<u32>,
    /// Who said so.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// That a failure group is done with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// Whose failures these are.
    pub flow: FlowId,
    /// It opens again when it fails in a version after this one.
    pub after_version: u32,
    /// Who said so.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

macro_rules! parsed {
    ($($note:ty)*) => {$(
        impl $note {
            /// Reads a stored note; `None` for one that another version has written and this one cannot read.
            pub fn parse(text: &str) -> Option<Self> {
                serde_json::from_str(text).ok()
            }
        }
    )*};
}

parsed!(Assigned Muted Resolved);
