//! Sessions of agents: who has one, and what was said in it.

use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_core::session::{
    SessionAnswer, SessionClaim, SessionHolder, SessionId, SessionSummary, SessionTurn,
};
use steadflow_core::timestamp::Timestamp;

use crate::{InboxInput, StoreFuture, Worker};

/// Sessions of agents. Turns and summaries are added by commits alone, see [`crate::Commit::sessions`].
pub trait Sessions: Send + Sync + 'static {
    /// Gives a node its session, which is made if there is none. A node that has it already gets the same again.
    ///
    /// While another node has it, the one that interrupts sends [`Signal::Interrupt`] to the execution of that one.
    ///
    /// # Errors
    /// [`Fenced`](crate::StoreError::Fenced) if `worker` lost its lease.
    fn claim_session(&self, worker: Worker, claim: SessionClaim, now: Timestamp) -> StoreFuture<'_, Claimed>;

    /// Returns the sessions of an agent, the last used first.
    fn sessions(
        &self,
        tenant: TenantId,
        agent: AgentId,
        page: SessionPage,
    ) -> StoreFuture<'_, Vec<SessionRecord>>;

    /// Counts the sessions of an agent.
    fn count_sessions(&self, tenant: TenantId, agent: AgentId) -> StoreFuture<'_, u64>;

    /// Returns a session; `None` if there is none.
    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<SessionRecord>>;

    /// Returns the newest turns of a session up to the one with the number `last`, in order: at most `turns_max`, and beyond
    /// the newest one, which is there in any case, at most `bytes_max`.
    fn session_turns(
        &self,
        id: SessionId,
        last: u32,
        turns_max: u32,
        bytes_max: u64,
    ) -> StoreFuture<'_, Vec<SessionTurn>>;

    /// Returns the newest summary of a session that reaches to no turn behind the one with the number `up_to`; `None` if there
    /// is none.
    fn session_summary(&self, id: SessionId, up_to: u32) -> StoreFuture<'_, Option<SessionSummary>>;

    /// Deletes a session with its turns and summaries, unless a node has it.
    fn delete_session(&self, id: SessionId) -> StoreFuture<'_, SessionDeleted>;

    /// Deletes sessions that no node has and that were last used before `before`, at most `limit`; returns how many.
    fn expire_sessions(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, usize>;
}

/// What came of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// This is for the node.
    Answer(SessionAnswer),
    /// This one has the session.
    Busy(SessionHolder),
    /// The worker does not drive the execution any more, or it has ended.
    NotOurs,
}

/// A session without its turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Which one.
    pub session: SessionId,
    /// How many turns it has: the number of the last one.
    pub turns: u32,
    /// How many bytes they have together.
    pub bytes: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a node took it, or left it with a turn, for the last time.
    pub used_at: Timestamp,
    /// Who has it.
    pub holder: Option<SessionHolder>,
}

/// Which part of a list of sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionPage {
    /// Only what comes after the one of this time and key.
    pub after: Option<(Timestamp, std::sync::Arc<str>)>,
    /// At most so many.
    pub limit: usize,
}

/// What came of deleting a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionDeleted {
    /// It is gone.
    Done,
    /// This one has it. Nothing was changed.
    Busy(SessionHolder),
    /// There is none.
    Missing,
}

/// Returns what the execution of `holder` is sent by a claim that takes its session.
pub fn interrupt_of(claim: &SessionClaim, holder: &SessionHolder, now: Timestamp) -> InboxInput {
    let signal = Signal::Interrupt { node: holder.node.clone(), by: claim.execution };
    let input = serde_json::to_string(&signal).expect("a signal has string keys only");
    let (tenant, execution) = (claim.session.tenant, holder.execution);
    InboxInput { tenant, execution, input: input.into(), created_at: now }
}
