//! Alerts: what people want to be told of, what they were told, and what they are still to be told.
//!
//! That something has happened is noted once, and the message about it is stored with that, before anyone sends it. A group
//! has one message in a time; what happens meanwhile is counted for the next one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::{ExecutionRow, Listed, StoreFuture};

/// What is to be done next is to be done within this time. Claims and pauses between attempts are shorter.
pub const NEXT_WITHIN: Duration = Duration::from_secs(3_600);

/// How long it is kept what ended in which minute: as long as the longest time of a success rate, and some more.
pub const ENDS_KEPT_FOR: Duration = Duration::from_secs(25 * 3_600);

/// Alerts, and their messages.
pub trait Alerts: Send + Sync + 'static {
    /// Returns the alerts of a tenant, or of all, by id.
    fn alerts(&self, tenant: Option<TenantId>) -> StoreFuture<'_, Vec<Listed<AlertRecord>>>;

    /// Returns an alert of a tenant, or of any.
    fn alert(&self, tenant: Option<TenantId>, id: Uuid) -> StoreFuture<'_, Option<AlertRecord>>;

    /// Stores a new alert, unless its tenant has `max` already. Returns whether it did.
    fn create_alert(&self, alert: AlertRecord, max: usize) -> StoreFuture<'_, bool>;

    /// Stores a changed alert, unless it was deleted, or changed since it was read: then it was updated at `of`. Returns whether
    /// it did. Of one that is switched off, what is to be sent is cancelled, and what is counted is forgotten.
    fn change_alert(&self, alert: AlertRecord, of: Timestamp) -> StoreFuture<'_, bool>;

    /// Deletes an alert with its messages. Returns whether there was one.
    fn delete_alert(&self, tenant: TenantId, id: Uuid) -> StoreFuture<'_, bool>;

    /// Returns executions without a parent that failed, or completed only thanks to retries, in the order of their ends, behind
    /// the one that is given. Each comes with its end, which is known of those that cannot be read, too.
    fn alerting_executions(
        &self,
        after: (Timestamp, ExecutionId),
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, Listed<ExecutionRow>)>>;

    /// Returns up to when executions that ended were looked at.
    fn alerts_seen(&self) -> StoreFuture<'_, Option<Timestamp>>;

    /// Stores up to when executions that ended were looked at.
    fn put_alerts_seen(&self, at: Timestamp) -> StoreFuture<'_, ()>;

    /// Notes that something has happened, with a message if its group has had none for as long as it says and has none that is
    /// to be sent. Returns whether it was new. Of an alert that is gone, switched off, or about something else by now, nothing
    /// is noted.
    fn note_alert(&self, note: AlertNote) -> StoreFuture<'_, bool>;

    /// Forgets that something was noted, so that it can be noted again.
    fn forget_note(&self, alert: Uuid, key: Arc<str>) -> StoreFuture<'_, ()>;

    /// Returns what has ended of a tenant's flows, or of one of them, in the minute of `since` and after it, by flow; nothing of
    /// flows of which nothing has. It counts what analytics count as executions.
    fn flow_ends(
        &self,
        tenant: TenantId,
        flow: Option<FlowId>,
        since: Timestamp,
    ) -> StoreFuture<'_, Vec<FlowEnds>>;

    /// Takes a message that is to be sent now, so that nobody else takes it before `until`: one that is stored, or one for a
    /// group in which something has happened since its last message. Of an alert of which somebody has taken one, none is taken,
    /// and none of those that the claim leaves out.
    ///
    /// A time that is further away than [`NEXT_WITHIN`] was said by a clock that was wrong: it is not waited for.
    fn claim_message(&self, claim: MessageClaim) -> StoreFuture<'_, Option<Listed<AlertMessage>>>;

    /// Returns when the next message is to be sent, if nothing happens before; where its alert has another one under way, that
    /// is in the past.
    fn message_due(&self, window: Duration) -> StoreFuture<'_, Option<Timestamp>>;

    /// Stores what became of a message that was taken.
    fn message_tried(&self, tried: MessageTried) -> StoreFuture<'_, ()>;

    /// Returns the last messages of an alert, the newest first.
    fn alert_messages(
        &self,
        tenant: TenantId,
        alert: Uuid,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Listed<AlertMessage>>>;

    /// Deletes notes, messages and groups of before, and what ended more than [`ENDS_KEPT_FOR`] before `now`, `limit` of each at most.
    /// Returns how many.
    fn expire_alerts(&self, before: Timestamp, now: Timestamp, limit: usize) -> StoreFuture<'_, usize>;
}

/// An alert, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRecord {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people wrote.
    pub document: Payload,
    /// From when on it is told what happens; `None` if it is switched off.
    pub active_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What ended of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowEnds {
    /// The flow.
    pub flow: FlowId,
    /// How many executions ended.
    pub executions: u64,
    /// How many of them completed.
    pub completed: u64,
}

impl FlowEnds {
    /// Returns the first microsecond of the minute in which something ended.
    pub fn minute_of(at: Timestamp) -> i64 {
        at.as_micros() - at.as_micros().rem_euclid(60_000_000)
    }
}

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertNote {
    /// Who is to be told.
    pub alert: Uuid,
    /// From when on that was to be told, when the alert was read.
    pub active_since: Timestamp,
    /// What it is known by: the same is noted once.
    pub key: Arc<str>,
    /// What it is counted with.
    pub group: Arc<str>,
    /// What the message says of it.
    pub sample: Payload,
    /// When it is noted.
    pub at: Timestamp,
    /// The id of its message, if it has one.
    pub message: Uuid,
    /// How long a group has no other message.
    pub window: Duration,
}

/// Who takes a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageClaim {
    /// The time.
    pub now: Timestamp,
    /// When others may take it.
    pub until: Timestamp,
    /// How long a group has no other message.
    pub window: Duration,
    /// The id of a message that is made of what was counted.
    pub message: Uuid,
    /// The alerts of which none is taken, because as much is sent already.
    pub not_of: Arc<BTreeSet<Uuid>>,
}

/// A message to be sent, or that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertMessage {
    /// Its id, the same each time that it is sent.
    pub id: Uuid,
    /// The alert.
    pub alert: Uuid,
    /// The group.
    pub group: Arc<str>,
    /// What it says.
    pub sample: Payload,
    /// How many times it happened.
    pub stands_for: u32,
    /// What became of it.
    pub state: MessageState,
    /// How often it was sent, or tried to be.
    pub attempts: u32,
    /// When it is sent next, if it is.
    pub next_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was sent, given up, or cancelled.
    pub ended_at: Option<Timestamp>,
    /// Why it could not be sent the last time.
    pub error: Option<Arc<str>>,
}

impl AlertMessage {
    /// Returns whether it is to be sent.
    pub fn is_pending(&self) -> bool {
        self.state == MessageState::Pending
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// It is to be sent.
    Pending,
    /// It was sent.
    Sent,
    /// It was given up.
    GivenUp,
    /// Its alert was switched off before it was sent.
    Cancelled,
}

impl MessageState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Sent, Self::GivenUp, Self::Cancelled];

    /// Returns the name that is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
            Self::Cancelled => "cancelled",
        }
    }
}

impl std::str::FromStr for MessageState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// What became of a message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageTried {
    /// The message.
    pub id: Uuid,
    /// Its state now. One that has ended stays so, but one that was cancelled while it was sent is said to be sent.
    pub state: MessageState,
    /// When it is sent again.
    pub next_at: Timestamp,
    /// Now.
    pub at: Timestamp,
    /// Until when it was taken: its `next_at` while it is. If somebody else has taken it since, nothing is stored, except that
    /// it was sent.
    pub claimed_until: Timestamp,
    /// Why it could not be sent.
    pub error: Option<Arc<str>>,
}
