//! What some mutations make of a batch on its way to the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use steadflow_core::approval::Verdict;
use steadflow_core::event::{ChildEnd, Event, PlannedEnd, Record, StepResult};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{ExecutionId, NodeIndex, StepKey};
use steadflow_core::inbox::Signal;
use steadflow_core::payload::Payload;
use steadflow_core::session::SessionChange;
use steadflow_store::{Commit, InboxInput, Projection};

use super::World;
use crate::mutation::Mutation;

impl World {
    /// Returns what becomes of a batch.
    pub(super) fn broken(&mut self, commits: Vec<Commit>) -> Result<Vec<Commit>, String> {
        let mut batch = Vec::with_capacity(commits.len());
        for mut commit in commits {
            self.break_storage(&mut commit);
            self.break_sends(&mut commit)?;
            let twin = self.break_acceptance(&mut commit);
            batch.push(commit);
            batch.extend(twin);
        }
        Ok(batch)
    }

    fn break_storage(&self, commit: &mut Commit) {
        if self.breaks(Mutation::TurnNotStored) {
            forget_answers(commit);
        }
        if self.breaks(Mutation::ApprovalNotStored) {
            change_record(commit, |events| events.retain(|event| !is_decision(event)));
        }
        if self.breaks(Mutation::ApprovalTakenTwice) {
            change_record(commit, |events| {
                let again = events.iter().position(is_decision).map(|place| (place, events[place].clone()));
                events.extend(again.map(|(_, event)| event));
            });
        }
        if self.breaks(Mutation::EditNotStored) {
            change_record(commit, |events| events.iter_mut().for_each(forget_edit));
        }
        if self.breaks(Mutation::WorkNotUndone) {
            change_record(commit, end_at_once);
        }
        if self.breaks(Mutation::UndoingNotStored) {
            change_record(commit, |events| {
                events.retain(|event| !matches!(event, Event::CompensationStarted { .. }));
            });
        }
        if self.breaks(Mutation::TaskNotStored) {
            change_record(commit, |events| events.retain(|event| !is_of_task(event)));
        }
        if self.breaks(Mutation::FlowResultLost) {
            change_record(commit, forget_flow_results);
        }
        if self.breaks(Mutation::KeyNotStored) {
            commit.idempotency = None;
        }
        if self.breaks(Mutation::SlotsNotClaimed) {
            commit.slot = None;
        }
        if self.breaks(Mutation::TakesNotCommitted) {
            commit.takes.clear();
        }
        match &mut commit.projection {
            Projection::Parked { wake_at, .. } if self.breaks(Mutation::TimerNotStored) => *wake_at = None,
            Projection::Parked { journal, .. } | Projection::Snapshot { journal, .. }
                if self.breaks(Mutation::SnapshotTooShort) && commit.seq > 1 =>
            {
                if let Some(end) = journal.rfind(&format!(",[{},", commit.seq)) {
                    journal.truncate(end);
                    journal.push(']');
                }
            }
            Projection::Tail
            | Projection::Shown(_)
            | Projection::Snapshot { .. }
            | Projection::Parked { .. }
            | Projection::Finished { .. } => {}
        }
    }

    fn break_sends(&mut self, commit: &mut Commit) -> Result<(), String> {
        if self.breaks(Mutation::SessionNotLeft) {
            commit.sessions = None;
        }
        if self.breaks(Mutation::SummaryNotStored) {
            let changes = commit.sessions.iter_mut().map(|changes| &mut changes.0);
            changes.for_each(|all| all.retain(|change| !matches!(change, SessionChange::Summarize(_))));
        }
        if self.breaks(Mutation::TurnOfSessionLost) {
            let changes = commit.sessions.iter_mut().flat_map(|changes| &mut changes.0);
            for change in changes {
                if let SessionChange::Add(turn) = change {
                    *change = SessionChange::Leave(turn.node.clone());
                }
            }
        }
        if self.breaks(Mutation::ChildEndLost) {
            commit.sends.retain(|send| !matches!(signal_of(send), Signal::ChildEnded { .. }));
        }
        if self.breaks(Mutation::CancelNotPassedDown) {
            commit.sends.retain(|send| !matches!(signal_of(send), Signal::Cancel { .. }));
        }
        if self.breaks(Mutation::ChildEndChanged) {
            commit
                .sends
                .iter_mut()
                .for_each(|send| change_end(send, |end| end.status = ExecutionStatus::Completed));
        }
        if self.breaks(Mutation::ChildResultChanged) {
            commit
                .sends
                .iter_mut()
                .for_each(|send| change_end(send, |end| end.result = Some(Payload::null())));
        }
        if self.breaks(Mutation::SentBeforeCommit) {
            for send in std::mem::take(&mut commit.sends) {
                self.send(send.tenant, send.execution, &signal_of(&send))?;
            }
        }
        Ok(())
    }

    /// Changes the acceptance of a child, and returns a second one if there is to be one.
    fn break_acceptance(&self, commit: &mut Commit) -> Option<Commit> {
        let text = commit.record.as_ref().filter(|_| commit.seq == 1)?;
        let mut record: Record = serde_json::from_str(text).ok()?;
        let Some(Event::Accepted(accepted)) = record.2.first_mut() else { return None };
        let parent = accepted.parent.as_mut()?;
        if self.breaks(Mutation::DeadlineNotPassedDown) {
            parent.deadline = None;
            commit.record = serde_json::to_string(&record).ok().map(Into::into);
        }
        self.breaks(Mutation::ChildAcceptedTwice).then(|| twin(commit))
    }

    /// Returns an input as some mutations hear it.
    pub(crate) fn misheard(&self, execution: ExecutionId, mut signal: Signal) -> Signal {
        if self.breaks(Mutation::HashNotCompared)
            && let Signal::Approve { answer, .. } = &mut signal
        {
            let all = self.checker.approvals();
            let asked = all.into_iter().find(|of| of.execution == execution && of.step == answer.step);
            answer.hash = asked.map_or_else(|| Arc::clone(&answer.hash), |asked| asked.hash);
        }
        signal
    }

    /// Returns the records of an execution as some mutations read them.
    pub(super) fn misread(&self, mut records: Vec<Record>) -> Vec<Record> {
        if self.breaks(Mutation::StepsForgotten) {
            let events = records.iter().flat_map(|record| &record.2);
            let ended: Vec<NodeIndex> = events.filter_map(ended_node).collect();
            let is_lost =
                |event: &Event| matches!(event, Event::StepEnded { node, .. } if !ended.contains(node));
            records.iter_mut().for_each(|record| record.2.retain(|event| !is_lost(event)));
        }
        if self.breaks(Mutation::RefusalForgotten) {
            let events = records.iter().flat_map(|record| &record.2);
            let ended: Vec<NodeIndex> = events.filter_map(ended_node).collect();
            let is_lost =
                |event: &Event| event.node().is_some_and(|node| !ended.contains(&node)) && is_refusal(event);
            records.iter_mut().for_each(|record| record.2.retain(|event| !is_lost(event)));
        }
        if self.breaks(Mutation::FlowCallForgotten) {
            for event in records.iter_mut().flat_map(|record| &mut record.2) {
                if let Event::ChildrenStarted { children, .. } = event {
                    children.iter_mut().for_each(|start| start.step = None);
                }
            }
        }
        if self.breaks(Mutation::TaskForgotten) {
            records.iter_mut().for_each(|record| record.2.retain(|event| !is_of_task(event)));
        }
        if self.breaks(Mutation::ApprovalForgotten) {
            forget_decisions(&mut records);
        }
        if self.breaks(Mutation::BudgetNotReserved) {
            for event in records.iter_mut().flat_map(|record| &mut record.2) {
                if let Event::StepStarted { tokens, .. } = event {
                    *tokens = tokens.map(|_| 0);
                }
            }
        }
        if self.breaks(Mutation::ReservationForgotten) {
            for event in records.iter_mut().flat_map(|record| &mut record.2) {
                if let Event::AttemptStarted { reserved, .. } | Event::StepStarted { reserved, .. } = event {
                    *reserved = None;
                }
            }
        }
        if self.breaks(Mutation::InterruptionsForgotten) {
            let events = records.iter_mut().flat_map(|record| &mut record.2);
            events.for_each(forget_interruption);
        }
        records
    }
}

/// Leaves the answers of models out of what is stored.
fn forget_answers(commit: &mut Commit) {
    let is_answer = |event: &Event| matches!(event, Event::StepEnded { step, .. } if is_turn(step));
    change_record(commit, |events| events.retain(|event| !is_answer(event)));
}

const fn is_of_task(event: &Event) -> bool {
    matches!(event, Event::TaskStarted { .. } | Event::TaskEnded { .. })
}

/// Leaves out the ends of calls that follow on the ends of the children that do them.
fn forget_flow_results(events: &mut Vec<Event>) {
    let mut has_ended = false;
    events.retain(|event| {
        let is_result = has_ended && matches!(event, Event::StepEnded { .. });
        has_ended = matches!(event, Event::ChildEnded { .. });
        !is_result
    });
}

/// Changes the events that are stored.
fn change_record(commit: &mut Commit, change: impl FnOnce(&mut Vec<Event>)) {
    let Some(mut record) = commit.record.as_ref().and_then(|text| serde_json::from_str::<Record>(text).ok())
    else {
        return;
    };
    let before = record.2.clone();
    change(&mut record.2);
    if record.2 != before {
        commit.record = serde_json::to_string(&record).ok().map(Into::into);
    }
}

/// Ends an execution where it would begin to undo its work.
fn end_at_once(events: &mut Vec<Event>) {
    let begins = |event: &Event| matches!(event, Event::CompensationStarted { .. });
    let Some(place) = events.iter().position(begins) else { return };
    if let Event::CompensationStarted { end, .. } = &events[place] {
        let PlannedEnd { status, message, class, node, by } = PlannedEnd::clone(end);
        events[place] = Event::Finished { status, message, class, node, by };
    }
    events.truncate(place + 1);
}

fn forget_edit(event: &mut Event) {
    if let Event::ApprovalDecided { verdict: Verdict::Approved { arguments }, .. } = event {
        *arguments = None;
    }
}

/// Leaves out what was decided on calls of nodes that have made none since.
fn forget_decisions(records: &mut [Record]) {
    let mut later = BTreeSet::new();
    for record in records.iter_mut().rev() {
        for place in (0..record.2.len()).rev() {
            let event = &record.2[place];
            if let Event::ApprovalDecided { node, .. } = event
                && !later.contains(node)
            {
                record.2.remove(place);
            } else if let Event::StepStarted { node, .. } = event {
                later.insert(*node);
            } else {
                later.extend(ended_node(event));
            }
        }
    }
}

const fn is_decision(event: &Event) -> bool {
    matches!(event, Event::ApprovalDecided { .. })
}

/// Returns whether a model refuses with an event, or the other one is asked.
fn is_refusal(event: &Event) -> bool {
    let (Event::StepStarted { step, .. } | Event::StepEnded { step, .. }) = event else { return false };
    let is_of_other = step.name().is_some_and(|name| name.matches(':').count() == 2);
    let is_failure = matches!(event, Event::StepEnded { result: StepResult::Failed { .. }, .. });
    is_turn(step) && (is_of_other || is_failure)
}

fn is_turn(step: &StepKey) -> bool {
    step.name().is_some_and(|name| name.starts_with("turn:"))
}

fn forget_interruption(event: &mut Event) {
    if let Event::AttemptFailed { class, .. } = event
        && *class == ErrorClass::Interrupted
    {
        *class = ErrorClass::Connection;
    }
}

/// The same acceptance under another id.
fn twin(commit: &Commit) -> Commit {
    let execution = commit.execution.child(NodeIndex(0), 0);
    Commit { execution, projection: Projection::Tail, takes: Vec::new(), sends: Vec::new(), ..commit.clone() }
}

fn change_end(send: &mut InboxInput, change: impl FnOnce(&mut ChildEnd)) {
    let mut signal = signal_of(send);
    if let Signal::ChildEnded { end, .. } = &mut signal {
        change(end);
        send.input = serde_json::to_string(&signal).expect("a signal has string keys only").into();
    }
}

fn ended_node(event: &Event) -> Option<NodeIndex> {
    let (Event::NodeCompleted { node, .. } | Event::NodeFailed { node, .. }) = event else { return None };
    Some(*node)
}

fn signal_of(send: &InboxInput) -> Signal {
    serde_json::from_str(&send.input).expect("the engine writes signals that it can read")
}
