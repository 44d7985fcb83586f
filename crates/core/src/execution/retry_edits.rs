//! What differs in a retry from what the failed execution had.

use super::fork_plan::{Edits, check_output};
use super::{Execution, FlowVersion, RetryPlan};
use crate::flow::{Fault, Faults};
use crate::ids::NodeId;
use crate::place::pointer_token;

impl Execution {
    /// Adds to a plan what is to differ: outputs of nodes that are reused, and other trigger data.
    ///
    /// # Errors
    /// All faults, with pointers into the body of the call.
    pub fn edit_retry(
        &self,
        mut plan: RetryPlan,
        edits: &Edits,
        flow: &FlowVersion,
    ) -> Result<RetryPlan, Vec<Fault>> {
        let mut faults = Faults::default();
        for (id, output) in &edits.outputs {
            let checked = match (flow.flow.graph.find(id.as_str()), plan.reused.outputs.contains_key(id)) {
                (Some(at), true) => check_output(flow, at, id, output),
                (Some(_), false) => Err(self.not_reused(id)),
                (None, _) => Err(self.no_node(id)),
            };
            match checked {
                Ok(()) => {
                    plan.reused.outputs.insert(id.clone(), output.clone());
                    plan.edited.insert(id.clone());
                }
                Err(message) => faults.add(format!("/outputs/{}", pointer_token(id.as_str())), message),
            }
        }
        if edits.trigger_data.is_some() {
            plan.begin_again(flow);
        }
        if faults.is_empty() { Ok(plan) } else { Err(faults.into_all()) }
    }

    fn not_reused(&self, id: &NodeId) -> String {
        if self.output_of(id).is_some() {
            format!("Node `{id}` runs again in this retry, so that its output is not edited")
        } else {
            format!("Node `{id}` has not completed, so that it runs and has no output to edit")
        }
    }
}

impl RetryPlan {
    /// Lets the flow start with other trigger data: what gave the old does no work, and gives the new.
    fn begin_again(&mut self, flow: &FlowVersion) {
        let nodes = &flow.flow.graph.nodes;
        for node in nodes.iter().filter(|node| node.kind.room().about().traits.starts) {
            if self.reused.outputs.remove(&node.id).is_some() {
                self.run.push(node.id.clone());
            }
        }
        let place = |id: &NodeId| nodes.iter().position(|node| node.id == *id);
        self.run.sort_by_key(place);
    }
}
