//! How a process comes, stands still, stops, and dies; and what the next one finds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::event::{Event, Record};
use steadflow_core::execution::Execution;
use steadflow_core::ids::FlowId;
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::shard::{Loaded, Message, Recovered};
use steadflow_runtime::{Shard, ShardConfig};
use steadflow_store::{StoreError, Stored, Worker};

use super::{LEASE, Process, ProcessId, RENEW_EVERY};
use crate::fault::Fault;
use crate::flows::Case;
use crate::mutation::Mutation;
use crate::rng::Rng;
use crate::world::{Happening, Incident, World};

/// How long a process that is asked to stop lets attempts end.
const GRACE: Duration = Duration::from_secs(2);
/// How long it may then take to hand the rest back.
const HAND_BACK_MAX: Duration = Duration::from_secs(5);
/// More than there are in any run.
const ALL: usize = 100_000;
/// How early [`Mutation::EarlyTimers`] fires.
const EARLY: Duration = Duration::from_secs(1);

impl World {
    pub(super) fn freezes(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        process.is_frozen = true;
        let until_lease_end = process.lease_end.since(process.clock(self.now));
        let for_how_long = self.rng.millis(200, 45_000);
        self.note(format_args!("{id} stands still for {for_how_long:?}"));
        self.later(for_how_long, id, Incident::Thaw);
        self.after(until_lease_end + Duration::from_secs(1), Happening::Start);
    }

    pub(super) fn thaws(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(&id).filter(|process| process.is_frozen) else { return };
        process.is_frozen = false;
        process.well_since = self.now;
        let deferred = std::mem::take(&mut process.deferred);
        self.note(format_args!("{id} goes on"));
        for incident in deferred {
            // Whatever is ready is taken in any order.
            let after = self.rng.millis(0, 20);
            self.later(after, id, incident);
        }
    }

    pub(super) fn drains(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(&id).filter(|process| !process.is_draining) else {
            return;
        };
        process.is_draining = true;
        self.note(format_args!("{id} is asked to stop"));
        self.hears(id, Message::Drain);
        self.later(GRACE, id, Incident::Release);
    }

    pub(super) fn releases(&mut self, id: ProcessId) {
        if let Some(process) = self.processes.get_mut(&id) {
            process.is_releasing = true;
            self.note(format_args!("{id} hands back"));
            self.hears(id, Message::Release);
            self.later(HAND_BACK_MAX, id, Incident::Overdue);
        }
    }

    pub(super) fn is_overdue(&mut self, id: ProcessId) -> Result<(), String> {
        let Some(process) = self.processes.get(&id) else { return Ok(()) };
        if self.now.since(process.well_since) >= HAND_BACK_MAX {
            return Err(format!("V6: {id} was well and did not hand everything back: {:?}", process.tasks));
        }
        self.crash(id)
    }

    /// The process dies, and another one starts soon.
    pub(in crate::world) fn crash(&mut self, id: ProcessId) -> Result<(), String> {
        self.note(format_args!("{id} dies"));
        self.ends(id);
        Ok(())
    }

    /// A process is gone. Its lock on the database goes with it, so that its lease needs no waiting for.
    pub(in crate::world) fn ends(&mut self, id: ProcessId) {
        let Some(process) = self.processes.remove(&id) else { return };
        let is_shared = self.processes.values().any(|other| other.worker == process.worker);
        if !is_shared {
            self.store.release_now(process.worker).expect("an open store gives leases back");
        }
        for key in process.tasks {
            if self.strikes(Fault::LateResult) {
                self.late.insert(key);
            }
        }
        let after = self.rng.millis(10, 3_000);
        self.after(after, Happening::Start);
    }

    /// A process starts, unless one is there that works, or whose lease has not ended.
    pub(in crate::world) fn start_process(&mut self) -> Result<(), String> {
        let takes_over = self.breaks(Mutation::TakeOverFromTheLiving) && self.processes.len() == 1;
        if self.processes.values().any(|process| !process.is_frozen) && !takes_over {
            return Ok(());
        }
        if self.strikes(Fault::ClockStep) {
            let step = i64::try_from(self.rng.between(0, 10_000_000)).unwrap_or(0);
            self.clock_offset = step - 5_000_000;
        }
        let clock = Timestamp::from_micros(self.now.as_micros() + self.clock_offset);
        if self.processes.values().any(|process| process.lease_end >= clock) && !takes_over {
            self.after(Duration::from_secs(1), Happening::Start);
            return Ok(());
        }
        let worker = match self.processes.values().next() {
            Some(living) if takes_over => living.worker,
            _ => self.register(clock)?,
        };
        self.last_process += 1;
        let id = ProcessId(self.last_process);
        let offset = self.clock_offset;
        self.note(format_args!("{id} starts as worker {}, clock off by {offset} µs", worker.epoch));
        let process = self.new_process(id, worker, clock);
        self.processes.insert(id, process);
        self.recovers(id, worker, clock)?;
        if !self.breaks(Mutation::DueNotAsked) || worker.epoch == 1 {
            self.later(Duration::ZERO, id, Incident::LookForDue);
        }
        self.later(RENEW_EVERY, id, Incident::Renew);
        if self.breaks(Mutation::TakeOverFromTheLiving) {
            self.after(Duration::from_secs(4), Happening::Start);
        }
        self.turn(id)
    }

    fn register(&mut self, clock: Timestamp) -> Result<Worker, String> {
        let worker = self.store.register_now(clock, LEASE).map_err(|error| error.to_string())?;
        self.checker.registered(worker)?;
        Ok(worker)
    }

    fn new_process(&mut self, id: ProcessId, worker: Worker, clock: Timestamp) -> Process {
        let name: Arc<str> = format!("w{}", worker.epoch).into();
        let early = if self.breaks(Mutation::EarlyTimers) { EARLY } else { Duration::ZERO };
        Process {
            id,
            worker,
            shard: Shard::new(config(Arc::clone(&name), &mut self.rng)),
            tasks: BTreeSet::new(),
            in_flight: 0,
            is_draining: false,
            is_releasing: false,
            name,
            calls: BTreeMap::new(),
            next_reply: 0,
            offset: self.clock_offset,
            lease_end: clock.plus(LEASE),
            is_frozen: false,
            deferred: Vec::new(),
            deaf_until: None,
            well_since: self.now,
            early,
            is_deaf: self.breaks(Mutation::NoTimers),
        }
    }

    /// Hands a new process what the store holds for it, as the engine's driver does.
    fn recovers(&mut self, id: ProcessId, worker: Worker, clock: Timestamp) -> Result<(), String> {
        let say = |error: StoreError| error.to_string();
        let slots = self.store.slots_now(None, ALL).map_err(say)?;
        let mut executions = Vec::new();
        for stored in self.store.recover_now(worker, clock, ALL).map_err(say)? {
            executions.push(self.replay(stored)?);
        }
        let queued = self.store.queued_now(None, ALL).map_err(say)?;
        let queued: Vec<_> = queued.into_iter().map(|queued| (queued.flow, queued.execution)).collect();
        let waiting: BTreeSet<FlowId> = queued.iter().map(|(flow, _)| *flow).collect();
        let limit = |case: &Case| case.current().flow.settings.max_concurrent_executions;
        let limits = self.cases.iter().filter(|case| waiting.contains(&case.id));
        let limits = limits.map(|case| (case.id, limit(case))).collect();
        let slots = if self.breaks(Mutation::SlotsForgotten) { Vec::new() } else { slots };
        self.note(format_args!("{id} recovers {} executions, {} wait", executions.len(), queued.len()));
        let unadopted =
            if self.breaks(Mutation::NoAdoption) { std::mem::take(&mut executions) } else { Vec::new() };
        self.hears(id, Message::Recovered(Box::new(Recovered { executions, slots, queued, limits })));
        for loaded in unadopted {
            let execution = loaded.execution.id();
            self.hears(id, Message::Loaded { execution, loaded: Some(Box::new(loaded)) });
        }
        Ok(())
    }

    /// Rebuilds an execution from what is stored of it.
    pub(in crate::world) fn replay(&self, stored: Stored) -> Result<Loaded, String> {
        let parsed: Result<Vec<Record>, _> =
            stored.records.iter().map(|text| serde_json::from_str(text)).collect();
        let records = parsed.map_err(|error| format!("R3: unreadable record: {error}"))?;
        let Some(Event::Accepted(accepted)) = records.first().and_then(|record| record.2.first()) else {
            return Err(format!("R3: {} does not begin with its acceptance", stored.id));
        };
        let case = self.cases.iter().find(|case| case.id == accepted.flow).ok_or("R5: unknown flow")?;
        let version = if self.breaks(Mutation::WrongVersion) {
            case.current()
        } else {
            &case.versions[accepted.version as usize - 1]
        };
        let execution = Execution::replay(stored.id, self.flow_as_driven(version), records);
        let execution = execution.map_err(|error| format!("R4: {error}"))?;
        Ok(Loaded { execution, journal: stored.records })
    }
}

fn config(name: Arc<str>, rng: &mut Rng) -> ShardConfig {
    let seconds =
        |choices: &[u64], rng: &mut Rng| Duration::from_millis(*rng.pick(choices).unwrap_or(&1_000));
    ShardConfig {
        park_after: seconds(&[300, 5_000, 60_000], rng),
        snapshot_after: seconds(&[300, 1_000], rng),
        ..ShardConfig::new(name)
    }
}
