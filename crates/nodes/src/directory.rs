//! The directory of agents, and of what was said to them.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use steadflow_core::agent::Agent;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::session::{SessionPart, SessionSummary, SessionTurn};

/// Finds registered agents.
pub trait AgentDirectory: Send + Sync + 'static {
    /// Returns the agent `id` of `tenant` in `version`, or in its current one where no version is named; `None` if there
    /// is none.
    ///
    /// # Errors
    /// [`DirectoryError`] if the directory cannot be read; the attempt fails and is retried.
    fn agent(
        &self,
        tenant: TenantId,
        id: AgentId,
        version: Option<u32>,
    ) -> BoxFuture<'_, Result<Option<Arc<Agent>>, DirectoryError>>;

    /// Returns the turns of `part` of a session of the agent, in order; a directory without sessions has none.
    ///
    /// # Errors
    /// As [`Self::agent`].
    fn turns(
        &self,
        tenant: TenantId,
        agent: AgentId,
        part: SessionPart,
    ) -> BoxFuture<'_, Result<Vec<SessionTurn>, DirectoryError>> {
        let _ = (tenant, agent, part);
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Returns the newest summary of a session of the agent that reaches to no turn behind `up_to`; `None` if there is none.
    ///
    /// # Errors
    /// As [`Self::agent`].
    fn summary(
        &self,
        tenant: TenantId,
        agent: AgentId,
        key: Arc<str>,
        up_to: u32,
    ) -> BoxFuture<'_, Result<Option<SessionSummary>, DirectoryError>> {
        let _ = (tenant, agent, key, up_to);
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// The directory could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the agents could not be read")]
pub struct DirectoryError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A directory without agents.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAgents;

impl AgentDirectory for NoAgents {
    fn agent(
        &self,
        _tenant: TenantId,
        _id: AgentId,
        _version: Option<u32>,
    ) -> BoxFuture<'_, Result<Option<Arc<Agent>>, DirectoryError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}
