//! Rebuilding an execution from its stored journal, which is checked first: stored data can be damaged.

use super::{Execution, Pinned};
use crate::event::{Event, Record};
use crate::ids::{ExecutionId, NodeIndex};

/// A stored journal that no execution can have written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("journal of execution {execution} is corrupt at record {seq}: {reason}")]
pub struct Corrupt {
    /// The execution.
    pub execution: ExecutionId,
    /// The number of the record.
    pub seq: u64,
    /// What is wrong.
    pub reason: &'static str,
}

impl Execution {
    /// Rebuilds an execution from its journal.
    ///
    /// # Errors
    /// [`Corrupt`] if no execution of this flow version can have written it.
    pub fn replay(id: ExecutionId, pinned: impl Into<Pinned>, journal: Vec<Record>) -> Result<Self, Corrupt> {
        let corrupt = |seq, reason| Corrupt { execution: id, seq, reason };
        let mut records = journal.into_iter();
        let first = records.next().ok_or(corrupt(0, "it is empty"))?;
        let mut events = first.2.into_iter();
        let Some(Event::Accepted(accepted)) = events.next() else {
            return Err(corrupt(first.0, "it does not begin with an acceptance"));
        };
        let mut pinned = pinned.into();
        if let Some(node) = accepted.body()
            && pinned.flow.body_of.as_ref().is_none_or(|(own, _)| own != node)
        {
            let body = pinned.flow.find_body(node).cloned();
            pinned.flow = body.ok_or(corrupt(first.0, "the flow version has no such body"))?;
        }
        let mut execution = Self::new(id, pinned, accepted, first.1);
        execution.fold(Record(first.0, first.1, events.collect()))?;
        for record in records {
            execution.fold(record)?;
        }
        execution.is_cut = execution.can_go_on();
        Ok(execution)
    }

    /// Applies one stored record.
    ///
    /// # Errors
    /// [`Corrupt`] if it cannot follow what was applied before; the execution must then be discarded.
    pub fn fold(&mut self, record: Record) -> Result<(), Corrupt> {
        let Record(seq, at, events) = record;
        let corrupt = |reason| Corrupt { execution: self.id, seq, reason };
        if seq != self.seq + 1 {
            return Err(corrupt("a record is missing or duplicated"));
        }
        for event in events {
            self.check(&event).map_err(|reason| Corrupt { execution: self.id, seq, reason })?;
            self.apply(&event, at);
        }
        self.seq = seq;
        Ok(())
    }

    fn check(&self, event: &Event) -> Result<(), &'static str> {
        if self.status.is_finished() {
            return Err("something follows its end");
        }
        if matches!(event, Event::Accepted(_)) {
            return Err("it was accepted twice");
        }
        if let Event::CompensationStarted { order, .. } = event {
            return self.check_compensation(order);
        }
        let Some(node) = event.node() else { return Ok(()) };
        if node.at() >= self.nodes.len() {
            return Err("it names a node that the flow version does not have");
        }
        if self.node(node).is_ended() && !matches!(event, Event::Finished { .. }) {
            return Err("a node goes on after its end");
        }
        let ends_attempt = matches!(event, Event::AttemptFailed { .. } | Event::AttemptReleased { .. });
        if ends_attempt && self.node(node).running_attempt().is_none() {
            return Err("an attempt ended that was not under way");
        }
        self.check_parts(event, node)
    }

    /// Checks what happens inside an attempt.
    fn check_parts(&self, event: &Event, node: NodeIndex) -> Result<(), &'static str> {
        let node = self.node(node);
        let begins = matches!(event, Event::StepStarted { .. } | Event::ChildrenStarted { .. });
        if begins && node.running_attempt().is_none() {
            return Err("a call or a child began outside an attempt");
        }
        if let Event::StepEnded { step, .. } = event
            && !node.steps.iter().any(|known| known.is_open() && known.key == *step)
        {
            return Err("a call ended that was not under way");
        }
        if matches!(event, Event::TaskStarted { .. } | Event::TaskResumed { .. } | Event::TaskEnded { .. }) {
            node.check_task(event)?;
        }
        if !node.approvals.is_empty() || matches!(event, Event::ApprovalDecided { .. }) {
            node.check_approval(event)?;
        }
        self.check_children(event, node)
    }
}
