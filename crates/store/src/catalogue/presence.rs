//! Who has a flow open in the editor. Each tab says so again and again; what was not heard of for a while is gone.

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

/// For how long somebody is there after they were heard of.
pub const PRESENT_FOR: Duration = Duration::from_secs(40);
/// Tabs of one flow that are known at most. Those that come when there are so many see the others, and are not seen.
pub const PRESENT_MAX: usize = 50;

/// A tab in which somebody has a flow open.
#[derive(Clone, Debug, PartialEq)]
pub struct PresenceRecord {
    /// The flow.
    pub flow: FlowId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The tab: an ID that it made itself.
    pub tab: Uuid,
    /// Who, for people to read.
    pub by: Arc<str>,
    /// When it was last heard of.
    pub seen_at: Timestamp,
}

impl PresenceRecord {
    /// Returns the moment that a tab was heard of after, if it is still there at `now`.
    #[must_use]
    pub fn heard_since(now: Timestamp) -> Timestamp {
        now.minus(PRESENT_FOR)
    }
}

/// What a tab learns that says that it is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Presence {
    /// The revision of the draft of the flow, if it has one.
    pub draft: Option<u64>,
    /// The other tabs, in the order of their ids.
    pub others: Vec<PresenceRecord>,
}
