//! An execution's turn: what waits for it is decided on, and the decision goes into the next batch.

use std::collections::VecDeque;
use std::sync::Arc;

use steadflow_core::execution::{Decision, Execution, Input, NewExecution};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::inbox::Sending;
use steadflow_core::protection::Gates;
use steadflow_core::sensitive::Cipher;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Commit, Idempotency, InboxInput, Projection, SessionChanges, journal_of};

use super::decide::seal;
use super::gates::{take_unused_back, void_grants};
use super::lane::TurnOf;
use super::live::{Committing, Live, Row, Then, Writes};
use super::slots::Place;
use super::{Accept, Action, Loaded, Origin, Phase, Queued, Reply, ReplyId, Shard};
use crate::admission::Taken;
use crate::row::{rollup_of, row_of};

/// Of how many commits the room is kept: about as many as are under way at once.
const SPARE_COMMITS_MAX: usize = 1_024;

impl Shard {
    pub(super) fn accept(&mut self, accept: Accept, now: Timestamp) {
        if self.phase != Phase::Open {
            return self.reply(accept.reply, Reply::Unavailable);
        }
        if !self.has_room_for(&accept.new) {
            return self.reply(accept.reply, Reply::Overloaded);
        }
        let Accept { mut new, limits, idempotency, reply, wait } = accept;
        let slots = self.flows.entry(new.accepted.flow).or_default();
        slots.tenant = Some(new.accepted.tenant);
        slots.set_limits(limits);
        self.set_start(&mut new.accepted, new.pinned.flow.flow.settings.debounce(), now);
        if let Some(wait) = wait {
            self.waiters.entry(new.id).or_default().push(wait);
        }
        let (id, decision) = self.begin(new, vec![(reply, Reply::Accepted)], now);
        self.commit(id, decision, After { idempotency, ..After::default() }, now);
    }

    /// Returns whether there is memory for a new execution, with what its flow may take of it.
    fn has_room_for(&self, new: &NewExecution) -> bool {
        let all = Taken { executions: self.live.len(), bytes: self.live_bytes };
        let of_flow = self.flows.get(&new.accepted.flow).map(|slots| slots.held.taken()).unwrap_or_default();
        self.config.capacity.has_room(all, of_flow, new.accepted.trigger_data.len())
    }

    /// Accepts the children that a decision starts. Their acceptances go into the batch of that decision, so that either
    /// all of them are on disk or nothing.
    fn accept_children(&mut self, parent: ExecutionId, children: Vec<NewExecution>, now: Timestamp) {
        for child in children {
            self.suggest_limits(&child.accepted, child.pinned.flow.flow.settings.slot_limits());
            let (id, decision) = self.begin(child, Vec::new(), now);
            self.commit(id, decision, After { follows: Some(parent), ..After::default() }, now);
        }
    }

    /// Takes a new execution into memory, and starts it if its flow has a free slot.
    fn begin(
        &mut self,
        new: NewExecution,
        replies: Vec<(ReplyId, Reply)>,
        now: Timestamp,
    ) -> (ExecutionId, Box<Decision>) {
        let is_slow = self.is_slow_flow(&new, now);
        let NewExecution { id, pinned, accepted } = new;
        let place = Place::new(id, &accepted, now);
        let is_held = self.is_paused(accepted.tenant);
        let starts_later = is_slow || is_held || self.is_claimed(&place.slot);
        let put_off = accepted.queue.as_deref().filter(|place| place.start_at.is_some()).cloned();
        let has_slot = match &put_off {
            Some(put_off) => {
                self.put_off(&place, put_off);
                false
            }
            None if is_held && accepted.takes_slot() => {
                self.slots_of(&place.slot).wait(&place);
                false
            }
            None => self.slots_of(&place.slot).take(&place),
        };
        let mut decision = self.room.decision(&self.gates);
        let mut execution = Execution::accept(id, pinned, accepted, now, &mut decision);
        if has_slot && !starts_later {
            execution
                .decide(Input::Start, now, &mut decision)
                .expect("a new execution is pending, so it can start");
        }
        let mut live = Live::new(Loaded { execution, journal: Vec::new() });
        live.committing = Some(Committing { writes: Writes::Acceptance, replies, ..Committing::default() });
        live.is_of_slow_flow = is_slow;
        if has_slot && starts_later {
            self.granted.insert(id, place.slot);
            live.inbox.push_back(Queued::Input(Input::Start, Origin::Engine));
        }
        self.keep(live);
        (id, decision)
    }

    /// Hands something to an execution, which is loaded if it is not here.
    pub(super) fn enqueue(&mut self, id: ExecutionId, queued: Queued, now: Timestamp) {
        if let Some(live) = self.live.get_mut(&id) {
            live.inbox.push_back(queued);
            self.advance(id, now);
        } else {
            self.load(id, VecDeque::from([queued]));
        }
    }

    pub(super) fn read(&mut self, id: ExecutionId, reply: ReplyId, now: Timestamp) {
        match self.live.get(&id) {
            None => self.reply(reply, Reply::NotHere),
            Some(live) if live.is_committing() => self.enqueue(id, Queued::Read(reply), now),
            // What waits for its turn, or is being decided, is not there to be seen yet.
            Some(live) => {
                let seen = live.snapshot();
                self.reply(reply, Reply::Snapshot(seen));
            }
        }
    }

    pub(super) fn await_end(&mut self, id: ExecutionId, reply: ReplyId) {
        if self.live.contains_key(&id) {
            self.waiters.entry(id).or_default().push(reply);
        } else {
            self.load(id, VecDeque::from([Queued::Await(reply)]));
        }
    }

    /// Gives an execution its turn, unless its last decision is still being made or committed. One whose turns take long gets
    /// into the lane.
    pub(super) fn advance(&mut self, id: ExecutionId, now: Timestamp) {
        self.take_turn(id, TurnOf::All, now);
    }

    /// Gives an execution a turn, and commits what is decided in it. If that is nothing, the execution waits on.
    pub(super) fn take_turn(&mut self, id: ExecutionId, turn: TurnOf, now: Timestamp) {
        if !self.paused.is_empty() {
            self.hold(id);
        }
        let Some(live) = self.live.get_mut(&id) else { return };
        let (before, mut decision, mut outcome, record) = match turn {
            TurnOf::Over(turn) => live.end_long_turn(*turn),
            TurnOf::All if self.phase == Phase::Open && live.is_slow() => {
                return live.line_up(&mut self.lane);
            }
            TurnOf::All | TurnOf::Lane if !live.is_free(now) => return,
            TurnOf::Lane => {
                void_grants(&self.gates, &mut live.inbox);
                let (decision, outcome) = (self.room.decision(&self.gates), self.room.committing());
                let turn = live.begin_long_turn(self.phase, decision, outcome, now);
                self.is_deciding = true;
                return self.actions.push(Action::Decide(turn));
            }
            TurnOf::All => {
                void_grants(&self.gates, &mut live.inbox);
                let before = live.execution.status();
                let (mut decision, mut outcome) = (self.room.decision(&self.gates), self.room.committing());
                live.take_turn(self.phase, &mut decision, &mut outcome, now);
                (before, decision, outcome, None)
            }
        };
        take_unused_back(&mut self.gates, &outcome.inputs, &decision.effects);
        if decision.is_empty() {
            let seen: Vec<_> =
                outcome.reads.iter().map(|&read| (read, Reply::Snapshot(live.snapshot()))).collect();
            let answers = outcome.replies.drain(..).chain(seen);
            self.actions.extend(answers.map(|(to, reply)| Action::Reply(to, reply)));
            self.discard(&outcome.inputs);
            self.await_all(&mut decision.effects, now);
            self.room.keep_committing(outcome);
            self.room.keep_decision(decision);
            self.arm_timer(id);
            return self.wait_on(id, now);
        }
        live.committing = Some(outcome);
        let has_started = live.execution.started_at().is_some();
        if decision.is_full(&live.execution.flow().limits) {
            self.note_slow(id, now);
        }
        if !has_started {
            self.requeue(id, before, now);
        }
        self.commit(id, decision, After { record, ..After::default() }, now);
    }

    /// An execution has decided nothing. Its turn may have taken long: what came meanwhile is next.
    fn wait_on(&mut self, id: ExecutionId, now: Timestamp) {
        let Some(live) = self.live.get(&id) else { return };
        if live.row == Row::Wanted {
            self.commit_projection(id, Then::Stays, now);
        } else if live.inbox.is_empty() {
            self.rest(id, now);
        } else {
            self.advance(id, now);
        }
    }

    /// Puts a decision into the next batch. What rests on it waits in `committing`.
    fn commit(&mut self, id: ExecutionId, mut decision: Box<Decision>, after: After, now: Timestamp) {
        let slot = self.claim_of(id);
        let live = self.live.get_mut(&id).expect("only an execution in memory decides");
        if slot.is_some() {
            live.row = Row::Wanted;
        }
        let scratch = &mut self.room.scratch;
        let record = after.record.unwrap_or_else(|| seal(&mut live.execution, &mut decision, scratch, now));
        live.journal.push(Arc::clone(&record));
        live.held.add_bytes(record.len());
        self.live_bytes += record.len();
        live.unsaved_since.get_or_insert(now);
        let then = live.then(self.phase, now, self.config.park_after);
        let committing = live.committing.get_or_insert_default();
        if committing.writes == Writes::Projection {
            committing.writes = Writes::Decision;
        }
        committing.then = then;
        committing.effects.append(&mut decision.effects);
        committing.children.extend(decision.children.iter().map(|child| child.id));
        committing.has_sent = !decision.signals.is_empty();
        let takes = live.takes();
        let projection = projection_of(live, then);
        let seq = live.execution.seq();
        let tenant = live.execution.accepted().tenant;
        live.arm(&mut self.timers);
        let has_left = !decision.sessions.is_empty();
        let sessions = has_left.then(|| Box::new(SessionChanges(std::mem::take(&mut decision.sessions))));
        let cipher = live.execution.cipher_of_parent();
        let sends = decision.signals.iter().map(|sending| sent(sending, cipher, tenant, now)).collect();
        self.commits.push(Commit {
            execution: id,
            seq,
            record: Some(record),
            idempotency: after.idempotency.map(Box::new),
            projection,
            takes,
            sends,
            sessions,
            slot,
            follows: after.follows,
        });
        let children = std::mem::take(&mut decision.children);
        self.room.keep_decision(decision);
        self.accept_children(id, children, now);
    }

    /// Writes an execution's row without a decision, and its whole journal if that is due or it leaves memory.
    pub(super) fn commit_projection(&mut self, id: ExecutionId, then: Then, now: Timestamp) {
        let Some(live) = self.live.get_mut(&id).filter(|live| !live.is_busy()) else { return };
        let after = live.snapshot_after(self.config.snapshot_after);
        let is_old = live.unsaved_since.is_some_and(|since| now.since(since) >= after);
        live.committing = Some(Committing { then, ..Committing::default() });
        live.row = Row::Current;
        let row = Box::new(row_of(&live.execution));
        let projection = match (then, is_old) {
            (Then::Parks, _) => Projection::Parked {
                row,
                journal: journal_of(&live.journal),
                wake_at: wake_at(&live.execution),
            },
            (Then::Stays, true) => Projection::Snapshot { row, journal: journal_of(&live.journal) },
            (Then::Stays, false) => Projection::Shown(row),
        };
        if then == Then::Parks || is_old {
            live.unsaved_since = None;
        }
        let seq = live.execution.seq();
        self.commits.push(Commit {
            execution: id,
            seq,
            record: None,
            idempotency: None,
            projection,
            takes: Vec::new(),
            sends: Vec::new(),
            sessions: None,
            slot: None,
            follows: None,
        });
    }

    /// Puts the execution's next timer among the shard's.
    pub(super) fn arm_timer(&mut self, id: ExecutionId) {
        if let Some(live) = self.live.get_mut(&id) {
            live.arm(&mut self.timers);
        }
    }

    pub(super) fn timer_is_due(&mut self, id: ExecutionId, now: Timestamp) {
        match self.live.get_mut(&id) {
            Some(live) => {
                live.timer = None;
                self.advance(id, now);
            }
            // Who stops leaves what is parked to the next one.
            None if self.phase != Phase::Open => {}
            None => self.load(id, VecDeque::new()),
        }
    }
}

/// Room that earlier turns have taken, for the next ones.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Where records are written, so that each takes no more memory than its text.
    scratch: String,
    decision: Option<Box<Decision>>,
    committing: Vec<Committing>,
}

impl Room {
    /// Returns a decision in which nothing is decided yet.
    fn decision(&mut self, gates: &Gates) -> Box<Decision> {
        let mut decision = self.decision.take().unwrap_or_default();
        decision.limited = gates.limited();
        decision
    }

    /// Returns a commit that carries nothing yet.
    fn committing(&mut self) -> Committing {
        self.committing.pop().unwrap_or_default()
    }

    fn keep_decision(&mut self, mut decision: Box<Decision>) {
        decision.clear();
        self.decision = Some(decision);
    }

    pub(super) fn keep_committing(&mut self, mut committing: Committing) {
        if self.committing.len() < SPARE_COMMITS_MAX && committing.is_small() {
            committing.clear();
            self.committing.push(committing);
        }
    }
}

/// What a commit comes with, and what it depends on.
#[derive(Debug, Default)]
struct After {
    /// The record of the decision, where it is made already.
    record: Option<Arc<str>>,
    /// The key that must be new.
    idempotency: Option<Idempotency>,
    /// The execution whose commit in the same batch must be written.
    follows: Option<ExecutionId>,
}

pub(super) fn wake_at(execution: &Execution) -> Option<Timestamp> {
    if execution.waits_for_agent() {
        // Only a shard that stops parks it. The next one asks again, at once.
        return Some(execution.created_at());
    }
    execution.next_timer().map(|(at, _)| at)
}

fn projection_of(live: &mut Live, then: Then) -> Projection {
    let row = |live: &Live| Box::new(row_of(&live.execution));
    if live.execution.status().is_finished() {
        let rollup = Box::new(rollup_of(&live.execution));
        return Projection::Finished { row: row(live), journal: journal_of(&live.journal), rollup };
    }
    if then == Then::Parks {
        live.unsaved_since = None;
        return Projection::Parked {
            row: row(live),
            journal: journal_of(&live.journal),
            wake_at: wake_at(&live.execution),
        };
    }
    if live.row == Row::Wanted {
        live.row = Row::Current;
        return Projection::Shown(row(live));
    }
    live.row = Row::Behind;
    Projection::Tail
}

/// Makes an item of the inbox of an input for another execution of the same tenant.
/// Returns what an execution sends, as it is stored. What has values is for its parent.
fn sent(
    Sending { to, signal }: &Sending,
    cipher_of_parent: Option<&dyn Cipher>,
    tenant: TenantId,
    now: Timestamp,
) -> InboxInput {
    let input = signal.to_stored(*to, cipher_of_parent).into();
    InboxInput { tenant, execution: *to, input, created_at: now }
}
