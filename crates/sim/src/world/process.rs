//! One process: a driver around a real [`Worker`] in virtual time. It carries, as the engine's own driver does, and
//! breaks what it carries as the faults and mutations of the run say.

mod asks;
mod life;
mod waits;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::CallKey;
use steadflow_runtime::Worker;
use steadflow_runtime::shard::{BatchId, Message, ReplyId};
use steadflow_runtime::worker::{Answer, IncarnationId};
use steadflow_store::Worker as Lessee;

use super::{Fleet, Incident, World};
use crate::checker::Call;
use crate::fault::Fault;

/// One process; later ones are larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProcessId(u32);

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

/// What dies with a process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: ProcessId,
    pub(super) worker: Worker,
    /// Attempts whose work is under way.
    pub(super) tasks: BTreeSet<CallKey>,
    /// Batches whose outcome it does not know yet.
    pub(super) in_flight: BTreeSet<(IncarnationId, BatchId)>,
    /// From when on it may hand attempts back, once it was asked to stop.
    pub(super) hands_back_from: Option<Timestamp>,
    /// All the leases that it was given.
    lessees: Vec<Lessee>,
    /// Whether it has ended its lease by itself.
    is_released: bool,
    name: Arc<str>,
    calls: BTreeMap<ReplyId, Call>,
    next_reply: u64,
    /// How far its clock is off, in microseconds.
    offset: i64,
    is_frozen: bool,
    /// Since when it moves.
    moving_since: Timestamp,
    /// What happened to it while it stood still.
    deferred: Vec<Incident>,
    /// No timer wakes it before this moment.
    deaf_until: Option<Timestamp>,
    /// It cannot renew its lease before this moment.
    cut_off_until: Option<Timestamp>,
    /// Since when it works although its lease has ended, and could do something about that.
    overdue_since: Option<Timestamp>,
    /// Since when nothing has gone wrong with it.
    well_since: Timestamp,
    /// How early its timers are.
    early: Duration,
    is_deaf: bool,
}

impl Process {
    /// Returns what its clock says.
    pub(super) fn clock(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_micros(now.as_micros() + self.offset)
    }

    /// Returns when its next timer is due.
    pub(super) fn wakes_at(&self, now: Timestamp) -> Option<(Timestamp, ProcessId)> {
        if self.is_frozen || self.is_deaf {
            return None;
        }
        let early = i64::try_from(self.early.as_micros()).unwrap_or(0);
        let timer = self.worker.next_timer(self.clock(now))?;
        let at = Timestamp::from_micros(timer.as_micros() - self.offset - early);
        Some((at.max(now).max(self.deaf_until.unwrap_or(now)), self.id))
    }

    pub(super) const fn is_frozen(&self) -> bool {
        self.is_frozen
    }

    pub(super) fn is_settled(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Nothing is wrong with it any more.
    pub(super) const fn heal(&mut self) {
        self.deaf_until = None;
        self.cut_off_until = None;
    }

    /// Returns whether nothing has gone wrong with it for longer than `span`. While it cannot renew its lease, it may do
    /// nothing until the lease is certain.
    pub(super) fn is_well_for(&self, span: Duration, now: Timestamp) -> bool {
        let well_since = self.cut_off_until.map_or(self.well_since, |until| until.max(self.well_since));
        now.since(well_since) > span && self.hands_back_from.is_none()
    }

    /// Returns whether it has moved for longer than `span`.
    pub(super) fn has_moved_for(&self, span: Duration, now: Timestamp) -> bool {
        !self.is_frozen && now.since(self.moving_since) > span
    }

    pub(super) fn take_call(&mut self, reply: ReplyId) -> Option<Call> {
        self.calls.remove(&reply)
    }
}

impl World {
    /// Something happens to a process, if it lives and moves.
    pub(super) fn incident(&mut self, id: ProcessId, incident: Incident) -> Result<(), String> {
        let newest = self.processes.keys().next_back().copied();
        let is_late = matches!(&incident, Incident::Outcome(key, _) if self.late.contains(key));
        let id = newest.filter(|_| is_late).unwrap_or(id);
        let Some(process) = self.processes.get_mut(&id) else { return Ok(()) };
        // What is on its way to the store arrives there, whatever becomes of the process.
        if process.is_frozen && !matches!(incident, Incident::Thaw | Incident::Ask(..)) {
            process.deferred.push(incident);
            return Ok(());
        }
        if self.strikes(Fault::CrashBetween) {
            return self.crash(id);
        }
        match incident {
            Incident::Wake if !self.wakes(id)? => return Ok(()),
            Incident::Wake => {}
            Incident::Ask(by, ask) => self.store_is_asked(id, by, ask)?,
            Incident::Answer(by, answer) => self.learns(id, by, answer)?,
            Incident::Outcome(key, outcome) => self.attempt_ends(id, key, outcome)?,
            Incident::Call(message) => self.hears(id, *message),
            Incident::Freeze => self.freezes(id),
            Incident::Thaw => self.thaws(id),
            Incident::Stop => self.is_asked_to_stop(id),
        }
        self.turn(id)
    }

    /// The process does everything that it can do without waiting.
    pub(super) fn turn(&mut self, id: ProcessId) -> Result<(), String> {
        loop {
            let Some(process) = self.processes.get_mut(&id).filter(|process| !process.is_frozen) else {
                return Ok(());
            };
            let clock = process.clock(self.now).plus(process.early);
            process.worker.tick(clock);
            let actions = process.worker.take_actions(clock);
            if actions.is_empty() {
                return self.lease_is_heeded(id);
            }
            for action in actions {
                self.act(id, action)?;
            }
        }
    }

    /// A worker whose lease has ended by its own clock works on nothing, although no other one has taken over. Looked at
    /// whenever it does something. While it is not woken it cannot act, so its time counts from when it is woken after
    /// the end of the lease, and again after each standstill or lost wake-up.
    fn lease_is_heeded(&mut self, id: ProcessId) -> Result<(), String> {
        let Some(process) = self.processes.get_mut(&id) else { return Ok(()) };
        let lessee = process.worker.lessee().filter(|_| !process.tasks.is_empty());
        let end = lessee.and_then(|lessee| self.checker.lease_end(lessee));
        let Some(end) = end.filter(|end| *end <= process.clock(self.now)) else {
            process.overdue_since = None;
            return Ok(());
        };
        let since = *process.overdue_since.get_or_insert(self.now);
        if self.now.since(since) > super::GIVES_UP_WITHIN {
            return Err(format!("L5: {id} works on although its lease ended at {end}"));
        }
        Ok(())
    }

    /// The process learns what the store answered.
    fn learns(&mut self, id: ProcessId, by: IncarnationId, answer: Answer) -> Result<(), String> {
        let Some(process) = self.processes.get_mut(&id) else { return Ok(()) };
        if let Answer::Committed(batch, _) = &answer {
            process.in_flight.remove(&(by, *batch));
        }
        let clock = process.clock(self.now);
        process.worker.answer(by, answer, clock);
        Ok(())
    }

    pub(super) fn hears(&mut self, id: ProcessId, message: Message) {
        if let Some(process) = self.processes.get_mut(&id) {
            process.worker.handle(message, process.clock(self.now));
        }
    }

    /// Returns whether a timer that is due wakes the process.
    fn wakes(&mut self, id: ProcessId) -> Result<bool, String> {
        self.wake_ups += 1;
        if self.wake_ups > super::WAKE_UPS_MAX {
            return Err(format!("V2: {id} is woken again and again"));
        }
        if self.strikes(Fault::LostWakeUp) {
            let until = self.now.plus(self.rng.millis(100, 1_500));
            self.is_unwell(id);
            if let Some(process) = self.processes.get_mut(&id) {
                process.deaf_until = Some(until);
                process.overdue_since = None;
            }
            return Ok(false);
        }
        if self.strikes(Fault::DoubledWakeUp) {
            let after = self.rng.millis(0, 5);
            self.later(after, id, Incident::Wake);
        }
        Ok(true)
    }

    pub(super) fn is_unwell(&mut self, id: ProcessId) {
        if let Some(process) = self.processes.get_mut(&id) {
            process.well_since = self.now;
        }
    }

    /// Returns a process that moves: the newest, unless two share the work.
    pub(crate) fn some_process(&mut self) -> Option<ProcessId> {
        let moving = self.processes.values().filter(|process| !process.is_frozen);
        let moving: Vec<ProcessId> = moving.map(|process| process.id).collect();
        match self.fleet {
            Fleet::One => moving.last().copied(),
            Fleet::Two => self.rng.pick(&moving).copied(),
        }
    }

    /// Returns the process that drives an execution, or else any.
    pub(crate) fn process_of(&mut self, execution: ExecutionId) -> Option<ProcessId> {
        let drives = |process: &&Process| self.checker.drives(process.worker.lessee(), execution);
        let owner = self.processes.values().filter(|process| !process.is_frozen).find(drives);
        owner.map(|process| process.id).or_else(|| self.some_process())
    }

    pub(crate) fn worker_name(&self, id: ProcessId) -> Arc<str> {
        self.processes.get(&id).map_or_else(|| "none".into(), |process| Arc::clone(&process.name))
    }

    /// Notes that a client waits for an answer of this process.
    pub(crate) fn call(&mut self, id: ProcessId, call: Call) -> ReplyId {
        let Some(process) = self.processes.get_mut(&id) else { return ReplyId(0) };
        process.next_reply += 1;
        let reply = ReplyId(process.next_reply);
        process.calls.insert(reply, call);
        reply
    }

    /// A client's message is on its way.
    pub(crate) fn deliver(&mut self, id: ProcessId, message: Message) -> Result<(), String> {
        let after = self.rng.millis(0, 2);
        self.later(after, id, Incident::Call(Box::new(message)));
        Ok(())
    }
}
