//! What waits for a person.

use std::collections::{BTreeMap, BTreeSet};

use steadflow_core::execution::{Execution, ExecutionStatus, NodeState, Wait};
use steadflow_core::ids::{ExecutionId, NodeId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{ExecutionFilter, ExecutionRow, Listed, Page};

use super::Engine;
use crate::error::RuntimeError;

/// Executions that are read at once.
const ROWS: usize = 200;
/// Executions of a tenant that are looked at, of those that wait for an approval or a decision: the newest ones.
const WAITING_MAX: usize = 5_000;

/// Something that a person has to decide on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// What it is known by: of an approval its id, of a decision the node and its attempt.
    pub(super) key: String,
    /// The node.
    pub(super) node: NodeId,
    /// What it waits for.
    pub(super) wait: Wait,
    /// Since when.
    pub(super) at: Timestamp,
}

/// What waits for a person, as it was when it was looked at last.
#[derive(Debug, Default)]
pub(super) struct Waits {
    known: BTreeMap<ExecutionId, Known>,
}

/// An execution that waits.
#[derive(Debug)]
struct Known {
    /// The length of its journal: one of the same length is the same.
    bytes: u64,
    asked: Vec<Asked>,
}

impl Waits {
    /// Looks what of these tenants waits for a person, and returns each with its row.
    ///
    /// # Errors
    /// What the store says. Executions that cannot be read are left out: the list of executions says so.
    pub(super) async fn look(
        &mut self,
        engine: &Engine,
        tenants: &BTreeSet<TenantId>,
    ) -> Result<Vec<(ExecutionRow, Vec<Asked>)>, RuntimeError> {
        let (mut before, mut all) = (std::mem::take(&mut self.known), Vec::new());
        for tenant in tenants {
            for wait in [Wait::Approval, Wait::Decision] {
                for row in waiting(engine, *tenant, wait, WAITING_MAX).await? {
                    let bytes = engine.store().journal_bytes(row.id).await?;
                    let known = before.remove(&row.id).filter(|known| known.bytes == bytes);
                    let asked = match known {
                        Some(known) => known.asked,
                        None => match engine.execution(*tenant, row.id).await {
                            Ok(snapshot) => asked_of(&snapshot.execution),
                            // It was deleted meanwhile.
                            Err(RuntimeError::NoExecution(_)) => continue,
                            Err(error) if error.is_damage() => continue,
                            Err(error) => return Err(error),
                        },
                    };
                    self.known.insert(row.id, Known { bytes, asked: asked.clone() });
                    all.push((row, asked));
                }
            }
        }
        Ok(all)
    }
}

/// Returns the executions of a tenant that wait, children as well: the newest ones, up to a number.
async fn waiting(
    engine: &Engine,
    tenant: TenantId,
    wait: Wait,
    max: usize,
) -> Result<Vec<ExecutionRow>, RuntimeError> {
    let filter = ExecutionFilter {
        tenant: Some(tenant),
        waiting_for: Some(wait.as_str()),
        ..ExecutionFilter::default()
    };
    let (mut all, mut before) = (Vec::new(), None);
    while all.len() < max {
        let limit = ROWS.min(max - all.len());
        let rows: Vec<Listed<ExecutionRow>> =
            engine.store().executions(filter.clone(), Page { before, limit }).await?;
        let is_last = rows.len() < limit;
        before = rows.last().map(|row| row.as_ref().map_or_else(|damaged| damaged.id, |row| row.id.uuid()));
        all.extend(rows.into_iter().flatten());
        if is_last {
            break;
        }
    }
    Ok(all)
}

/// Returns what a person has to decide on.
fn asked_of(execution: &Execution) -> Vec<Asked> {
    let mut all = Vec::new();
    if execution.status() != ExecutionStatus::Running {
        return all;
    }
    for (node, state) in execution.graph().nodes.iter().zip(execution.nodes()) {
        let id = execution.id();
        let asked = |key: String, wait, at| Asked {
            key: format!("{id}:{}:{key}", node.id),
            node: node.id.clone(),
            wait,
            at,
        };
        all.extend(
            state
                .open_approvals()
                .map(|approval| asked(approval.step.to_string(), Wait::Approval, approval.requested_at)),
        );
        if state.state == NodeState::Waiting(Wait::Decision) {
            let last = state.attempts.last();
            let at = last.and_then(|last| last.ended_at).unwrap_or_else(|| execution.created_at());
            let attempt = last.map_or(0, |last| last.attempt.number());
            all.push(asked(format!("decision:{attempt}"), Wait::Decision, at));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use steadflow_core::caller::Caller;
    use steadflow_core::payload::Payload;
    use steadflow_core::work::Work;
    use steadflow_store::{FlowStatus, MemoryStore};

    use super::*;
    use crate::{EngineConfig, Executor, NewFlow, Performing, Start, SystemClock};

    #[derive(Debug)]
    struct Unasked;

    impl Executor for Unasked {
        fn execute(&self, _: Work) -> Performing {
            unreachable!("an approval does nothing outside")
        }
    }

    #[tokio::test(start_paused = true)]
    async fn of_what_waits_the_newest_are_looked_at() {
        let (store, clock) = (Arc::new(MemoryStore::default()), Arc::new(SystemClock::new()));
        let engine = Engine::start(EngineConfig::default(), store, Arc::new(Unasked), clock).await.unwrap();
        let nodes = json!([{ "id": "ask", "type": "approval" }]);
        let document = json!({ "name": "Ask", "flow_definition": { "nodes": nodes, "edges": [] } });
        let flow = NewFlow::new(document, FlowStatus::Active);
        let start = Start {
            caller: Caller::LOCAL,
            flow: flow.id,
            context_id: None,
            context_type: None,
            trigger_data: Payload::from_value(&json!({})),
            triggered_by: "test".into(),
            priority: None,
            trace: None,
            key: None,
            wait: None,
        };
        engine.create_flow(&Caller::LOCAL, flow).await.unwrap();
        let mut started = Vec::new();
        for _ in 0..4 {
            started.push(engine.start_execution(start.clone()).await.unwrap().execution);
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;

        let found = async |max| {
            let rows = waiting(&engine, TenantId::DEFAULT, Wait::Approval, max).await.unwrap();
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };

        started.reverse();
        assert_eq!(found(WAITING_MAX).await, started);
        assert_eq!(found(3).await, started[..3]);
        assert_eq!(WAITING_MAX, 5_000);
    }
}
