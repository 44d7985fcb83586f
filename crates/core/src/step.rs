//! What happened inside the attempts of a node: calls and child executions.

use std::sync::Arc;

use crate::event::{ChildEnd, StepResult};
use crate::ids::{FlowId, StepKey};
use crate::payload::Payload;
use crate::timestamp::Timestamp;
use crate::usage::Usage;

/// One call inside an attempt that makes several.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRecord {
    /// Its key. Of several calls with one key only the last is kept: it repeats one that failed or was cut off.
    pub key: StepKey,
    /// Its number among all calls of the node, from 1, in the order in which they began.
    pub number: usize,
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
}

impl StepRecord {
    /// Returns the record of a call that began at `now`.
    pub(crate) fn begun(key: &StepKey, now: Timestamp) -> Self {
        Self {
            key: key.clone(),
            number: 0,
            input: None,
            started_at: now,
            ended_at: None,
            stop_at: None,
            tokens: None,
            result: None,
            usage: None,
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

/// One child execution that a node started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildRecord {
    /// The flow that it runs.
    pub flow: FlowId,
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

impl ChildRecord {
    /// Returns whether the parent waits for its end.
    pub fn is_open(&self) -> bool {
        self.state == ChildState::Running
    }

    /// Drops what it returned.
    pub(crate) fn shed(&mut self) {
        if let ChildState::Ended(end) = &mut self.state {
            end.result = None;
        }
    }
}
