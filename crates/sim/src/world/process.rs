//! One incarnation of the engine's process: the driver around a real shard, as `steadflow_runtime` has it, in virtual
//! time.

mod life;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::Shard;
use steadflow_runtime::shard::{Message, ReplyId};
use steadflow_store::{StoreError, Worker};

use super::{Incident, World};
use crate::checker::Call;
use crate::fault::Fault;
use crate::mutation::Mutation;
use crate::peers::AttemptKey;

const LEASE: Duration = Duration::from_secs(15);
const RENEW_EVERY: Duration = Duration::from_secs(5);
const DUE_EVERY: Duration = Duration::from_secs(10);
const DUE_HORIZON: Duration = Duration::from_secs(30);
const DUE_MAX: usize = 100_000;

/// One incarnation of the process; later ones are larger.
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
    pub(super) shard: Shard,
    /// Attempts whose work is under way.
    pub(super) tasks: BTreeSet<AttemptKey>,
    /// Batches whose outcome it does not know yet.
    pub(super) in_flight: u32,
    pub(super) is_draining: bool,
    pub(super) is_releasing: bool,
    name: Arc<str>,
    calls: BTreeMap<ReplyId, Call>,
    next_reply: u64,
    /// How far its clock is off, in microseconds.
    offset: i64,
    /// When its lease ends, by its own clock.
    lease_end: Timestamp,
    is_frozen: bool,
    /// What happened to it while it stood still.
    deferred: Vec<Incident>,
    /// No timer wakes it before this moment.
    deaf_until: Option<Timestamp>,
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
        let at = Timestamp::from_micros(self.shard.next_timer()?.as_micros() - self.offset - early);
        Some((at.max(now).max(self.deaf_until.unwrap_or(now)), self.id))
    }

    pub(super) const fn is_frozen(&self) -> bool {
        self.is_frozen
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.in_flight == 0
    }

    pub(super) const fn hears_again(&mut self) {
        self.deaf_until = None;
    }

    /// Whether nothing has gone wrong with it for longer than `span`.
    pub(super) fn is_well_for(&self, span: Duration, now: Timestamp) -> bool {
        now.since(self.well_since) > span && !self.is_draining
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
        if process.is_frozen && !matches!(incident, Incident::Thaw | Incident::Apply(..)) {
            process.deferred.push(incident);
            return Ok(());
        }
        if self.strikes(Fault::CrashBetween) {
            return self.crash(id);
        }
        match incident {
            Incident::Wake if !self.wakes(id)? => return Ok(()),
            Incident::Wake => {}
            Incident::Apply(batch, commits) => self.apply(id, batch, commits)?,
            Incident::Answer(batch, result) => self.learns(id, batch, result)?,
            Incident::Outcome(key, outcome) => self.attempt_ends(id, key, outcome)?,
            Incident::Load(execution) => self.loads(id, execution)?,
            Incident::Loaded(execution, loaded) => self.hears(id, Message::Loaded { execution, loaded }),
            Incident::LookForDue => self.looks_for_due(id)?,
            Incident::Renew => self.renews(id)?,
            Incident::Call(message) => self.hears(id, *message),
            Incident::Freeze => self.freezes(id),
            Incident::Thaw => self.thaws(id),
            Incident::Drain => self.drains(id),
            Incident::Release => self.releases(id),
            Incident::Overdue => self.is_overdue(id)?,
        }
        self.turn(id)
    }

    /// The process does everything that it can do without waiting.
    fn turn(&mut self, id: ProcessId) -> Result<(), String> {
        loop {
            let Some(process) = self.processes.get_mut(&id).filter(|process| !process.is_frozen) else {
                return Ok(());
            };
            let clock = process.clock(self.now).plus(process.early);
            process.shard.tick(clock);
            let actions = process.shard.take_actions();
            if actions.is_empty() {
                break;
            }
            for action in actions {
                self.act(id, action)?;
            }
        }
        self.submit(id);
        if self.processes.get(&id).is_some_and(|process| process.is_draining && process.shard.is_idle()) {
            self.note(format_args!("{id} has stopped"));
            self.ends(id);
        }
        Ok(())
    }

    pub(super) fn hears(&mut self, id: ProcessId, message: Message) {
        if let Some(process) = self.processes.get_mut(&id) {
            process.shard.handle(message, process.clock(self.now));
        }
    }

    /// Tells whether a timer that is due wakes the process.
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

    fn looks_for_due(&mut self, id: ProcessId) -> Result<(), String> {
        self.later(DUE_EVERY, id, Incident::LookForDue);
        if self.strikes(Fault::FailingDue) {
            self.is_unwell(id);
            return Ok(());
        }
        let Some(process) = self.processes.get(&id) else { return Ok(()) };
        let until = process.clock(self.now).plus(DUE_HORIZON);
        let due = self.store.due_now(until, DUE_MAX).map_err(|error| error.to_string())?;
        self.hears(id, Message::Due(due));
        Ok(())
    }

    fn renews(&mut self, id: ProcessId) -> Result<(), String> {
        self.later(RENEW_EVERY, id, Incident::Renew);
        if self.strikes(Fault::Standstill) {
            self.later(Duration::ZERO, id, Incident::Freeze);
        } else if self.strikes(Fault::Shutdown) {
            self.later(Duration::ZERO, id, Incident::Drain);
        }
        let Some(process) = self.processes.get_mut(&id) else { return Ok(()) };
        let clock = process.clock(self.now);
        process.lease_end = clock.plus(LEASE);
        match self.store.renew_now(process.worker, clock, LEASE) {
            Ok(()) => {}
            Err(StoreError::Fenced) if self.breaks(Mutation::NoFence) => {}
            Err(StoreError::Fenced) => {
                self.note(format_args!("{id} learns that it is fenced"));
                self.ends(id);
            }
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    /// Returns the newest process that moves.
    pub(crate) fn some_process(&self) -> Option<ProcessId> {
        let mut moving = self.processes.values().rev().filter(|process| !process.is_frozen);
        moving.next().map(|process| process.id)
    }

    pub(crate) fn worker_name(&self, id: ProcessId) -> Arc<str> {
        self.processes.get(&id).map_or_else(|| "nobody".into(), |process| Arc::clone(&process.name))
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
    pub(crate) fn tell(&mut self, id: ProcessId, message: Message) -> Result<(), String> {
        let after = self.rng.millis(0, 2);
        self.later(after, id, Incident::Call(Box::new(message)));
        Ok(())
    }

    fn loads(&mut self, id: ProcessId, execution: ExecutionId) -> Result<(), String> {
        if self.strikes(Fault::FailingLoad) {
            self.is_unwell(id);
            let after = self.rng.millis(50, 2_000);
            self.later(after, id, Incident::Load(execution));
            return Ok(());
        }
        let Some(process) = self.processes.get(&id) else { return Ok(()) };
        let loaded = match self.store.take_now(process.worker, execution) {
            Ok(stored) => stored.map(|stored| self.replay(stored)).transpose()?,
            Err(StoreError::Fenced) => {
                self.later(Duration::from_secs(1), id, Incident::Load(execution));
                return Ok(());
            }
            Err(error) => return Err(error.to_string()),
        };
        self.note(format_args!("{id} takes {execution}: {}", loaded.is_some()));
        let after = self.rng.millis(0, 3);
        self.later(after, id, Incident::Loaded(execution, loaded.map(Box::new)));
        Ok(())
    }
}
