//! Forks: a new execution from a node of another one on.

use std::collections::BTreeMap;

use steadflow_core::caller::Caller;
use steadflow_core::execution::{Edits, ForkPlan};
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::payload::Payload;

use super::start::{RequestKey, Started, ToAccept, check_form, new_id};
use super::unmask::{unmasked, unmasked_outputs};
use super::{Engine, VersionChoice};
use crate::error::RuntimeError;

/// How to fork.
#[derive(Clone, Debug)]
pub struct Fork {
    /// The node from which on the new execution runs by itself.
    pub node: NodeId,
    /// On which version of the flow.
    pub version: VersionChoice,
    /// Replaces the old trigger data.
    pub trigger_data: Option<Payload>,
    /// Replace the outputs of nodes that do not run.
    pub outputs: BTreeMap<NodeId, Payload>,
    /// What makes the call happen once.
    pub key: Option<RequestKey>,
}

/// What was forked.
#[derive(Debug)]
pub struct Forked {
    /// The flow of both executions.
    pub flow: FlowId,
    /// The new one.
    pub started: Started,
}

impl Engine {
    /// Forks an execution, whatever its status: a new one with the same context, which reuses the outputs of the nodes that
    /// completed and do not follow on `node`. On the same version of the flow, it keeps the versions of agents and of
    /// children's flows that the old one was pinned to.
    ///
    /// # Errors
    /// [`RuntimeError::NotForkable`] with what does not fit.
    pub async fn fork(&self, caller: &Caller, id: ExecutionId, fork: Fork) -> Result<Forked, RuntimeError> {
        let old = self.unmasked_execution(caller.tenant, id).await?.execution;
        let (flow, limits) = self.version_to_run(caller.tenant, &old, fork.version).await?;
        let plan =
            old.fork_plan(&fork.node, &flow).map_err(|fault| RuntimeError::NotForkable(vec![fault]))?;
        let trigger_data = fork.trigger_data.map(|edited| unmasked(&edited, &old)).transpose()?;
        let edits = Edits {
            trigger_data,
            outputs: unmasked_outputs(fork.outputs, &old).map_err(RuntimeError::NotForkable)?,
        };
        let plan = old.edit_fork(plan, edits, &flow).map_err(RuntimeError::NotForkable)?;
        let accepted = old.forked(plan, caller.actor.clone(), self.worker());
        drop(old);
        check_form(&flow, &accepted.trigger_data)?;
        let (key, of_flow) = (fork.key, accepted.flow);
        let started = self.accept(ToAccept { id: new_id(), flow, accepted, limits, key, wait: None }).await?;
        Ok(Forked { flow: of_flow, started })
    }

    /// Says what a fork without edits would run, and what it would reuse.
    ///
    /// # Errors
    /// As [`Self::fork`].
    pub async fn fork_plan(
        &self,
        tenant: TenantId,
        id: ExecutionId,
        node: &NodeId,
        version: VersionChoice,
    ) -> Result<ForkPlan, RuntimeError> {
        let old = self.unmasked_execution(tenant, id).await?.execution;
        let (flow, _) = self.version_to_run(tenant, &old, version).await?;
        old.fork_plan(node, &flow).map_err(|fault| RuntimeError::NotForkable(vec![fault]))
    }
}
