//! Calls that others do, and that go on when their attempt is over: child executions of tools that run flows (C1 to C3), and
//! tasks of servers (K1 to K5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use steadflow_core::event::{ChildEnd, ChildStart, Event, Record, StepResult};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{ExecutionId, NodeIndex, StepKey};
use steadflow_core::remote_task::RemoteTask;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{CallKey, Work};

use super::parts::{ChildStory, Parts, StepStory};
use super::story::Story;
use super::{Checker, Verdict};
use crate::agents::RUNS;

/// The calls of a node that others do.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// The tools that calls are of.
    tools: BTreeMap<StepKey, Arc<str>>,
    /// The children that do calls which have not ended.
    flows: BTreeMap<StepKey, u32>,
    /// The calls that ended during a pause before their flows began, and are made again in the same attempt.
    repeats: BTreeSet<StepKey>,
    /// The tasks of calls that are stored and have not ended.
    tasks: BTreeMap<StepKey, Arc<str>>,
}

/// What servers have done, and were asked.
#[derive(Debug, Default)]
pub(super) struct Servers {
    /// For which call each task was begun.
    given: BTreeMap<Arc<str>, (ExecutionId, NodeIndex, StepKey)>,
    /// The calls that ask about a task.
    polls: BTreeSet<CallKey>,
}

impl Others {
    /// A call of a tool begins.
    pub(super) fn begins(&mut self, step: &StepKey, tool: Option<&Arc<str>>) {
        let tool = tool.map(Arc::clone);
        self.tools.extend(tool.map(|tool| (step.clone(), tool)));
    }

    /// Returns whether a call is of the tool that runs a flow.
    fn runs_flow(&self, step: &StepKey) -> bool {
        self.tools.get(step).is_some_and(|tool| **tool == *RUNS)
    }

    /// Returns whether an execution does a call.
    pub(super) fn is_flow(&self, step: &StepKey) -> bool {
        self.flows.contains_key(step)
    }

    /// Returns whether an execution with this number does a call.
    pub(super) fn does_call(&self, child: u32) -> bool {
        self.flows.values().any(|number| *number == child)
    }

    /// Returns whether all calls that are under way only ask about tasks.
    fn only_awaits_tasks(&self, steps: &BTreeMap<StepKey, StepStory>) -> bool {
        let mut open =
            steps.iter().filter(|(step, story)| matches!(story, StepStory::Open) && !self.is_flow(step));
        !self.tasks.is_empty() && open.all(|(step, _)| self.tasks.contains_key(step))
    }

    pub(super) fn forget_flows(&mut self) {
        self.flows.clear();
    }
}

impl Parts {
    /// Returns whether a worker that takes the execution over may hand its attempt back: nothing of it is unknown.
    pub(super) fn only_awaits_tasks(&self) -> bool {
        self.others.only_awaits_tasks(&self.steps)
    }

    /// A child starts that does a call.
    pub(super) fn flow_starts(&mut self, start: &ChildStart, number: u32) -> Verdict {
        let Some(step) = &start.step else { return Ok(()) };
        if !self.others.runs_flow(step) || !matches!(self.steps.get(step), Some(StepStory::Open)) {
            return Err(format!("C1: a child starts for call {step}, which runs no flow now"));
        }
        match self.others.flows.insert(step.clone(), number) {
            Some(_) => Err(format!("C1: a second child starts for call {step}")),
            None => Ok(()),
        }
    }

    /// The call ends that a child does; `None` for any other call. A child that has not ended is given up.
    pub(super) fn flow_ended(
        &mut self,
        step: &StepKey,
        result: &StepResult,
        at: Timestamp,
    ) -> Option<StepStory> {
        let child = self.others.flows.remove(step)?;
        if let Some(child @ ChildStory::Open(_)) = self.child_mut(child) {
            *child = ChildStory::given_up(child, at);
        }
        Some(match result {
            StepResult::Completed(output) => StepStory::Completed(output.clone()),
            StepResult::Failed { class, message, .. } => StepStory::Failed(*class, message.to_string()),
        })
    }

    /// Returns what came of a call of a tool that runs a flow and has started none, although its arguments do: what keeps it from
    /// that is the result.
    pub(super) fn flow_refused(
        &mut self,
        step: &StepKey,
        result: &StepResult,
        is_paused: bool,
    ) -> Option<StepStory> {
        let StepResult::Failed { class, message, .. } = result else { return None };
        use ErrorClass::{Configuration, Expression, Interrupted, Validation};
        let is_meant =
            matches!(class, Configuration | Validation | Expression) || (is_paused && *class == Interrupted);
        if !is_meant || !self.others.runs_flow(step) {
            return None;
        }
        if *class == Interrupted {
            self.others.repeats.insert(step.clone());
        }
        Some(StepStory::Failed(*class, message.to_string()))
    }

    /// A call of a tool that runs a flow does not complete without one.
    pub(super) fn needs_flow(&self, step: &StepKey, result: &StepResult) -> Verdict {
        if matches!(result, StepResult::Completed(_)) && self.others.runs_flow(step) {
            return Err(format!("C3: call {step} completes, and no flow ran for it"));
        }
        Ok(())
    }

    pub(super) fn task_started(&mut self, step: &StepKey, task: &RemoteTask) -> Verdict {
        match self.others.tasks.insert(step.clone(), Arc::clone(&task.id)) {
            Some(_) => Err(format!("K3: call {step} has two tasks at once")),
            None => Ok(()),
        }
    }

    pub(super) fn task_ended(&mut self, step: &StepKey) -> Verdict {
        match self.others.tasks.remove(step) {
            Some(_) => Ok(()),
            None => Err(format!("K3: the task of call {step} ends, which has none")),
        }
    }

    /// A node that has ended waits for no task.
    pub(super) fn tasks_are_over(&self) -> Verdict {
        match self.others.tasks.keys().next() {
            Some(step) => Err(format!("K5: a node ends, and the task of its call {step} does not")),
            None => Ok(()),
        }
    }
}

impl Story {
    fn others(&self, node: NodeIndex) -> Option<&Others> {
        self.nodes.get(node.at()).map(|node| &node.parts.others)
    }

    fn task_of(&self, node: NodeIndex, step: &StepKey) -> Option<&Arc<str>> {
        self.others(node)?.tasks.get(step)
    }
}

impl Checker {
    /// Returns whether a call may be made a second time in its attempt.
    pub(super) fn is_repeated(&mut self, work: &Work) -> bool {
        let story = self.stories.get_mut(&work.execution);
        let node = story.and_then(|story| story.nodes.get_mut(work.node.at()));
        work.remote_task.is_some() || node.is_some_and(|node| node.parts.others.repeats.remove(&work.step))
    }

    /// A server does a call as a task.
    pub(crate) fn task_is_given(&mut self, call: &CallKey, task: &RemoteTask) {
        let of = (call.execution, call.node, call.step.clone());
        self.servers.given.insert(Arc::clone(&task.id), of);
    }

    /// A server is asked about a task, or a call is made that may become one.
    pub(super) fn task_is_known(&mut self, work: &Work) -> Verdict {
        let call = work.key();
        let stored = self.stories.get(&call.execution).and_then(|story| story.task_of(call.node, &call.step));
        match (&work.remote_task, stored) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(format!("K2: call {call} is made again although its task is stored")),
            (Some(task), stored) if stored != Some(&task.id) => {
                Err(format!("K1: call {call} waits for a task that is not stored"))
            }
            (Some(_), _) => match self.servers.polls.insert(call.clone()) {
                true => Ok(()),
                false => Err(format!("A2: call {call} asks twice about its task")),
            },
        }
    }

    /// A server is asked to end a task, which nobody waits for any more.
    pub(crate) fn task_is_cancelled(&self, work: &Work) -> Verdict {
        let Some(task) = &work.remote_task else { return Err("K4: no task is cancelled".into()) };
        let Some((execution, node, step)) = self.servers.given.get(&task.id) else {
            return Err("K4: a task is cancelled that no server has begun".into());
        };
        let stored = self.stories.get(execution).and_then(|story| story.task_of(*node, step));
        if stored == Some(&task.id) {
            return Err(format!("K4: the task of call {step} of {execution} is cancelled and waited for"));
        }
        Ok(())
    }

    /// A task that is stored was begun by a server for the same call.
    pub(super) fn tasks_are_given(&self, id: ExecutionId, record: &Record) -> Verdict {
        for event in &record.2 {
            if let Event::TaskStarted { node, step, task } = event
                && self.servers.given.get(&task.id) != Some(&(id, *node, step.clone()))
            {
                return Err(format!(
                    "K1: {id} stores a task for call {step} that no server has begun for it"
                ));
            }
        }
        Ok(())
    }

    /// The end of a child that does a call reaches the call, and no other end does.
    pub(super) fn flows_reach_their_calls(&self, id: ExecutionId, record: &Record) -> Verdict {
        let Some(others) = self.stories.get(&id) else { return Ok(()) };
        let child_of = |node: NodeIndex, step: &StepKey| others.others(node)?.flows.get(step).copied();
        let ends: BTreeSet<(NodeIndex, u32)> = record
            .2
            .iter()
            .filter_map(|event| {
                if let Event::ChildEnded { node, child, .. } = event { Some((*node, *child)) } else { None }
            })
            .collect();
        let mut reached = BTreeSet::new();
        for event in &record.2 {
            let Event::StepEnded { node, step, result, .. } = event else { continue };
            let Some(child) = child_of(*node, step) else { continue };
            reached.insert((*node, child));
            if ends.contains(&(*node, child)) {
                self.is_said_to_call(id.child(*node, child), result)?;
            } else if !matches!(result, StepResult::Failed { class: ErrorClass::Interrupted, .. }) {
                return Err(format!("C2: call {step} of {id} ends as {result:?}, and its child goes on"));
            }
        }
        let is_of_call = |(node, child): &&(NodeIndex, u32)| {
            others.others(*node).is_some_and(|others| others.does_call(*child))
        };
        match ends.iter().filter(is_of_call).find(|end| !reached.contains(*end)) {
            Some((_, child)) => Err(format!("C2: the end of child {child} of {id} does not reach its call")),
            None => Ok(()),
        }
    }

    fn is_said_to_call(&self, child: ExecutionId, result: &StepResult) -> Verdict {
        let ended = self.fold(child)?;
        let is_said = match (ended.status(), result) {
            (ExecutionStatus::Completed, StepResult::Completed(output)) => {
                ended.result().as_ref() == Some(output)
            }
            (ExecutionStatus::Failed | ExecutionStatus::Cancelled, StepResult::Failed { message, .. }) => {
                ended.error().is_none_or(|error| message.contains(&*error.message))
            }
            _ => false,
        };
        if is_said { Ok(()) } else { Err(format!("C2: what {child} gave reaches its call as {result:?}")) }
    }

    /// Returns the end that a parent records of a child: the call that it does has its result.
    pub(super) fn recorded_end(
        &self,
        parent: ExecutionId,
        (node, child): (NodeIndex, u32),
        end: ChildEnd,
    ) -> ChildEnd {
        let others = self.stories.get(&parent).and_then(|story| story.others(node));
        let does_call = others.is_some_and(|others| others.does_call(child));
        if does_call { ChildEnd { result: None, ..end } } else { end }
    }
}
