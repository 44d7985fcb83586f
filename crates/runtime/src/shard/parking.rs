//! Executions that leave memory and come back, and rows that are shown.

use std::collections::{BTreeSet, VecDeque};

use steadflow_core::caller::Actor;
use steadflow_core::execution::{ExecutionStatus, Input};
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::protection::Gates;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::TakenSlots;

use super::live::{Live, Row, Then, Writes};
use super::slots::Place;
use super::turn::wake_at;
use super::{Action, Loaded, Origin, Phase, Queued, Recovered, Reply, ReplyId, Shard};

/// What came of a load.
#[derive(Debug)]
pub enum Load {
    /// The execution, which is this worker's now.
    Taken(Box<Loaded>),
    /// It has ended, is another worker's, or does not exist.
    NotHere,
    /// It cannot be read, and is left alone.
    Unreadable,
}

impl Shard {
    /// Asks for an execution that is not here; what waits for it is handed to it then.
    pub(super) fn load(&mut self, id: ExecutionId, queued: VecDeque<Queued>) {
        match self.loading.get_mut(&id) {
            Some(waiting) => waiting.extend(queued),
            None => {
                self.loading.insert(id, queued);
                self.actions.push(Action::Load(id));
            }
        }
    }

    pub(super) fn loaded(&mut self, id: ExecutionId, load: Load, now: Timestamp) {
        match load {
            Load::Taken(loaded) if !loaded.execution.status().is_finished() => self.taken(*loaded, now),
            Load::Taken(_) | Load::NotHere => {
                let slot = self.granted.get(&id).map(|slot| slot.flow);
                let waiting = self.not_loaded(id);
                self.turn_away(id, waiting, now);
                slot.into_iter().for_each(|flow| self.grant_slots(flow, now));
            }
            Load::Unreadable => {
                // What the inbox holds for it stays in hand, so that it is not asked for again and again.
                let slot = self.granted.get(&id).map(|slot| slot.flow);
                let mut waiting = self.not_loaded(id);
                waiting.retain(|queued| {
                    !matches!(queued, Queued::Input(_, Origin::Inbox { .. }) | Queued::Encrypted { .. })
                });
                self.turn_away(id, waiting, now);
                slot.into_iter().for_each(|flow| self.grant_slots(flow, now));
            }
        }
    }

    fn taken(&mut self, loaded: Loaded, now: Timestamp) {
        let id = loaded.execution.id();
        self.learn_limits(&loaded);
        let mut live = Live::new(loaded);
        live.row = Row::Current;
        self.slot_comes(&live.execution);
        self.hand_over(id, &mut live);
        self.keep(live);
        self.advance(id, now);
    }

    fn not_loaded(&mut self, id: ExecutionId) -> VecDeque<Queued> {
        let waiting = self.end_load(id);
        self.ungrant(id);
        self.gates.forget(id);
        waiting
    }

    /// Notes that an execution does not come any more, or is here. Returns what has waited for it.
    fn end_load(&mut self, id: ExecutionId) -> VecDeque<Queued> {
        let Some(waiting) = self.loading.remove(&id) else { return VecDeque::new() };
        if let Some(slots) = self.granted.get(&id).and_then(|slot| self.flows.get_mut(&slot.flow)) {
            slots.coming = slots.coming.saturating_sub(1);
        }
        waiting
    }

    /// Hands an execution that comes into memory what has waited for it.
    fn hand_over(&mut self, id: ExecutionId, live: &mut Live) {
        for queued in self.end_load(id) {
            match queued {
                Queued::Await(reply) => self.waiters.entry(id).or_default().push(reply),
                Queued::Input(..) | Queued::Encrypted { .. } | Queued::Read(_) => {
                    live.inbox.push_back(queued)
                }
            }
        }
    }

    /// Lets an execution leave memory when it has nothing to do.
    pub(super) fn rest(&mut self, id: ExecutionId, now: Timestamp) {
        let (phase, park_after) = (self.phase, self.config.park_after);
        let rests = |live: &&Live| live.is_free(now) && live.then(phase, now, park_after) == Then::Parks;
        if self.live.get(&id).filter(rests).is_some() {
            self.commit_projection(id, Then::Parks, now);
        }
    }

    /// An execution's parking is on disk: it leaves memory. What came in meanwhile brings it back at once.
    pub(super) fn parked(&mut self, id: ExecutionId) {
        let Some(live) = self.forget(id) else { return };
        self.slot_goes(&live.execution);
        if !live.inbox.is_empty() {
            return self.load(id, live.inbox);
        }
        if let Some(at) = wake_at(&live.execution) {
            let timer = self.load_timer(at, id);
            self.timers.insert(timer);
        }
    }

    pub(super) fn due(&mut self, due: Vec<(Timestamp, ExecutionId)>) {
        for (at, id) in due {
            let timer = self.load_timer(at, id);
            self.timers.insert(timer);
        }
    }

    fn load_timer(&self, at: Timestamp, id: ExecutionId) -> (Timestamp, ExecutionId) {
        let ahead = i64::try_from(self.config.load_ahead.as_micros()).unwrap_or(0);
        (Timestamp::from_micros(at.as_micros().saturating_sub(ahead)), id)
    }

    pub(super) fn show_is_due(&mut self, id: ExecutionId, now: Timestamp) {
        let Some(live) = self.live.get_mut(&id) else { return };
        live.show_at = None;
        let after = live.snapshot_after(self.config.snapshot_after);
        let is_old = live.unsaved_since.is_some_and(|since| now.since(since) >= after);
        if live.is_busy() {
            live.row = Row::Wanted;
        } else if live.row != Row::Current || is_old {
            self.commit_projection(id, Then::Stays, now);
        }
        self.schedule_show(id, now);
    }

    /// Sees to it that an execution's row follows its state, and that it does not hold the tail back for long.
    pub(super) fn schedule_show(&mut self, id: ExecutionId, now: Timestamp) {
        let Some(live) = self.live.get_mut(&id).filter(|live| live.show_at.is_none()) else { return };
        let after = match (live.row, live.unsaved_since) {
            (Row::Behind | Row::Wanted, _) => self.config.show_after,
            (Row::Current, Some(_)) => live.snapshot_after(self.config.snapshot_after),
            (Row::Current, None) => return,
        };
        let at = now.plus(after);
        live.show_at = Some(at);
        self.unshown.insert((at, id));
    }

    /// Shows everything that changed; the caller is answered when that is on disk.
    pub(super) fn show(&mut self, reply: ReplyId, now: Timestamp) {
        // One whose acceptance is still being committed is not there yet.
        let is_behind = |live: &Live| match &live.committing {
            Some(committing) => committing.writes != Writes::Acceptance,
            None => live.row != Row::Current,
        };
        let behind: BTreeSet<ExecutionId> =
            self.live.iter().filter(|(_, live)| is_behind(live)).map(|(id, _)| *id).collect();
        for &id in &behind {
            if let Some(live) = self.live.get_mut(&id)
                && live.is_busy()
                && live.row == Row::Behind
            {
                live.row = Row::Wanted;
            }
            self.commit_projection(id, Then::Stays, now);
        }
        if behind.is_empty() {
            return self.reply(reply, Reply::Shown);
        }
        self.shows.push((reply, behind));
    }

    /// The row of an execution is on disk, or it is not here any more.
    pub(super) fn shown(&mut self, id: ExecutionId) {
        if self.shows.is_empty() {
            return;
        }
        for (_, waiting) in &mut self.shows {
            waiting.remove(&id);
        }
        let done = self.shows.extract_if(.., |(_, waiting)| waiting.is_empty());
        self.actions.extend(done.map(|(reply, _)| Action::Reply(reply, Reply::Shown)));
    }

    pub(super) fn recovered(&mut self, recovered: Recovered, now: Timestamp) {
        self.gates = Gates::new(now).shared(self.config.is_shared);
        for (agent, limits) in recovered.agents {
            self.gates.set(agent, Some(limits), now);
        }
        for TakenSlots { flow, key, taken } in recovered.slots {
            if !self.config.is_shared {
                self.flows.entry(flow).or_default().start_with(key, taken);
            }
        }
        self.paused = recovered.paused;
        for queued in &recovered.queued {
            self.wait_queued(queued);
        }
        for (flow, limits) in recovered.limits {
            self.flows.entry(flow).or_default().set_limits(limits);
        }
        for loaded in recovered.executions {
            self.adopt(loaded, now);
        }
        self.replace_all_put_off(now);
        for flow in self.flows.keys().copied().collect::<Vec<_>>() {
            self.grant_slots(flow, now);
        }
    }

    /// Takes over what no worker drives any more. What already waits for one of them is handed to it.
    pub(super) fn orphans(&mut self, orphans: Vec<Loaded>, now: Timestamp) {
        let pools: BTreeSet<FlowId> =
            orphans.iter().map(|orphan| Place::of(&orphan.execution).slot.flow).collect();
        for orphan in orphans {
            self.adopt(orphan, now);
        }
        self.replace_all_put_off(now);
        for pool in pools {
            self.grant_slots(pool, now);
        }
    }

    fn adopt(&mut self, loaded: Loaded, now: Timestamp) {
        let id = loaded.execution.id();
        let waits = loaded.execution.status() == ExecutionStatus::Pending;
        self.learn_limits(&loaded);
        let mut live = Live::new(loaded);
        live.unsaved_since = Some(now);
        let worker = self.config.worker.clone();
        live.inbox.push_back(Queued::Input(Input::Adopt { worker }, Origin::Engine));
        if live.execution.is_paused_with_all() && !self.is_paused(live.execution.accepted().tenant) {
            // Its process is gone, and its row did not say that it is paused: nobody else resumes it.
            live.inbox.push_back(Queued::Input(Input::ResumeWithAll { by: Actor::SYSTEM }, Origin::Engine));
        }
        self.slot_comes(&live.execution);
        self.hand_over(id, &mut live);
        self.keep(live);
        self.schedule_show(id, now);
        if waits {
            self.line_up(id);
        }
        self.advance(id, now);
    }

    fn learn_limits(&mut self, loaded: &Loaded) {
        let limits = loaded.execution.flow().flow.settings.slot_limits();
        self.suggest_limits(loaded.execution.accepted(), limits);
    }

    pub(super) fn drain(&mut self, now: Timestamp) {
        self.phase = Phase::Draining;
        for id in self.ids() {
            self.rest(id, now);
        }
    }

    pub(super) fn release(&mut self, now: Timestamp) {
        self.phase = Phase::Releasing;
        for id in self.ids() {
            self.advance(id, now);
        }
    }
}
