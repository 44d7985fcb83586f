//! One execution, according to its committed journal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use steadflow_core::event::{Accepted, Event, Record, Resolution};
use steadflow_core::execution::{ExecutionStatus, FlowVersion, Wait};
use steadflow_core::flow::{EdgeTrigger, Graph, Join, Node};
use steadflow_core::ids::{Attempt, EdgeIndex, ExecutionId, NodeId, NodeIndex, StepKey};
use steadflow_core::node::{Delay, Given, Kind};
use steadflow_core::payload::Payload;
use steadflow_core::session::SessionPart;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::CallKey;
use steadflow_store::journal_of;

use super::budget::Spending;
use super::events::{Known, Looks, Sent};
use super::parts::Parts;
use super::sessions;
use super::{Verdict, Writer};
use crate::peers::Answer;

/// One execution, according to its committed journal.
#[derive(Debug)]
pub(crate) struct Story {
    pub(super) id: ExecutionId,
    pub(super) version: Arc<FlowVersion>,
    pub(super) accepted: Accepted,
    pub(super) records: Vec<Arc<str>>,
    pub(super) nodes: Vec<NodeStory>,
    pub(super) spending: Spending,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    /// What each edge was decided to be.
    pub(super) edges: Vec<Option<bool>>,
    pub(super) status: ExecutionStatus,
    /// The nodes that completed, in order.
    pub(super) done: Vec<NodeIndex>,
    /// How it ends, and what is undone before, in order.
    pub(crate) undoing: Option<(ExecutionStatus, Vec<NodeIndex>)>,
}

/// One node of it.
#[derive(Debug, Default)]
pub(super) struct NodeStory {
    pub(super) attempts: Vec<AttemptStory>,
    pub(super) end: Option<NodeEnd>,
    /// When the next attempt is due.
    pub(super) retry_at: Option<Timestamp>,
    /// What it reads of its session, from when it has that.
    pub(super) session: Option<SessionPart>,
    pub(super) turn_moved: bool,
    /// What it waits for.
    pub(super) wait: Option<Wait>,
    /// How many attempts were before the present budget.
    pub(super) spent: usize,
    /// What a person said its output is.
    decided: Option<Payload>,
    /// Its calls and children.
    pub(super) parts: Parts,
}

/// One attempt of it.
#[derive(Debug)]
pub(super) struct AttemptStory {
    pub(super) stop_at: Option<Timestamp>,
    pub(super) has_ended: bool,
    pub(super) was_released: bool,
    pub(super) was_interrupted: bool,
    /// Whether one of its calls ended.
    pub(super) had_progress: bool,
}

/// How a node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeEnd {
    Completed,
    Failed,
    Skipped,
    /// The execution began to undo its work first.
    Stopped,
}

/// What one record is checked against.
pub(super) struct Sight<'a> {
    pub(super) at: Timestamp,
    pub(super) peers: &'a BTreeMap<CallKey, Answer>,
    pub(super) cancels: &'a BTreeSet<ExecutionId>,
    pub(super) sent: &'a [Sent],
    pub(super) looks: &'a Looks,
    pub(super) is_stopping: bool,
    pub(super) is_adoption: bool,
    /// Whether the store refuses what follows, for ever.
    pub(super) is_refused: bool,
    /// Nodes that lose their session with it.
    pub(super) replaced: Vec<NodeIndex>,
}

impl Story {
    pub(super) fn new(id: ExecutionId, version: Arc<FlowVersion>, accepted: Accepted) -> Self {
        let graph = &version.flow.graph;
        let budget = version.flow.settings.budget.and_then(|budget| budget.max_tokens);
        let of_node = |node: &Node| NodeStory { parts: Parts::of(&accepted, node), ..NodeStory::default() };
        Self {
            id,
            spending: Spending::new(budget),
            nodes: graph.nodes.iter().map(of_node).collect(),
            edges: vec![None; graph.edges.len()],
            records: Vec::new(),
            started_at: None,
            ended_at: None,
            status: ExecutionStatus::Pending,
            done: Vec::new(),
            undoing: None,
            accepted,
            version,
        }
    }

    /// Takes in the next record.
    pub(super) fn take(
        &mut self,
        record: Record,
        text: Arc<str>,
        known: Known<'_>,
        writer: Writer,
    ) -> Verdict {
        let Record(seq, at, events) = record;
        if seq != self.seq() + 1 {
            return Err(format!("R3: record {seq} follows record {}", self.seq()));
        }
        self.records.push(text);
        let is_adoption = events.iter().any(|event| matches!(event, Event::Adopted { .. }));
        let sight = Sight {
            at,
            peers: known.peers,
            cancels: known.cancels,
            sent: known.sent,
            looks: known.looks,
            is_stopping: writer.is_stopping,
            is_adoption,
            is_refused: writer.is_refused,
            replaced: sessions::replaced(&events),
        };
        for (place, event) in events.iter().enumerate() {
            if self.status.is_finished() {
                return Err(format!("R2: something follows the end: {event:?}"));
            }
            if matches!(event, Event::Accepted(_)) && (seq, place) != (1, 0) {
                return Err("R3: accepted twice".into());
            }
            self.event(event, &sight).map_err(|what| format!("{what}, record {seq}: {event:?}"))?;
        }
        Ok(())
    }

    fn event(&mut self, event: &Event, sight: &Sight<'_>) -> Verdict {
        self.spending.take(event)?;
        match event {
            Event::Accepted(_) | Event::Adopted { .. } | Event::TaskResumed { .. } => Ok(()),
            Event::TaskStarted { node, step, task } => {
                let story = &mut self.nodes[node.at()];
                story.attempts.iter_mut().next_back().into_iter().for_each(|last| last.had_progress = true);
                story.parts.task_started(step, task)
            }
            Event::TaskEnded { node, step } => self.nodes[node.at()].parts.task_ended(step),
            Event::Started => self.started(sight.at),
            Event::AttemptStarted { node, attempt, .. } => self.attempt_started(*node, *attempt, sight),
            Event::AttemptFailed { .. } => self.attempt_failed(event, sight),
            Event::AttemptReleased { node, attempt } => self.attempt_released(*node, *attempt, sight),
            Event::NodeCompleted { node, output, not_taken, reused, .. } => {
                self.completed(*node, output, *reused, sight)?;
                self.decide_edges(*node, EdgeTrigger::Completed, not_taken);
                Ok(())
            }
            Event::NodeFailed { node, not_taken } => {
                self.end(*node, NodeEnd::Failed, sight.at)?;
                self.decide_edges(*node, EdgeTrigger::Error, not_taken);
                Ok(())
            }
            Event::NodeSkipped { node } => self.skipped(*node, sight.at),
            Event::NodeWaiting { node, wait } => self.waits(*node, *wait, sight.at),
            Event::EventAwaited { node, wait } => self.awaits_event(*node, wait, sight.at),
            Event::SessionTaken { node, part } => self.session_taken(*node, part),
            Event::StepStarted { node, .. } => self.step_started(*node, event, sight.at),
            Event::StepEnded { node, step, result, usage, .. } => {
                self.step_ended(*node, step, (result, usage.as_deref()), sight)
            }
            Event::ApprovalRequested { node, .. } => self.approval_requested(*node, event, sight.at),
            Event::ApprovalDecided { node, .. } => self.approval_decided(*node, event, sight.at),
            Event::ChildrenStarted { node, children } => self.children_started(*node, children, sight.at),
            Event::ChildEnded { node, child, end } => self.child_ended(*node, *child, end),
            Event::BackoffEnded { node, .. } => self.backoff_ended(*node, sight.at),
            Event::Resolved { node, resolution, .. } => self.resolved(*node, resolution, sight.at),
            Event::Paused { .. } => {
                self.changes(self.status != ExecutionStatus::Paused, ExecutionStatus::Paused)
            }
            Event::Resumed { .. } => {
                let next = if self.started_at.is_some() {
                    ExecutionStatus::Running
                } else {
                    ExecutionStatus::Pending
                };
                self.changes(self.status == ExecutionStatus::Paused, next)
            }
            Event::CompensationStarted { end, order } => {
                self.compensation_started((end.status, end.class, end.node), order, sight)
            }
            Event::Finished { status, class, node, .. } => self.finished((*status, *class, *node), sight),
        }
    }

    fn changes(&mut self, is_allowed: bool, status: ExecutionStatus) -> Verdict {
        self.status = status;
        if is_allowed { Ok(()) } else { Err("R2: a status that cannot follow".into()) }
    }

    fn started(&mut self, at: Timestamp) -> Verdict {
        self.started_at = Some(at);
        self.changes(self.status == ExecutionStatus::Pending, ExecutionStatus::Running)
    }

    fn completed(&mut self, node: NodeIndex, output: &Payload, reused: bool, sight: &Sight<'_>) -> Verdict {
        let graph = self.graph();
        let id = &graph.node(node).id;
        let works = graph.node(node).kind.room().about().traits.takes_attempts;
        let story = &self.nodes[node.at()];
        let is_first_word = story.attempts.is_empty() && story.wait.is_none();
        if is_first_word {
            self.begins(node)?;
        }
        let last = story.attempts.last();
        let number = Attempt::numbered(u32::try_from(story.attempts.len()).unwrap_or(u32::MAX));
        if reused {
            if self.accepted.reused.get(id) != Some(output) {
                return Err("R1: an output that was not taken over".into());
            }
        } else if let Some(decided) = &story.decided {
            if decided != output {
                return Err("R1: not the output that a person gave".into());
            }
        } else if let Some(expected) = story.parts.output(&graph.node(node).kind) {
            if expected != *output {
                return Err(format!("R1: its calls and children gave {expected:?}"));
            }
        } else if let Kind::Approval(_) = &graph.node(node).kind {
            story.parts.approvals.gave(output)?;
        } else if let Kind::WaitEvent(_) = &graph.node(node).kind {
            self.takes_event(node, output, sight.sent)?;
        } else if works && last.is_some_and(|attempt| !attempt.has_ended) {
            match sight.peers.get(&self.only_call(node, number)) {
                Some(Ok(answer)) if answer == output => {}
                answer => return Err(format!("R1: the peer of this attempt answered {answer:?}")),
            }
        } else if let Some(Wait::Delay { until }) = story.wait
            && sight.at < until
        {
            return Err(format!("T2: a delay until {until} was over at {}", sight.at));
        }
        if let Some(attempt) = self.nodes[node.at()].attempts.last_mut() {
            attempt.has_ended = true;
        }
        // What a fork reuses is not its own work.
        if !reused || !self.accepted.is_borrowed(&self.node_id(node)) {
            self.done.push(node);
        }
        self.end(node, NodeEnd::Completed, sight.at)
    }

    pub(super) fn end(&mut self, node: NodeIndex, end: NodeEnd, at: Timestamp) -> Verdict {
        let story = &mut self.nodes[node.at()];
        story.parts.tasks_are_over()?;
        story.parts.drop_open(at);
        if story.end.replace(end).is_some() {
            return Err("R1: a node that had ended ended again".into());
        }
        story.wait = None;
        story.retry_at = None;
        if story.attempts.last().is_some_and(|attempt| !attempt.has_ended) {
            return Err("A1: a node ended while an attempt was under way".into());
        }
        Ok(())
    }

    fn decide_edges(&mut self, node: NodeIndex, trigger: EdgeTrigger, not_taken: &[EdgeIndex]) {
        let version = Arc::clone(&self.version);
        for &edge in &version.flow.graph.outgoing[node.at()] {
            let is_taken = version.flow.graph.edge(edge).on == trigger && !not_taken.contains(&edge);
            self.edges[edge.at()] = Some(is_taken);
        }
    }

    /// A node has its first word: everything that it needs must be recorded, and nothing new starts while paused.
    pub(super) fn begins(&self, node: NodeIndex) -> Verdict {
        let graph = self.graph();
        let incoming = &graph.incoming[node.at()];
        let is_ready = if incoming.is_empty() {
            graph.starts.contains(&node) || self.due_handler() == Some(node)
        } else {
            let decided = || incoming.iter().map(|edge| self.edges[edge.at()]);
            let any = decided().any(|edge| edge == Some(true));
            any && (graph.node(node).join == Join::Any || decided().all(|edge| edge.is_some()))
        };
        if !is_ready {
            return Err("R6: a node began before what it needs was recorded".into());
        }
        self.is_running()
    }

    /// Nothing new starts unless the execution runs.
    pub(super) fn is_running(&self) -> Verdict {
        if self.status == ExecutionStatus::Running {
            return Ok(());
        }
        Err(format!("T6: something began while the execution was {}", self.status))
    }

    fn waits(&mut self, node: NodeIndex, wait: Wait, at: Timestamp) -> Verdict {
        if let Wait::Delay { until } = wait {
            self.begins(node)?;
            if let Kind::Delay(Delay::Seconds(Given::Literal(seconds))) = &self.graph().node(node).kind
                && until != at.plus(seconds.duration())
            {
                return Err("T2: a delay of another length".into());
            }
        }
        if wait == Wait::Approval && self.nodes[node.at()].attempts.is_empty() {
            self.begins(node)?;
        }
        if matches!(wait, Wait::Slot | Wait::Session) {
            self.waits_for_its_agent(node, at)?;
        }
        let story = &mut self.nodes[node.at()];
        story.retry_at = None;
        story.wait = Some(wait);
        Ok(())
    }

    /// A call waits for a slot where it could begin without one.
    fn waits_for_its_agent(&self, node: NodeIndex, at: Timestamp) -> Verdict {
        let story = &self.nodes[node.at()];
        if story.attempts.is_empty() {
            self.begins(node)?;
        }
        if story.attempts.last().is_some_and(|last| !last.has_ended) {
            return Err("A1: a node waits for a slot although an attempt is under way".into());
        }
        if story.retry_at.is_some_and(|due| at < due) {
            return Err("T2: a node waits for a slot before its backoff is over".into());
        }
        self.is_running()
    }

    fn backoff_ended(&mut self, node: NodeIndex, at: Timestamp) -> Verdict {
        match self.nodes[node.at()].retry_at.replace(at) {
            Some(_) => Ok(()),
            None => Err("A1: a backoff ended that was none".into()),
        }
    }

    fn resolved(&mut self, node: NodeIndex, resolution: &Resolution, at: Timestamp) -> Verdict {
        let story = &mut self.nodes[node.at()];
        if story.wait.take() != Some(Wait::Decision) {
            return Err("I4: a decision that no node waits for".into());
        }
        story.spent = story.attempts.len();
        match resolution {
            Resolution::Retry => story.retry_at = Some(at),
            Resolution::Complete { output } => story.decided = Some(output.clone()),
            Resolution::Fail { .. } => {}
        }
        Ok(())
    }

    pub(super) fn graph(&self) -> &Graph {
        &self.version.flow.graph
    }

    pub(crate) const fn id(&self) -> ExecutionId {
        self.id
    }

    pub(super) const fn version(&self) -> &Arc<FlowVersion> {
        &self.version
    }

    pub(crate) const fn status(&self) -> ExecutionStatus {
        self.status
    }

    pub(crate) fn seq(&self) -> u64 {
        self.records.len() as u64
    }

    pub(crate) fn records(&self) -> &[Arc<str>] {
        &self.records
    }

    pub(super) fn journal(&self) -> String {
        journal_of(&self.records)
    }

    pub(super) const fn has_started(&self) -> bool {
        self.started_at.is_some()
    }

    pub(super) const fn holds_slot(&self) -> bool {
        self.started_at.is_some() && !self.status.is_finished()
    }

    /// Returns when its timeout strikes: never while its work is undone.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let started = self.started_at.filter(|_| self.undoing.is_none())?;
        let own = self.version.flow.settings.timeout_seconds.map(|timeout| started.plus(timeout.duration()));
        let inherited = self.accepted.parent.as_ref().and_then(|parent| parent.deadline);
        own.into_iter().chain(inherited).min()
    }

    /// Returns whether this call is recorded, and has not ended where it has an end of its own.
    pub(super) fn has_call(&self, call: &CallKey) -> bool {
        let has = |node: &NodeStory| {
            node.attempts.len() >= call.attempt.number() as usize && node.parts.is_open(&call.step)
        };
        self.nodes.get(call.node.at()).is_some_and(has)
    }

    pub(super) fn only_call(&self, node: NodeIndex, attempt: Attempt) -> CallKey {
        CallKey { execution: self.id, node, attempt, step: StepKey::ONLY }
    }

    pub(crate) fn node_id(&self, node: NodeIndex) -> NodeId {
        self.graph().node(node).id.clone()
    }

    /// Returns a node that waits for a person.
    pub(crate) fn asking(&self) -> Option<NodeIndex> {
        self.find(|node| node.wait == Some(Wait::Decision))
    }

    /// Returns a node that waits out a backoff.
    pub(crate) fn backing_off(&self) -> Option<NodeIndex> {
        self.find(|node| node.retry_at.is_some())
    }

    fn find(&self, wanted: impl Fn(&NodeStory) -> bool) -> Option<NodeIndex> {
        let place = self.nodes.iter().position(wanted)?;
        u16::try_from(place).ok().map(NodeIndex)
    }
}

impl fmt::Display for Story {
    /// What it waits for, for the message that it did not end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {} at record {}", self.id, self.status, self.seq())?;
        for (node, story) in
            self.graph().nodes.iter().zip(&self.nodes).filter(|(_, story)| story.end.is_none())
        {
            let attempts = story.attempts.len();
            write!(
                f,
                "; {} has {attempts} attempts, waits {:?}, retries {:?}",
                node.id, story.wait, story.retry_at
            )?;
        }
        Ok(())
    }
}
