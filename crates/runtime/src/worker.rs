//! A worker: the lease under which a [`Shard`] drives, what it looks for in the store, and how it stops. A state machine
//! without clock, database or task.
//!
//! A driver gives a [`Worker`] the time ([`Worker::tick`]), what others want of it ([`Worker::handle`]) and what the
//! store answered ([`Worker::answer`]), and does what it asks for ([`Worker::take_actions`]) until there is nothing
//! more. It decides nothing itself, so the simulator, which is another driver, runs the same worker.
//!
//! One *incarnation* is a worker with one lease. When the lease is lost, everything that it drove is dropped, and
//! another incarnation begins: the store has it all.

mod answers;
mod ask;
mod config;
mod incarnation;
mod lease;
mod loads;
mod looks;

use std::time::Duration;

use steadflow_core::protection::GateTotals;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{StoreError, Worker as Lessee};

use crate::shard::{Message, Reply, Shard};
pub use ask::{Action, Answer, Ask, End, IncarnationId, Orphans, Rest};
pub use config::WorkerConfig;
use incarnation::{Incarnation, Progress};

/// A worker; see the module.
#[derive(Debug)]
pub struct Worker {
    config: WorkerConfig,
    id: IncarnationId,
    state: State,
    /// When it has to hand back what still runs, once it was asked to stop.
    stop_at: Option<Timestamp>,
    actions: Vec<Action>,
}

#[derive(Debug)]
enum State {
    /// It has no lease.
    Out(Out),
    /// It has one.
    In(Box<Incarnation>),
    Ended,
}

/// On the way to a lease.
#[derive(Debug)]
struct Out {
    /// When to ask for it; `None` while it is asked for.
    ask_at: Option<Timestamp>,
    /// When it was asked for.
    asked_at: Timestamp,
}

/// The first incarnation of a worker.
const FIRST: IncarnationId = IncarnationId(1);

impl Worker {
    /// Returns a worker that asks for its first lease at once.
    pub fn new(config: WorkerConfig, now: Timestamp) -> Self {
        let out = Out { ask_at: Some(now), asked_at: now };
        Self { config, id: FIRST, state: State::Out(out), stop_at: None, actions: Vec::new() }
    }

    /// Takes in what a caller wants, or the result of an attempt. Without a lease it is refused.
    pub fn handle(&mut self, message: Message, now: Timestamp) {
        match &mut self.state {
            State::In(incarnation) if incarnation.is_driving() => incarnation.shard.handle(message, now),
            // What it is about to read from the store may be older.
            State::In(incarnation) if message.is_setting() => incarnation.settings.push(message),
            State::In(_) | State::Out(_) | State::Ended => {
                let refused = |to| Action::Reply(to, Reply::Unavailable);
                self.actions.extend(message.asked_by().into_iter().flatten().map(refused));
            }
        }
    }

    /// Begins to stop: nothing new is taken, what is under way has `grace` to end, the rest is handed back.
    pub fn stop(&mut self, grace: Duration, now: Timestamp) {
        if let State::In(incarnation) = &mut self.state {
            let stop_at = now.plus(grace);
            self.stop_at = Some(self.stop_at.map_or(stop_at, |earlier| earlier.min(stop_at)));
            incarnation.drain(now);
        } else {
            self.end(End::Stopped);
        }
    }

    /// Takes in what the store answered to a question of incarnation `by`.
    pub fn answer(&mut self, by: IncarnationId, answer: Answer, now: Timestamp) {
        if by != self.id {
            return;
        }
        match (&mut self.state, answer) {
            (State::Out(_), Answer::Registered(result)) => self.registered(result, now),
            (State::Out(out), Answer::Released(_, result)) => {
                note_release(&result);
                if out.ask_at.is_some() {
                    self.register(now);
                }
            }
            // One that it gave up may be ended only now, when it has another.
            (State::In(incarnation), Answer::Released(released, result)) => {
                note_release(&result);
                if released == incarnation.lessee {
                    self.end(End::Stopped);
                }
            }
            (State::In(incarnation), answer) => {
                let progress = incarnation.answered(answer, &self.config, now);
                self.follow(progress, now);
            }
            (State::Out(_) | State::Ended, _) => {}
        }
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Timestamp) {
        match &mut self.state {
            State::Out(out) if out.ask_at.is_some_and(|at| at <= now) => self.register(now),
            State::In(incarnation) => {
                let progress = incarnation.tick(&self.config, now);
                self.follow(progress, now);
                self.go_on_stopping(now);
            }
            State::Out(_) | State::Ended => {}
        }
    }

    /// Returns when to call [`Self::tick`] next.
    pub fn next_timer(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.state {
            State::Out(out) => out.ask_at,
            State::In(incarnation) => incarnation.next_timer(now).into_iter().chain(self.stop_timer()).min(),
            State::Ended => None,
        }
    }

    /// Takes what is to be done now. What it learns in answer may make more; when it is empty, there is nothing more
    /// until something happens.
    pub fn take_actions(&mut self, now: Timestamp) -> Vec<Action> {
        let mut actions = std::mem::take(&mut self.actions);
        if let State::In(incarnation) = &mut self.state {
            incarnation.take_actions(self.id, &self.config, now, &mut actions);
        }
        actions
    }

    /// Returns whether it drives executions: it has a lease, and knows what the store holds.
    pub fn is_driving(&self) -> bool {
        matches!(&self.state, State::In(incarnation) if incarnation.is_driving())
    }

    /// Returns how many executions are in memory.
    pub fn live_count(&self) -> usize {
        self.shard().map_or(0, Shard::live_count)
    }

    /// Returns what the protection of all agents does.
    pub fn gate_totals(&self) -> GateTotals {
        self.shard().map_or_else(GateTotals::default, Shard::gate_totals)
    }

    /// Returns how many bytes the records of the executions in memory have.
    pub fn live_bytes(&self) -> usize {
        self.shard().map_or(0, Shard::live_bytes)
    }

    /// Returns the executions that it drives, while it has a lease; for tests.
    pub fn shard(&self) -> Option<&Shard> {
        match &self.state {
            State::In(incarnation) => Some(&incarnation.shard),
            State::Out(_) | State::Ended => None,
        }
    }

    /// Returns as what it is registered, while it has a lease; for tests.
    pub fn lessee(&self) -> Option<Lessee> {
        match &self.state {
            State::In(incarnation) => Some(incarnation.lessee),
            State::Out(_) | State::Ended => None,
        }
    }

    fn register(&mut self, now: Timestamp) {
        self.state = State::Out(Out { ask_at: None, asked_at: now });
        let name = self.config.shard.worker.clone();
        self.ask(Ask::Register { name, ttl: self.config.lease_ttl });
    }

    fn ask(&mut self, ask: Ask) {
        self.actions.push(Action::Ask(self.id, ask));
    }

    fn registered(&mut self, result: Result<Lessee, StoreError>, now: Timestamp) {
        let State::Out(out) = &mut self.state else { return };
        match result {
            Ok(lessee) => {
                let incarnation = Incarnation::new(lessee, &self.config, out.asked_at);
                self.state = State::In(Box::new(incarnation));
                self.ask(Ask::TakeOver { lessee, limit: self.config.orphans_limit });
            }
            // A first start that fails is for a person to see; later the database is expected to come back.
            Err(error) if self.id != FIRST && is_passing(&error) => {
                tracing::warn!(error = %error, "no lease could be taken; it will be tried again");
                out.ask_at = Some(now.plus(self.config.register_again_after));
            }
            Err(error) => self.end(End::Fatal(error)),
        }
    }

    fn follow(&mut self, progress: Progress, now: Timestamp) {
        match progress {
            Progress::GoesOn => {}
            Progress::Fenced => {
                tracing::warn!("the worker's lease was lost; beginning again");
                self.begin_again(None, now);
            }
            Progress::GivesUp(lessee) => {
                tracing::error!("the worker's lease may have ended and cannot be renewed; beginning again");
                self.begin_again(Some(lessee), now);
            }
            Progress::NotTakenOver(lessee, error) if self.id != FIRST && is_passing(&error) => {
                tracing::warn!(error = %error, "what the store holds could not be taken over; beginning again");
                self.begin_again(Some(lessee), now);
            }
            Progress::NotTakenOver(_, error) | Progress::Fatal(error) => {
                self.actions.push(Action::Abandon);
                self.end(End::Fatal(error));
            }
        }
    }

    /// Drops everything that this incarnation drives, and begins another one unless it was asked to stop. A lease that
    /// may still be `held` is ended first, so that the next incarnation finds everything free.
    fn begin_again(&mut self, held: Option<Lessee>, now: Timestamp) {
        self.actions.push(Action::Abandon);
        self.id.0 += 1;
        match held {
            _ if self.stop_at.is_some() => self.end(End::Stopped),
            None => self.register(now),
            Some(lessee) => {
                let ask_at = Some(now.plus(self.config.register_again_after));
                self.state = State::Out(Out { ask_at, asked_at: now });
                self.ask(Ask::Release(lessee));
            }
        }
    }

    fn end(&mut self, end: End) {
        if !matches!(self.state, State::Ended) {
            self.state = State::Ended;
            self.actions.push(Action::End(end));
        }
    }

    fn stop_timer(&self) -> Option<Timestamp> {
        let State::In(incarnation) = &self.state else { return None };
        incarnation.hand_back_until.or(self.stop_at)
    }

    /// Hands back what still runs when its time is over, and the lease when nothing is left.
    fn go_on_stopping(&mut self, now: Timestamp) {
        let (State::In(incarnation), Some(stop_at)) = (&mut self.state, self.stop_at) else { return };
        let is_idle = incarnation.shard.is_idle();
        match incarnation.hand_back_until {
            None if is_idle || stop_at <= now => {
                incarnation.hand_back_until = Some(now.plus(self.config.hand_back_max));
                incarnation.shard.handle(Message::Release, now);
                self.go_on_stopping(now);
            }
            Some(until) if until <= now => {
                note_rest(is_idle);
                self.end(End::Stopped);
            }
            Some(_) if is_idle && !incarnation.is_released => {
                incarnation.is_released = true;
                incarnation.shard.give_back_budgets();
                let lessee = incarnation.lessee;
                self.ask(Ask::Release(lessee));
            }
            None | Some(_) => {}
        }
    }
}

fn note_rest(is_idle: bool) {
    if !is_idle {
        tracing::warn!("not everything could be handed back in time; the next start recovers it");
    }
}

fn note_release(result: &Result<(), StoreError>) {
    if let Err(error) = result {
        tracing::warn!(error = %error, "the lease could not be released; it ends by itself");
    }
}

/// Whether an error may be gone at the next try.
const fn is_passing(error: &StoreError) -> bool {
    match error {
        StoreError::Full { .. }
        | StoreError::Busy { .. }
        | StoreError::Blobs { .. }
        | StoreError::Database { .. }
        | StoreError::Unknown { .. } => true,
        StoreError::Fenced
        | StoreError::Refused { .. }
        | StoreError::WebhookTaken
        | StoreError::Corrupt { .. }
        | StoreError::Closed => false,
    }
}
