//! Who forks an execution: from some node that completed on, with or without other outputs.

use std::sync::Arc;

use serde_json::json;
use steadflow_core::caller::Actor;
use steadflow_core::event::Accepted;
use steadflow_core::execution::{Edits, Execution, FlowVersion};
use steadflow_core::ids::NodeId;
use steadflow_core::payload::Payload;

use super::Source;
use crate::edited::edited;
use crate::world::{ProcessId, World};

/// Returns the nodes from which on an execution can be forked.
fn nodes_to_fork(execution: &Execution) -> Vec<NodeId> {
    let nodes = execution.graph().in_flow();
    nodes.filter(|(at, _)| execution.node(*at).output.is_some()).map(|(_, node)| node.id.clone()).collect()
}

impl World {
    /// A fork of an execution, whatever its status.
    pub(super) fn forks(&mut self, process: ProcessId) -> Result<(), String> {
        let all = self.checker.executions();
        let Some(&id) = self.rng.pick(&all) else { return self.starts(process) };
        let old = self.checker.fold(id)?;
        let nodes = if old.accepted().body().is_none() { nodes_to_fork(&old) } else { Vec::new() };
        match self.rng.pick(&nodes).cloned() {
            Some(node) => self.starts_after(process, id, Source::Forked(id, node)),
            None => self.starts(process),
        }
    }

    /// Returns what a fork starts from. Where the current version is another one in what it would reuse, that is refused, and
    /// the client takes the old one.
    pub(super) fn forked(
        &mut self,
        old: &Execution,
        node: &NodeId,
        current: &Arc<FlowVersion>,
        worker: Arc<str>,
    ) -> Result<(Arc<FlowVersion>, Accepted), String> {
        let edits = self.edits_of(old);
        if self.rng.happens(500)
            && let Ok(plan) = old.fork_plan(node, current)
            && let Ok(plan) = old.edit_fork(plan, edits.clone(), current)
        {
            return Ok((Arc::clone(current), old.forked(plan, Actor::USER, worker)));
        }
        let plan = old.fork_plan(node, old.flow()).map_err(|fault| format!("R1: refused: {fault}"))?;
        let plan = match old.edit_fork(plan.clone(), edits, old.flow()) {
            Ok(plan) => plan,
            Err(_) => old
                .edit_fork(plan, Edits::default(), old.flow())
                .map_err(|faults| format!("R1: refused: {faults:?}"))?,
        };
        Ok((Arc::clone(old.flow()), old.forked(plan, Actor::USER, worker)))
    }

    /// Another output for some node, which may be one that runs.
    fn edits_of(&mut self, old: &Execution) -> Edits {
        let nodes = nodes_to_fork(old);
        let node = self.rng.pick(&nodes).cloned().filter(|_| self.rng.happens(500));
        let trigger_data = self.rng.happens(200).then(|| Payload::from_value(&json!({ "k": 7 })));
        Edits { trigger_data, outputs: node.map(|node| (node, edited())).into_iter().collect() }
    }
}
