//! What differs in a retry from what the failed execution had.

use super::fork_plan::{Edits, begin_again, check_output};
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
            begin_again(&mut plan.run, flow, |id| plan.reused.outputs.remove(id).is_some());
        }
        if faults.is_empty() { Ok(plan) } else { Err(faults.into_all()) }
    }

    fn not_reused(&self, id: &NodeId) -> String {
        if self.output_of(id).is_some() {
            format!(
                "Node `{id}` runs again in this retry, so it has no output to edit; leave it out, or fork from a node after it"
            )
        } else {
            format!(
                "Node `{id}` has not completed, so it runs in this retry and has no output to edit; leave it out"
            )
        }
    }
}
