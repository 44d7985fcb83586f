//! What happens inside attempts: calls with keys of their own, and child executions.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use steadflow_core::event::{Accepted, ChildEnd, ChildStart, Event, Record};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::Node;
use steadflow_core::ids::{Attempt, ExecutionId, FlowId, NodeIndex, StepKey};
use steadflow_core::node::{Kind, Loop, Map, OnItemFailure};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{CallKey, Task, Work};
use steadflow_store::Worker as Lessee;

use super::approvals::Approvals;
use super::events::Awaited;
use super::others::Others;
use super::reuse::results_for;
use super::story::{Sight, Story};
use super::turns::{Turns, can_fail_its_attempt, is_turn};
use crate::agents::PLAIN;
use crate::flows::LAST_ITERATION;

use super::{ABANDONED_MAX, CLOCKS_APART_MAX, Checker, LATE_MAX, Verdict};

/// The calls of one node, and the children that it started.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) steps: BTreeMap<StepKey, StepStory>,
    pub(super) turns: Turns,
    pub(super) approvals: Approvals,
    pub(super) others: Others,
    pub(super) awaited: Option<Awaited>,
    children: Vec<Child>,
    /// When calls are stopped that have a limit of their own.
    pub(super) stops: BTreeMap<StepKey, Timestamp>,
    /// The results of children of the execution that this one retries, by item or iteration.
    reused: BTreeMap<u32, Payload>,
}

/// One child: for which item or iteration it runs, and what its parent knows of it.
#[derive(Clone, Debug)]
struct Child {
    index: u32,
    story: ChildStory,
}

/// One call.
#[derive(Debug)]
pub(super) enum StepStory {
    Open,
    Completed(Payload),
    Failed(ErrorClass, String),
}

/// One child, as its parent knows it.
#[derive(Clone, Debug)]
pub(super) enum ChildStory {
    /// Since this moment.
    Open(Timestamp),
    Ended(ChildEnd),
    Abandoned(Timestamp),
    /// The decision that started it gave it up, so it was never accepted.
    Withdrawn,
}

impl ChildStory {
    /// Returns what becomes of one that has not ended and is given up.
    pub(super) fn given_up(&self, at: Timestamp) -> Self {
        match self {
            Self::Open(since) if *since == at => Self::Withdrawn,
            Self::Open(_) => Self::Abandoned(at),
            Self::Ended(_) | Self::Abandoned(_) | Self::Withdrawn => self.clone(),
        }
    }
}

impl Parts {
    pub(super) fn of(accepted: &Accepted, node: &Node) -> Self {
        let is_plain = node.kind.room().skill().is_some_and(|(agent, _)| agent == PLAIN);
        let turns = Turns::of(is_plain);
        Self { reused: results_for(accepted, &node.id), turns, ..Self::default() }
    }

    pub(super) fn child_mut(&mut self, number: u32) -> Option<&mut ChildStory> {
        self.children.get_mut(number as usize).map(|child| &mut child.story)
    }

    pub(super) fn is_open(&self, step: &StepKey) -> bool {
        *step == StepKey::ONLY || matches!(self.steps.get(step), Some(StepStory::Open))
    }

    /// The node that made the calls and waits for the children has ended.
    pub(super) fn drop_open(&mut self, at: Timestamp) {
        self.others.forget_flows();
        self.drop_calls(at);
    }

    /// The attempt that made the calls and waits for the children is over. Calls that executions do go on.
    pub(super) fn drop_calls(&mut self, at: Timestamp) {
        let Self { steps, others, children, .. } = self;
        steps.retain(|step, story| !matches!(story, StepStory::Open) || others.is_flow(step));
        for (number, child) in (0..).zip(children) {
            if !others.does_call(number) {
                child.story = child.story.given_up(at);
            }
        }
        self.turns.end(None);
    }

    /// Returns the output that follows from what the calls gave, or from the children's results; `None` for a node that
    /// has neither.
    pub(super) fn output(&self, kind: &Kind) -> Option<Payload> {
        let of_step = |step: &StepStory| match step {
            StepStory::Completed(output) => Some(output.as_str().to_owned()),
            StepStory::Open | StepStory::Failed(..) => None,
        };
        let has_children = !self.children.is_empty() || !self.reused.is_empty();
        if self.steps.is_empty() && !has_children {
            return None;
        }
        if self.steps.keys().any(is_turn) {
            return self.last_answer();
        }
        if has_children {
            return self.output_of_children(kind);
        }
        // The keys of the rounds sort in their order.
        let all = self.steps.values().filter_map(of_step);
        Payload::parse(format!("[{}]", all.collect::<Vec<_>>().join(","))).ok()
    }

    fn output_of_children(&self, kind: &Kind) -> Option<Payload> {
        let completed = |result: &Payload| ChildEnd {
            status: ExecutionStatus::Completed,
            result: Some(result.clone()),
            message: None,
            class: None,
        };
        let reused = self.reused.iter().map(|(index, result)| (*index, completed(result)));
        let mut ends: BTreeMap<u32, ChildEnd> = reused.collect();
        for Child { index, story } in &self.children {
            if let ChildStory::Ended(end) = story {
                ends.insert(*index, end.clone());
            }
        }
        let collects = matches!(kind, Kind::Map(Map { on_item_failure: OnItemFailure::Collect, .. }));
        let entry = |end: &ChildEnd| match &end.result {
            Some(result) if collects => Some(format!("{{\"ok\":true,\"output\":{}}}", result.as_str())),
            Some(result) => Some(result.as_str().to_owned()),
            None if collects => {
                let class = class_of(end).as_str();
                let error = json!({ "class": class, "message": end.message.as_deref().unwrap_or_default() });
                Some(json!({ "ok": false, "error": error }).to_string())
            }
            None => None,
        };
        let results: Vec<String> = ends.values().filter_map(entry).collect();
        let text = if let Kind::Loop(Loop { max_iterations, .. }) = kind {
            let (last, count) = (results.last()?, results.len());
            // That is the condition of the loops here.
            let done = ends.keys().next_back().is_some_and(|last| *last >= LAST_ITERATION);
            if !done && count < *max_iterations as usize {
                return None;
            }
            format!("{{\"last\":{last},\"iterations\":{count},\"done\":{done}}}")
        } else if let Kind::Subflow(_) = kind {
            results.last()?.clone()
        } else {
            format!("[{}]", results.join(","))
        };
        Payload::parse(text).ok()
    }

    /// Returns whether a call or a child failed like this.
    pub(super) fn failed_by(&self, class: ErrorClass, message: &str) -> bool {
        let step = |(key, step): (&StepKey, &StepStory)| matches!(step, StepStory::Failed(known, said) if *known == class && said == message && can_fail_its_attempt(key, class));
        let child = |child: &Child| {
            matches!(&child.story, ChildStory::Ended(end) if end.status != ExecutionStatus::Completed
                && (class_of(end) == class || end.class.unwrap_or(ErrorClass::Internal) == class))
        };
        self.steps.iter().any(step) || self.children.iter().any(child) || self.approvals.failed_by(class)
    }
}

/// Returns the class with which a child that did not complete fails its parent.
fn class_of(end: &ChildEnd) -> ErrorClass {
    let is_cancelled = end.status == ExecutionStatus::Cancelled;
    if is_cancelled { ErrorClass::Cancelled } else { end.class.unwrap_or(ErrorClass::Internal) }
}

impl Story {
    pub(super) fn children_started(
        &mut self,
        node: NodeIndex,
        starts: &[ChildStart],
        at: Timestamp,
    ) -> Verdict {
        self.is_running()?;
        self.is_attempted(node)?;
        let kind = &self.graph().node(node).kind;
        let most = if let Kind::Map(map) = kind {
            map.max_concurrency as usize
        } else if matches!(kind, Kind::Loop(_) | Kind::Subflow(_)) {
            1
        } else {
            usize::MAX
        };
        let asks = self.graph().node(node).kind.room().skill().is_some();
        for start in starts {
            let parts = &mut self.nodes[node.at()].parts;
            let number = u32::try_from(parts.children.len()).unwrap_or(u32::MAX);
            parts.flow_starts(start, number)?;
            if asks && start.step.is_none() {
                return Err("C1: a child of an agent does no call".into());
            }
            let Parts { children, reused, .. } = parts;
            if reused.contains_key(&start.index) {
                return Err(format!("I2: a child starts for {} although its result is reused", start.index));
            }
            let is_done = |child: &Child| {
                child.index == start.index
                    && matches!(
                        &child.story,
                        ChildStory::Open(_)
                            | ChildStory::Ended(ChildEnd { status: ExecutionStatus::Completed, .. })
                    )
            };
            if children.iter().any(is_done) {
                return Err(format!(
                    "I2: a child starts for {} although one runs or has completed",
                    start.index
                ));
            }
            children.push(Child { index: start.index, story: ChildStory::Open(at) });
        }
        let children = &self.nodes[node.at()].parts.children;
        let open = children.iter().filter(|child| matches!(child.story, ChildStory::Open(_))).count();
        if open > most {
            return Err(format!("I4: {open} children run at once; {most} may"));
        }
        Ok(())
    }

    pub(super) fn child_ended(&mut self, node: NodeIndex, child: u32, end: &ChildEnd) -> Verdict {
        match self.nodes[node.at()].parts.children.get_mut(child as usize).map(|child| &mut child.story) {
            Some(known @ ChildStory::Open(_)) => {
                *known = ChildStory::Ended(end.clone());
                Ok(())
            }
            known => Err(format!("I2: the end of child {child} is taken in, which is {known:?}")),
        }
    }

    /// Returns what the peers of an attempt said that fails it.
    pub(super) fn answers<'s>(
        &'s self,
        node: NodeIndex,
        attempt: Attempt,
        sight: &'s Sight<'_>,
    ) -> impl Iterator<Item = &'s Failure> {
        // Of several calls at the same time, only one that has ended can have failed the attempt, and of models the last.
        let parts = &self.nodes[node.at()].parts;
        let has_failed = |(key, step): &(&StepKey, &StepStory)| matches!(step, StepStory::Failed(class, _) if can_fail_its_attempt(key, *class) && parts.turns.is_last(key));
        let failed = parts.steps.iter().filter(has_failed);
        let keys = failed.map(|(key, _)| key.clone()).chain([StepKey::ONLY]);
        let call = move |step| CallKey { execution: self.id, node, attempt, step };
        keys.filter_map(move |step| sight.peers.get(&call(step))?.as_ref().err())
    }

    /// Returns whether it has not taken in the end of this child.
    pub(super) fn waits_for_child(&self, node: NodeIndex, child: u32) -> bool {
        matches!(self.child(node, child), Some(ChildStory::Open(_)))
    }

    /// Returns the version that its children of `flow` are pinned to.
    fn pinned_version(&self, flow: FlowId) -> Option<u32> {
        let own = (flow == self.accepted.flow).then_some(self.accepted.version);
        own.or_else(|| self.accepted.flows.get(&flow).copied())
    }

    fn child(&self, node: NodeIndex, child: u32) -> Option<&ChildStory> {
        self.nodes.get(node.at())?.parts.children.get(child as usize).map(|child| &child.story)
    }
}

impl Checker {
    /// What parents and children record of each other fits.
    pub(super) fn families_fit(&self, id: ExecutionId, record: &Record) -> Verdict {
        self.tasks_are_given(id, record)?;
        self.flows_reach_their_calls(id, record)?;
        for event in &record.2 {
            if let Event::Accepted(accepted) = event {
                self.reuses_what_was_done(id, accepted)?;
                self.is_expected(id, accepted)?;
            }
            if let Event::ChildEnded { node, child, end } = event {
                self.has_ended_so(id, (*node, *child), end)?;
            }
            if matches!(event, Event::Finished { status: ExecutionStatus::Cancelled, .. }) {
                self.may_be_cancelled(id)?;
            }
        }
        Ok(())
    }

    fn is_expected(&self, id: ExecutionId, accepted: &Accepted) -> Verdict {
        let Some(parent) = &accepted.parent else { return Ok(()) };
        let story = self.story(parent.execution);
        let known = story.and_then(|story| story.child(parent.node, parent.child));
        let (Some(story), Some(_)) = (story, known) else {
            return Err(format!("I2: {id} is accepted as a child that no execution started"));
        };
        if id != parent.execution.child(parent.node, parent.child) {
            return Err(format!("I2: {id} is accepted as a child under another id than its own"));
        }
        let pins = |accepted: &Accepted| (accepted.flows.clone(), accepted.agents.clone());
        let version = Some(accepted.version);
        if version != story.pinned_version(accepted.flow) || pins(accepted) != pins(&story.accepted) {
            return Err(format!("R5: child {id} is accepted with other versions than its parent has pinned"));
        }
        if parent.deadline != story.deadline() {
            return Err(format!("T1: child {id} is accepted without the deadline of its parent"));
        }
        let item = accepted.around.as_ref().and_then(|around| around.item.as_ref());
        if let Kind::Map(map) = &story.graph().node(parent.node).kind
            && item.map(Payload::to_value).transpose().ok().flatten()
                != map
                    .items
                    .constant()
                    .and_then(|items| items.to_value().ok()?.get(parent.index as usize).cloned())
        {
            return Err(format!("I4: child {id} is accepted for item {} with {item:?}", parent.index));
        }
        Ok(())
    }

    /// A call of a skill asks for the version of the agent that the execution is pinned to.
    pub(crate) fn agent_is_asked(&self, work: &Work) -> Verdict {
        let (agent_id, version) = match &work.task {
            Task::Skill { agent_id, version, .. } | Task::Tool { agent_id, version, .. } => {
                (agent_id, version)
            }
            Task::Turn(turn) => (&turn.agent_id, &turn.version),
            Task::Summary(summary) => (&summary.agent_id, &summary.version),
            Task::Judge(judgement) => (&judgement.agent_id, &judgement.version),
            Task::ListTools { .. }
            | Task::CancelTask { .. }
            | Task::HttpRequest
            | Task::Message(_)
            | Task::Code(_)
            | Task::Echo => {
                return Ok(());
            }
        };
        let pinned = self.story(work.execution).and_then(|story| story.accepted.agents.get(agent_id));
        if version.as_ref() == pinned {
            return Ok(());
        }
        Err(format!("R5: call {} asks version {version:?} of an agent, pinned is {pinned:?}", work.key()))
    }

    fn has_ended_so(&self, id: ExecutionId, (node, number): (NodeIndex, u32), end: &ChildEnd) -> Verdict {
        let child = id.child(node, number);
        let ended = self.fold(child)?;
        let error = ended.error();
        let is = ChildEnd {
            status: ended.status(),
            result: ended.result(),
            message: error.map(|error| Arc::clone(&error.message)),
            class: error.and_then(|error| error.class),
        };
        let is = self.recorded_end(id, (node, number), is);
        if *end == is {
            Ok(())
        } else {
            Err(format!("I2: the end of child {child} is taken in as {end:?}, it is {is:?}"))
        }
    }

    fn may_be_cancelled(&self, id: ExecutionId) -> Verdict {
        let Some(story) = self.story(id).filter(|story| story.accepted.parent.is_some()) else {
            return Ok(());
        };
        let above = self.known_above(story);
        if self.cancels.contains(&id) || matches!(above, Some(ChildStory::Abandoned(_))) {
            return Ok(());
        }
        Err(format!("T6: child {id} was cancelled although its parent waits for it"))
    }

    /// A worker that is well cancels the children that were given up. Asked only when it has been well for longer than that
    /// takes.
    pub(crate) fn children_are_cancelled(&self, lessee: Lessee, now: Timestamp) -> Verdict {
        for id in self.entrusted(lessee, LATE_MAX, now) {
            // One that undoes its work has been cancelled.
            let goes_on = |story: &&Story| !story.status().is_finished() && story.undoing.is_none();
            let Some(story) = self.story(id).filter(goes_on) else { continue };
            if let Some(ChildStory::Abandoned(at)) = self.known_above(story)
                && now.since(*at) > LATE_MAX + CLOCKS_APART_MAX
            {
                return Err(format!("T6: child {id} goes on although its parent gave it up at {at}"));
            }
        }
        Ok(())
    }

    /// Returns what the parent of a child knows of it.
    fn known_above(&self, story: &Story) -> Option<&ChildStory> {
        let parent = story.accepted.parent.as_ref()?;
        self.story(parent.execution)?.child(parent.node, parent.child)
    }

    /// Every child that was started exists, and none went on for long after its parent had given it up.
    pub(super) fn families_are_whole(&self) -> Verdict {
        for story in self.stories.values() {
            for (node, at) in story.nodes.iter().zip(0..) {
                for (child, number) in node.parts.children.iter().zip(0..) {
                    self.child_is_well(story.id().child(NodeIndex(at), number), &child.story)?;
                }
            }
        }
        Ok(())
    }

    fn child_is_well(&self, id: ExecutionId, known: &ChildStory) -> Verdict {
        let story = match (self.story(id), known) {
            (None, ChildStory::Withdrawn) => return Ok(()),
            (Some(_), ChildStory::Withdrawn) => {
                return Err(format!("I3: child {id} runs although the decision that started it gave it up"));
            }
            (None, _) => return Err(format!("D1: child {id} was started and is lost")),
            (Some(story), _) => story,
        };
        let ChildStory::Abandoned(at) = known else { return Ok(()) };
        let went_on = story.ended_at.is_some_and(|ended_at| ended_at.since(*at) > ABANDONED_MAX);
        if went_on && story.undoing.is_none() && story.status() != ExecutionStatus::Cancelled {
            return Err(format!("T6: child {id} went on after {at}, when its parent gave it up"));
        }
        Ok(())
    }
}
