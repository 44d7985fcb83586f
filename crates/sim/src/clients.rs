//! What people ask of the engine, at any moment and in any order.

mod approvers;
mod forkers;
mod senders;

use std::sync::Arc;

use serde_json::json;
use steadflow_core::caller::Actor;
use steadflow_core::event::{Accepted, Resolution};
use steadflow_core::execution::{ExecutionStatus, FlowVersion, Input, NewExecution, RetryMode};
use steadflow_core::flow_control::{QueuePlace, StartScope};
use steadflow_core::ids::{ExecutionId, NodeId, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_core::payload::Payload;
use steadflow_runtime::shard::{Accept, Message, Origin};
use steadflow_store::{Idempotency, InboxInput, LONG_RECORD};
use uuid::Uuid;

pub(crate) use approvers::asks_the_agent;

use crate::agents::TALKING;
use crate::checker::{Call, What, sessions_of};
use crate::trace::EPOCH;
use crate::world::{ProcessId, World};

/// The clients' own memory.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    started: u64,
    /// How many events were sent.
    events: u128,
    /// Keys that were sent, with what was sent, so that it can be sent again.
    keys: Vec<(Arc<str>, usize, Source)>,
}

/// What a new execution is made of.
#[derive(Clone, Debug)]
enum Source {
    Flow,
    /// An execution that is retried.
    Retried(ExecutionId),
    /// An execution that is forked from a node on.
    Forked(ExecutionId, NodeId),
    /// What wrote the last turn of a session, which is written again.
    Turn(ExecutionId, NodeId),
}

impl World {
    /// Some client asks for something.
    pub(crate) fn client_acts(&mut self) -> Result<(), String> {
        let Some(process) = self.some_process() else { return Ok(()) };
        if self.is_shared() && self.rng.happens(400) {
            return self.sends_to_parked();
        }
        match self.rng.below(100) {
            0..=40 => self.starts(process),
            41..=44 => self.forks(process),
            45..=49 => self.starts_again(process),
            50..=56 => self.retries(process),
            57..=58 => self.regenerates(process),
            59..=66 => self.changes(process, What::Cancel),
            67..=72 => self.changes(process, What::Pause),
            73..=80 => self.changes(process, What::Resume),
            81..=86 => self.changes(process, What::RetryNow),
            87..=91 => self.changes(process, What::Decide),
            92..=94 => self.reads(process),
            95..=97 => self.awaits(process),
            _ => self.lists(process),
        }
    }

    fn starts(&mut self, process: ProcessId) -> Result<(), String> {
        let case = self.rng.index(self.cases.len());
        let key = self.rng.happens(400).then(|| Arc::from(format!("start:{}", self.clients.keys.len())));
        if let Some(key) = &key {
            self.clients.keys.push((Arc::clone(key), case, Source::Flow));
        }
        self.start_of(process, case, key, Source::Flow)
    }

    /// The same key again, as a client does that did not hear an answer.
    fn starts_again(&mut self, process: ProcessId) -> Result<(), String> {
        let Some((key, case, source)) = self.rng.pick(&self.clients.keys).cloned() else {
            return self.starts(process);
        };
        self.start_of(process, case, Some(key), source)
    }

    /// A manual retry of an execution that did not complete.
    fn retries(&mut self, process: ProcessId) -> Result<(), String> {
        let is_retryable = |status| matches!(status, ExecutionStatus::Failed | ExecutionStatus::Cancelled);
        let mut candidates = self.checker.executions();
        candidates.retain(|&id| self.checker.story(id).is_some_and(|story| is_retryable(story.status())));
        match self.rng.pick(&candidates) {
            Some(&id) => self.starts_after(process, id, Source::Retried(id)),
            None => self.starts(process),
        }
    }

    /// The last turn of a session is written again, which may have been written again before.
    fn regenerates(&mut self, process: ProcessId) -> Result<(), String> {
        let turns = self.last_turns()?;
        match self.rng.pick(&turns).cloned() {
            Some((execution, node)) => self.starts_after(process, execution, Source::Turn(execution, node)),
            None => self.starts(process),
        }
    }

    /// Returns who wrote the last turn of each session.
    fn last_turns(&self) -> Result<Vec<(ExecutionId, NodeId)>, String> {
        let mut writers = Vec::new();
        for agent in TALKING {
            for session in sessions_of(&self.store, agent)? {
                let last = self.store.session_turns_now(&session.session, u32::MAX, 1, 0);
                let last = last.map_err(|error| error.to_string())?;
                writers.extend(last.into_iter().map(|turn| (turn.execution, turn.node)));
            }
        }
        Ok(writers)
    }

    fn starts_after(&mut self, process: ProcessId, old: ExecutionId, source: Source) -> Result<(), String> {
        let flow = self.checker.fold(old)?.accepted().flow;
        let Some(case) = self.cases.iter().position(|case| case.id == flow) else { return Ok(()) };
        let key: Arc<str> = format!("after:{}", self.clients.keys.len()).into();
        self.clients.keys.push((Arc::clone(&key), case, source.clone()));
        self.start_of(process, case, Some(key), source)
    }

    /// Asks a process to start an execution of a flow.
    pub(crate) fn start(&mut self, process: ProcessId, case: usize) -> Result<(), String> {
        self.start_of(process, case, None, Source::Flow)
    }

    fn start_of(
        &mut self,
        process: ProcessId,
        case: usize,
        key: Option<Arc<str>>,
        source: Source,
    ) -> Result<(), String> {
        let execution = self.new_execution_id();
        let (version, mut accepted) = self.accepted_of(process, case, &source)?;
        if matches!(source, Source::Flow) {
            let start_at = version.flow.settings.debounce().map(|debounce| self.now.plus(debounce.quiet));
            accepted.queue = Some(Box::new(QueuePlace { start_at, ..QueuePlace::default() }));
        }
        let start = StartScope { execution, trigger_data: &accepted.trigger_data, now: self.now };
        let place = version.flow.queue_place(start, accepted.queue.as_deref(), &version.limits);
        accepted.queue = place.map_err(|reason| format!("{execution} has no place: {reason}"))?;
        let flow = self.flow_as_driven(&version);
        let idempotency = key.clone().filter(|_| self.stores_keys()).map(|key| Idempotency {
            tenant: TenantId::DEFAULT,
            key,
            request_hash: [1; 32],
            created_at: self.now,
        });
        if let Some(key) = &key {
            self.checker.start_is_asked(execution, Arc::clone(key));
        }
        let reply = self.call(process, Call::Start { execution, key });
        let wait = self.rng.happens(300).then(|| self.call(process, Call::Await { execution }));
        let limits = version.flow.settings.slot_limits();
        self.note(format_args!("client starts {execution} on {process}, of {source:?}"));
        let (accepted, pinned) = self.pinned_to_current(accepted, flow);
        let new = NewExecution { id: execution, pinned, accepted };
        let accept = Accept { new, limits, idempotency, reply, wait };
        self.deliver(process, Message::Accept(Box::new(accept)))
    }

    fn accepted_of(
        &mut self,
        process: ProcessId,
        case: usize,
        source: &Source,
    ) -> Result<(Arc<FlowVersion>, Accepted), String> {
        let current = Arc::clone(self.cases[case].current());
        let worker = self.worker_name(process);
        match source {
            Source::Flow => {
                let accepted = self.new_acceptance(process, current.flow_id, current.version);
                Ok((current, accepted))
            }
            Source::Retried(id) => {
                let mode = if self.rng.happens(500) { RetryMode::FromStart } else { RetryMode::FromFailed };
                let old = self.checker.fold(*id)?;
                let mut plan = old.retry_plan(mode, &current);
                while let Some(child) = plan.wanted() {
                    plan.add(self.checker.fold(child).ok().as_ref());
                }
                Ok((current, old.retried(plan, None, Actor::USER, worker)))
            }
            Source::Forked(id, node) => {
                let old = self.checker.fold(*id)?;
                self.forked(&old, node, &current, worker)
            }
            Source::Turn(id, node) => {
                let old = self.checker.fold(*id)?;
                let plan = old.regenerate_plan(node);
                Ok((Arc::clone(old.flow()), old.retried(plan, None, Actor::USER, worker)))
            }
        }
    }

    fn new_acceptance(
        &mut self,
        process: ProcessId,
        flow: steadflow_core::ids::FlowId,
        version: u32,
    ) -> Accepted {
        let worker = self.worker_name(process);
        let mut trigger_data = json!({ "k": self.rng.below(100) });
        if self.rng.happens(100) {
            trigger_data["long"] = "x".repeat(LONG_RECORD).into();
        }
        Accepted {
            trigger_data: Payload::from_value(&trigger_data),
            actor: Actor::USER,
            ..Accepted::new(TenantId::DEFAULT, flow, version, worker)
        }
    }

    /// Later ones sort behind earlier ones.
    fn new_execution_id(&mut self) -> ExecutionId {
        self.clients.started += 1;
        let millis = self.now.since(EPOCH).as_millis();
        let number = 0x7000 | u128::from(self.clients.started & 0xfff);
        let chance = 0x8000_0000_0000_0000 | u128::from(self.rng.next() >> 2);
        let id = (millis << 80) | (number << 64) | chance;
        ExecutionId::new(Uuid::from_u128(id))
    }

    fn some_execution(&mut self) -> Option<ExecutionId> {
        let all = self.checker.executions();
        let unfinished: Vec<ExecutionId> = self.checker.unfinished().map(|story| story.id()).collect();
        let from = if unfinished.is_empty() || self.rng.happens(100) { all } else { unfinished };
        self.rng.pick(&from).copied()
    }

    fn changes(&mut self, process: ProcessId, what: What) -> Result<(), String> {
        match self.rng.below(100) {
            0..=2 => self.sends_in_vain(what),
            3..=29 => {
                let Some(execution) = self.some_execution() else { return Ok(()) };
                self.sends_change(execution, what)
            }
            _ => {
                let Some(execution) = self.some_execution() else { return Ok(()) };
                self.change(process, execution, what)
            }
        }
    }

    /// Asks for a change of one execution.
    pub(crate) fn change(
        &mut self,
        process: ProcessId,
        execution: ExecutionId,
        what: What,
    ) -> Result<(), String> {
        let Some(signal) = self.signal(execution, what) else { return Ok(()) };
        self.ask(process, execution, what, signal)
    }

    /// Gives a process something that an execution is to decide on.
    pub(crate) fn ask(
        &mut self,
        process: ProcessId,
        execution: ExecutionId,
        what: What,
        signal: Signal,
    ) -> Result<(), String> {
        self.checker.change_is_asked(execution, what);
        self.note(format_args!("client asks {process} to {what:?} {execution}"));
        let seq = self.checker.story(execution).map_or(0, |story| story.seq());
        let input = Input::from(self.misheard(execution, signal.clone()));
        let reply = self.call(process, Call::Change { execution, what, signal, seq });
        let from = Origin::Caller { reply, tenant: TenantId::DEFAULT };
        self.deliver(process, Message::Input { execution, input, from })
    }

    /// Asks a process that drives nothing for a change: it is stored for the one that drives the execution.
    fn sends_change(&mut self, execution: ExecutionId, what: What) -> Result<(), String> {
        let Some(signal) = self.signal(execution, what) else { return Ok(()) };
        self.checker.change_is_asked(execution, what);
        self.note(format_args!("client sends {what:?} to {execution}"));
        self.send(TenantId::DEFAULT, execution, &signal)
    }

    /// Asks for changes of what waits for a moment or a person: both processes find them. Taken in twice, a pause and
    /// its end show; each alone is rejected the second time.
    fn sends_to_parked(&mut self) -> Result<(), String> {
        let parked: Vec<ExecutionId> = self.checker.parked().collect();
        let Some(execution) = self.rng.pick(&parked).copied() else { return Ok(()) };
        let twice: &[What] = &[What::Pause, What::Resume];
        let choices = [twice, twice, &[What::Resume], &[What::RetryNow], &[What::Decide]];
        for what in choices[self.rng.index(choices.len())] {
            self.sends_change(execution, *what)?;
        }
        Ok(())
    }

    /// Sends something that must come to nothing: on behalf of another tenant, or to no execution.
    fn sends_in_vain(&mut self, what: What) -> Result<(), String> {
        let Some(execution) = self.some_execution() else { return Ok(()) };
        let Some(signal) = self.signal(execution, what) else { return Ok(()) };
        if self.rng.happens(500) {
            self.note(format_args!("another tenant sends {what:?} to {execution}"));
            let stranger = TenantId::new(Uuid::from_u128(1));
            self.send(stranger, execution, &signal)
        } else {
            let nowhere = ExecutionId::new(Uuid::from_u128(execution.uuid().as_u128() ^ 1));
            self.note(format_args!("client sends {what:?} to {nowhere}, which is not there"));
            self.send(TenantId::DEFAULT, nowhere, &signal)
        }
    }

    /// Stores an input, as the engine's handle does for what it does not drive.
    pub(crate) fn send(
        &mut self,
        tenant: TenantId,
        execution: ExecutionId,
        signal: &Signal,
    ) -> Result<(), String> {
        let input = serde_json::to_string(signal).map_err(|error| error.to_string())?.into();
        let item = InboxInput { tenant, execution, input, created_at: self.now };
        let sent = self.store.send_now(item).map_err(|error| error.to_string())?;
        self.checker.sent(sent, execution, self.now);
        if let (Signal::Approve { node, answer, .. }, TenantId::DEFAULT) = (signal, tenant) {
            self.checker.answer_is_stored(sent, execution, node, answer);
        }
        Ok(())
    }

    fn signal(&mut self, execution: ExecutionId, what: What) -> Option<Signal> {
        let story = self.checker.story(execution)?;
        let (first, by) = (story.node_id(steadflow_core::ids::NodeIndex(0)), Actor::USER);
        let asking = story.asking().map(|node| story.node_id(node));
        let backing_off = story.backing_off().map(|node| story.node_id(node));
        Some(match what {
            What::Approve => return self.some_answer(execution),
            What::Cancel if story.undoing.is_some() => Signal::StopCompensation { by },
            What::Cancel => Signal::Cancel { message: "Cancelled by a person".into(), by },
            What::Pause => Signal::Pause { by },
            What::Resume => Signal::Resume { by },
            What::RetryNow => Signal::RetryNow { node: backing_off.unwrap_or(first), by },
            What::Decide => {
                Signal::Resolve { node: asking.unwrap_or(first), resolution: self.resolution(), by }
            }
        })
    }

    fn resolution(&mut self) -> Resolution {
        match self.rng.below(3) {
            0 => Resolution::Retry,
            1 => Resolution::Complete { output: Payload::from_value(&json!({ "n": 1, "by": "a person" })) },
            _ => Resolution::Fail { message: "a person says no".into() },
        }
    }

    fn reads(&mut self, process: ProcessId) -> Result<(), String> {
        let Some(execution) = self.some_execution() else { return Ok(()) };
        let reply = self.call(process, Call::Read);
        self.deliver(process, Message::Read { execution, reply })
    }

    fn awaits(&mut self, process: ProcessId) -> Result<(), String> {
        let Some(execution) = self.some_execution() else { return Ok(()) };
        let reply = self.call(process, Call::Await { execution });
        self.deliver(process, Message::Await { execution, reply })
    }

    fn lists(&mut self, process: ProcessId) -> Result<(), String> {
        let seen = self.checker.known_to_clients();
        let reply = self.call(process, Call::Show { seen });
        self.deliver(process, Message::Show { reply })
    }

    /// When everything is healed: people resume what they paused, and settle what asks.
    pub(crate) fn people_help(&mut self) -> Result<(), String> {
        let held: Vec<(ExecutionId, What)> = self
            .checker
            .unfinished()
            .filter_map(|story| match (story.status(), story.asking()) {
                (ExecutionStatus::Paused, _) => Some((story.id(), What::Resume)),
                (_, Some(_)) => Some((story.id(), What::Decide)),
                (_, None) => story.has_open_approval().then(|| (story.id(), What::Approve)),
            })
            .collect();
        for (execution, what) in held {
            if let Some(process) = self.process_of(execution) {
                self.change(process, execution, what)?;
            }
        }
        Ok(())
    }
}
