//! What happened inside the attempts of a node: calls and child executions.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::event::{ChildEnd, ChildStart, StepResult};
use crate::ids::{Attempt, FlowId, StepKey};
use crate::payload::Payload;
use crate::status::ExecutionStatus;
use crate::timestamp::Timestamp;
use crate::usage::Usage;

/// One call inside an attempt that makes several.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRecord {
    /// Its key. Of several calls with one key only the last is kept: it repeats one that failed or was cut off.
    pub key: StepKey,
    /// Its number among all calls of the node, from 1, in the order in which they began.
    pub number: usize,
    /// The attempt that made it.
    pub attempt: Attempt,
    /// Its input, where an event says it.
    pub input: Option<Payload>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it is under way.
    pub ended_at: Option<Timestamp>,
    /// When it is stopped, if it has a limit of its own.
    pub stop_at: Option<Timestamp>,
    /// How many tokens are reserved for its answer, if there is a budget of them.
    pub tokens: Option<u64>,
    /// Its result; `None` while it is under way.
    pub result: Option<StepResult>,
    /// What it used; `None` where no model answered.
    pub usage: Option<Arc<Usage>>,
    /// The number of the child execution that does it: a tool that runs a flow.
    pub child: Option<u32>,
}

impl StepRecord {
    /// Returns the record of a call that began at `now`, in the first attempt.
    pub(crate) fn begun(key: &StepKey, now: Timestamp) -> Self {
        Self {
            key: key.clone(),
            number: 0,
            attempt: Attempt::FIRST,
            input: None,
            started_at: now,
            ended_at: None,
            stop_at: None,
            tokens: None,
            result: None,
            usage: None,
            child: None,
        }
    }

    /// Returns what is left of it when it counts no longer.
    pub(crate) fn past(&self) -> PastStep {
        let answered =
            if self.is_open() { self.tokens } else { self.usage.as_ref().map(|used| used.output_tokens) };
        PastStep {
            key: self.key.clone(),
            number: self.number,
            tokens: answered.unwrap_or_default(),
            is_timed_out: false,
        }
    }

    /// Drops its input and what it returned.
    pub(crate) fn shed(&mut self) {
        self.input = None;
        if let Some(StepResult::Completed(output)) = &mut self.result {
            *output = Payload::null();
        }
    }

    /// Returns whether the call is under way.
    pub const fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Returns whether the call is made by this process, or waits for one that is: a child execution does others.
    pub(crate) const fn is_in_flight(&self) -> bool {
        self.is_open() && self.child.is_none()
    }

    /// Returns the number of the child that does it, while it is under way.
    pub(crate) const fn flow_child(&self) -> Option<u32> {
        if self.is_open() { self.child } else { None }
    }

    /// Returns the output of the call, if it completed.
    pub const fn output(&self) -> Option<&Payload> {
        match &self.result {
            Some(StepResult::Completed(output)) => Some(output),
            Some(StepResult::Failed { .. }) | None => None,
        }
    }
}

/// A call of which no result counts: it was repeated after a failure, or its attempt was over before it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastStep {
    /// Its key.
    pub key: StepKey,
    /// Its number among all calls of the node, from 1, in the order in which they began.
    pub number: usize,
    /// The tokens of its answer; all that were reserved for it where it is not known what it answered.
    pub tokens: u64,
    /// Whether it took all the time of its attempt: it began with that one, and did not end before its timeout.
    pub is_timed_out: bool,
}

/// The child executions that a node started, in all its attempts.
#[derive(Clone, Debug, Default)]
pub struct Children {
    /// By number.
    records: Vec<ChildRecord>,
    /// For each item or iteration, the number of its last child.
    last: Vec<Option<u32>>,
    /// How many have not ended.
    open: usize,
    /// The attempt under way has come as far as to this item or iteration.
    next: u32,
    /// Bytes of their results.
    bytes: usize,
    /// The items of the node's input, once they were asked for.
    items: Items,
    /// How many there are, where only that is kept.
    item_count: Option<usize>,
}

/// What was made of a node's input, which says the same.
#[derive(Clone, Default)]
struct Items(OnceLock<Arc<[Payload]>>);

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items")
    }
}

/// One child execution that a node started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildRecord {
    /// The flow that it runs; `None` for the body of the node.
    pub flow: Option<FlowId>,
    /// The number of the item or the iteration that it runs for.
    pub index: u32,
    /// What is known of it.
    pub state: ChildState,
}

/// What a parent knows of a child execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildState {
    /// It has not ended.
    Running,
    /// It ended, and the parent has processed that.
    Ended(ChildEnd),
    /// The attempt that started it was over first: the child is cancelled, and its end is ignored.
    Abandoned,
}

impl Children {
    /// Returns none.
    pub(crate) fn none() -> &'static Self {
        static NONE: Children = Children {
            records: Vec::new(),
            last: Vec::new(),
            open: 0,
            next: 0,
            bytes: 0,
            items: Items(OnceLock::new()),
            item_count: None,
        };
        &NONE
    }

    /// Returns the items that `split` makes of the node's input, which stays the same while there are children.
    pub(crate) fn items(&self, split: impl FnOnce() -> Arc<[Payload]>) -> Arc<[Payload]> {
        if self.is_empty() { split() } else { Arc::clone(self.items.0.get_or_init(split)) }
    }

    /// Returns how many items there are, where they are known.
    pub(crate) fn known_items(&self) -> Option<usize> {
        self.item_count.or_else(|| self.items.0.get().map(|items| items.len()))
    }

    /// Keeps of the items only how many there are.
    pub(crate) fn keep_count(&mut self, count: Option<usize>) {
        self.item_count = count;
        self.items.0.take();
    }

    /// Returns how many it started.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Returns whether it started none.
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns all of them, by number.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &ChildRecord> {
        self.records.iter()
    }

    /// Returns the child of this number.
    pub fn get(&self, number: u32) -> Option<&ChildRecord> {
        self.records.get(usize::try_from(number).ok()?)
    }

    /// Returns how many have not ended.
    pub const fn open(&self) -> usize {
        self.open
    }

    /// Returns how many bytes their results have.
    pub const fn result_bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the last child that ran for an item or an iteration.
    pub fn of_index(&self, index: u32) -> Option<&ChildRecord> {
        self.get((*self.last.get(usize::try_from(index).ok()?)?)?)
    }

    /// Returns the last child that ran for each item or iteration, with its number.
    pub fn last(&self) -> impl Iterator<Item = (u32, &ChildRecord)> {
        self.last.iter().flatten().filter_map(|&number| Some((number, self.get(number)?)))
    }

    /// Returns the items or iterations up to `count` for which the attempt under way has to start a child, in order: those
    /// which it has not come to yet, and for which none has completed before.
    pub fn missing(&self, count: u32) -> impl Iterator<Item = u32> {
        (self.next..count).filter(|&index| {
            let last = self.of_index(index).map(|child| &child.state);
            !matches!(last, Some(ChildState::Ended(end)) if end.status == ExecutionStatus::Completed)
        })
    }

    pub(crate) fn start(&mut self, starts: &[ChildStart]) {
        for start in starts {
            let number = u32::try_from(self.records.len()).ok();
            self.records.push(ChildRecord {
                flow: start.flow,
                index: start.index,
                state: ChildState::Running,
            });
            let index = start.index as usize;
            if self.last.len() <= index {
                self.last.resize(index + 1, None);
            }
            self.last[index] = number;
            self.open += 1;
            self.next = self.next.max(start.index.saturating_add(1));
        }
    }

    pub(crate) fn end(&mut self, number: u32, end: &ChildEnd) {
        if let Some(child) = self.records.get_mut(number as usize) {
            child.state = ChildState::Ended(end.clone());
            self.open -= 1;
            self.bytes += end.result.as_ref().map_or(0, Payload::len);
        }
    }

    /// Waits for one no longer.
    pub(crate) fn give_up(&mut self, number: u32) {
        if let Some(child) = self.records.get_mut(number as usize).filter(|child| child.is_open()) {
            child.state = ChildState::Abandoned;
            self.open -= 1;
        }
    }

    /// Waits for none of them any longer: the attempt is over, and the next one begins with the first item again.
    pub(crate) fn abandon(&mut self) {
        self.next = 0;
        if self.open > 0 {
            self.records
                .iter_mut()
                .filter(|child| child.is_open())
                .for_each(|child| child.state = ChildState::Abandoned);
            self.open = 0;
        }
        self.items.0.take();
    }

    /// Drops what they returned.
    pub(crate) fn shed(&mut self) {
        self.records.iter_mut().for_each(ChildRecord::shed);
    }
}

impl ChildRecord {
    /// Returns whether the parent waits for its end.
    pub fn is_open(&self) -> bool {
        self.state == ChildState::Running
    }

    /// Returns how it ended.
    pub const fn end(&self) -> Option<&ChildEnd> {
        match &self.state {
            ChildState::Ended(end) => Some(end),
            ChildState::Running | ChildState::Abandoned => None,
        }
    }

    /// Returns its result, if it completed.
    pub fn result(&self) -> Option<&Payload> {
        self.end()?.result.as_ref()
    }

    /// Drops what it returned.
    pub(crate) fn shed(&mut self) {
        if let ChildState::Ended(end) = &mut self.state {
            end.result = None;
        }
    }
}
