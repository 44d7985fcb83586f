//! What a fork runs, and what it reuses of the execution that it is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::same_nodes::same_nodes;
use super::{Execution, FlowVersion};
use crate::caller::Actor;
use crate::event::{Accepted, Fork};
use crate::flow::{Fault, Faults};
use crate::flow_control::QueuePlace;
use crate::ids::{NodeId, NodeIndex};
use crate::payload::Payload;
use crate::place::pointer_token;
use crate::trace::Span;

/// What a fork runs, and what it reuses: the outputs of nodes that completed, unless they follow on its node.
#[derive(Clone, Debug)]
pub struct ForkPlan {
    /// The version of the flow that it runs.
    pub version: u32,
    /// The node at which it begins.
    pub node: NodeId,
    /// Nodes that run, if the edges lead to them, in the order of the flow.
    pub run: Vec<NodeId>,
    /// What is reused.
    pub reused: BTreeMap<NodeId, Payload>,
    /// Nodes that completed and are not the same in the version that it runs. They neither run nor can their outputs be
    /// reused: others have to be given.
    pub differing: BTreeSet<NodeId>,
    trigger_data: Option<Payload>,
    edited: BTreeSet<NodeId>,
    old_version: u32,
}

/// What differs in a fork from what the old execution had.
#[derive(Clone, Debug, Default)]
pub struct Edits {
    /// Replaces the trigger data.
    pub trigger_data: Option<Payload>,
    /// Replace the outputs of nodes that do not run. With that of the node at which the fork begins, what follows on it runs.
    pub outputs: BTreeMap<NodeId, Payload>,
}

impl Execution {
    /// Plans a fork of this execution, as far as it has got, from `node` on. It runs `flow`, this version or another one.
    ///
    /// # Errors
    /// The fault, if the node has not completed, or if the execution is a part of another one.
    pub fn fork_plan(&self, node: &NodeId, flow: &FlowVersion) -> Result<ForkPlan, Fault> {
        self.check_fork(node, flow)?;
        let (old_version, version) = (self.flow.version, flow.version);
        let graph = &flow.flow.graph;
        let again = graph.find(node.as_str()).map_or_else(BTreeSet::new, |at| graph.from_on(at));
        let undone = self.undone_and_after();
        let done: BTreeMap<&NodeId, &Payload> = graph
            .in_flow()
            .map(|(_, node)| &node.id)
            .filter(|id| !again.contains(*id) && !undone.contains(*id))
            .filter_map(|id| Some((id, self.output_of(id)?)))
            .collect();
        let same = if version == old_version {
            done.keys().map(|id| (*id).clone()).collect()
        } else {
            same_nodes(&self.flow.flow, &flow.flow, |id| self.may_reuse(id, graph))
        };
        let differing = done.keys().filter(|id| !same.contains(**id)).map(|id| (*id).clone()).collect();
        let run = graph.in_flow().map(|(_, node)| &node.id).filter(|id| !done.contains_key(id)).cloned();
        Ok(ForkPlan {
            version,
            node: node.clone(),
            run: run.collect(),
            reused: done
                .iter()
                .filter(|(id, _)| same.contains(**id))
                .map(|(id, output)| ((*id).clone(), (*output).clone()))
                .collect(),
            differing,
            trigger_data: None,
            edited: BTreeSet::new(),
            old_version,
        })
    }

    fn check_fork(&self, node: &NodeId, flow: &FlowVersion) -> Result<(), Fault> {
        let refused = |pointer: &str, message| Err(Fault { pointer: pointer.into(), message });
        if let Some(parent) = self.accepted.parent.as_ref().filter(|parent| parent.body.is_some()) {
            let message = format!(
                "The execution runs the body of a node; fork execution {}, which started it",
                parent.execution
            );
            return refused("", message);
        }
        if self.graph().find(node.as_str()).is_none() {
            return refused("/node_id", self.no_node(node));
        }
        if flow.flow.graph.find(node.as_str()).is_none() {
            let message = format!("Version {} of the flow has no node `{node}` any more", flow.version);
            return refused("/node_id", message);
        }
        let undoes =
            |graph: &crate::flow::Graph| graph.find(node.as_str()).is_some_and(|at| graph.handlers.has(at));
        if undoes(self.graph()) || undoes(&flow.flow.graph) {
            let message = format!("Node `{node}` only undoes another one; fork from a node of the flow");
            return refused("/node_id", message);
        }
        if self.output_of(node).is_none() {
            let message = format!(
                "Node `{node}` has not completed; fork from a node that has, or retry the execution from where it failed"
            );
            return refused("/node_id", message);
        }
        Ok(())
    }

    /// Says that there is no such node, or where it is.
    pub(super) fn no_node(&self, id: &NodeId) -> String {
        let holds = |graph: &crate::flow::Graph| graph.all_nodes("").iter().any(|(_, node)| node.id == *id);
        let around = self
            .graph()
            .nodes
            .iter()
            .find(|node| node.body.as_ref().is_some_and(|body| holds(&body.graph)))
            .map(|node| &node.id);
        around.map_or_else(
            || format!("The execution has no node `{id}`"),
            |around| format!("Node `{id}` is in the body of `{around}`; fork from `{around}`"),
        )
    }

    /// Checks what is to differ, and adds it to a plan.
    ///
    /// # Errors
    /// All faults, with pointers into the body of the call.
    pub fn edit_fork(
        &self,
        mut plan: ForkPlan,
        edits: Edits,
        flow: &FlowVersion,
    ) -> Result<ForkPlan, Vec<Fault>> {
        let mut faults = Faults::default();
        for (id, output) in edits.outputs {
            if let Err(message) = self.check_edit(&plan, &id, &output, flow) {
                faults.add(format!("/outputs/{}", pointer_token(id.as_str())), message);
                continue;
            }
            plan.run.retain(|other| *other != id);
            plan.differing.remove(&id);
            plan.reused.insert(id.clone(), output);
            plan.edited.insert(id);
        }
        if !plan.differing.is_empty() {
            faults.add("/flow_version", plan.differs());
        }
        if edits.trigger_data.is_some() {
            begin_again(&mut plan.run, flow, |id| plan.reused.remove(id).is_some());
        }
        plan.trigger_data = edits.trigger_data;
        if faults.is_empty() { Ok(plan) } else { Err(faults.into_all()) }
    }

    fn check_edit(
        &self,
        plan: &ForkPlan,
        id: &NodeId,
        output: &Payload,
        flow: &FlowVersion,
    ) -> Result<(), String> {
        let Some(at) = flow.flow.graph.find(id.as_str()) else { return Err(self.no_node(id)) };
        if *id != plan.node && !plan.reused.contains_key(id) && !plan.differing.contains(id) {
            return Err(if self.undone_and_after().contains(id) {
                format!("What `{id}` or a node before it did was undone, so that it runs again")
            } else if self.output_of(id).is_some() {
                format!(
                    "Node `{id}` follows on `{}`, so that it runs and its output is not edited; fork from `{id}`",
                    plan.node
                )
            } else {
                format!("Node `{id}` has not completed, so that it runs and has no output to edit")
            });
        }
        check_output(flow, at, id, output)
    }

    /// Returns what a fork by `plan` starts from: this execution's context, and a link back. The fork of a child has no
    /// parent.
    pub fn forked(&self, plan: ForkPlan, actor: Actor, worker: Arc<str>) -> Accepted {
        let accepted = (*self.accepted).clone();
        let accepted = if plan.version == self.flow.version { accepted } else { accepted.unpinned() };
        Accepted {
            version: plan.version,
            trigger_data: plan.trigger_data.unwrap_or_else(|| self.accepted.trigger_data.clone()),
            triggered_by: "fork".into(),
            actor,
            parent: None,
            around: None,
            retry_of: None,
            borrowed: BTreeSet::new(),
            edited: self.edited_of(plan.reused.keys().filter(|id| !plan.edited.contains(*id))),
            forked_from: Some(Box::new(Fork { of: self.id, node: plan.node, edited: plan.edited })),
            reused: plan.reused,
            reused_children: BTreeMap::new(),
            regenerates: None,
            queue: accepted.queue.as_deref().and_then(QueuePlace::undelayed),
            trace: self.trace_below(Span::Execution),
            worker,
            ..accepted
        }
    }
}

/// Lets the flow start with other trigger data: what gave the old does no work, and gives the new. `forgets` takes a node from those
/// whose outputs are reused, and returns whether it was among them.
pub(super) fn begin_again(
    run: &mut Vec<NodeId>,
    flow: &FlowVersion,
    mut forgets: impl FnMut(&NodeId) -> bool,
) {
    let nodes = &flow.flow.graph.nodes;
    let starts = nodes.iter().filter(|node| node.kind.room().about().traits.starts);
    run.extend(starts.map(|node| &node.id).filter(|id| forgets(id)).cloned());
    run.sort_by_key(|id| nodes.iter().position(|node| node.id == *id));
}

/// Checks an output that somebody gives in place of a node's own.
pub(super) fn check_output(
    flow: &FlowVersion,
    at: NodeIndex,
    id: &NodeId,
    output: &Payload,
) -> Result<(), String> {
    let traits = flow.flow.graph.node(at).kind.room().about().traits;
    if traits.starts {
        return Err(format!("The output of `{id}` is the trigger data; give `trigger_data` instead"));
    }
    if traits.asks_people {
        return Err(format!(
            "What a person decided at `{id}` is not edited; fork from `{id}` without an output to ask again"
        ));
    }
    let limit = flow.limits.output_bytes_max;
    if output.len() > limit {
        return Err(format!("The output has {} bytes; the limit is {limit}", output.len()));
    }
    Ok(())
}

impl ForkPlan {
    fn differs(&self) -> String {
        let ids: Vec<String> = self.differing.iter().map(|id| format!("`{id}`")).collect();
        let Self { version, old_version, .. } = self;
        format!(
            "What completed in version {old_version} is not the same in version {version}: {}. Give these outputs in \
             `outputs`, fork from the first of these nodes, or keep version {old_version} with `same`",
            ids.join(", ")
        )
    }
}
