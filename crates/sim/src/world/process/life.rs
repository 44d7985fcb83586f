//! How a process starts, freezes, stops, and dies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::event::{Event, Record};
use steadflow_core::execution::Execution;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::CallKey;
use steadflow_runtime::shard::Loaded;
use steadflow_runtime::worker::End;
use steadflow_runtime::{ShardConfig, Worker, WorkerConfig};
use steadflow_store::{Stored, Worker as Lessee};

use super::{Process, ProcessId};
use crate::fault::Fault;
use crate::mutation::Mutation;
use crate::rng::Rng;
use crate::world::{Fleet, Happening, Incident, World};

/// How long a process that is asked to stop lets attempts end.
const GRACE: Duration = Duration::from_secs(2);
/// How early [`Mutation::EarlyTimers`] fires.
const EARLY: Duration = Duration::from_secs(1);

impl World {
    pub(super) fn freezes(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        process.is_frozen = true;
        let clock = process.clock(self.now);
        let lease_end = process.worker.lessee().and_then(|lessee| self.checker.lease_end(lessee));
        let until_lease_end = lease_end.map_or(Duration::ZERO, |end| end.since(clock));
        let for_how_long = self.rng.millis(200, 45_000);
        self.note(format_args!("{id} freezes for {for_how_long:?}"));
        self.later(for_how_long, id, Incident::Thaw);
        if self.fleet == Fleet::One {
            self.after(until_lease_end + Duration::from_secs(1), Happening::Start);
        }
    }

    pub(super) fn thaws(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(&id).filter(|process| process.is_frozen) else { return };
        process.is_frozen = false;
        process.well_since = self.now;
        process.moving_since = self.now;
        process.overdue_since = None;
        let deferred = std::mem::take(&mut process.deferred);
        self.note(format_args!("{id} goes on"));
        for incident in deferred {
            // Whatever is ready is taken in any order.
            let after = self.rng.millis(0, 20);
            self.later(after, id, incident);
        }
    }

    pub(super) fn is_asked_to_stop(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(&id).filter(|process| process.hands_back_from.is_none())
        else {
            return;
        };
        let clock = process.clock(self.now);
        process.hands_back_from = Some(clock.plus(GRACE));
        process.worker.stop(GRACE, clock);
        self.note(format_args!("{id} is asked to stop"));
    }

    /// Its worker has ended.
    pub(in crate::world) fn has_ended(&mut self, id: ProcessId, end: &End) -> Result<(), String> {
        self.note(format_args!("{id} has ended: {end:?}"));
        let Some(process) = self.processes.get(&id) else { return Ok(()) };
        let was_well = self.now.since(process.well_since) >= self.hand_back_max;
        if matches!(end, End::Stopped) && was_well && !process.is_released {
            return Err(format!("V6: {id} was well and did not hand everything back: {:?}", process.tasks));
        }
        self.ends(id);
        Ok(())
    }

    /// The process dies, and another one starts soon.
    pub(in crate::world) fn crash(&mut self, id: ProcessId) -> Result<(), String> {
        self.note(format_args!("{id} dies"));
        self.ends(id);
        Ok(())
    }

    /// A process has ended, and another one follows. If it had the database for itself, its lock is released with it, so
    /// the next process does not wait for the end of its lease.
    fn ends(&mut self, id: ProcessId) {
        let Some(process) = self.processes.remove(&id) else { return };
        let after = match self.fleet {
            Fleet::One => {
                self.end_leases(&process.lessees);
                self.rng.millis(10, 3_000)
            }
            Fleet::Two => self.rng.millis(10, 40_000),
        };
        self.are_cut_off(process.tasks);
        self.after(after, Happening::Start);
    }

    fn end_leases(&mut self, lessees: &[Lessee]) {
        for lessee in lessees {
            if !self.processes.values().any(|other| other.lessees.contains(lessee)) {
                self.ends_lease(*lessee);
            }
        }
    }

    /// A process has lost its lease: it drops what it was about.
    pub(in crate::world) fn abandons(&mut self, id: ProcessId) {
        self.note(format_args!("{id} drops everything"));
        let Some(process) = self.processes.get_mut(&id) else { return };
        process.well_since = self.now;
        process.in_flight.clear();
        let tasks = std::mem::take(&mut process.tasks);
        self.are_cut_off(tasks);
    }

    fn are_cut_off(&mut self, tasks: BTreeSet<CallKey>) {
        for key in tasks {
            if self.strikes(Fault::LateResult) {
                self.late.insert(key);
            }
        }
    }

    /// A process starts, unless there are enough.
    pub(in crate::world) fn start_process(&mut self) -> Result<(), String> {
        match self.fleet {
            Fleet::One => self.start_the_only_process(),
            Fleet::Two if self.processes.len() < 2 => self.start_another(),
            Fleet::Two => Ok(()),
        }
    }

    /// A process starts, unless one is there that works, or whose lease has not ended.
    fn start_the_only_process(&mut self) -> Result<(), String> {
        let takes_over = self.breaks(Mutation::TakeOverFromTheLiving) && self.processes.len() == 1;
        if self.processes.values().any(|process| !process.is_frozen) && !takes_over {
            return Ok(());
        }
        let clock = Timestamp::from_micros(self.now.as_micros() + self.clock_offset);
        let leases = self.processes.values().filter_map(|process| process.worker.lessee());
        let mut ends = leases.filter_map(|lessee| self.checker.lease_end(lessee));
        if ends.any(|end| end >= clock) && !takes_over {
            self.after(Duration::from_secs(1), Happening::Start);
            return Ok(());
        }
        if self.breaks(Mutation::TakeOverFromTheLiving) {
            self.after(Duration::from_secs(4), Happening::Start);
        }
        self.start_another()
    }

    fn start_another(&mut self) -> Result<(), String> {
        if self.strikes(Fault::ClockStep) {
            let step = i64::try_from(self.rng.between(0, 10_000_000)).unwrap_or(0);
            self.clock_offset = step - 5_000_000;
        }
        let clock = Timestamp::from_micros(self.now.as_micros() + self.clock_offset);
        self.last_process += 1;
        let id = ProcessId(self.last_process);
        let offset = self.clock_offset;
        self.note(format_args!("{id} starts, clock off by {offset} µs"));
        let process = self.new_process(id, clock);
        self.processes.insert(id, process);
        self.turn(id)
    }

    fn new_process(&mut self, id: ProcessId, clock: Timestamp) -> Process {
        let name: Arc<str> = id.to_string().into();
        let config = self.config(Arc::clone(&name));
        self.hand_back_max = config.hand_back_max;
        Process {
            id,
            worker: Worker::new(config, clock),
            tasks: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            hands_back_from: None,
            lessees: Vec::new(),
            is_released: false,
            name,
            calls: BTreeMap::new(),
            next_reply: 0,
            offset: self.clock_offset,
            is_frozen: false,
            moving_since: self.now,
            deferred: Vec::new(),
            deaf_until: None,
            cut_off_until: None,
            overdue_since: None,
            well_since: self.now,
            early: if self.breaks(Mutation::EarlyTimers) { EARLY } else { Duration::ZERO },
            is_deaf: self.breaks(Mutation::NoTimers),
        }
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
        let pinned = self.pinned(accepted, self.flow_as_driven(version));
        let execution = Execution::replay(stored.id, pinned, self.misread(records));
        let execution = execution.map_err(|error| format!("R4: {error}"))?;
        Ok(Loaded { execution, journal: stored.records })
    }

    fn config(&mut self, name: Arc<str>) -> WorkerConfig {
        let rng = &mut self.rng;
        let config = WorkerConfig::new(name);
        // Two processes park soon and read the inbox often, so that both find the same input.
        let (park_after, inbox_every): (&[u64], _) = match self.fleet {
            Fleet::One => (&[300, 5_000, 60_000], *rng.pick(&[50, 250]).unwrap_or(&250)),
            Fleet::Two => (&[300, 300, 5_000], 30),
        };
        let millis =
            |choices: &[u64], rng: &mut Rng| Duration::from_millis(rng.pick(choices).copied().unwrap_or(1));
        let size = |choices: &[usize], rng: &mut Rng| rng.pick(choices).copied().unwrap_or(1);
        WorkerConfig {
            shard: ShardConfig {
                park_after: millis(park_after, rng),
                snapshot_after: millis(&[300, 1_000], rng),
                is_shared: self.fleet == Fleet::Two,
                ..config.shard
            },
            due_limit: size(&[2, 1_000], rng),
            orphans_limit: size(&[1, 3, 1_000], rng),
            loads_at_once: size(&[1, 64], rng),
            inbox_every: Duration::from_millis(inbox_every),
            inbox_limit: size(&[1, 500], rng),
            inbox_in_hand_max: size(&[2, 5_000], rng),
            ..config
        }
    }
}
