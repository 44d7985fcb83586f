//! Alerts: what people want to be told of, what they were told, and what they are still to be told.
//!
//! That something has happened is noted once, and the message about it is stored with that, before anyone sends it. A group
//! has one message in a time; what happens meanwhile is counted for the next one.

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

use crate::{ExecutionRow, Listed, StoreFuture};

/// Alerts, and their messages.
pub trait Alerts: Send + Sync + 'static {
    /// Returns the alerts of all tenants, by id.
    fn alerts(&self) -> StoreFuture<'_, Vec<AlertRecord>>;

    /// Stores an alert, new or changed.
    fn put_alert(&self, alert: AlertRecord) -> StoreFuture<'_, ()>;

    /// Deletes an alert with its messages. Returns whether there was one.
    fn delete_alert(&self, tenant: TenantId, id: Uuid) -> StoreFuture<'_, bool>;

    /// Returns executions without a parent that failed, or completed only thanks to retries, in the order of their ends, behind
    /// the one that is given.
    fn alerting_executions(
        &self,
        after: (Timestamp, ExecutionId),
        limit: usize,
    ) -> StoreFuture<'_, Vec<Listed<ExecutionRow>>>;

    /// Returns up to when executions that ended were looked at.
    fn alerts_seen(&self) -> StoreFuture<'_, Option<Timestamp>>;

    /// Stores up to when executions that ended were looked at.
    fn put_alerts_seen(&self, at: Timestamp) -> StoreFuture<'_, ()>;

    /// Notes that something has happened, with a message if its group has had none for as long as it says. Returns whether it
    /// was new. Of an alert that is gone, nothing is noted.
    fn note_alert(&self, note: AlertNote) -> StoreFuture<'_, bool>;

    /// Takes a message that is to be sent now, so that nobody else takes it before `until`: one that is stored, or one for a
    /// group in which something has happened since its last message.
    fn claim_message(&self, claim: MessageClaim) -> StoreFuture<'_, Option<AlertMessage>>;

    /// Stores what became of a message that was taken.
    fn message_tried(&self, tried: MessageTried) -> StoreFuture<'_, ()>;

    /// Returns the last messages of an alert, the newest first.
    fn alert_messages(
        &self,
        tenant: TenantId,
        alert: Uuid,
        limit: usize,
    ) -> StoreFuture<'_, Vec<AlertMessage>>;

    /// Deletes notes and messages of before, `limit` of each at most. Returns how many.
    fn expire_alerts(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, usize>;
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

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertNote {
    /// Who is to be told.
    pub alert: Uuid,
    /// What it is known by: the same is noted once.
    pub key: Arc<str>,
    /// What it is counted with.
    pub group: Arc<str>,
    /// What the message says of it.
    pub sample: Payload,
    /// When it is noted.
    pub at: Timestamp,
    /// Whether nobody is told: it was so before.
    pub is_silent: bool,
    /// The id of its message, if it has one.
    pub message: Uuid,
    /// How long a group has no other message.
    pub window: Duration,
}

/// Who takes a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageClaim {
    /// The time.
    pub now: Timestamp,
    /// When others may take it.
    pub until: Timestamp,
    /// How long a group has no other message.
    pub window: Duration,
    /// The id of a message that is made of what was counted.
    pub message: Uuid,
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
    /// When it was sent, or given up.
    pub ended_at: Option<Timestamp>,
    /// Why it could not be sent the last time.
    pub error: Option<Arc<str>>,
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
}

impl MessageState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Sent, Self::GivenUp];

    /// Returns the name that is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
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
    /// Its state now. One that has ended stays so.
    pub state: MessageState,
    /// When it is sent again.
    pub next_at: Timestamp,
    /// Now.
    pub at: Timestamp,
    /// Why it could not be sent.
    pub error: Option<Arc<str>>,
}
