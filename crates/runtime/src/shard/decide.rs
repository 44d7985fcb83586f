//! What an execution decides in its turn: at once or, where that may take long, outside of the shard.

use std::collections::VecDeque;
use std::sync::Arc;

use steadflow_core::execution::{Decision, Execution, Input};
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;

use super::live::{Committing, Queued};
use super::{Origin, Phase, Reply};

/// What is decided on in a turn, and what is decided.
#[derive(Debug)]
pub(super) struct Turn<'t> {
    pub(super) execution: &'t mut Execution,
    /// What waits; what is not decided on stays in it.
    pub(super) inbox: &'t mut VecDeque<Queued>,
    pub(super) phase: Phase,
    pub(super) now: Timestamp,
    pub(super) decision: &'t mut Decision,
    /// What rests on the decision is added to it.
    pub(super) outcome: &'t mut Committing,
}

impl Turn<'_> {
    /// Decides on everything that waits, the clock included, until the decision has taken its share.
    pub(super) fn decide_all(&mut self) {
        let limits = self.execution.flow().limits;
        while !self.decision.is_full(&limits)
            && let Some(queued) = self.inbox.pop_front()
        {
            match queued {
                Queued::Read(reply) | Queued::Await(reply) => self.outcome.reads.push(reply),
                Queued::Input(input, from) => {
                    // A rejected one, too: it may be that only what came before it, and is not on disk, rejects it.
                    self.outcome.inputs.push((input.clone(), from));
                    let answer = self.decide(input, from);
                    if let Origin::Caller { reply, .. } = from {
                        self.outcome.replies.push((reply, answer));
                    }
                }
            }
        }
        let is_due = self.execution.next_timer().is_some_and(|(at, _)| at <= self.now);
        let by_itself = match self.phase {
            Phase::Releasing => self.execution.has_call_in_flight().then_some(Input::Release),
            Phase::Open | Phase::Draining => is_due.then_some(Input::Tick),
        };
        if let Some(input) = by_itself
            && !self.decision.is_full(&limits)
            && self.execution.decide(input.clone(), self.now, self.decision).is_ok()
        {
            self.outcome.inputs.push((input, Origin::Engine));
        }
    }

    fn decide(&mut self, input: Input, from: Origin) -> Reply {
        if !from.may_address(self.execution.accepted().tenant) {
            return Reply::NotHere;
        }
        match self.execution.decide(input, self.now, self.decision) {
            Ok(()) => Reply::Done,
            Err(rejected) => Reply::Rejected(rejected),
        }
    }
}

/// A turn that may take long. It has a copy of the execution, so that the shard goes on with others meanwhile.
#[derive(Debug)]
pub struct LongTurn {
    pub(super) execution: Execution,
    pub(super) inbox: VecDeque<Queued>,
    pub(super) phase: Phase,
    pub(super) began_at: Timestamp,
    pub(super) decision: Box<Decision>,
    pub(super) outcome: Box<Committing>,
    /// The record of what was decided.
    pub(super) record: Option<Arc<str>>,
}

impl LongTurn {
    /// Returns whose turn it is.
    pub fn execution(&self) -> ExecutionId {
        self.execution.id()
    }

    /// Takes the turn.
    pub fn take(&mut self) {
        let mut turn = Turn {
            execution: &mut self.execution,
            inbox: &mut self.inbox,
            phase: self.phase,
            now: self.began_at,
            decision: &mut self.decision,
            outcome: &mut self.outcome,
        };
        turn.decide_all();
        if !self.decision.is_empty() {
            let record = seal(&mut self.execution, &mut self.decision, &mut String::new(), self.began_at);
            self.record = Some(record);
        }
    }
}

/// Makes a record of what was decided, as JSON, by way of `scratch`.
pub(super) fn seal(
    execution: &mut Execution,
    decision: &mut Decision,
    scratch: &mut String,
    now: Timestamp,
) -> Arc<str> {
    let sealed = execution.seal(decision, now);
    scratch.clear();
    sealed.write(scratch);
    decision.events = sealed.2;
    scratch.as_str().into()
}
