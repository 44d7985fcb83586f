//! What a process asks of the store, and what can go wrong with it. Its commits are in `world/commit.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use steadflow_core::budget::Amount;
use steadflow_core::flow_control::SlotLimits;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::protection::{GateAsk, Permits};
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::shard::{Loaded, Message, Recovered, Unclaimed};
use steadflow_runtime::worker::{Answer, Ask, IncarnationId, Orphans, Rest};
use steadflow_store::{InboxId, InboxItem, MemoryStore, QueuedExecution, StoreError, Worker as Lessee};

use super::{Process, ProcessId};
use crate::checker::Call;
use crate::fault::Fault;
use crate::mutation::Mutation;
use crate::world::commit::Sent;
use crate::world::{Fleet, Happening, Incident, SLOTS_EVERY, World};

/// More than there are in any run.
const ALL: usize = 100_000;

impl World {
    /// A question of a process reaches the store.
    pub(super) fn store_is_asked(
        &mut self,
        id: ProcessId,
        by: IncarnationId,
        ask: Ask,
    ) -> Result<(), String> {
        match ask {
            Ask::Register { ttl, .. } => self.registers(id, by, ttl),
            Ask::Renew { lessee, ttl } => self.renews(id, by, lessee, ttl),
            Ask::TakeOver { lessee, limit } => self.takes_over(id, by, lessee, limit),
            Ask::FindOrphans { lessee, limit } => self.looks_for_orphans(id, by, lessee, limit),
            Ask::FindDue { after, until, limit } => {
                self.looks_for_due(id, by, |store| store.due_now(after, until, limit))
            }
            Ask::ReadInbox { lessee, after, limit } => {
                self.reads_inbox(id, by, lessee, |store| store.inbox_now(lessee, after, limit))
            }
            Ask::SortInbox { lessee, discarded, unclaimed } => {
                self.sorts_inbox(id, by, lessee, (discarded, unclaimed))
            }
            Ask::Decide(mut turn) => {
                turn.take();
                if !(self.breaks(Mutation::LongTurnLost) && self.rng.happens(100)) {
                    self.answer(id, by, Answer::Decided(turn));
                }
                Ok(())
            }
            Ask::Gate(lessee, ask) => self.asks_for_agent(id, by, lessee, *ask),
            Ask::ClaimSession(lessee, claim) => self.claims_session(id, by, lessee, claim),
            Ask::AwaitEvent(ask) => self.awaits_event(id, by, ask),
            Ask::Load(lessee, execution) => self.loads(id, by, lessee, execution),
            Ask::Commit(lessee, batch, commits) => {
                self.apply(Sent { process: id, by, lessee, batch }, commits)
            }
            Ask::Release(lessee) => self.releases(id, by, lessee),
        }
    }

    /// The process will learn what the store answers.
    pub(in crate::world) fn answer(&mut self, id: ProcessId, by: IncarnationId, answer: Answer) {
        let after = if self.strikes(Fault::SlowAnswer) {
            self.rng.millis(5, 500)
        } else {
            Duration::from_micros(self.rng.between(10, 3_000))
        };
        self.later(after, id, Incident::Answer(by, answer));
    }

    pub(super) fn clock_of(&self, id: ProcessId) -> Timestamp {
        self.processes.get(&id).map_or(self.now, |process| process.clock(self.now))
    }

    fn registers(&mut self, id: ProcessId, by: IncarnationId, ttl: Duration) -> Result<(), String> {
        let holder = self.holder_but(id);
        let lessee = match holder.and_then(|holder| self.processes[&holder].worker.lessee()) {
            Some(lessee) if self.breaks(Mutation::TakeOverFromTheLiving) => lessee,
            _ if self.fleet == Fleet::One && holder.is_some() => return self.crash(id),
            _ => {
                let clock = self.clock_of(id);
                self.takes_the_database(id);
                let lessee = self.store.register_now(clock, ttl).map_err(|error| error.to_string())?;
                self.checker.registered(lessee, clock, ttl, self.now)?;
                lessee
            }
        };
        self.note(format_args!("{id} is worker {}", lessee.epoch));
        if let Some(process) = self.processes.get_mut(&id) {
            process.lessees.push(lessee);
        }
        self.answer(id, by, Answer::Registered(Ok(lessee)));
        Ok(())
    }

    /// A process that has the database for itself ends all other leases when it opens it, as the store with a lock does.
    /// The process before, if it only stood still, must not go on: it would know nothing of what this one queues.
    fn takes_the_database(&mut self, id: ProcessId) {
        if self.fleet == Fleet::One {
            let others = self.processes.values().filter(|other| other.id != id);
            let lessees: Vec<Lessee> = others.flat_map(|other| other.lessees.iter().copied()).collect();
            lessees.into_iter().for_each(|lessee| self.ends_lease(lessee));
        }
    }

    /// Returns another process than `id` that holds the lock on the database, if only one may: it moves, or its lease has
    /// not ended.
    fn holder_but(&self, id: ProcessId) -> Option<ProcessId> {
        let holds = |process: &&Process| {
            let end = process.worker.lessee().and_then(|lessee| self.checker.lease_end(lessee));
            !process.is_frozen || end.is_some_and(|end| end > process.clock(self.now))
        };
        let others = self.processes.values().filter(|other| other.id != id);
        others.filter(holds).map(|other| other.id).next()
    }

    fn renews(
        &mut self,
        id: ProcessId,
        by: IncarnationId,
        lessee: Lessee,
        ttl: Duration,
    ) -> Result<(), String> {
        if self.strikes(Fault::Standstill) {
            self.later(Duration::ZERO, id, Incident::Freeze);
        } else if self.strikes(Fault::Shutdown) {
            self.later(Duration::ZERO, id, Incident::Stop);
        }
        if self.is_cut_off(id) {
            if self.breaks(Mutation::LostLeaseIgnored) {
                self.answer(id, by, Answer::Renewed(Ok(())));
            } else if self.rng.happens(700) {
                let error = StoreError::Database { call: "renew", source: "the connection broke".into() };
                self.answer(id, by, Answer::Renewed(Err(error)));
            }
            return Ok(());
        }
        if self.breaks(Mutation::LeaseNotRenewed) {
            self.answer(id, by, Answer::Renewed(Ok(())));
            return Ok(());
        }
        let clock = self.clock_of(id);
        let result = match self.store.renew_now(lessee, clock, ttl) {
            Ok(()) => {
                self.checker.renewed(lessee, clock, ttl);
                Ok(())
            }
            Err(StoreError::Fenced) if self.breaks(Mutation::NoFence) => Ok(()),
            Err(error @ StoreError::Fenced) => {
                self.note(format_args!("{id} learns that it is fenced"));
                Err(error)
            }
            Err(error) => return Err(error.to_string()),
        };
        self.answer(id, by, Answer::Renewed(result));
        Ok(())
    }

    /// Returns whether a renewal of this process comes to nothing.
    fn is_cut_off(&mut self, id: ProcessId) -> bool {
        let begins = self.strikes(Fault::FailingRenewals).then(|| self.rng.millis(1_000, 30_000));
        let now = self.now;
        let Some(process) = self.processes.get_mut(&id) else { return false };
        if let Some(span) = begins {
            process.cut_off_until = Some(now.plus(span));
        }
        let is_cut_off = process.cut_off_until.is_some_and(|until| now < until);
        if is_cut_off {
            process.well_since = now;
        }
        is_cut_off
    }

    fn releases(&mut self, id: ProcessId, by: IncarnationId, lessee: Lessee) -> Result<(), String> {
        self.ends_lease(lessee);
        if let Some(process) = self.processes.get_mut(&id) {
            process.is_released = true;
        }
        self.answer(id, by, Answer::Released(lessee, Ok(())));
        Ok(())
    }

    pub(super) fn ends_lease(&mut self, lessee: Lessee) {
        self.store.release_now(lessee).expect("an open store ends leases");
        self.checker.released(lessee, self.now);
    }

    fn looks_for_due(
        &mut self,
        id: ProcessId,
        by: IncarnationId,
        due: impl FnOnce(&MemoryStore) -> Result<Vec<(Timestamp, ExecutionId)>, StoreError>,
    ) -> Result<(), String> {
        let is_first = self.processes.get(&id).is_none_or(|process| process.lessees[0].epoch == 1);
        let due = if self.strikes(Fault::FailingDue) {
            self.is_unwell(id);
            Err(StoreError::Database { call: "due", source: "it is busy".into() })
        } else if self.breaks(Mutation::DueNotAsked) && !is_first {
            Ok(Vec::new())
        } else {
            due(&self.store)
        };
        self.answer(id, by, Answer::Due(due));
        Ok(())
    }

    fn reads_inbox(
        &mut self,
        id: ProcessId,
        by: IncarnationId,
        lessee: Lessee,
        read: impl FnOnce(&MemoryStore) -> Result<Vec<InboxItem>, StoreError>,
    ) -> Result<(), String> {
        let found = if self.strikes(Fault::FailingInbox) {
            self.is_unwell(id);
            Err(StoreError::Database { call: "inbox", source: "it is busy".into() })
        } else if self.breaks(Mutation::InboxNotRead) {
            Ok(Vec::new())
        } else {
            read(&self.store)
        };
        let found = match found {
            Ok(found) if self.breaks(Mutation::InputDiscarded) => Ok(self.without_some(lessee, found)?),
            found => found,
        };
        self.answer(id, by, Answer::Inbox(found));
        Ok(())
    }

    /// [`Mutation::InputDiscarded`]: some inputs are discarded unread.
    fn without_some(&mut self, lessee: Lessee, found: Vec<InboxItem>) -> Result<Vec<InboxItem>, String> {
        let (discarded, read): (Vec<_>, Vec<_>) = found.into_iter().partition(|_| self.rng.happens(300));
        let discarded: Vec<InboxId> = discarded.iter().map(|item| item.id).collect();
        self.discards(lessee, &discarded)?.map_err(|error| error.to_string())?;
        Ok(read)
    }

    /// Deletes inputs of the inbox.
    fn discards(&mut self, lessee: Lessee, items: &[InboxId]) -> Result<Result<(), StoreError>, String> {
        let stored = self.store.inbox_now(lessee, None, ALL).unwrap_or_default();
        let result = self.store.discard_now(lessee, items);
        if result.is_ok() {
            self.checker.discarded(items, &stored)?;
        }
        Ok(result)
    }

    /// Deletes inputs from which nothing followed, and those for no execution.
    fn sorts_inbox(
        &mut self,
        id: ProcessId,
        by: IncarnationId,
        lessee: Lessee,
        (mut discarded, unclaimed): (Vec<InboxId>, Vec<Unclaimed>),
    ) -> Result<(), String> {
        let items = discarded.iter().copied().chain(unclaimed.iter().map(|item| item.item)).collect();
        for Unclaimed { item, tenant, execution } in unclaimed {
            let stored = self.store.execution_now(tenant, execution).map_err(|error| error.to_string())?;
            discarded.extend(stored.is_none().then_some(item));
        }
        let result = if self.strikes(Fault::FailingInbox) {
            self.is_unwell(id);
            Err(StoreError::Database { call: "discard", source: "it is busy".into() })
        } else {
            self.note(format_args!("{id} discards inputs {discarded:?}"));
            self.discards(lessee, &discarded)?
        };
        self.answer(id, by, Answer::InboxSorted(items, result));
        Ok(())
    }

    /// Draws from the budget of an agent, settles what was drawn, or asks for permits.
    fn asks_for_agent(
        &mut self,
        id: ProcessId,
        by: IncarnationId,
        lessee: Lessee,
        ask: GateAsk,
    ) -> Result<(), String> {
        let is_made = !self.strikes(Fault::DatabaseFailure);
        let fails = !is_made || self.strikes(Fault::UnknownWritten);
        let failed = || StoreError::Database { call: "draw", source: "it is busy".into() };
        match ask {
            GateAsk::Draw(draw) => {
                let drawn = if is_made && !self.breaks(Mutation::DrawNotStored) {
                    self.store.draw_now(&draw)
                } else {
                    Ok(draw.from(Amount::default()))
                };
                let drawn = if fails { Err(failed()) } else { drawn };
                self.note(format_args!("{id} draws {:?} for agent {}: {drawn:?}", draw.least, draw.agent));
                self.answer(id, by, Answer::Drawn(Box::new(draw), drawn));
            }
            GateAsk::Settle(settlement) => {
                let settled = if is_made { self.store.settle_now(&settlement) } else { Ok(()) };
                self.answer(id, by, Answer::Settled(if fails { Err(failed()) } else { settled }));
            }
            GateAsk::Permit(ask) => {
                let permitted = match self.breaks(Mutation::PermitsNotShared) {
                    true => Ok(Permits::all(&ask)),
                    false if is_made => self.store.permit_now(lessee, &ask, self.now),
                    false => Err(failed()),
                };
                let permitted = if fails { permitted.and(Err(failed())) } else { permitted };
                self.note(format_args!("{id} has {permitted:?} of agent {}", ask.agent));
                self.answer(id, by, Answer::Permitted(ask.agent, permitted));
            }
        }
        Ok(())
    }

    fn loads(
        &mut self,
        id: ProcessId,
        by: IncarnationId,
        lessee: Lessee,
        execution: ExecutionId,
    ) -> Result<(), String> {
        let result = if self.strikes(Fault::FailingLoad) {
            self.is_unwell(id);
            Err(StoreError::Database { call: "take", source: "it is busy".into() })
        } else {
            if let Some(stored) = self.revived.remove(&execution) {
                let loaded = Some(Box::new(self.replay(stored)?));
                self.answer(id, by, Answer::Loaded(execution, Ok(loaded)));
                return Ok(());
            }
            match self.store.take_now(lessee, execution) {
                Ok(stored) => Ok(stored.map(|stored| self.replay(stored)).transpose()?),
                Err(error @ StoreError::Fenced) => Err(error),
                Err(error) => return Err(error.to_string()),
            }
        };
        if let Ok(loaded) = &result {
            self.note(format_args!("{id} takes {execution}: {}", loaded.is_some()));
            self.checker.taken(execution, lessee, loaded.is_some(), self.now)?;
        }
        self.answer(id, by, Answer::Loaded(execution, result.map(|loaded| loaded.map(Box::new))));
        Ok(())
    }

    /// A new incarnation reads what the store holds for it, as the engine's driver does.
    fn takes_over(
        &mut self,
        id: ProcessId,
        by: IncarnationId,
        lessee: Lessee,
        limit: usize,
    ) -> Result<(), String> {
        let say = |error: StoreError| error.to_string();
        let slots = self.store.slots_now(None, ALL).map_err(say)?;
        let queued = self.store.queued_now(None, ALL).map_err(say)?;
        let limits = self.limits_of(&queued);
        let agents = crate::agents::limits(self.checker.day_budget());
        let slots = if self.breaks(Mutation::SlotsForgotten) { Vec::new() } else { slots };
        let answer = match self.orphans(id, lessee, limit)? {
            Err(error) => Err(error),
            Ok((orphans, rest)) => {
                self.note(format_args!("{id} recovers {} executions, {} wait", orphans.len(), queued.len()));
                let executions = self.adopted(id, orphans);
                let (unread, paused) = (Vec::new(), BTreeMap::new());
                Ok((Box::new(Recovered { executions, unread, slots, queued, limits, paused, agents }), rest))
            }
        };
        self.answer(id, by, Answer::TakenOver(answer));
        Ok(())
    }

    fn looks_for_orphans(
        &mut self,
        id: ProcessId,
        by: IncarnationId,
        lessee: Lessee,
        limit: usize,
    ) -> Result<(), String> {
        let answer = if self.breaks(Mutation::OrphansNotLookedFor) {
            Ok((Vec::new(), Rest::None))
        } else if self.strikes(Fault::FailingOrphans) {
            self.is_unwell(id);
            Err(StoreError::Database { call: "recover", source: "it is busy".into() })
        } else {
            self.orphans(id, lessee, limit)?
        };
        if let Ok((orphans, _)) = &answer
            && !orphans.is_empty()
        {
            self.note(format_args!("{id} takes {} executions over", orphans.len()));
        }
        let answer = answer.map(|(orphans, rest)| Orphans {
            executions: self.adopted(id, orphans),
            unread: Vec::new(),
            rest,
        });
        self.answer(id, by, Answer::Orphans(answer));
        Ok(())
    }

    /// Makes executions whose owner has lost its lease this worker's.
    fn orphans(
        &mut self,
        id: ProcessId,
        lessee: Lessee,
        limit: usize,
    ) -> Result<Result<(Vec<Loaded>, Rest), StoreError>, String> {
        let clock = self.clock_of(id);
        let hours = if self.breaks(Mutation::OrphansOfTheLiving) { 1 } else { 0 };
        let stored = match self.store.recover_now(lessee, clock.plus(Duration::from_hours(hours)), limit) {
            Err(error @ StoreError::Fenced) => return Ok(Err(error)),
            stored => stored.map_err(|error| error.to_string())?,
        };
        self.checker.fences(lessee, clock, self.now);
        let rest = if stored.len() < limit { Rest::None } else { Rest::Some };
        let mut orphans = Vec::new();
        for stored in stored {
            self.checker.taken_over(stored.id, lessee, clock, self.now)?;
            orphans.push(self.replay(stored)?);
        }
        Ok(Ok((orphans, rest)))
    }

    /// Tells each process what waits for slots and who holds them, as its engine does.
    pub(in crate::world) fn look_for_slots(&mut self) -> Result<(), String> {
        let waiting = self.store.waiting_now(ALL).map_err(|error| error.to_string())?;
        let limits = self.limits_of(&waiting.queued);
        let ids: Vec<ProcessId> = self.processes.keys().copied().collect();
        for id in ids {
            self.deliver(id, Message::Waiting(Box::new(waiting.clone()), limits.clone()))?;
        }
        self.after(SLOTS_EVERY, Happening::Slots);
        Ok(())
    }

    fn limits_of(&self, queued: &[QueuedExecution]) -> Vec<(FlowId, SlotLimits)> {
        let waiting: BTreeSet<FlowId> = queued.iter().map(|queued| queued.flow).collect();
        let limits = self.cases.iter().filter(|case| waiting.contains(&case.id));
        limits.map(|case| (case.id, case.current().flow.settings.slot_limits())).collect()
    }

    /// What a worker is given of what it takes over. [`Mutation::NoAdoption`]: nothing, and then it loads what was under
    /// way as if it had been parked.
    /// [`Mutation::OrphanedChildrenLost`]: only what no execution started.
    fn adopted(&mut self, id: ProcessId, mut orphans: Vec<Loaded>) -> Vec<Loaded> {
        if self.breaks(Mutation::OrphanedChildrenLost) {
            orphans.retain(|orphan| orphan.execution.accepted().parent.is_none());
        }
        if !self.breaks(Mutation::NoAdoption) {
            return orphans;
        }
        for orphan in orphans {
            let execution = orphan.execution.id();
            let reply = self.call(id, Call::Await { execution });
            let message = Message::Await { execution, reply };
            self.later(Duration::from_millis(4), id, Incident::Call(Box::new(message)));
        }
        Vec::new()
    }
}
