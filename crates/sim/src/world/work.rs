//! What a process does for its worker: questions, attempts, answers.

use steadflow_core::execution::Input;
use steadflow_core::ids::{ExecutionId, StepKey, TenantId};
use steadflow_core::work::{CallKey, Outcome, Task, Work};
use steadflow_runtime::shard::{Message, Origin, Reply, ReplyId};
use steadflow_runtime::worker::{Action, Ask};

use super::commit::Sent;
use super::{Incident, ProcessId, World};
use crate::checker::Call;
use crate::fault::Fault;
use crate::mutation::Mutation;
use crate::peers::Peers;

impl World {
    /// The process does what its worker says.
    pub(super) fn act(&mut self, id: ProcessId, action: Action) -> Result<(), String> {
        match action {
            Action::Ask(by, Ask::Commit(lessee, batch, commits)) => {
                self.submit(Sent { process: id, by, lessee, batch }, commits)
            }
            Action::Ask(by, ask) => {
                let after = self.rng.millis(0, 3);
                self.later(after, id, Incident::Ask(by, ask));
                Ok(())
            }
            Action::StartStep(work) if matches!(work.task, Task::CancelTask { .. }) => {
                self.note(format_args!("{id} asks to end the task of {}", work.key()));
                self.checker.task_is_cancelled(&work)
            }
            Action::StartStep(work) => {
                if self.breaks(Mutation::AttemptStartedTwice) && self.rng.happens(100) {
                    self.attempt_begins(id, &work)?;
                }
                self.attempt_begins(id, &self.as_called(*work))
            }
            Action::StopStep(key) => {
                self.attempt_stops(id, key);
                Ok(())
            }
            Action::Reply(to, reply) => self.replies(id, to, &reply),
            Action::Publish(change) => self.checker.published(&change),
            Action::Abandon => {
                self.abandons(id);
                Ok(())
            }
            Action::End(end) => self.has_ended(id, &end),
        }
    }

    /// [`Mutation::AgentNotPinned`]: the call is made to the agent as it is now.
    fn as_called(&self, mut work: Work) -> Work {
        if self.breaks(Mutation::AgentNotPinned)
            && let Task::Skill { version, .. } = &mut work.task
        {
            *version = Some(self.agent_version);
        }
        work
    }

    fn attempt_begins(&mut self, id: ProcessId, work: &Work) -> Result<(), String> {
        let key = work.key();
        let (after, answer) = self.peers.answer(work, &mut self.faults);
        let task = if answer.is_ok() { self.peers.task(work) } else { None };
        self.note(format_args!("{id} makes call {key}, {after:?} {answer:?} {}", task.is_some()));
        self.protection_holds(id, work)?;
        self.checker.agent_is_asked(work)?;
        self.checker.model_is_asked(work)?;
        self.checker.history_is_there(work, &self.store)?;
        self.checker.peer_sees(work, answer.clone())?;
        task.iter().for_each(|task| self.checker.task_is_given(&key, task));
        let Some(process) = self.processes.get_mut(&id) else { return Ok(()) };
        process.tasks.insert(key.clone());
        let outcome = Peers::outcome(work, answer, task);
        match after {
            Some(after) => self.later(after, id, Incident::Outcome(key, outcome)),
            None => self.hanging.push((id, key)),
        }
        Ok(())
    }

    fn attempt_stops(&mut self, id: ProcessId, key: CallKey) {
        if self.breaks(Mutation::StopIgnored) {
            return;
        }
        self.note(format_args!("{id} stops call {key}"));
        let was_under_way = self.processes.get_mut(&id).is_some_and(|process| process.tasks.remove(&key));
        if was_under_way && self.strikes(Fault::LateResult) {
            self.late.insert(key);
        }
    }

    pub(super) fn attempt_ends(
        &mut self,
        id: ProcessId,
        key: CallKey,
        outcome: Outcome,
    ) -> Result<(), String> {
        let Some(process) = self.processes.get_mut(&id) else { return Ok(()) };
        let is_expected = process.tasks.remove(&key);
        let is_late = self.late.remove(&key);
        let is_lost = self.breaks(Mutation::StepResultLost) && key.step != StepKey::ONLY;
        if is_lost || (!is_expected && !is_late) {
            return Ok(());
        }
        // A call and the questions about its task have one key.
        if outcome.goes_on.is_none() && self.strikes(Fault::DoubledResult) {
            self.late.insert(key.clone());
            let after = self.rng.millis(0, 2_000);
            self.later(after, id, Incident::Outcome(key.clone(), outcome.clone()));
        }
        self.note(format_args!("{id} has the result of call {key}"));
        self.checker.model_has_answered(&key, &outcome);
        let mut call = key;
        if self.breaks(Mutation::LateResultApplied)
            && let Some(shard) = self.processes.get(&id).and_then(|process| process.worker.shard())
            && let Some(live) = shard.settled().find(|live| live.id() == call.execution)
        {
            call.attempt = live.node(call.node).running_attempt().unwrap_or(call.attempt);
        }
        let execution = call.execution;
        let input = if self.breaks(Mutation::FailureNotCounted) && outcome.result.is_err() {
            Input::Release
        } else {
            Input::StepEnded { call, outcome }
        };
        self.hears(id, Message::Input { execution, input, from: Origin::Engine });
        Ok(())
    }

    fn replies(&mut self, id: ProcessId, to: ReplyId, reply: &Reply) -> Result<(), String> {
        let Some(process) = self.processes.get_mut(&id) else { return Ok(()) };
        let lessee = process.worker.lessee();
        let Some(call) = process.take_call(to) else { return Err(format!("{to:?} is answered twice")) };
        self.trace.note(self.now, format_args!("{id} answers {call:?} {}", said(reply)));
        self.checker.answered(&call, reply, lessee, &self.store)?;
        match (call, reply) {
            (Call::Change { execution, signal, .. }, Reply::NotHere) if self.is_unfinished(execution) => {
                self.note(format_args!("{id} stores what it was asked for {execution}"));
                self.send(TenantId::DEFAULT, execution, &signal)
            }
            _ => Ok(()),
        }
    }

    /// Returns whether nothing goes wrong any more.
    pub(crate) const fn is_healed(&self) -> bool {
        self.faults.is_healed()
    }

    fn is_unfinished(&self, execution: ExecutionId) -> bool {
        self.checker.story(execution).is_some_and(|story| !story.status().is_finished())
    }
}

fn said(reply: &Reply) -> String {
    match reply {
        Reply::Snapshot(loaded) => format!("{} at {}", loaded.execution.status(), loaded.execution.seq()),
        Reply::Accepted
        | Reply::Hit(_)
        | Reply::Done
        | Reply::Rejected(_)
        | Reply::NotHere
        | Reply::Shown
        | Reply::Protection(_)
        | Reply::Accounts(_)
        | Reply::StorageFull
        | Reply::Overloaded
        | Reply::Unavailable => format!("{reply:?}"),
    }
}
