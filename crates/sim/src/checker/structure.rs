//! What holds whenever all decisions of an execution are committed: V1, R4, and R6 of what is skipped.

use std::fmt::Write;
use std::sync::Arc;

use steadflow_core::event::Record;
use steadflow_core::execution::Execution;
use steadflow_core::ids::{ExecutionId, NodeIndex};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::CallKey;

use super::story::{NodeEnd, Story};
use super::{Checker, Verdict};

impl Checker {
    /// An execution in memory that has no commit under way is what its journal says.
    pub(crate) fn is_folded(&self, execution: &Execution) -> Verdict {
        let id = execution.id();
        let story = self.story(id).ok_or_else(|| format!("D5: {id} is in memory and is not recorded"))?;
        let folded = story.fold()?;
        // Who reads a journal of an execution that waits for an agent has not asked for its slot.
        let is_asleep = !execution.waits_for_agent() && !folded.waits_for_agent();
        let (live, folded) = (described(execution, is_asleep), described(&folded, is_asleep));
        if live != folded {
            return Err(format!("R4: {id} in memory is not the fold of its journal:\n{live}\n{folded}"));
        }
        Ok(())
    }

    /// Each attempt that an execution waits for is under way. Asked only when the last commit of its worker did not
    /// fail a moment ago.
    pub(crate) fn is_worked_on(
        &self,
        execution: &Execution,
        is_under_way: impl Fn(&CallKey) -> bool,
    ) -> Verdict {
        let id = execution.id();
        for (place, node) in execution.nodes().iter().enumerate() {
            let Some(attempt) = node.running_attempt() else { continue };
            let index = NodeIndex(u16::try_from(place).unwrap_or(u16::MAX));
            for step in node.open_calls() {
                let call = CallKey { execution: id, node: index, attempt, step };
                if !is_under_way(&call) {
                    return Err(format!("V1: {id} waits for call {call}, which no process makes"));
                }
            }
        }
        Ok(())
    }

    /// Work that is under way belongs to an attempt that is.
    pub(crate) fn work_is_wanted(&self, call: &CallKey) -> Verdict {
        let CallKey { execution: id, node, attempt, .. } = *call;
        let story = self.story(id).filter(|story| !story.status().is_finished());
        let is_wanted = story.is_some_and(|story| {
            let node = &story.nodes[node.at()];
            node.attempts.len() == attempt.number() as usize
                && node.parts.is_open(&call.step)
                && node.attempts.last().is_some_and(|last| !last.has_ended)
        });
        if is_wanted {
            return Ok(());
        }
        Err(format!(
            "A1: the work of attempt {} of node {} of {id} goes on although it is over",
            attempt.number(),
            node.0
        ))
    }

    /// Returns the state of an execution according to its committed journal.
    pub(crate) fn fold(&self, id: ExecutionId) -> Result<Execution, String> {
        self.story(id).ok_or_else(|| format!("D1: {id} is not recorded"))?.fold()
    }
}

impl Story {
    pub(crate) fn fold(&self) -> Result<Execution, String> {
        let records: Result<Vec<Record>, _> =
            self.records().iter().map(|text| serde_json::from_str(text)).collect();
        let records = records.map_err(|error| format!("R3: unreadable record: {error}"))?;
        Execution::replay(self.id(), self.version().clone(), records).map_err(|error| format!("R4: {error}"))
    }

    /// No edge leads to a node, and none leads on from it.
    pub(super) fn skipped(&mut self, node: NodeIndex, at: Timestamp) -> Verdict {
        let graph = self.graph();
        let incoming = &graph.incoming[node.at()];
        let is_unreachable = incoming.iter().all(|edge| self.edges[edge.at()] == Some(false));
        if !is_unreachable || (incoming.is_empty() && graph.starts.contains(&node)) {
            return Err("R6: skipped although an edge may lead there".into());
        }
        self.end(node, NodeEnd::Skipped, at)?;
        let version = Arc::clone(&self.version);
        for edge in &version.flow.graph.outgoing[node.at()] {
            self.edges[edge.at()] = Some(false);
        }
        Ok(())
    }
}

/// Everything that an execution's state consists of.
fn described(execution: &Execution, is_asleep: bool) -> String {
    let mut text = String::new();
    write!(
        text,
        "{} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        execution.seq(),
        execution.status(),
        execution.created_at(),
        execution.started_at(),
        execution.completed_at(),
        execution.deadline(),
        execution.error(),
        is_asleep.then(|| execution.next_timer()),
        execution.current_node(),
        execution.edges(),
        execution.nodes(),
    )
    .expect("a string takes any text");
    text
}
