//! What a retry from the failed node reuses: only what the execution that it retries has really done.

use std::collections::BTreeMap;

use steadflow_core::event::{Accepted, Fork, ReusedChild};
use steadflow_core::ids::{ExecutionId, NodeId};
use steadflow_core::payload::Payload;

use super::{Checker, Verdict};
use crate::edited::edited;

/// Returns the results of children that a node reuses, by item or iteration.
pub(super) fn results_for(accepted: &Accepted, node: &NodeId) -> BTreeMap<u32, Payload> {
    let children = accepted.reused_children.get(node).map(|children| children.by_index.iter());
    let result = |(index, child): (&u32, &ReusedChild)| match child {
        ReusedChild::Result(result) => Some((*index, result.clone())),
        ReusedChild::Parts(_) => None,
    };
    children.into_iter().flatten().filter_map(result).collect()
}

impl Checker {
    /// What an execution reuses is what the one that it retries has recorded; a child retries the one that ran for the same
    /// item or iteration.
    pub(super) fn reuses_what_was_done(&self, id: ExecutionId, accepted: &Accepted) -> Verdict {
        if let Some(fork) = &accepted.forked_from {
            return self.forks_what_was_done(id, accepted, fork);
        }
        let Some(of) = accepted.retry_of else {
            let reuses = !accepted.reused.is_empty() || !accepted.reused_children.is_empty();
            return if reuses { Err(format!("R1: {id} reuses outputs and retries nothing")) } else { Ok(()) };
        };
        let old = self.fold(of)?;
        let place = |accepted: &Accepted| accepted.parent.as_ref().map(|parent| (parent.index, parent.node));
        if accepted.parent.is_some() && place(old.accepted()) != place(accepted) {
            return Err(format!("R1: child {id} retries {of}, which ran for something else"));
        }
        // One that ended before it had taken over all that it could passes the rest on.
        let output = |id: &NodeId| {
            let own = old.graph().find(id.as_str()).and_then(|node| old.node(node).output.as_ref());
            own.or_else(|| old.accepted().reused.get(id))
        };
        if let Some((node, _)) = accepted.reused.iter().find(|(node, reused)| output(node) != Some(*reused)) {
            return Err(format!("R1: {id} reuses an output of `{node}` that {of} has not"));
        }
        let undone = |id: &NodeId| old.compensated().any(|node| old.graph().node(node).id == *id);
        if let Some(node) = accepted.reused.keys().find(|id| undone(id)) {
            return Err(format!("U1: {id} reuses the output of `{node}`, which {of} has undone"));
        }
        for node in accepted.reused_children.keys() {
            let Some(at) = old.graph().find(node.as_str()) else {
                return Err(format!("R1: {id} reuses children of `{node}`, which {of} has not"));
            };
            let before = results_for(old.accepted(), node);
            for (index, result) in results_for(accepted, node) {
                let own = old.node(at).children().of_index(index).and_then(|child| child.result());
                if own.or_else(|| before.get(&index)) != Some(&result) {
                    return Err(format!(
                        "R1: {id} reuses a result of `{node}` for {index} that {of} has not"
                    ));
                }
            }
        }
        Ok(())
    }

    /// What a fork reuses is what the old execution has recorded, or what its client gave; nothing that follows on its node
    /// is.
    fn forks_what_was_done(&self, id: ExecutionId, accepted: &Accepted, fork: &Fork) -> Verdict {
        let old = self.fold(fork.of)?;
        if accepted.retry_of.is_some() || !accepted.reused_children.is_empty() || accepted.parent.is_some() {
            return Err(format!("R1: fork {id} is more than a fork"));
        }
        let graph = self.stories[&id].graph();
        let Some(at) = graph.find(fork.node.as_str()) else {
            return Err(format!("R1: fork {id} begins at `{}`, which its flow has not", fork.node));
        };
        let again = graph.from_on(at);
        for (node, reused) in &accepted.reused {
            let is_edited = fork.edited.contains(node);
            let output = old.graph().find(node.as_str()).and_then(|at| old.node(at).output.as_ref());
            let output = output.or_else(|| old.accepted().reused.get(node));
            let is_right = if is_edited { *reused == edited() } else { output == Some(reused) };
            if !is_right || output.is_none() {
                return Err(format!("R1: fork {id} has another output of `{node}` than {}", fork.of));
            }
            if again.contains(node) && !(is_edited && *node == fork.node) {
                return Err(format!("R1: fork {id} reuses `{node}`, which follows on `{}`", fork.node));
            }
        }
        match fork.edited.iter().find(|node| !accepted.reused.contains_key(*node)) {
            Some(lost) => Err(format!("R1: the output of `{lost}` that was given for fork {id} is lost")),
            None => Ok(()),
        }
    }
}
