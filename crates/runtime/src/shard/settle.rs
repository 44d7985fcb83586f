//! What follows when a batch is committed, or could not be.

use std::sync::Arc;

use steadflow_core::event::Record;
use steadflow_core::execution::{Effect, Execution};
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Committed, StoreError};

use super::inbox::items_of;
use super::live::{Committing, Live, Queued, Row, Then, Writes};
use super::slots::Place;
use super::{Action, BatchId, Loaded, Origin, Reply, Shard};
use crate::hub::Change;

impl Shard {
    /// Takes in what came of a batch.
    ///
    /// # Errors
    /// Returns an error after which this shard must not go on: its lease is lost, or it is unknown what is on disk.
    /// It is then to be dropped, with all work that it started.
    pub fn committed(
        &mut self,
        batch: BatchId,
        result: Result<Vec<Committed>, StoreError>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let executions = self.batches.remove(&batch).unwrap_or_default();
        self.note_batch_end(batch, now);
        match result {
            Ok(answers) => {
                for (id, answer) in executions.into_iter().zip(answers) {
                    self.settle(id, answer, now);
                }
                self.give_turns(now);
                Ok(())
            }
            Err(
                error @ (StoreError::Full { .. } | StoreError::Busy { .. } | StoreError::Database { .. }),
            ) => {
                let is_full = matches!(error, StoreError::Full { .. });
                let heads = self.heads(&executions);
                if heads.len() > 1 && !is_full {
                    self.suspect(&heads);
                }
                let refusal = || if is_full { Reply::StorageFull } else { Reply::Unavailable };
                for id in executions {
                    self.take_back(id, refusal, now);
                }
                tracing::warn!(error = %error, "the database refused a batch; it will be tried again");
                Ok(())
            }
            // It says so in the log by itself, once.
            Err(StoreError::Blobs { .. }) => {
                for id in executions {
                    self.take_back(id, || Reply::Unavailable, now);
                }
                Ok(())
            }
            Err(error @ StoreError::Refused { .. }) => {
                self.refused(&executions, &error, now);
                Ok(())
            }
            Err(
                fatal @ (StoreError::Fenced
                | StoreError::Unknown { .. }
                | StoreError::WebhookTaken
                | StoreError::Corrupt { .. }
                | StoreError::Closed),
            ) => Err(fatal),
        }
    }

    fn settle(&mut self, id: ExecutionId, answer: Committed, now: Timestamp) {
        match answer {
            Committed::Gone(gone) => return self.without(id, &gone, now),
            // It was withdrawn with the commit from which it follows.
            Committed::Skipped => return,
            Committed::NoSlot(taken) => return self.without_slot(id, taken, now),
            Committed::Done | Committed::Hit(_) => {}
        }
        self.suspects.remove(&id);
        let Some(live) = self.live.get_mut(&id) else { return };
        let Some(mut committing) = live.committing.take() else { return };
        if let Committed::Hit(hit) = answer {
            return self.withdraw(id, || Reply::Hit(hit.clone()), &committing, now);
        }
        let is_finished = live.execution.status().is_finished();
        let is_compensated = live.execution.is_compensated();
        if committing.writes != Writes::Projection {
            // It goes on to undo its work, which can be refused by itself.
            live.is_refused = false;
            let is_new = committing.writes == Writes::Acceptance;
            let publish = Action::Publish(change_of(live, is_new));
            self.actions.push(publish);
        }
        if committing.has_sent {
            self.actions.push(Action::LookIntoInbox);
        }
        if is_compensated {
            self.forget_ended_waits(id);
        }
        self.forget_items(items_of(&committing.inputs));
        self.release_effects(&mut committing.effects, now);
        self.actions.extend(committing.replies.drain(..).map(|(to, reply)| Action::Reply(to, reply)));
        if !committing.reads.is_empty() {
            let live = &self.live[&id];
            let seen =
                committing.reads.drain(..).map(|to| Action::Reply(to, Reply::Snapshot(live.snapshot())));
            self.actions.extend(seen.collect::<Vec<_>>());
        }
        let then = committing.then;
        if committing.writes == Writes::Acceptance {
            self.replace_put_off(id, now);
        }
        self.room.keep_committing(committing);
        if is_finished {
            self.finished(id, now);
        } else if then == Then::Parks {
            self.parked(id);
        } else {
            self.stays(id, now);
        }
    }

    fn release_effects(&mut self, effects: &mut Vec<Effect>, now: Timestamp) {
        for effect in effects.drain(..) {
            match effect {
                Effect::StartStep(work) | Effect::CancelTask(work) => {
                    self.actions.push(Action::StartStep(work))
                }
                Effect::StopStep(key, stopped) => {
                    self.call_stopped(&key, stopped, now);
                    self.actions.push(Action::StopStep(key));
                }
                Effect::AwaitSlot(request) => self.gates.wait(*request),
                Effect::AwaitSession(claim) => self.await_session(*claim, now),
                Effect::AwaitEvent(wait) => self.actions.push(Action::AwaitEvent(wait)),
                Effect::SessionLeft(session) => self.session_left(&session),
            }
        }
    }

    fn stays(&mut self, id: ExecutionId, now: Timestamp) {
        let Some(live) = self.live.get(&id) else { return };
        let only_waits = live.only_waits_for_calls(self.phase, now);
        if live.execution.started_at().is_some() {
            self.granted.remove(&id);
        }
        match live.row {
            Row::Wanted => return self.commit_projection(id, Then::Stays, now),
            Row::Current => self.shown(id),
            Row::Behind => {}
        }
        self.schedule_show(id, now);
        if !only_waits {
            self.advance(id, now);
        }
    }

    /// An execution has ended, on disk: its slot is free, and who waits for its end is answered.
    fn finished(&mut self, id: ExecutionId, now: Timestamp) {
        let Some(live) = self.forget(id) else { return };
        let slot = Place::of(&live.execution).slot;
        if live.execution.started_at().is_some() {
            self.granted.remove(&id);
            self.slots_of(&slot).free_slot(&slot.key);
            self.flows.entry(live.execution.accepted().flow).or_default().speed.note_end();
        }
        self.answer_leftovers(&live);
        let waiters = self.waiters.remove(&id).unwrap_or_default();
        let snapshot = Loaded { execution: live.execution, journal: live.journal.into_records() };
        self.answer_with(waiters, snapshot);
        self.grant_slots(slot.flow, now);
    }

    fn answer_with(&mut self, waiters: Vec<super::ReplyId>, snapshot: Loaded) {
        let mut waiters = waiters.into_iter();
        let last = waiters.next_back();
        for waiter in waiters {
            let copy = Loaded { execution: snapshot.execution.clone(), journal: snapshot.journal.clone() };
            self.reply(waiter, Reply::Snapshot(Box::new(copy)));
        }
        if let Some(waiter) = last {
            self.reply(waiter, Reply::Snapshot(Box::new(snapshot)));
        }
    }

    /// Answers what came in while the last commit was under way.
    fn answer_leftovers(&mut self, live: &Live) {
        let rejected = steadflow_core::execution::Rejected::Finished(live.execution.status());
        for queued in &live.inbox {
            match queued {
                Queued::Read(reply) | Queued::Await(reply) => {
                    self.reply(*reply, Reply::Snapshot(live.snapshot()));
                }
                Queued::Input(_, Origin::Caller { reply, .. }) => {
                    self.reply(*reply, Reply::Rejected(rejected.clone()));
                }
                // The store deletes it with the others that came too late.
                Queued::Input(_, Origin::Inbox { item, .. }) | Queued::Encrypted { item, .. } => {
                    self.forget_items([*item])
                }
                Queued::Input(input, Origin::Engine) => self.cancel_late_task(input),
            }
        }
    }

    /// Takes an execution into memory.
    pub(super) fn keep(&mut self, mut live: Live) {
        let of_flow = &self.flows.entry(live.execution.accepted().flow).or_default().held;
        let bytes = live.journal.bytes();
        of_flow.add(1, bytes);
        live.held = Arc::clone(of_flow);
        self.live_bytes += bytes;
        self.live.insert(live.execution.id(), live);
    }

    /// Takes an execution out of memory, with everything that points to it.
    pub(super) fn forget(&mut self, id: ExecutionId) -> Option<Live> {
        let live = self.live.remove(&id)?;
        self.gates.forget(id);
        self.forget_sessions(id);
        self.suspects.remove(&id);
        let bytes = live.journal.bytes();
        live.held.remove(1, bytes);
        self.live_bytes -= bytes;
        if let Some(at) = live.timer {
            self.timers.remove(&(at, id));
        }
        self.shown(id);
        Some(live)
    }

    /// An acceptance that did not come about: the execution never was.
    fn withdraw(
        &mut self,
        id: ExecutionId,
        reply: impl Fn() -> Reply,
        committing: &Committing,
        now: Timestamp,
    ) {
        self.withdraw_children(&committing.children, now);
        let Some(live) = self.forget(id) else { return };
        let place = Place::of(&live.execution);
        self.granted.remove(&id);
        if !self.leave_queue(&place) {
            self.slots_of(&place.slot).free_slot(&place.slot.key);
        }
        self.turn_away(id, live.inbox, now);
        let waiters = self.waiters.remove(&id).unwrap_or_default();
        for to in committing.replies.iter().map(|(to, _)| *to).chain(waiters) {
            self.reply(to, reply());
        }
        self.grant_slots(place.slot.flow, now);
    }

    /// The commit that starts these children was skipped, and their acceptances with it.
    pub(super) fn withdraw_children(&mut self, children: &[ExecutionId], now: Timestamp) {
        for &child in children {
            let committing = self.live.get_mut(&child).and_then(|live| live.committing.take());
            if let Some(committing) = committing.filter(|committing| committing.writes == Writes::Acceptance)
            {
                self.withdraw(child, || Reply::Unavailable, &committing, now);
            }
        }
    }

    /// The batch was not written: memory goes back to what is on disk, and what was not asked for by a caller is
    /// decided again a little later.
    pub(super) fn take_back(&mut self, id: ExecutionId, refusal: impl Fn() -> Reply, now: Timestamp) {
        let Some(live) = self.live.get_mut(&id) else { return };
        let Some(committing) = live.committing.take() else { return };
        if committing.writes == Writes::Acceptance {
            return self.withdraw(id, refusal, &committing, now);
        }
        if committing.writes != Writes::Projection {
            let bytes = live.journal.pop();
            live.held.remove(0, bytes);
            self.live_bytes -= bytes;
            live.execution = replayed(live);
        }
        live.row = Row::Behind;
        live.unsaved_since.get_or_insert(now);
        live.held_until = Some(now.plus(self.config.redo_after));
        for (input, from) in committing.inputs.into_iter().rev() {
            if !matches!(from, Origin::Caller { .. }) {
                live.inbox.push_front(Queued::Input(input, from));
            }
        }
        for to in committing.replies.into_iter().map(|(to, _)| to).chain(committing.reads) {
            self.reply(to, refusal());
        }
        self.restore_place(id, now);
        self.arm_timer(id);
        self.schedule_show(id, now);
    }
}

fn change_of(live: &Live, is_new: bool) -> Change {
    let accepted = live.execution.accepted();
    Change {
        tenant: accepted.tenant,
        flow: accepted.flow,
        execution: live.execution.id(),
        seq: live.execution.seq(),
        status: live.execution.status(),
        is_sampled: accepted.trace.as_ref().map(|caller| caller.is_sampled),
        is_new,
        is_child: accepted.parent.is_some(),
    }
}

fn replayed(live: &Live) -> Execution {
    let read = |text: &std::sync::Arc<str>| {
        let mut record: Record = serde_json::from_str(text).expect("we wrote this record a moment ago");
        if let Some(cipher) = live.execution.cipher() {
            record.decrypt(live.execution.id(), cipher).expect("we encrypted it a moment ago");
        }
        record
    };
    let records = live.journal.iter().map(read).collect();
    Execution::replay(live.execution.id(), live.execution.pinned(), records)
        .expect("these records were applied a moment ago")
}
