//! The executions that are under way, as a state machine without clock, database or task.
//!
//! What drives a [`Shard`] gives it what happened ([`Shard::handle`], [`Shard::tick`]), commits the batch that it
//! returns ([`Shard::take_batch`]), and reports what came of that ([`Shard::committed`]). Only then does the shard return
//! the actions that rest on it: calls to make, answers to send. While an execution's decision is being committed its
//! inputs wait; the shard goes on with the others.
//!
//! A shard owns whole flows, so that the slots of a flow (`max_concurrent_executions`) are counted in one place.

mod batch;
mod config;
mod debounce;
mod decide;
mod events;
mod gates;
mod inbox;
mod journal;
mod lane;
mod live;
mod messages;
mod parking;
mod pauses;
mod refused;
mod reply;
mod sessions;
mod settle;
mod slots;
mod turn;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use steadflow_core::execution::Execution;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::protection::Gates;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{ById, Commit, InboxId};

use batch::Large;
pub use config::ShardConfig;
use debounce::PutOff;
pub use decide::LongTurn;
use events::EventWaits;
use live::{Live, Queued};
pub use messages::{Accept, Action, Loaded, Message, Origin, Recovered, Unclaimed};
pub use parking::Load;
pub use pauses::{PausedTenants, paused_tenants};
pub use reply::Reply;
use sessions::Sessions;
use slots::{SlotOf, Slots};
use turn::Room;

/// Who asked, in the driver's numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplyId(pub u64);

/// Which batch of commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(pub u64);

/// Executions under way; see the module.
#[derive(Debug)]
pub struct Shard {
    config: ShardConfig,
    live: ById<Live>,
    /// Bytes of the records in `live`.
    live_bytes: usize,
    /// What waits for an execution to be loaded.
    loading: BTreeMap<ExecutionId, VecDeque<Queued>>,
    /// When to process which execution, here or parked.
    timers: BTreeSet<(Timestamp, ExecutionId)>,
    /// When to show which execution.
    unshown: BTreeSet<(Timestamp, ExecutionId)>,
    /// Who waits for which executions to be shown.
    shows: Vec<(ReplyId, BTreeSet<ExecutionId>)>,
    waiters: BTreeMap<ExecutionId, Vec<ReplyId>>,
    /// Items of the inbox that are being worked on.
    in_hand: BTreeSet<InboxId>,
    /// Those whose execution was not here, and when they may be found again.
    doubtful: BTreeSet<(Timestamp, InboxId)>,
    flows: BTreeMap<FlowId, Slots>,
    /// Tenants of which nothing starts.
    paused: PausedTenants,
    /// Which calls of agents may begin.
    gates: Gates,
    /// Which nodes wait for a session.
    sessions: Sessions,
    event_waits: EventWaits,
    /// Flows of which executions wait for memory.
    lack_memory: VecDeque<FlowId>,
    /// How many were here or coming when that was looked at last.
    lacked_at: usize,
    /// Executions that were given a slot and have not started on disk.
    granted: BTreeMap<ExecutionId, SlotOf>,
    /// When to look which executions, put off for others that have not come, start.
    delays: BTreeMap<(Timestamp, ExecutionId), SlotOf>,
    put_off: PutOff,
    commits: Vec<Commit>,
    /// Executions whose last batch was refused, each with the number of the half that it was in: the next batch has only
    /// those of one half.
    suspects: BTreeMap<ExecutionId, u64>,
    next_suspicion: u64,
    /// Whether a commit that takes long to write may be taken.
    large: Large,
    /// Batches of which the blob storage writes a part.
    blob_batches: Vec<BatchId>,
    /// Executions whose turns take long, in the order in which they get one.
    lane: VecDeque<ExecutionId>,
    /// Whether one of them has its turn.
    is_deciding: bool,
    batches: BTreeMap<BatchId, Vec<ExecutionId>>,
    next_batch: u64,
    actions: Vec<Action>,
    phase: Phase,
    room: Room,
}

/// How far a shard has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It takes new executions.
    Open,
    /// It takes none, and parks what it can.
    Draining,
    /// It stops what still runs, and parks everything.
    Releasing,
}

impl Shard {
    /// Returns a shard that drives nothing yet.
    pub fn new(config: ShardConfig) -> Self {
        let gates = Gates::new(Timestamp::from_micros(0)).shared(config.is_shared);
        Self {
            config,
            live: ById::default(),
            live_bytes: 0,
            loading: BTreeMap::new(),
            timers: BTreeSet::new(),
            unshown: BTreeSet::new(),
            shows: Vec::new(),
            waiters: BTreeMap::new(),
            in_hand: BTreeSet::new(),
            doubtful: BTreeSet::new(),
            flows: BTreeMap::new(),
            paused: BTreeMap::new(),
            gates,
            sessions: Sessions::default(),
            event_waits: EventWaits::default(),
            lack_memory: VecDeque::new(),
            lacked_at: 0,
            granted: BTreeMap::new(),
            delays: BTreeMap::new(),
            put_off: PutOff::new(),
            commits: Vec::new(),
            suspects: BTreeMap::new(),
            next_suspicion: 0,
            large: Large::default(),
            blob_batches: Vec::new(),
            lane: VecDeque::new(),
            is_deciding: false,
            batches: BTreeMap::new(),
            next_batch: 0,
            actions: Vec::new(),
            phase: Phase::Open,
            room: Room::default(),
        }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, message: Message, now: Timestamp) {
        match message {
            Message::Accept(accept) => self.accept(*accept, now),
            Message::Input { execution, input, from } => {
                self.call_ended(&input, now);
                self.enqueue(execution, Queued::Input(input, from), now)
            }
            Message::Inbox(items) => self.inbox(items, now),
            Message::Sorted(items) => self.forget_items(items),
            Message::Read { execution, reply } => self.read(execution, reply, now),
            Message::Await { execution, reply } => self.await_end(execution, reply),
            Message::Show { reply } => self.show(reply, now),
            Message::Loaded { execution, loaded } => self.loaded(execution, loaded, now),
            Message::Decided(turn) => self.decided(turn, now),
            Message::SessionClaimed(claim, result) => self.session_claimed(&claim, result, now),
            Message::EventAwaited(wait, result) => self.event_awaited(wait, result, now),
            Message::Due(due) => self.due(due),
            Message::FlowLimits { flow, limits } => self.limits_changed(flow, limits, now),
            Message::Pauses { paused, resumed_by } => self.pauses_changed(paused, &resumed_by, now),
            Message::Waiting(waiting, limits) => self.waiting_elsewhere(*waiting, limits, now),
            Message::AgentLimits { agent, limits } => self.gates.set(agent, limits, now),
            Message::Drawn(draw, drawn) => self.gates.drawn(&draw, drawn, now),
            Message::Permitted(agent, permits) => self.gates.permitted(agent, permits, now),
            Message::ReadAccounts { agents, reply } => self.read_accounts(agents, reply, now),
            Message::ReadProtection { agent, reply } => {
                self.reply(reply, Reply::Protection(self.gates.state(agent, now)))
            }
            Message::Recovered(recovered) => self.recovered(*recovered, now),
            Message::Orphans(orphans) => self.orphans(orphans, now),
            Message::Drain => self.drain(now),
            Message::Release => self.release(now),
        }
        self.give_turns(now);
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Timestamp) {
        while let Some(&(at, id)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            self.timer_is_due(id, now);
        }
        while let Some(&(at, id)) = self.unshown.first() {
            if at > now {
                break;
            }
            self.unshown.pop_first();
            self.show_is_due(id, now);
        }
        self.end_delays(now);
        self.look_again(now);
        self.ask_for_sessions(now);
        self.await_events_again(now);
        self.give_turns(now);
    }

    /// Goes on with what has waited for others, and may go on now.
    fn give_turns(&mut self, now: Timestamp) {
        self.grant_memory(now);
        self.grant_calls(now);
        self.advance_slow(now);
    }

    /// Returns when to call [`Self::tick`] next.
    pub fn next_timer(&self) -> Option<Timestamp> {
        let timer = self.timers.first().map(|&(at, _)| at);
        let show = self.unshown.first().map(|&(at, _)| at);
        let again = self.doubtful.first().map(|&(at, _)| at);
        let large = self.large_timer();
        // No call begins while it drains, so none is to be woken for.
        let slots = self.gates.next_timer().filter(|_| self.phase == Phase::Open);
        let (sessions, events) = (self.sessions.next_timer(), self.event_waits.next_timer());
        let delay = self.next_delay();
        [timer, show, again, large, slots, sessions, events, delay].into_iter().flatten().min()
    }

    /// Takes what is to be done now.
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Returns whether nothing is under way in memory.
    pub fn is_idle(&self) -> bool {
        self.live.is_empty() && self.loading.is_empty() && self.batches.is_empty() && self.commits.is_empty()
    }

    /// Returns how many executions are in memory.
    pub fn live_count(&self) -> usize {
        self.live.len()
    }

    /// Returns how many bytes their records have.
    pub const fn live_bytes(&self) -> usize {
        self.live_bytes
    }

    /// Returns the committed state of every execution in memory that has no decision under way and waits for no turn in the
    /// lane, by id; for tests.
    pub fn settled(&self) -> impl Iterator<Item = &Execution> {
        let settled = |id| self.live.get(&id).filter(|live| !live.is_busy() && !live.is_in_lane);
        self.ids().into_iter().filter_map(settled).map(|live| &live.execution)
    }

    /// Returns the executions in memory, in order.
    fn ids(&self) -> Vec<ExecutionId> {
        let mut ids: Vec<ExecutionId> = self.live.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    fn reply(&mut self, to: ReplyId, reply: Reply) {
        self.actions.push(Action::Reply(to, reply));
    }
}
