//! Virtual time: what happens next, and to whom.

mod broken;
mod commit;
mod edit;
mod fleet;
mod permits;
mod pins;
mod process;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::execution::{ExecutionStatus, PinnedAgents};
use steadflow_core::external_event::ExternalEvent;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{AgentId, ExecutionId};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{CallKey, Outcome};
use steadflow_runtime::Shard;
use steadflow_runtime::worker::{Answer, Ask, IncarnationId};
use steadflow_store::{MemoryStore, Stored};

use crate::checker::{Checker, LATE_MAX, ORPHANED_MAX};
use crate::clients::{Clients, asks_the_agent};
use crate::fault::{Fault, Faults};
use crate::flows::Case;
use crate::ids::TOOL_FLOW_NUMBER;
use crate::mutation::Mutation;
use crate::peers::Peers;
use crate::rng::Rng;
use crate::trace::{EPOCH, Trace};
use crate::{Options, Summary, Violation};
use fleet::Fleet;
use process::Process;

pub(crate) use process::ProcessId;

/// How long nothing may be committed once everything is healed: longer than any delay, backoff or timeout of the flows.
/// The longest is the tenth backoff, of 512 seconds.
const STANDSTILL_MAX: Duration = Duration::from_secs(600);
/// How long after a fault a process has caught up.
const WELL_AFTER: Duration = Duration::from_secs(2);
/// How long after its lease was lost a process has noticed: the longest time between two renewals, a failed one and the
/// wait for its answer included.
const NOTICES_WITHIN: Duration = Duration::from_secs(15);
/// How long after it could move again a process whose lease has ended has renewed it, or given it up: a second for the
/// answer to a renewal sent before, which may be too old, and a second for that to the next one.
const GIVES_UP_WITHIN: Duration = Duration::from_secs(2);
/// How often processes look for slots that others have freed.
const SLOTS_EVERY: Duration = Duration::from_millis(500);
/// The end of virtual time.
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// More events than any run needs.
const EVENTS_MAX: u64 = 2_000_000;
/// How often one process may be woken at one moment.
const WAKE_UPS_MAX: u32 = 1_000;

/// One run.
#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    pub(crate) mutation: Option<Mutation>,
    pub(crate) now: Timestamp,
    pub(crate) rng: Rng,
    /// Chooses what people decide on calls that wait for approval, and when. No other draw depends on that.
    pub(crate) approvers: Rng,
    pub(crate) cases: Vec<Case>,
    pub(crate) checker: Checker,
    pub(crate) clients: Clients,
    pub(crate) store: MemoryStore,
    peers: Peers,
    faults: Faults,
    trace: Trace,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    queued: u64,
    processes: BTreeMap<ProcessId, Process>,
    last_process: u32,
    /// How far the wall clock of the next process is off, in microseconds.
    clock_offset: i64,
    /// How long a worker may take to hand back what it drives.
    hand_back_max: Duration,
    fleet: Fleet,
    /// [`Mutation::EndedTwice`]: executions that have ended, without their last record.
    revived: BTreeMap<ExecutionId, Stored>,
    /// Executions whose decisions the store refuses for ever.
    refused: BTreeSet<ExecutionId>,
    /// The current version of the agent that all flows name.
    agent_version: u32,
    agents: PinnedAgents,
    /// Calls of the agent with tools.
    protected: BTreeMap<CallKey, AgentId>,
    /// Calls whose result comes although it is not waited for.
    late: BTreeSet<CallKey>,
    /// Attempts whose peers do not answer.
    hanging: Vec<(ProcessId, CallKey)>,
    /// How often processes were woken at this moment.
    wake_ups: u32,
}

/// Something that happens at a moment.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A client asks for something.
    Client,
    /// Somebody looks at the calls that wait for approval.
    Approver,
    /// Somebody sends an event.
    Event,
    /// Somebody sends an event about this.
    EventAbout(u64),
    /// An event is delivered.
    Deliver(Box<ExternalEvent>),
    /// Everything is healed: what is still waited for comes.
    Events,
    /// A person edits the flow at this place.
    Edit(usize),
    /// The processes look for slots that others have freed.
    Slots,
    /// A new process starts, if none is there that works.
    Start,
    /// Everything is healed.
    Heal,
    /// People decide on what waits for them.
    Help,
    /// The checker looks at executions whose decisions are all committed.
    Look,
    /// Something for one process.
    At(ProcessId, Incident),
}

/// Something that happens to one process.
#[derive(Debug)]
pub(super) enum Incident {
    /// Its timer is due.
    Wake,
    /// A question of its worker reaches the store.
    Ask(IncarnationId, Ask),
    /// It learns what the store answered.
    Answer(IncarnationId, Answer),
    /// An attempt's result.
    Outcome(CallKey, Outcome),
    /// A client's call arrives.
    Call(Box<steadflow_runtime::shard::Message>),
    /// It freezes.
    Freeze,
    /// It goes on.
    Thaw,
    /// It is asked to stop.
    Stop,
}

impl World {
    pub(crate) fn new(seed: u64, options: Options) -> Self {
        let rng = Rng::new(seed);
        let mut made_up = rng.branch(1);
        let mutation = options.mutation;
        let is_shared = (made_up.happens(400) || mutation.is_some_and(Mutation::needs_two))
            && mutation != Some(Mutation::TakeOverFromTheLiving);
        let (fleet, make): (_, fn(u128, &mut Rng) -> Case) =
            if is_shared { (Fleet::Two, Case::without_debounce) } else { (Fleet::One, Case::new) };
        let mut cases: Vec<Case> =
            (0..made_up.between(1, 3)).map(|at| make(u128::from(at), &mut made_up)).collect();
        while cases.iter().any(Case::asks_for_flows) && cases.len() <= usize::from(TOOL_FLOW_NUMBER) {
            let number = cases.len() as u128;
            cases.push(make(number, &mut made_up));
        }
        let versions = cases.iter().flat_map(|case| case.versions.iter().map(Arc::clone));
        let mut world = Self {
            seed,
            mutation: options.mutation,
            now: EPOCH,
            checker: Checker::new(versions, crate::agents::day_budget(rng.branch(7))),
            cases,
            clients: Clients::default(),
            store: MemoryStore::new(),
            peers: Peers::new(rng.branch(2), rng.branch(5)),
            faults: Faults::new(rng.branch(3)),
            trace: Trace::new(options.keeps_trace),
            queue: BTreeMap::new(),
            queued: 0,
            processes: BTreeMap::new(),
            last_process: 0,
            clock_offset: 0,
            hand_back_max: Duration::ZERO,
            fleet,
            revived: BTreeMap::new(),
            refused: BTreeSet::new(),
            agent_version: 1,
            agents: crate::agents::pinned(),
            protected: BTreeMap::new(),
            late: BTreeSet::new(),
            hanging: Vec::new(),
            wake_ups: 0,
            rng: rng.branch(4),
            approvers: rng.branch(6),
        };
        world.store_flows();
        world.plan();
        world
    }

    fn store_flows(&mut self) {
        for case in &self.cases {
            let stored = self.store.create_flow_now(case.record(EPOCH));
            stored.expect("an open store stores");
        }
    }

    fn plan(&mut self) {
        for _ in 0..self.fleet.size() {
            self.after(Duration::ZERO, Happening::Start);
        }
        let heal_after = self.rng.millis(30_000, 120_000);
        // Where two processes share the work, some calls are for the inbox alone.
        let calls = match self.fleet {
            Fleet::One => self.rng.between(15, 70),
            Fleet::Two => self.rng.between(25, 110),
        };
        if self.is_shared() && !self.breaks(Mutation::FreeSlotsNotSeen) {
            self.after(SLOTS_EVERY, Happening::Slots);
        }
        for _ in 0..calls {
            let after = self.rng.millis(1, 90_000).min(heal_after);
            self.after(after, Happening::Client);
        }
        for _ in 0..6 {
            let after = self.rng.millis(1, 60_000);
            self.after(after, Happening::Look);
        }
        for case in 0..self.cases.len() {
            let after = self.rng.millis(1, 60_000);
            self.after(after, Happening::Edit(case));
        }
        self.after(heal_after, Happening::Heal);
        self.plan_events(heal_after);
        if self.cases.iter().any(asks_the_agent) {
            self.after(Duration::from_secs(1), Happening::Approver);
        }
    }

    /// Runs until everything has ended.
    pub(crate) fn run(mut self) -> Result<Summary, Box<Violation>> {
        match self.until_the_end() {
            Ok(()) => Ok(self.summary()),
            Err(what) => {
                self.note(format_args!("VIOLATION {what}"));
                let trace_hash = self.trace.hash();
                Err(Box::new(Violation { seed: self.seed, what, trace_hash, trace: self.trace.into_text() }))
            }
        }
    }

    fn until_the_end(&mut self) -> Result<(), String> {
        for _ in 0..EVENTS_MAX {
            if self.is_over() {
                self.look()?;
                return self.checker.at_the_end(&self.store);
            }
            let (at, happening) = self.next();
            self.wake_ups = if at > self.now { 0 } else { self.wake_ups };
            self.now = at;
            self.happens(happening)?;
        }
        Err("V2: too much happens".into())
    }

    /// Everything has ended, and all clients know.
    fn is_over(&self) -> bool {
        self.faults.is_healed()
            && self.checker.unfinished().next().is_none()
            && self.processes.values().all(|process| process.worker.shard().is_none_or(Shard::is_idle))
    }

    /// Takes what happens next: the earliest event, or a timer that is due before it.
    fn next(&mut self) -> (Timestamp, Happening) {
        let timer = self.processes.values().filter_map(|process| process.wakes_at(self.now)).min();
        let first = self.queue.first_key_value().map(|(&(at, _), _)| at);
        if let Some((at, process)) = timer
            && first.is_none_or(|first| at < first)
        {
            return (at, Happening::At(process, Incident::Wake));
        }
        let ((at, _), happening) = self.queue.pop_first().expect("a look or help is always planned");
        (at, happening)
    }

    fn happens(&mut self, happening: Happening) -> Result<(), String> {
        match happening {
            Happening::Client => self.client_acts(),
            Happening::Approver => self.approver_acts(),
            Happening::Event => self.sends_event(),
            Happening::EventAbout(about) => self.event_is_sent(about),
            Happening::Deliver(event) => self.delivers(&event),
            Happening::Events => self.what_is_waited_for_comes(),
            Happening::Edit(case) => self.edit(case),
            Happening::Slots => self.look_for_slots(),
            Happening::Start => self.start_process(),
            Happening::Heal => self.heal(),
            Happening::Help => self.help(),
            Happening::Look => self.look(),
            Happening::At(process, incident) => self.incident(process, incident),
        }
    }

    fn heal(&mut self) -> Result<(), String> {
        self.note(format_args!("everything is healed"));
        self.faults.heal();
        for (process, key) in std::mem::take(&mut self.hanging) {
            let failure = Failure::new(ErrorClass::Connection, "the connection broke");
            self.checker.peer_breaks_off(key.clone(), failure.clone());
            let outcome = Incident::Outcome(key, Outcome::failed(failure));
            self.after(Duration::from_millis(500), Happening::At(process, outcome));
        }
        for process in self.processes.values_mut() {
            process.heal();
        }
        let frozen: Vec<ProcessId> =
            self.processes.iter().filter(|(_, process)| process.is_frozen()).map(|(id, _)| *id).collect();
        for process in frozen {
            self.after(Duration::ZERO, Happening::At(process, Incident::Thaw));
        }
        self.help()
    }

    /// Looks after what waits for people or for a process, and notices when nothing moves any more.
    fn help(&mut self) -> Result<(), String> {
        self.look()?;
        if self.processes.len() < self.fleet.size() || self.some_process().is_none() {
            self.after(Duration::ZERO, Happening::Start);
        }
        self.people_help()?;
        let idle_for = self.now.since(self.checker.last_commit());
        let stuck = || self.checker.unfinished().next().map(ToString::to_string).unwrap_or_default();
        if idle_for > STANDSTILL_MAX
            && self.checker.unfinished().next().is_some()
            && self.now.since(EPOCH) > DAY / 24
        {
            return Err(format!("V2: nothing moves any more: {}", stuck()));
        }
        if self.now.since(EPOCH) > DAY {
            return Err(format!("V2: it does not end: {}", stuck()));
        }
        self.after(Duration::from_secs(20), Happening::Help);
        Ok(())
    }

    /// Lets the checker look at all executions whose decisions are all committed.
    fn look(&mut self) -> Result<(), String> {
        for process in self.processes.values().filter(|process| !process.is_frozen()) {
            self.look_at(process)?;
        }
        if !self.faults.is_healed() {
            let after = self.rng.millis(500, 8_000);
            self.after(after, Happening::Look);
        }
        Ok(())
    }

    fn look_at(&self, process: &Process) -> Result<(), String> {
        let now = self.now;
        let Some((lessee, shard)) = process.worker.lessee().zip(process.worker.shard()) else {
            return is_idle_without_lease(process);
        };
        if let Some(since) = self.checker.lost_since(lessee) {
            let had_time = process.has_moved_for(NOTICES_WITHIN, now) && now.since(since) > NOTICES_WITHIN;
            return if had_time { is_idle_without_lease(process) } else { Ok(()) };
        }
        for execution in shard.settled() {
            self.checker.is_driven_by(execution.id(), lessee)?;
            self.checker.is_folded(execution)?;
            if process.is_well_for(WELL_AFTER, now) {
                self.checker.is_worked_on(execution, |key| process.tasks.contains(key))?;
            }
        }
        // After a standstill, it stops no work before its lease is certain.
        if process.is_settled() && process.has_moved_for(WELL_AFTER, now) {
            for key in &process.tasks {
                self.checker.work_is_wanted(key)?;
            }
        }
        if process.is_well_for(ORPHANED_MAX, now) {
            self.checker.orphans_are_found(lessee, process.clock(now), now)?;
        }
        if process.is_well_for(LATE_MAX, now) {
            self.checker.deadlines_hold(lessee, process.clock(now), now)?;
            self.checker.inbox_is_read(lessee, now)?;
            self.checker.events_are_taken(lessee, now)?;
            self.checker.children_are_cancelled(lessee, now)?;
            self.checker.lease_holds(lessee, process.clock(now))?;
        }
        Ok(())
    }

    fn summary(self) -> Summary {
        let executions = self.checker.executions();
        let status = |id: &ExecutionId| self.checker.story(*id).map(|story| story.status());
        let completed = executions.iter().filter(|id| status(id) == Some(ExecutionStatus::Completed)).count();
        let (approvals, decided) = self.checker.approvals_counted();
        Summary {
            trace_hash: self.trace.hash(),
            faults: self.faults.into_counts(),
            executions: executions.len() as u64,
            completed: completed as u64,
            attempts: self.checker.attempts_seen(),
            approvals,
            decided,
            counted: self.checker.counted(),
            trace: self.trace.into_text(),
        }
    }

    pub(super) fn after(&mut self, delay: Duration, happening: Happening) {
        self.queued += 1;
        self.queue.insert((self.now.plus(delay), self.queued), happening);
    }

    pub(super) fn later(&mut self, delay: Duration, process: ProcessId, incident: Incident) {
        self.after(delay, Happening::At(process, incident));
    }

    pub(crate) fn note(&mut self, what: fmt::Arguments<'_>) {
        self.trace.note(self.now, what);
    }

    pub(super) fn breaks(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Returns whether two processes share the database.
    pub(crate) fn is_shared(&self) -> bool {
        self.fleet == Fleet::Two
    }

    pub(super) fn strikes(&mut self, fault: Fault) -> bool {
        let strikes = self.faults.strikes(fault);
        if strikes {
            self.note(format_args!("FAULT {fault:?}"));
        }
        strikes
    }

    pub(crate) fn stores_keys(&self) -> bool {
        !self.breaks(Mutation::KeyNotStored)
    }
}

/// A process without a lease works on nothing.
fn is_idle_without_lease(process: &Process) -> Result<(), String> {
    if process.tasks.is_empty() {
        return Ok(());
    }
    Err(format!("L4: {} has no lease and works on {:?}", process.id, process.tasks))
}
