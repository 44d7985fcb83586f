//! The contract between the engine and its database.
//!
//! The log comes first: a decision is one appended record of the *tail*, and that record alone makes it durable. What
//! people query ([`ExecutionRow`]s, journals, rollups) is written with the decision that ends or parks an execution, or
//! once a change is old enough to be shown. The state is the fold of journal and tail; no decision depends on projections.
//! Of a long record ([`LONG_RECORD`]), tail and journal have only the place.
//!
//! A store is thirteen parts, each with its part of the conformance suite: the [`Log`], the [`History`], the [`Blobs`], the
//! [`Catalogue`], the [`Sessions`], the [`Schedules`], the [`Events`], the [`Alerts`], the [`Keys`], the [`Tenants`], the [`Identities`], the
//! [`Audit`] and the [`SealedSecrets`]. Every implementation passes [`conformance_tests!`].

mod alerts;
mod audit;
pub mod batch;
mod blobs;
mod by_id;
mod catalogue;
#[doc(hidden)]
pub mod conformance;
mod error;
mod events;
mod history;
mod identities;
mod journal;
mod keys;
mod listed;
mod log;
mod memory;
mod notes;
mod oauth;
mod page_room;
pub mod parts;
mod passkeys;
mod schedules;
mod secrets;
mod sessions;
mod space;
mod tenants;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use steadflow_core::timestamp::Timestamp;

pub use alerts::{
    AlertMessage, AlertNote, AlertRecord, Alerts, ENDS_KEPT_FOR, FlowEnds, MessageClaim, MessageState,
    MessageTried, NEXT_WITHIN,
};
pub use audit::{Audit, AuditFrom, AuditPage};
pub use blobs::{
    BLOB_RECORD, Blob, BlobError, BlobFuture, BlobPlace, BlobStorage, Blobs, REFERENCE_BYTES_MAX,
};
pub use by_id::{ById, IdHasher};
pub use catalogue::{
    AgentChange, AgentFilter, AgentRecord, AgentUse, AgentVersionRecord, Catalogue, Changed, EDITS_KEPT,
    Edited, Edits, FlowChange, FlowDocument, FlowDraftChange, FlowDraftMark, FlowDraftRecord, FlowFilter,
    FlowRecord, FlowStatus, FlowVersionRecord, PRESENT_FOR, PRESENT_MAX, Presence, PresenceRecord, Revision,
    VersionPage,
};
pub use error::{BoxError, StoreError};
pub use events::{EventEntry, Events};
pub use history::{
    Buckets, CallCounts, CostKey, CostQuery, CostRow, CostSums, DayCosts, DayModel, DaySumming, Ended,
    ExecutionCounts, ExecutionFilter, ExecutionRow, Expired, ExpiryStep, FailureGroup, FailureQuery,
    Fingerprint, FlowSums, FlowVersionCosts, History, Kept, Lineage, MostExpensive, NodeSums, Page,
    Retention, RetryCounts, Rollup, RollupKey, RollupQuery, RollupSums, Stored, Summing, TimedModel, Times,
    time_metric, version_metrics,
};
pub use identities::{
    ApiKeyRecord, CredentialRecord, CredentialUse, FIRST_ADMIN_LINKS_MAX, Identities, InvitationAccepted,
    InvitationRecord, KeyCreated, OidcSubject, PasswordHash, PrincipalChange, PrincipalChanged,
    PrincipalKind, PrincipalRecord, SignInRecord, SignIns,
};
pub use journal::{LONG_RECORD, is_long, is_reference, journal_length, journal_of, records_of};
pub use keys::Keys;
pub use listed::{Damaged, Listed, VersionId};
pub use log::{
    BUDGET_DAYS_KEPT, Commit, Committed, Idempotency, IdempotencyHit, InboxId, InboxInput, InboxItem, Log,
    Projection, QueuedExecution, SessionChanges, SlotClaim, SlotHolder, SlotsOf, TakenSlots, Waiting, Worker,
};
pub use memory::MemoryStore;
pub use notes::{NoteChange, NoteKey, NoteKind, NoteRecord, Notes};
pub use oauth::{OauthAuthorizationRecord, OauthClaim, OauthTokenRecord, OauthTokenState, OauthTokens};
pub use page_room::{PAGE_BYTES_MAX, PageRoom, WithDocument};
pub use passkeys::{PasskeyCreated, PasskeyRecord, Passkeys};
pub use schedules::{ScheduleRecord, Schedules};
pub use secrets::{DataKeyRecord, SealedSecrets, SecretRecord};
pub use sessions::{Claimed, SessionDeleted, SessionPage, SessionRecord, Sessions, interrupt_of};
pub use space::Space;
pub use tenants::{
    StartsOfOther, TenantBytes, TenantChange, TenantChanged, TenantPause, TenantRecord, TenantResumed,
    Tenants,
};

/// What every call of a store returns: a future that borrows nothing but the store.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What a database holds for the engine. Each method is one transaction.
///
/// Reads see everything that was committed before they were called. All methods may be called from many tasks at
/// once. Dropping a future does not undo its write.
pub trait Store:
    Log
    + History
    + Blobs
    + Catalogue
    + Sessions
    + Schedules
    + Events
    + Alerts
    + Keys
    + Tenants
    + Identities
    + Passkeys
    + Notes
    + Audit
    + SealedSecrets
    + OauthTokens
    + Debug
    + Send
    + Sync
    + 'static
{
    /// Checks the whole database against the rules that hold in every state; each finding is a sentence.
    fn doctor(&self) -> StoreFuture<'_, Vec<String>>;

    /// Describes in a few words what the data survives, e.g. `sqlite, WAL, synchronous=FULL: power loss`.
    fn durability(&self) -> String;

    /// Returns whether other processes can drive executions of this database.
    fn is_shared(&self) -> bool {
        false
    }

    /// Returns how much room there is.
    fn space(&self) -> StoreFuture<'_, Space>;

    /// Deletes some of the long records of executions that were deleted, or returns some of the room that is not used to the
    /// disk. Returns whether there is more to do.
    fn shrink(&self) -> StoreFuture<'_, bool>;

    /// Makes a place for what will be written soon, and takes away at once what was written in a place of which nothing is kept,
    /// where history is kept by day. It keeps nobody waiting: what cannot be done now is done the next time.
    fn tidy(&self, _now: Timestamp) -> StoreFuture<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Finishes what is under way and closes the database. Calls after it fail.
    fn close(&self) -> StoreFuture<'_, ()>;
}
