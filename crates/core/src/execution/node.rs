//! One node's part of an execution: its state, its attempts, its output.

use std::sync::Arc;

use crate::approval::Approval;
use crate::external_event::EventWait;
use crate::failure::ErrorClass;
use crate::ids::{Attempt, StepKey};
use crate::payload::Payload;
use crate::remote_task::AwaitedTasks;
use crate::session::SessionPart;
use crate::status::{NodeStatus, Wait};
use crate::step::{Children, PastStep, StepRecord};
use crate::timestamp::Timestamp;
use crate::transcript;
use crate::usage::Usage;

/// One node inside one execution, all its attempts.
#[derive(Clone, Debug, Default)]
pub struct NodeExecution {
    /// Where it is.
    pub state: NodeState,
    /// In order; the last one may still run.
    pub attempts: Vec<AttemptRecord>,
    /// The calls of attempts that make several: those that ended, of all attempts, and those under way.
    pub steps: Vec<StepRecord>,
    /// The calls that do not count any more, in the order in which they ceased to.
    pub past: Vec<PastStep>,
    /// The calls that had or have to be approved, of all attempts, in the order in which they were asked for.
    pub approvals: Vec<Approval>,
    /// The tasks of servers that do its calls and have not ended, of all attempts.
    pub tasks: AwaitedTasks,
    /// The child executions that it started; `None` where there are none.
    pub(super) children: Option<Box<Children>>,
    /// The resolved input of the last attempt, unless it follows from the flow version.
    pub input: Option<Payload>,
    /// Its output; written once.
    pub output: Option<Payload>,
    /// The last error, as people are shown it; cleared by success.
    pub error_message: Option<Arc<str>>,
    /// The class of the last error; cleared by success.
    pub error_class: Option<ErrorClass>,
    /// When its first attempt or its wait began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Whether its output was reused from the execution that this one retries.
    pub reused: bool,
    /// The event that it waits or waited for.
    pub awaited: Option<Box<EventWait>>,
    /// What it reads of its session, from when it has that.
    pub session: Option<Box<SessionPart>>,
    /// Since when the attempt under way makes no call: it waits for a slot or an approval, or the execution is paused.
    pub(super) held_since: Option<Timestamp>,
    /// How many of `attempts` are outside the present budget: those before a person granted a fresh one.
    pub(super) spent: usize,
}

/// Where a node is, with what it needs to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NodeState {
    /// Its edges are not decided, or the execution is held.
    #[default]
    Pending,
    /// An attempt is under way.
    Running {
        /// When it is stopped.
        stop_at: Option<Timestamp>,
    },
    /// Waits for its next attempt.
    Backoff {
        /// When that is due.
        retry_at: Timestamp,
    },
    /// Waits for something that is not an attempt.
    Waiting(Wait),
    /// Done.
    Completed,
    /// Failed for good.
    Failed,
    /// The execution ended before it did.
    Cancelled,
    /// No edge led to it.
    Skipped,
}

/// One attempt, as it went.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptRecord {
    /// Its number.
    pub attempt: Attempt,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<AttemptError>,
    /// When the next one was due.
    pub retry_at: Option<Timestamp>,
    /// What its calls used, of those that a model answered.
    pub usages: Vec<Arc<Usage>>,
    /// Who ran it.
    pub worker: Arc<str>,
    /// Whether the shutdown of the process stopped it.
    pub released: bool,
    /// Whether one of its calls ended, of an attempt that makes several.
    pub(super) has_progress: bool,
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptError {
    /// What kind of failure.
    pub class: ErrorClass,
    /// The message.
    pub message: Arc<str>,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// What the peer answered, decoded and bounded.
    pub body: Option<Payload>,
    /// How many attempts could follow.
    pub retries_left: u32,
}

impl AttemptError {
    fn is_interruption(&self) -> bool {
        self.class == ErrorClass::Interrupted
    }
}

impl NodeExecution {
    /// Returns the status that answers show.
    pub const fn status(&self) -> NodeStatus {
        match self.state {
            NodeState::Pending | NodeState::Backoff { .. } => NodeStatus::Pending,
            NodeState::Running { .. } | NodeState::Waiting(_) => NodeStatus::Running,
            NodeState::Completed => NodeStatus::Completed,
            NodeState::Failed => NodeStatus::Failed,
            NodeState::Cancelled => NodeStatus::Cancelled,
            NodeState::Skipped => NodeStatus::Skipped,
        }
    }

    /// Returns what the calls of all its attempts used, of those that a model answered.
    pub fn usages(&self) -> impl Iterator<Item = &Arc<Usage>> {
        self.attempts.iter().flat_map(|attempt| &attempt.usages)
    }

    /// Returns whether nothing more will happen to it.
    pub const fn is_ended(&self) -> bool {
        matches!(
            self.state,
            NodeState::Completed | NodeState::Failed | NodeState::Cancelled | NodeState::Skipped
        )
    }

    /// Returns whether it completed only thanks to a retry: an attempt failed, and a later one did not.
    pub fn is_recovered(&self) -> bool {
        let mut attempts = self.attempts.iter().map(|attempt| attempt.error.is_some());
        let has_failed = attempts.clone().any(|has_failed| has_failed);
        self.state == NodeState::Completed && has_failed && attempts.next_back() == Some(false)
    }

    /// Returns `retry_attempt`, the number of the last attempt minus 1: 0 for the first attempt, and for none.
    pub fn retry_attempt(&self) -> u32 {
        self.attempts.last().map_or(0, |attempt| attempt.attempt.number() - 1)
    }

    /// Returns the attempt that is under way.
    pub fn running_attempt(&self) -> Option<Attempt> {
        let NodeState::Running { .. } = self.state else { return None };
        self.attempts.last().map(|attempt| attempt.attempt)
    }

    /// Returns the calls of the attempt that is under way.
    pub fn open_calls(&self) -> Vec<StepKey> {
        if !self.has_open_call() {
            return Vec::new();
        }
        let open: Vec<StepKey> =
            self.steps.iter().filter(|step| step.is_in_flight()).map(|step| step.key.clone()).collect();
        if open.is_empty() { vec![StepKey::ONLY] } else { open }
    }

    /// Returns whether a call is under way. An attempt that only waits for children makes none.
    pub fn has_open_call(&self) -> bool {
        matches!(self.state, NodeState::Running { .. })
            && (self.only_call_is_open() || self.steps.iter().any(StepRecord::is_in_flight))
    }

    /// Returns whether its attempt is its only call, and is under way: the first of several calls may be suspended, too.
    fn only_call_is_open(&self) -> bool {
        self.has_only_an_attempt() && !self.tasks.all().iter().any(|awaited| awaited.is_suspended)
    }

    /// Returns whether its attempt is its only call.
    const fn has_only_an_attempt(&self) -> bool {
        self.steps.is_empty() && self.children.is_none()
    }

    /// Returns whether its attempt goes on with a call or a child that has not begun.
    pub(super) fn is_held(&self) -> bool {
        self.running_attempt().is_some() && !self.has_open_call() && !self.has_open_child()
    }

    /// Returns whether no result will come by which it goes on: it was held, or waits for a slot or its session.
    pub(super) fn waits_for_its_turn(&self) -> bool {
        let only_asks = || self.has_open_approval() && !transcript::is_call_due(&self.steps, &self.approvals);
        matches!(self.state, NodeState::Waiting(Wait::Slot | Wait::Session))
            || (self.is_held() && !only_asks())
            || (self.only_awaits_flows() && transcript::is_call_due(&self.steps, &self.approvals))
    }

    /// Returns whether the attempt under way makes no call, and only waits for executions that do some.
    fn only_awaits_flows(&self) -> bool {
        self.has_open_child()
            && self.running_attempt().is_some()
            && !self.has_open_call()
            && self.has_open_flow()
    }

    /// Returns whether its attempt waits for children, and may be able to start more. Those that do calls go on between two
    /// attempts, and begin none.
    pub(super) fn may_start_children(&self) -> bool {
        self.has_open_child() && self.running_attempt().is_some()
    }

    /// Returns whether it waits for the end of a child.
    pub fn has_open_child(&self) -> bool {
        self.children().open() > 0
    }

    /// Returns the child executions that it started.
    pub fn children(&self) -> &Children {
        self.children.as_deref().unwrap_or(Children::none())
    }

    /// Returns when the next of its calls, or the attempt as a whole, is stopped: never while it makes no call.
    pub(super) fn next_stop(&self) -> Option<Timestamp> {
        if self.only_call_is_open() {
            return self.stop_at();
        }
        let of_steps = self.steps.iter().filter(|step| step.is_open()).filter_map(|step| step.stop_at);
        let next = self.stop_at().into_iter().chain(of_steps).min();
        next.filter(|_| !self.is_held())
    }

    /// Returns when the attempt that is under way is stopped.
    pub const fn stop_at(&self) -> Option<Timestamp> {
        let NodeState::Running { stop_at } = self.state else { return None };
        stop_at
    }

    /// Returns when its next attempt is due.
    pub const fn next_retry_at(&self) -> Option<Timestamp> {
        let NodeState::Backoff { retry_at } = self.state else { return None };
        Some(retry_at)
    }

    /// Makes a call after it made none. The time of an attempt is that of its calls.
    pub(super) fn go_on_at(&mut self, now: Timestamp, deadline: Option<Timestamp>) {
        if let (NodeState::Running { stop_at: Some(stop_at) }, Some(since)) =
            (&mut self.state, self.held_since)
        {
            let later = stop_at.plus(now.since(since));
            *stop_at = deadline.map_or(later, |deadline| later.min(deadline));
        }
        self.held_since = None;
    }

    /// Forgets calls that are under way, and stops waiting for children: the attempt that made them is over. Calls that
    /// executions do go on.
    pub(super) fn drop_open_parts(&mut self) {
        self.held_since = None;
        let timed_out = self
            .attempts
            .last()
            .filter(|attempt| attempt.error.as_ref().is_some_and(|error| error.class == ErrorClass::Timeout));
        let is_timed_out =
            |step: &StepRecord| timed_out.is_some_and(|attempt| attempt.started_at == step.started_at);
        let open = self.steps.iter().filter(|step| step.is_in_flight());
        self.past.extend(open.map(|step| PastStep { is_timed_out: is_timed_out(step), ..step.past() }));
        self.steps.retain(|step| !step.is_in_flight());
        let goes_on = self.has_open_flow();
        if let Some(children) = self.children.as_mut().filter(|_| !goes_on) {
            children.abandon();
        }
    }

    /// Forgets all that is under way: the node has ended.
    pub(super) fn drop_all_parts(&mut self) {
        self.forget_flows();
        self.drop_open_parts();
    }

    /// Drops what steps, children and peers returned and, once it has ended, its input and output.
    pub(super) fn shed(&mut self) {
        self.steps.iter_mut().for_each(StepRecord::shed);
        self.children.iter_mut().for_each(|children| children.shed());
        self.approvals.iter_mut().for_each(Approval::shed);
        self.attempts
            .iter_mut()
            .filter_map(|attempt| attempt.error.as_mut())
            .for_each(|error| error.body = None);
        if self.is_ended() {
            (self.input, self.output) = (None, None);
        }
    }

    /// The number of its last attempt.
    pub(super) fn last_attempt(&self) -> Attempt {
        self.attempts.last().map_or(Attempt::FIRST, |attempt| attempt.attempt)
    }

    /// The number of its next attempt.
    pub(super) fn next_attempt(&self) -> Attempt {
        self.attempts.last().map_or(Attempt::FIRST, |attempt| attempt.attempt.next())
    }

    /// The attempts of the present budget that count.
    pub(super) fn counted_attempts(&self) -> impl Iterator<Item = &AttemptRecord> {
        self.attempts[self.spent.min(self.attempts.len())..].iter().filter(|attempt| !attempt.released)
    }

    /// Returns whether the attempt before the one under way was interrupted, and no call has ended since: whatever stops
    /// the process may be in the call that both made.
    pub(super) fn was_interrupted_before(&self) -> bool {
        let attempts = &self.attempts[self.spent.min(self.attempts.len())..];
        let Some((last, earlier)) = attempts.split_last() else { return false };
        let Some(before) = earlier.iter().rposition(|attempt| !attempt.released) else { return false };
        let is_interruption = earlier[before].error.as_ref().is_some_and(AttemptError::is_interruption);
        is_interruption
            && !last.has_progress
            && !earlier[before + 1..].iter().any(|attempt| attempt.has_progress)
    }
}
