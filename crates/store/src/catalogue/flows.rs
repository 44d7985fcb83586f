//! Flows as they are stored: one document per version, and what applies to the flow as a whole.

use std::fmt;
use std::str::FromStr;

use steadflow_core::folder::{Folder, Folders};
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;

use super::Revision;

/// Whether a flow may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowStatus {
    /// Being worked on; starts when asked.
    Draft,
    /// In use.
    Active,
    /// Held: nothing starts.
    Paused,
    /// Archived: nothing starts.
    Archived,
}

impl FlowStatus {
    /// All statuses, in the order in which people are shown them.
    pub const ALL: [Self; 4] = [Self::Draft, Self::Active, Self::Paused, Self::Archived];

    /// Returns the name that documents and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Archived => "archived",
        }
    }
}

impl fmt::Display for FlowStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FlowStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(())
    }
}

/// A flow with its current version.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowRecord {
    /// Its id.
    pub id: FlowId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The number of its current version, from 1.
    pub version: u32,
    /// Whether it may be started.
    pub status: FlowStatus,
    /// Its current document, as JSON, all keys set.
    pub document: Payload,
    /// The document's name, to list and search by.
    pub name: String,
    /// The document's category.
    pub category: Option<String>,
    /// Whether the document is a template.
    pub is_template: bool,
    /// Whether it starts by itself while it is active.
    pub starts_by_itself: bool,
    /// Where it is called from outside; of all active flows, one has a path.
    pub webhook_path: Option<String>,
    /// Where it is; `None` is the top.
    pub folder: Option<Folder>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl FlowRecord {
    /// Returns what a change of it is made to.
    pub const fn revision(&self) -> Revision {
        Revision { version: self.version, status: Some(self.status) }
    }
}

/// One version of a flow. Never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowVersionRecord {
    /// The flow.
    pub flow: FlowId,
    /// Its tenant.
    pub tenant: TenantId,
    /// From 1.
    pub version: u32,
    /// The document.
    pub document: Payload,
    /// When it was stored.
    pub created_at: Timestamp,
    /// What somebody has written about it when it was saved.
    pub note: Option<String>,
}

/// What to change of a flow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowChange {
    /// A new document, with the columns taken from it; makes the next version.
    pub document: Option<FlowDocument>,
    /// A new status.
    pub status: Option<FlowStatus>,
    /// Another folder, or the top.
    pub folder: Option<Option<Folder>>,
    /// When.
    pub at: Timestamp,
    /// Only if this is the current revision.
    pub if_revision: Option<Revision>,
    /// The revision of the draft that the document is of: deleted with the change, if it still has it.
    pub ends_draft: Option<u64>,
    /// What somebody writes about the new version, if the document makes one.
    pub note: Option<String>,
}

/// A document with what is listed and searched of it.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowDocument {
    /// The document, as JSON, all keys set.
    pub document: Payload,
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: Option<String>,
    /// Whether it is a template.
    pub is_template: bool,
    /// Whether it starts by itself while it is active.
    pub starts_by_itself: bool,
    /// The path of its webhook.
    pub webhook_path: Option<String>,
}

/// Which flows to list. Every field that is set must fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowFilter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// In this category.
    pub category: Option<String>,
    /// In this status.
    pub status: Option<FlowStatus>,
    /// Templates only, or none.
    pub is_template: Option<bool>,
    /// Only those that start by themselves while they are active, or none.
    pub starts_by_itself: Option<bool>,
    /// Only those with a webhook, or none.
    pub has_webhook: Option<bool>,
    /// In one of these folders.
    pub folders: Option<Folders>,
    /// With this text in the name, whatever the case of its letters.
    pub text: Option<String>,
}
