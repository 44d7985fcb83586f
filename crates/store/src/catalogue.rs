//! The catalogue: what people edit, and what executions are pinned to.

mod agents;
mod drafts;
mod edits;
mod flows;
mod presence;
mod revision;

use steadflow_core::ids::{AgentId, FlowId, TenantId};

pub use agents::{AgentChange, AgentFilter, AgentRecord, AgentUse, AgentVersionRecord};
pub use drafts::{FlowDraftChange, FlowDraftMark, FlowDraftRecord};
pub use edits::{EDITS_KEPT, Edited, Edits};
pub use flows::{FlowChange, FlowDocument, FlowFilter, FlowRecord, FlowStatus, FlowVersionRecord};
pub use presence::{PRESENT_FOR, PRESENT_MAX, Presence, PresenceRecord};
pub use revision::Revision;

#[cfg(doc)]
use crate::PageRoom;
use crate::{Listed, Page, StoreFuture, VersionId};

/// Flows and agents with their versions.
pub trait Catalogue: Send + Sync + 'static {
    // ---- flows -------------------------------------------------------------------------------------------------

    /// Stores a new flow as version 1.
    ///
    /// [`WebhookTaken`](crate::StoreError::WebhookTaken) if it is active, and another active flow has the path of its webhook.
    fn create_flow(&self, flow: FlowRecord) -> StoreFuture<'_, ()>;

    /// Changes a flow: a new document makes a new version, a new status does not.
    ///
    /// [`WebhookTaken`](crate::StoreError::WebhookTaken) as in [`Self::create_flow`].
    fn change_flow(
        &self,
        tenant: TenantId,
        id: FlowId,
        change: FlowChange,
    ) -> StoreFuture<'_, Changed<FlowRecord>>;

    /// Returns a flow with its current version.
    fn flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowRecord>>;

    /// Returns the flow that is called at the path of a webhook, whoever's it is: the active one or else, of those that are paused,
    /// the newest.
    fn flow_at(&self, webhook_path: String) -> StoreFuture<'_, Option<(TenantId, FlowId)>>;

    /// Returns the flows that fit, newest first: fewer than asked for where a [`PageRoom`] has no room for more.
    fn flows(&self, filter: FlowFilter, page: Page) -> StoreFuture<'_, Vec<Listed<FlowRecord>>>;

    /// Counts the flows that fit.
    fn count_flows(&self, filter: FlowFilter) -> StoreFuture<'_, u64>;

    /// Returns one version of a flow.
    fn flow_version(
        &self,
        tenant: TenantId,
        id: FlowId,
        version: u32,
    ) -> StoreFuture<'_, Option<FlowVersionRecord>>;

    /// Returns versions of a flow, newest first, as in [`Self::flows`].
    fn flow_versions(
        &self,
        tenant: TenantId,
        id: FlowId,
        page: VersionPage,
    ) -> StoreFuture<'_, Vec<Listed<FlowVersionRecord, VersionId>>>;

    /// Deletes a flow, readable or not, with its versions, executions, journals, inboxes and rollups. Its unfinished executions must
    /// have been ended before. False if there is no such flow.
    fn delete_flow(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, bool>;

    /// Returns the draft of a flow.
    fn flow_draft(&self, tenant: TenantId, id: FlowId) -> StoreFuture<'_, Option<FlowDraftRecord>>;

    /// Returns which of these flows have a draft, in one query and in the order of their ids.
    fn flow_draft_marks(&self, tenant: TenantId, flows: Vec<FlowId>) -> StoreFuture<'_, Vec<FlowDraftMark>>;

    /// Stores a draft in the place of the one that it replaces: what is current otherwise is a conflict. [`Changed::Missing`] if there
    /// is no such flow.
    fn put_flow_draft(&self, change: FlowDraftChange) -> StoreFuture<'_, Changed<Option<FlowDraftRecord>>>;

    /// Deletes the draft of a flow, if it has this revision; returns what it was. [`Changed::Missing`] if there is none.
    fn delete_flow_draft(
        &self,
        tenant: TenantId,
        id: FlowId,
        revision: u64,
    ) -> StoreFuture<'_, Changed<Option<FlowDraftRecord>>>;

    /// Records that a flow is open in a tab, and returns which others it is open in. Forgets the tabs, of all flows, that were not
    /// heard of for [`PRESENT_FOR`]. `None` if there is no such flow.
    fn see_presence(&self, presence: PresenceRecord) -> StoreFuture<'_, Option<Presence>>;

    /// Forgets that a flow is open in a tab, if it was this person's.
    fn end_presence(&self, presence: PresenceRecord) -> StoreFuture<'_, ()>;

    // ---- agents ------------------------------------------------------------------------------------------------

    /// Stores an agent, new or changed: a document that differs from the current one makes the next version.
    ///
    /// [`Changed::Missing`] if it is another tenant's, or if a revision was named and there is no such agent.
    fn put_agent(&self, change: AgentChange) -> StoreFuture<'_, Changed<AgentRecord>>;

    /// Returns an agent with its current version.
    fn agent(&self, tenant: TenantId, id: AgentId) -> StoreFuture<'_, Option<AgentRecord>>;

    /// Returns those of `agents` that there are, in one query and in the order of their ids: not all where a [`PageRoom`] has
    /// no room for more, and then those after the last one are asked for again. A caller asks for at most a few thousand.
    fn agents_of(&self, tenant: TenantId, agents: Vec<AgentId>) -> StoreFuture<'_, Vec<Listed<AgentRecord>>>;

    /// Returns the agents that fit, newest first, as in [`Self::flows`].
    fn agents(&self, filter: AgentFilter, page: Page) -> StoreFuture<'_, Vec<Listed<AgentRecord>>>;

    /// Counts the agents that fit.
    fn count_agents(&self, filter: AgentFilter) -> StoreFuture<'_, u64>;

    /// Returns one version of an agent.
    fn agent_version(
        &self,
        tenant: TenantId,
        id: AgentId,
        version: u32,
    ) -> StoreFuture<'_, Option<AgentVersionRecord>>;

    /// Returns versions of an agent, newest first, as in [`Self::flows`].
    fn agent_versions(
        &self,
        tenant: TenantId,
        id: AgentId,
        page: VersionPage,
    ) -> StoreFuture<'_, Vec<Listed<AgentVersionRecord, VersionId>>>;

    /// Returns how much each of these agents was called; those that never were are not in it.
    fn agent_uses(&self, tenant: TenantId, agents: Vec<AgentId>) -> StoreFuture<'_, Vec<AgentUse>>;

    /// Deletes an agent with its versions, readable or not, if `if_revision` is its current one or names none; returns the
    /// revision that it had.
    fn delete_agent(
        &self,
        tenant: TenantId,
        id: AgentId,
        if_revision: Option<Revision>,
    ) -> StoreFuture<'_, Changed<Revision>>;

    // ---- other processes ---------------------------------------------------------------------------------------

    /// Returns what all processes have edited after the edit of the number `after`, in the order in which it was committed; with
    /// `None`, only the number of the last edit. Only where other processes can edit anything ([`crate::Store::is_shared`]).
    fn edits(&self, _after: Option<u64>) -> StoreFuture<'_, Edits> {
        Box::pin(std::future::ready(Ok(Edits::default())))
    }
}

/// The result of a change that may name the revision to which it applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed<T> {
    /// The change was made. This is what is stored now.
    Done(T),
    /// The current revision, given here, is not the one that was named. Nothing was changed.
    Conflict(T),
    /// There is nothing with that ID. Nothing was changed.
    Missing,
}

/// Which part of a list of versions. Lists are newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionPage {
    /// Only versions below this one.
    pub before: Option<u32>,
    /// At most so many.
    pub limit: usize,
}
