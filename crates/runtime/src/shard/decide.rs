//! What an execution decides in its turn: at once or, where that may take long, outside of the shard.

use std::collections::VecDeque;
use std::sync::Arc;

use steadflow_core::execution::{Decision, Effect, Execution, ExecutionStatus, Input};
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;

use super::inbox::left_alone;
use super::live::{Committing, Live, Queued};
use super::{Origin, Phase, Reply};

/// Decides on everything that waits, the clock included, until the decision has taken its share. What rests on it is added
/// to `outcome`.
#[expect(clippy::inline_always, reason = "each turn makes one call of it, most of them from one place")]
#[inline(always)]
fn decide_all(
    execution: &mut Execution,
    inbox: &mut VecDeque<Queued>,
    phase: Phase,
    now: Timestamp,
    decision: &mut Decision,
    outcome: &mut Committing,
) {
    let limits = execution.flow().limits;
    while !decision.is_full(&limits)
        && let Some(queued) = inbox.pop_front()
    {
        let (input, from) = match queued {
            Queued::Input(input, from) => (input, from),
            Queued::Read(reply) | Queued::Await(reply) => {
                outcome.reads.push(reply);
                continue;
            }
            Queued::Encrypted { signal, item, tenant, sent_at } => {
                match signal.decrypt(execution.id(), execution.cipher()) {
                    Ok(signal) => (signal.into(), Origin::Inbox { item, tenant, sent_at }),
                    Err(error) => {
                        left_alone(item, execution.id(), &error);
                        continue;
                    }
                }
            }
        };
        // A rejected one, too: it may be that only what came before it, and is not on disk, rejects it.
        outcome.inputs.push((input.clone(), from));
        let answer = decide(execution, input, from, now, decision);
        if let Reply::Rejected(_) = answer
            && let Some((input, _)) = outcome.inputs.last()
        {
            decision.effects.extend(cancel_of(input, Some(execution)));
        }
        if let Origin::Caller { reply, .. } = from {
            outcome.replies.push((reply, answer));
        }
    }
    let is_due = execution.next_timer().is_some_and(|(at, _)| at <= now);
    let by_itself = match phase {
        Phase::Releasing => execution.has_call_in_flight().then_some(Input::Release),
        Phase::Open | Phase::Draining => is_due.then_some(Input::Tick),
    };
    if let Some(input) = by_itself
        && !decision.is_full(&limits)
        && execution.decide(input.clone(), now, decision).is_ok()
    {
        outcome.inputs.push((input, Origin::Engine));
    }
}

fn decide(
    execution: &mut Execution,
    input: Input,
    from: Origin,
    now: Timestamp,
    decision: &mut Decision,
) -> Reply {
    if !from.may_address(execution.accepted().tenant) {
        return Reply::NotHere;
    }
    match execution.decide(input, now, decision) {
        Ok(()) => Reply::Done,
        Err(rejected) => Reply::Rejected(rejected),
    }
}

/// Returns what ends the task that a server has begun for a call whose end comes too late: nobody will ask for it.
pub(super) fn cancel_of(input: &Input, execution: Option<&Execution>) -> Option<Effect> {
    let Input::StepEnded { call, outcome } = input else { return None };
    let work = outcome.begun_task()?;
    let task = work.remote_task.as_ref()?;
    // A server that honours idempotency keys gives a call that is repeated the same task.
    let awaited = execution.and_then(|execution| execution.nodes().get(call.node.at()));
    let is_awaited = awaited.is_some_and(|node| node.tasks.all().iter().any(|of| of.task.id == task.id));
    let cancelling = work.cancelling().filter(|_| !is_awaited)?;
    Some(Effect::CancelTask(Box::new(cancelling)))
}

impl Live {
    /// Takes its turn at once.
    pub(super) fn take_turn(
        &mut self,
        phase: Phase,
        decision: &mut Decision,
        outcome: &mut Committing,
        now: Timestamp,
    ) {
        self.held_until = None;
        decide_all(&mut self.execution, &mut self.inbox, phase, now, decision, outcome);
    }

    /// Begins a turn that may take long. Until it ends, what comes waits.
    pub(super) fn begin_long_turn(
        &mut self,
        phase: Phase,
        decision: Box<Decision>,
        outcome: Committing,
        began_at: Timestamp,
    ) -> Box<LongTurn> {
        self.held_until = None;
        self.is_deciding = true;
        let (execution, inbox) = (self.execution.clone(), std::mem::take(&mut self.inbox));
        let outcome = Box::new(outcome);
        Box::new(LongTurn { execution, inbox, phase, began_at, decision, outcome, record: None })
    }

    /// Ends it. Returns its status before, what was decided, and the record of that.
    pub(super) fn end_long_turn(
        &mut self,
        turn: LongTurn,
    ) -> (ExecutionStatus, Box<Decision>, Committing, Option<Arc<str>>) {
        let LongTurn { execution, mut inbox, decision, outcome, record, phase: _, began_at: _ } = turn;
        self.is_deciding = false;
        inbox.append(&mut self.inbox);
        self.inbox = inbox;
        let before = std::mem::replace(&mut self.execution, execution).status();
        (before, decision, *outcome, record)
    }
}

/// A turn that may take long. It has a copy of the execution, so that the shard goes on with others meanwhile.
#[derive(Debug)]
pub struct LongTurn {
    execution: Execution,
    inbox: VecDeque<Queued>,
    phase: Phase,
    began_at: Timestamp,
    decision: Box<Decision>,
    outcome: Box<Committing>,
    /// The record of what was decided.
    record: Option<Arc<str>>,
}

impl LongTurn {
    /// Returns whose turn it is.
    pub fn execution(&self) -> ExecutionId {
        self.execution.id()
    }

    /// Takes the turn.
    pub fn take(&mut self) {
        let Self { execution, inbox, decision, outcome, .. } = self;
        decide_all(execution, inbox, self.phase, self.began_at, decision, outcome);
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
    match execution.cipher() {
        None => sealed.write(scratch),
        Some(cipher) => {
            let mut stored = sealed.clone();
            stored.encrypt(execution.id(), cipher);
            stored.write(scratch);
        }
    }
    decision.events = sealed.2;
    scratch.as_str().into()
}
