//! Flows that start by themselves, at the moments of their schedules.
//!
//! For which moment a schedule starts next is stored, and so is the id of the execution before it is started: after a crash it
//! is known whether that was accepted. A start has an idempotency key of its moment, so of several processes one starts it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use steadflow_core::caller::{Actor, ActorKind, Caller, Role};
use steadflow_core::folder::Folders;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_core::schedule::{Overlap, Schedule, Tick};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{FlowFilter, FlowStatus, Page, ScheduleRecord};
use tokio::time::{Instant, sleep, sleep_until};

use super::start::{RequestKey, Start, new_id};
use super::{CurrentFlow, Engine};
use crate::error::RuntimeError;

/// How long it is not looked at the time, at most: clocks are set.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long it takes at least until flows are read again, however often they change.
const READ_EVERY: Duration = Duration::from_millis(200);
/// How soon what could not be done is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often it is looked whether an execution that a start waits for has ended.
const WAIT_EVERY: Duration = Duration::from_millis(200);
/// How many flows are read at once.
const FLOWS_A_PAGE: usize = 100;
/// How many schedules start at the same time, so that their commits share what they cost.
const AT_ONCE: usize = 32;

/// A schedule of an active flow.
#[derive(Clone, Debug)]
pub struct ActiveSchedule {
    /// What it is.
    pub schedule: Arc<Schedule>,
    /// Where it has come to.
    pub record: ScheduleRecord,
}

impl Engine {
    /// Starts flows by their schedules until the engine has ended.
    pub async fn keep_schedules(&self) {
        tokio::select! {
            () = Scheduler { engine: self, known: BTreeMap::new() }.run() => {}
            _ = self.wait_for_end() => {}
        }
    }

    /// Returns the schedules of a tenant's active flows, or of one of them, by flow and node.
    ///
    /// # Errors
    /// What the store says.
    pub async fn schedules(
        &self,
        tenant: TenantId,
        flow: Option<FlowId>,
        folders: Option<&Folders>,
    ) -> Result<Vec<ActiveSchedule>, RuntimeError> {
        let mut all = Vec::new();
        let is_in = |flow: &CurrentFlow| folders.is_none_or(|all| all.include(flow.record.folder.as_ref()));
        let is_meant =
            |record: &ScheduleRecord| record.tenant == tenant && flow.is_none_or(|flow| record.flow == flow);
        for mut record in self.store().schedules().await?.into_iter().filter(is_meant) {
            let flow = match self.current_flow(tenant, record.flow).await {
                Ok(flow) if flow.record.status == FlowStatus::Active && is_in(&flow) => flow,
                Ok(_) | Err(RuntimeError::NoFlow(_)) => continue,
                // The list of flows says so.
                Err(error) if error.is_damage() => continue,
                Err(error) => return Err(error),
            };
            let mut of_flow = flow.version.flow.schedules();
            if let Some((_, schedule)) = of_flow.find(|(node, _)| **node == record.node) {
                // It has just changed.
                record.next_at = record.next_at.filter(|_| *record.rule == *schedule.rule());
                all.push(ActiveSchedule { schedule: Arc::clone(schedule), record });
            }
        }
        Ok(all)
    }

    /// Returns what the clock of the machine shows.
    pub fn wall(&self) -> Timestamp {
        self.inner.clock.wall()
    }

    /// Returns the active flows that may start by themselves.
    pub(super) async fn flows_that_start(&self) -> Result<Vec<(TenantId, FlowId)>, RuntimeError> {
        let filter = FlowFilter {
            status: Some(FlowStatus::Active),
            starts_by_itself: Some(true),
            ..FlowFilter::default()
        };
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = Page { before, limit: FLOWS_A_PAGE };
            let flows = self.store().flows(filter.clone(), page).await?;
            let Some(last) = flows.last() else { return Ok(all) };
            before = Some(last.as_ref().map_or_else(|damaged| damaged.id, |flow| flow.id.uuid()));
            all.extend(flows.iter().flatten().map(|flow| (flow.tenant, flow.id)));
        }
    }
}

/// What is known of the schedules of all active flows.
struct Scheduler<'e> {
    engine: &'e Engine,
    known: BTreeMap<(FlowId, NodeId), Known>,
}

struct Known {
    schedule: Arc<Schedule>,
    record: ScheduleRecord,
    /// Whether a moment waits for the end of the execution before.
    is_waiting: bool,
}

/// What came of a schedule that was looked at.
enum Looked {
    /// There is nothing to do before this moment.
    Until(Timestamp),
    /// It waits for the end of the execution before.
    Waits,
    /// There is nothing to do any more.
    Done,
}

impl Scheduler<'_> {
    async fn run(mut self) {
        let (mut is_read, mut read_at) = (false, Instant::now());
        loop {
            if !is_read {
                sleep_until(read_at).await;
                read_at = Instant::now() + READ_EVERY;
                is_read = match self.read().await {
                    Ok(()) => true,
                    Err(error) => {
                        tracing::warn!(error = %error, "could not read the schedules of flows; it is tried again");
                        false
                    }
                };
            }
            let wait = if is_read { self.look().await } else { AGAIN_AFTER };
            tokio::select! {
                () = sleep(wait) => {}
                () = self.engine.inner.wakes.schedules.notified() => is_read = false,
            }
        }
    }

    /// Reads which flows are active and have schedules. One that is new, or has a new rule, begins with its next moment.
    async fn read(&mut self) -> Result<(), RuntimeError> {
        let stored = self.engine.store().schedules().await?;
        let mut stored: BTreeMap<(FlowId, NodeId), ScheduleRecord> =
            stored.into_iter().map(|record| ((record.flow, record.node.clone()), record)).collect();
        let mut known = BTreeMap::new();
        for (tenant, flow) in self.engine.flows_that_start().await? {
            let flow = match self.engine.current_flow(tenant, flow).await {
                Ok(flow) => flow,
                Err(RuntimeError::NoFlow(_)) => continue,
                Err(error) if error.is_damage() => {
                    tracing::warn!(flow = %flow, error = %error, "a flow with a schedule cannot be read, so it does not start");
                    stored.retain(|(id, _), _| *id != flow);
                    continue;
                }
                Err(error) => return Err(error),
            };
            for (node, schedule) in flow.version.flow.schedules() {
                let key = (flow.record.id, node.clone());
                let record = match stored.remove(&key) {
                    Some(record) if *record.rule == *schedule.rule() => record,
                    before => self.begin(tenant, &key, schedule, before).await?,
                };
                let is_waiting = self.known.get(&key).is_some_and(|known| known.is_waiting);
                known.insert(key, Known { schedule: Arc::clone(schedule), record, is_waiting });
            }
        }
        for record in stored.into_values() {
            self.rest(record).await?;
        }
        self.known = known;
        Ok(())
    }

    /// Keeps what a flow has started that is not active now, and deletes what belongs to no schedule any more.
    async fn rest(&self, record: ScheduleRecord) -> Result<(), RuntimeError> {
        let flow = match self.engine.current_flow(record.tenant, record.flow).await {
            Ok(flow) => Some(flow),
            Err(RuntimeError::NoFlow(_)) => None,
            Err(error) if error.is_damage() => return Ok(()),
            Err(error) => return Err(error),
        };
        let has_node =
            |flow: &CurrentFlow| flow.version.flow.schedules().any(|(node, _)| *node == record.node);
        if !flow.is_some_and(|flow| has_node(&flow)) {
            self.engine.store().delete_schedule(record.flow, record.node).await?;
        } else if !record.rule.is_empty() {
            let resting = ScheduleRecord { rule: "".into(), next_at: None, starting_at: None, ..record };
            self.engine.store().put_schedule(resting).await?;
        }
        Ok(())
    }

    async fn begin(
        &self,
        tenant: TenantId,
        (flow, node): &(FlowId, NodeId),
        schedule: &Schedule,
        before: Option<ScheduleRecord>,
    ) -> Result<ScheduleRecord, RuntimeError> {
        let (execution, last_at) = before.map_or((None, None), |before| (before.execution, before.last_at));
        let record = ScheduleRecord {
            tenant,
            flow: *flow,
            node: node.clone(),
            rule: schedule.rule().into(),
            next_at: schedule.next_after(self.engine.wall()),
            starting_at: None,
            execution,
            last_at,
            error: None,
        };
        self.engine.store().put_schedule(record.clone()).await?;
        Ok(record)
    }

    /// Starts what is due, and returns how long nothing else is.
    async fn look(&mut self) -> Duration {
        let (engine, now) = (self.engine, self.engine.wall());
        let mut wait = LOOK_EVERY;
        let mut due = Vec::new();
        for known in self.known.values_mut() {
            match known.rest(now) {
                Some(rest) => wait = wait.min(rest),
                None => due.push(known),
            }
        }
        let looks =
            in_turn(due).into_iter().map(|known| -> BoxFuture<'_, Duration> { Box::pin(known.wait(engine)) });
        let mut looked = stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
        while let Some(until) = looked.next().await {
            wait = wait.min(until);
        }
        wait
    }
}

/// Returns schedules of all tenants in turn: the first of each, then the second of each, so that none waits for all of another one's.
fn in_turn(schedules: Vec<&mut Known>) -> Vec<&mut Known> {
    let mut places = BTreeMap::<TenantId, usize>::new();
    let mut all: Vec<(usize, &mut Known)> = Vec::with_capacity(schedules.len());
    for known in schedules {
        let place = places.entry(known.record.tenant).or_default();
        *place += 1;
        all.push((*place, known));
    }
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, known)| known).collect()
}

impl Known {
    /// Returns how long nothing is to be done; `None` if something is now.
    fn rest(&self, now: Timestamp) -> Option<Duration> {
        if self.record.starting_at.is_some() && self.record.execution.is_some() {
            return None;
        }
        let Some(first) = self.record.next_at else { return Some(LOOK_EVERY) };
        let due = self.schedule.due(first, self.record.flow, &self.record.node);
        (due > now).then(|| due.since(now))
    }

    /// Starts it if it is due, and returns how long nothing else is to be done.
    async fn wait(&mut self, engine: &Engine) -> Duration {
        match self.look(engine).await {
            Ok(Looked::Until(moment)) => moment.since(engine.wall()),
            Ok(Looked::Waits) => WAIT_EVERY,
            Ok(Looked::Done) => LOOK_EVERY,
            Err(error) => {
                self.say(engine, &error).await;
                AGAIN_AFTER
            }
        }
    }

    async fn look(&mut self, engine: &Engine) -> Result<Looked, RuntimeError> {
        if let (Some(tick), Some(execution)) = (self.record.starting_at, self.record.execution) {
            return self.start(engine, tick, execution).await;
        }
        let Some(first) = self.record.next_at else { return Ok(Looked::Done) };
        let (now, due) = (engine.wall(), self.schedule.due(first, self.record.flow, &self.record.node));
        if due > now {
            return Ok(Looked::Until(due));
        }
        let running = self.running(engine).await?;
        if running.is_some() && self.schedule.overlap == Overlap::Queue {
            self.is_waiting = true;
            return Ok(Looked::Waits);
        }
        let Tick::Starts(tick) = self.schedule.at(now, first, self.is_waiting) else {
            return self.go_on(engine).await;
        };
        if let Some(running) = running {
            match self.schedule.overlap {
                Overlap::Queue | Overlap::Skip => return self.go_on(engine).await,
                Overlap::CancelPrevious => self.cancel(engine, running).await?,
            }
        }
        let execution = new_id();
        (self.record.starting_at, self.record.execution) = (Some(tick), Some(execution));
        engine.store().put_schedule(self.record.clone()).await?;
        self.start(engine, tick, execution).await
    }

    /// Says why nothing could be started, where that is new.
    async fn say(&mut self, engine: &Engine, error: &RuntimeError) {
        let why: Arc<str> = error.to_string().into();
        if self.record.error.as_ref() == Some(&why) {
            return;
        }
        let ScheduleRecord { flow, node, .. } = &self.record;
        tracing::warn!(flow = %flow, node = %node, error = %error, "a schedule could not start its flow; it is tried again");
        self.record.error = Some(why);
        if let Err(error) = engine.store().put_schedule(self.record.clone()).await {
            tracing::warn!(error = %error, "why a schedule could not start its flow could not be stored");
        }
    }

    async fn cancel(&self, engine: &Engine, running: ExecutionId) -> Result<(), RuntimeError> {
        let caller = self.caller();
        let message = "Cancelled because its schedule started the flow again".into();
        let by = caller.actor.clone();
        match engine.input(&caller, running, Signal::Cancel { message, by }).await {
            // It can have ended in the meantime.
            Ok(()) | Err(RuntimeError::Rejected(_) | RuntimeError::NoExecution(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Returns the execution that was started last, if it has not ended. One that cannot be read holds nothing up.
    async fn running(&self, engine: &Engine) -> Result<Option<ExecutionId>, RuntimeError> {
        let Some(last) = self.record.execution else { return Ok(None) };
        let row = engine.store().row(self.record.tenant, last).await.map_err(RuntimeError::from);
        let status = match row {
            Ok(Some(row)) => Ok(row.status),
            // Its row is not shown yet, or it is gone.
            Ok(None) => engine
                .unmasked_execution(self.record.tenant, last)
                .await
                .map(|found| found.execution.status()),
            Err(error) => Err(error),
        };
        match status {
            Ok(status) => Ok((!status.is_finished()).then_some(last)),
            Err(RuntimeError::NoExecution(_)) => Ok(None),
            Err(error) if error.is_damage() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Starts the flow for a moment, unless that was done before a crash.
    async fn start(
        &mut self,
        engine: &Engine,
        tick: Timestamp,
        id: ExecutionId,
    ) -> Result<Looked, RuntimeError> {
        let ScheduleRecord { tenant, flow, ref node, .. } = self.record;
        let started = match engine.unmasked_execution(tenant, id).await {
            Ok(_) => Ok(id),
            Err(error) if error.is_damage() => Ok(id),
            Err(RuntimeError::NoExecution(_)) => {
                // No header can have it. It says all that is asked for, so nothing else needs a hash.
                let key: Arc<str> = format!("schedule\n{flow}\n{node}\n{tick}").into();
                let start = Start {
                    caller: self.caller(),
                    flow,
                    context_id: None,
                    context_type: None,
                    trigger_data: self.schedule.trigger_data(tick),
                    triggered_by: "schedule".into(),
                    priority: None,
                    trace: None,
                    key: Some(RequestKey { key, hash: [0; 32] }),
                    wait: None,
                };
                engine.start_as(id, start).await.map(|started| started.execution)
            }
            Err(error) => return Err(error),
        };
        self.record.starting_at = None;
        match started {
            Ok(execution) => {
                self.record.execution = Some(execution);
                (self.record.last_at, self.record.error) = (Some(tick), None);
            }
            Err(error) if is_passing(&error) => {
                self.record.starting_at = Some(tick);
                return Err(error);
            }
            Err(error) => {
                tracing::warn!(flow = %flow, node = %node, error = %error, "a schedule could not start its flow");
                // There is no such execution.
                (self.record.execution, self.record.error) = (None, Some(error.to_string().into()));
            }
        }
        self.go_on(engine).await
    }

    /// Goes on to the next moment.
    async fn go_on(&mut self, engine: &Engine) -> Result<Looked, RuntimeError> {
        self.is_waiting = false;
        self.record.next_at = self.schedule.next_after(engine.wall());
        engine.store().put_schedule(self.record.clone()).await?;
        let next =
            self.record.next_at.map(|next| self.schedule.due(next, self.record.flow, &self.record.node));
        Ok(next.map_or(Looked::Done, Looked::Until))
    }

    fn caller(&self) -> Caller {
        let id = Some(self.record.node.to_string().into());
        let actor = Actor { kind: ActorKind::Schedule, id };
        Caller { tenant: self.record.tenant, actor, role: Role::Operator }
    }
}

/// Returns whether a start that failed so can succeed later.
pub(super) fn is_passing(error: &RuntimeError) -> bool {
    let is_of_engine = matches!(
        error,
        RuntimeError::Busy
            | RuntimeError::Overloaded
            | RuntimeError::StorageFull
            | RuntimeError::Blobs(_)
            | RuntimeError::Unavailable
            | RuntimeError::Store(_)
    );
    is_of_engine && !error.is_damage()
}
