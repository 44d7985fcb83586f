//! The checker: compares what clients were answered, what peers saw and what was committed, and says what does not fit.
//!
//! It interprets the journal itself ([`story`]), without the state machine under test. The letters in its messages
//! name the kind of promise: D durability, R results, A attempts, L leases, T time, I control, V liveness.

mod answers;
mod approvals;
mod attempts;
mod budget;
mod calls;
mod day;
mod ends;
mod events;
mod finish;
mod inbox;
mod leases;
mod others;
mod parts;
mod reuse;
mod sessions;
mod story;
mod structure;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::event::{Event, Record, StepResult};
use steadflow_core::execution::{ExecutionStatus, FlowVersion};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::session::is_summary;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{CallKey, Work};
use steadflow_store::{Commit, Projection, Worker as Lessee};

use crate::peers::Answer;
pub(crate) use answers::{Call, What};
pub(crate) use approvals::Asked;
use approvals::Decisions;
use day::DaySpending;
use events::Known;
use inbox::Inbox;
use leases::Leases;
use others::Servers;
pub(crate) use sessions::sessions_of;
use story::Story;

/// Nothing, or a sentence that says what is wrong.
pub(crate) type Verdict = Result<(), String>;

/// How far past its deadline an execution may be while its worker is healthy.
pub(crate) const LATE_MAX: Duration = Duration::from_secs(15);

/// How long an execution may be without a worker while another worker is healthy.
pub(crate) const ORPHANED_MAX: Duration = Duration::from_secs(8);

/// How long a child may continue after its parent has abandoned it.
pub(crate) const ABANDONED_MAX: Duration = Duration::from_secs(100);

/// How far the clocks of two processes may differ.
pub(crate) const CLOCKS_APART_MAX: Duration = Duration::from_secs(10);

/// What the checker knows of one run.
#[derive(Debug)]
pub(crate) struct Checker {
    versions: BTreeMap<(FlowId, u32), Arc<FlowVersion>>,
    /// The committed journal of each execution.
    stories: BTreeMap<ExecutionId, Story>,
    /// Each attempt that a peer saw, and what it answered.
    peers: BTreeMap<CallKey, Answer>,
    /// The key under which a client asked for each execution.
    asked: BTreeMap<ExecutionId, Arc<str>>,
    /// What each idempotency key was first used for.
    keys: BTreeMap<Arc<str>, ExecutionId>,
    /// The executions that clients asked to cancel.
    cancels: BTreeSet<ExecutionId>,
    /// The executions whose acceptance clients know.
    accepted: BTreeSet<ExecutionId>,
    inbox: Inbox,
    decisions: Decisions,
    servers: Servers,
    leases: Leases,
    day: DaySpending,
    /// The events that were sent.
    sent_events: Vec<events::Sent>,
    looks: events::Looks,
    /// How often some things happened.
    counted: BTreeMap<&'static str, u64>,
    /// When something was last committed.
    last_commit: Timestamp,
}

/// Who committed, and what its clock said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer {
    pub(crate) lessee: Lessee,
    pub(crate) clock: Timestamp,
    /// Whether it was asked to stop.
    pub(crate) is_stopping: bool,
    /// Whether the store refuses what this execution decides, for ever.
    pub(crate) is_refused: bool,
}

impl Checker {
    pub(crate) fn new(versions: impl Iterator<Item = Arc<FlowVersion>>, day_budget: Option<u64>) -> Self {
        Self {
            versions: versions.map(|version| ((version.flow_id, version.version), version)).collect(),
            stories: BTreeMap::new(),
            peers: BTreeMap::new(),
            asked: BTreeMap::new(),
            keys: BTreeMap::new(),
            cancels: BTreeSet::new(),
            accepted: BTreeSet::new(),
            inbox: Inbox::default(),
            decisions: Decisions::default(),
            servers: Servers::default(),
            leases: Leases::default(),
            day: DaySpending::new(day_budget),
            sent_events: Vec::new(),
            looks: BTreeMap::new(),
            counted: BTreeMap::new(),
            last_commit: Timestamp::default(),
        }
    }

    /// A client will ask to start this execution under this key.
    pub(crate) fn start_is_asked(&mut self, execution: ExecutionId, key: Arc<str>) {
        self.asked.insert(execution, key);
    }

    /// A commit is on disk.
    pub(crate) fn committed(&mut self, commit: &Commit, writer: Writer, now: Timestamp) -> Verdict {
        self.recorded(commit, writer, now)?;
        self.answers_count(commit)
    }

    fn recorded(&mut self, commit: &Commit, writer: Writer, now: Timestamp) -> Verdict {
        self.may_commit(commit, writer, now)?;
        self.takes(commit)?;
        self.last_commit = now;
        let id = commit.execution;
        let Some(text) = &commit.record else { return self.projected(commit) };
        let record: Record =
            serde_json::from_str(text).map_err(|error| format!("R3: unreadable record: {error}"))?;
        if record.1 > writer.clock {
            return Err(format!("T2: {id} decided at {} what was committed at {}", record.1, writer.clock));
        }
        if let Some(Event::Accepted(accepted)) = record.2.first() {
            let version =
                self.versions.get(&(accepted.flow, accepted.version)).ok_or("R5: unknown flow version")?;
            let version = match accepted.body() {
                Some(node) => version.find_body(node).ok_or("R5: unknown body")?,
                None => version,
            };
            if self.stories.contains_key(&id) {
                return Err(format!("R3: {id} was accepted twice"));
            }
            self.stories.insert(id, Story::new(id, Arc::clone(version), (**accepted).clone()));
            self.key_is_used(id)?;
            self.replaces(id);
        }
        self.was_asked(id, &record.2)?;
        self.families_fit(id, &record)?;
        self.counts(&record);
        let has_started = record.2.contains(&Event::Started);
        let known =
            Known { peers: &self.peers, cancels: &self.cancels, sent: &self.sent_events, looks: &self.looks };
        let story = self.stories.get_mut(&id).ok_or_else(|| format!("R3: {id} was never accepted"))?;
        story.take(record, Arc::clone(text), known, writer).map_err(|what| format!("{what} ({id})"))?;
        if has_started {
            self.slots_hold(id)?;
        }
        self.projected(commit)
    }

    fn counts(&mut self, record: &Record) {
        let name = |event: &Event| {
            if let Event::StepEnded { step, result: StepResult::Completed(_), .. } = event {
                return is_summary(step).then_some("summaries");
            }
            if let Event::ChildrenStarted { children, .. } = event {
                return children.iter().any(|child| child.step.is_some()).then_some("flows of tools");
            }
            if let Event::AttemptFailed { class: ErrorClass::Timeout, message, .. } = event {
                return message.starts_with("No event").then_some("events that did not come");
            }
            matches!(event, Event::TaskStarted { .. }).then_some("tasks of servers")
        };
        let names = record.2.iter().filter_map(name);
        names.for_each(|name| *self.counted.entry(name).or_default() += 1);
    }

    /// Returns how often some things happened.
    pub(crate) fn counted(&self) -> BTreeMap<&'static str, u64> {
        self.counted.clone()
    }

    /// Those that wait until no other start has come may be cancelled by the engine when one has.
    fn replaces(&mut self, id: ExecutionId) {
        let is_put_off = |story: &Story| {
            story.accepted.queue.as_ref().is_some_and(|place| place.start_at.is_some())
                && !story.has_started()
        };
        let new = &self.stories[&id];
        if !is_put_off(new) {
            return;
        }
        let (flow, key) = (new.accepted.flow, key_of(new));
        let is_alike = |story: &&Story| story.accepted.flow == flow && key_of(story) == key;
        let others = || self.stories.values().filter(|story| story.id() != id).filter(is_alike);
        let replaced: Vec<ExecutionId> = others().filter(|story| is_put_off(story)).map(Story::id).collect();
        // One that came later may have been on disk earlier, and started.
        let was_put_off =
            |story: &Story| story.accepted.queue.as_ref().is_some_and(|place| place.start_at.is_some());
        let is_late = others().any(|story| story.id() > id && was_put_off(story));
        if !replaced.is_empty() || is_late {
            // Of those that were accepted at the same moment, any may be the last.
            self.cancels.insert(id);
        }
        self.cancels.extend(replaced);
    }

    /// What is stored beside the record fits it.
    fn projected(&self, commit: &Commit) -> Verdict {
        let id = commit.execution;
        let story = self.stories.get(&id).ok_or_else(|| format!("R4: a row without a journal: {id}"))?;
        if commit.seq != story.seq() {
            return Err(format!(
                "R4: {id} shows record {} when its journal is at {}",
                commit.seq,
                story.seq()
            ));
        }
        let (row, journal) = match &commit.projection {
            Projection::Tail => return Ok(()),
            Projection::Shown(row) => (row, None),
            Projection::Snapshot { row, journal }
            | Projection::Parked { row, journal, .. }
            | Projection::Finished { row, journal, .. } => (row, Some(journal)),
        };
        if row.status != story.status() {
            return Err(format!("R4: the row of {id} says {}, its journal {}", row.status, story.status()));
        }
        match journal {
            Some(journal) if *journal != story.journal() => {
                Err(format!("R4: the stored journal of {id} is another"))
            }
            _ => Ok(()),
        }
    }

    fn key_is_used(&mut self, id: ExecutionId) -> Verdict {
        let Some(key) = self.asked.get(&id) else { return Ok(()) };
        match self.keys.insert(Arc::clone(key), id) {
            Some(other) => Err(format!("A9: key {key} started {other} and {id}")),
            None => Ok(()),
        }
    }

    fn slots_hold(&self, id: ExecutionId) -> Verdict {
        let story = &self.stories[&id];
        if !story.accepted.takes_slot() {
            return Ok(());
        }
        let (flow, limits) = (story.version().flow_id, story.version().flow.settings.slot_limits());
        let key = key_of(story);
        let holders = || {
            let of_flow = self.stories.values().filter(move |story| story.version().flow_id == flow);
            of_flow.filter(|story| story.accepted.takes_slot() && story.holds_slot())
        };
        let (all, with_key) = (holders().count(), holders().filter(|story| key_of(story) == key).count());
        if let Some(limit) = limits.all.filter(|limit| all > *limit as usize) {
            return Err(format!("concurrency: {all} executions of a flow that allows {limit} ({id})"));
        }
        match limits.per_key.filter(|limit| key.is_some() && with_key > *limit as usize) {
            Some(limit) => Err(format!(
                "concurrency: {with_key} executions with the key {key:?}, of which {limit} may run ({id})"
            )),
            None => Ok(()),
        }
    }

    /// A peer sees an attempt begin, and will answer.
    pub(crate) fn peer_sees(&mut self, work: &Work, answer: Answer) -> Verdict {
        let key = work.key();
        self.task_is_known(work)?;
        if !self.stories.get(&key.execution).is_some_and(|story| story.has_call(&key)) {
            return Err(format!("A2: a peer saw call {key}, which is not recorded or over"));
        }
        match self.peers.insert(key.clone(), answer) {
            Some(_) if !self.is_repeated(work) => Err(format!("A2: a peer saw call {key} twice")),
            Some(_) | None => Ok(()),
        }
    }

    /// A peer that has not answered never will: the connection breaks.
    pub(crate) fn peer_breaks_off(&mut self, key: CallKey, failure: Failure) {
        self.peers.insert(key, Err(failure));
    }

    /// Returns how many calls had to be approved, and how many of them were decided on.
    pub(crate) fn approvals_counted(&self) -> (u64, u64) {
        let of_stories = self.stories.values().map(Story::approvals_counted);
        of_stories.fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1))
    }

    /// Returns how many attempts peers saw.
    pub(crate) fn attempts_seen(&self) -> u64 {
        self.peers.len() as u64
    }

    /// No execution is far past its deadline. Checked only if its worker has been healthy for longer than that.
    pub(crate) fn deadlines_hold(&self, lessee: Lessee, clock: Timestamp, now: Timestamp) -> Verdict {
        let is_over = |deadline: Timestamp| clock > deadline.plus(LATE_MAX);
        let is_late =
            |story: &&Story| story.deadline().is_some_and(is_over) || story.has_overdue_approval(is_over);
        let mut entrusted = self.entrusted(lessee, LATE_MAX, now).filter_map(|id| self.story(id));
        match entrusted.find(is_late) {
            Some(story) => {
                Err(format!("T1: the deadline {:?} is over at {clock}: {story}", story.deadline()))
            }
            None => Ok(()),
        }
    }

    /// Returns the executions that have not ended.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = &Story> {
        self.stories.values().filter(|story| !story.status().is_finished())
    }

    pub(crate) fn story(&self, id: ExecutionId) -> Option<&Story> {
        self.stories.get(&id)
    }

    /// Returns the executions that were accepted, oldest first.
    pub(crate) fn executions(&self) -> Vec<ExecutionId> {
        self.stories.keys().copied().collect()
    }

    /// Returns the executions whose acceptance clients know, with their statuses.
    pub(crate) fn known_to_clients(&self) -> Vec<(ExecutionId, ExecutionStatus)> {
        self.accepted.iter().filter_map(|id| Some((*id, self.story(*id)?.status()))).collect()
    }

    pub(crate) const fn last_commit(&self) -> Timestamp {
        self.last_commit
    }
}

/// Returns the value of the flow's `concurrency_key`.
fn key_of(story: &Story) -> Option<&str> {
    story.accepted.queue.as_ref()?.key.as_deref()
}
