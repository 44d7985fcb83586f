//! Sessions of agents: nodes that wait for one.
//!
//! The store says who has a session; here is only who waits for it in this process, first come first served. The first one
//! asks the store, and asks again when a node of this process has left the session, and now and then, since one of another
//! process may have.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use steadflow_core::execution::{Effect, Input};
use steadflow_core::ids::{ExecutionId, NodeIndex};
use steadflow_core::session::{SessionAnswer, SessionClaim, SessionHolder, SessionId, SessionPart, WhenBusy};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Claimed, StoreError};

use super::{Action, Origin, Phase, Queued, Shard};

/// When a session that another node has is asked for again, if nothing says before that it is free.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The nodes that wait for a session.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    queues: BTreeMap<SessionId, Queue>,
    /// Which session each node in a queue waits for.
    waiting: BTreeMap<(ExecutionId, NodeIndex), SessionId>,
    /// What nodes of executions in memory have got. A node that asks once more, because its decision was taken back, gets the
    /// same: the store is not asked, which would give it the session again if it has left it by then.
    taken: BTreeMap<(ExecutionId, NodeIndex), SessionPart>,
    /// When to ask for which session again.
    again: BTreeSet<(Timestamp, SessionId)>,
}

#[derive(Debug, Default)]
struct Queue {
    /// Those that interrupt others come before those that wait. Never empty.
    claims: VecDeque<SessionClaim>,
    /// Whether the store is being asked for the first of them.
    is_asked: bool,
    /// Whether the session was left meanwhile.
    is_left: bool,
    ask_at: Option<Timestamp>,
}

impl Queue {
    /// Adds a claim. One that the same node has made before keeps its place.
    fn add(&mut self, claim: SessionClaim) {
        if let Some(known) = self.claims.iter_mut().find(|known| is_same(known, &claim)) {
            *known = claim;
            return;
        }
        let waits = |known: &SessionClaim| known.when_busy == WhenBusy::Wait;
        let place = match claim.when_busy {
            WhenBusy::Interrupt => self.claims.iter().position(waits).unwrap_or(self.claims.len()),
            WhenBusy::Wait => self.claims.len(),
        };
        self.claims.insert(place, claim);
    }

    /// Puts the node first that has the session by the store and does not know it: the process has died before it heard.
    fn put_first(&mut self, holder: &SessionHolder) -> bool {
        let has_it =
            |claim: &SessionClaim| claim.execution == holder.execution && claim.node_id == holder.node;
        let place = self.claims.iter().position(has_it);
        let claim = place.and_then(|place| self.claims.remove(place));
        let is_here = claim.is_some();
        claim.into_iter().for_each(|claim| self.claims.push_front(claim));
        is_here
    }
}

fn is_same(one: &SessionClaim, other: &SessionClaim) -> bool {
    (one.execution, one.node) == (other.execution, other.node)
}

impl Sessions {
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        self.again.first().map(|(at, _)| *at)
    }

    fn disarm(&mut self, id: &SessionId) {
        let ask_at = self.queues.get_mut(id).and_then(|queue| queue.ask_at.take());
        if let Some(at) = ask_at {
            self.again.remove(&(at, id.clone()));
        }
    }

    fn ask_at(&mut self, id: &SessionId, at: Timestamp) {
        self.disarm(id);
        if let Some(queue) = self.queues.get_mut(id) {
            queue.ask_at = Some(at);
            self.again.insert((at, id.clone()));
        }
    }

    /// Takes a claim out; false if it does not wait any more.
    fn remove(&mut self, claim: &SessionClaim) -> bool {
        let Some(queue) = self.queues.get_mut(&claim.session) else { return false };
        self.waiting.remove(&(claim.execution, claim.node));
        let place = queue.claims.iter().position(|known| is_same(known, claim));
        place.and_then(|place| queue.claims.remove(place)).is_some()
    }
}

impl Shard {
    /// Lets a node wait for its session.
    pub(super) fn await_session(&mut self, claim: SessionClaim, now: Timestamp) {
        if let Some(part) = self.sessions.taken.get(&(claim.execution, claim.node)).cloned() {
            return self.give_session(&claim, SessionAnswer::Taken(part), now);
        }
        let id = claim.session.clone();
        self.sessions.waiting.insert((claim.execution, claim.node), id.clone());
        let queue = self.sessions.queues.entry(id.clone()).or_default();
        let was_first = queue.claims.front().cloned();
        queue.add(claim);
        let has_changed = was_first.as_ref() != queue.claims.front();
        if has_changed {
            self.ask_for_session(&id);
        }
    }

    /// Asks the store for a session, for the first of those that wait for it.
    fn ask_for_session(&mut self, id: &SessionId) {
        self.sessions.disarm(id);
        let Some(queue) = self.sessions.queues.get_mut(id) else { return };
        if queue.claims.is_empty() && !queue.is_asked {
            self.sessions.queues.remove(id);
            return;
        }
        if self.phase != Phase::Open || queue.is_asked {
            queue.is_left = true;
            return;
        }
        (queue.is_asked, queue.is_left) = (true, false);
        let first = queue.claims.front().cloned().map(Box::new);
        self.actions.extend(first.map(Action::ClaimSession));
    }

    /// Takes in what the store says of a claim.
    pub(super) fn session_claimed(
        &mut self,
        claim: &SessionClaim,
        result: Result<Claimed, StoreError>,
        now: Timestamp,
    ) {
        let id = &claim.session;
        let Some(queue) = self.sessions.queues.get_mut(id) else { return };
        queue.is_asked = false;
        let is_left = std::mem::take(&mut queue.is_left);
        let is_first = queue.claims.front().is_some_and(|first| is_same(first, claim));
        match result {
            Ok(Claimed::Answer(answer)) => {
                if self.sessions.remove(claim) {
                    if let SessionAnswer::Taken(part) = &answer {
                        self.sessions.taken.insert((claim.execution, claim.node), part.clone());
                    }
                    self.give_session(claim, answer, now);
                }
                self.ask_for_session(id);
            }
            // It was parked when this was asked, and is back: what is not here any more waits for nothing.
            Ok(Claimed::NotOurs) if is_first => self.sessions.ask_at(id, now.plus(self.config.redo_after)),
            Ok(Claimed::NotOurs) => self.ask_for_session(id),
            Ok(Claimed::Busy(holder)) => {
                let is_ahead = queue.put_first(&holder);
                if claim.when_busy == WhenBusy::Interrupt {
                    self.actions.push(Action::LookIntoInbox);
                }
                if is_left || !is_first || is_ahead {
                    self.ask_for_session(id);
                } else {
                    self.sessions.ask_at(id, now.plus(ASK_AGAIN_AFTER));
                }
            }
            Err(error) => {
                tracing::warn!(execution.id = %claim.execution, error = %error, "a session could not be taken; it will be tried again");
                self.sessions.ask_at(id, now.plus(self.config.redo_after));
            }
        }
    }

    fn give_session(&mut self, claim: &SessionClaim, answer: SessionAnswer, now: Timestamp) {
        let input = Input::SessionAnswered { node: claim.node, answer };
        self.enqueue(claim.execution, Queued::Input(input, Origin::Engine), now);
    }

    /// Asks again for the sessions whose time has come.
    pub(super) fn ask_for_sessions(&mut self, now: Timestamp) {
        while let Some((at, id)) = self.sessions.again.first().cloned()
            && at <= now
        {
            self.ask_for_session(&id);
        }
    }

    /// An execution is not here any more, or has ended: it waits for no session.
    pub(super) fn forget_sessions(&mut self, execution: ExecutionId) {
        let of_it = (execution, NodeIndex(0))..=(execution, NodeIndex(u16::MAX));
        while let Some((&place, _)) = self.sessions.taken.range(of_it.clone()).next() {
            self.sessions.taken.remove(&place);
        }
        while let Some((&place, id)) = self.sessions.waiting.range(of_it.clone()).next() {
            let id = id.clone();
            self.sessions.waiting.remove(&place);
            if let Some(queue) = self.sessions.queues.get_mut(&id) {
                queue.claims.retain(|claim| claim.execution != execution);
            }
            self.ask_for_session(&id);
        }
    }

    /// An execution goes on without some of its nodes: those that have ended wait for no session.
    pub(super) fn forget_ended_waits(&mut self, id: ExecutionId) {
        let of_it = (id, NodeIndex(0))..=(id, NodeIndex(u16::MAX));
        let waiting: Vec<_> = self.sessions.waiting.range(of_it).map(|(place, _)| place.1).collect();
        for node in waiting {
            let live = self.live.get(&id);
            if live.is_none_or(|live| !live.execution.node(node).is_ended()) {
                continue;
            }
            let Some(session) = self.sessions.waiting.remove(&(id, node)) else { continue };
            if let Some(queue) = self.sessions.queues.get_mut(&session) {
                queue.claims.retain(|claim| (claim.execution, claim.node) != (id, node));
            }
            self.ask_for_session(&session);
        }
    }

    /// A node of this process has left a session.
    pub(super) fn session_left(&mut self, id: &SessionId) {
        self.ask_for_session(id);
    }

    /// Asks for what a decision without events asks for: it rests on nothing that is not committed.
    pub(super) fn await_all(&mut self, effects: &mut Vec<Effect>, now: Timestamp) {
        for effect in effects.drain(..) {
            match effect {
                Effect::AwaitSlot(request) => self.gates.wait(*request),
                Effect::AwaitSession(claim) => self.await_session(*claim, now),
                Effect::AwaitEvent(wait) => self.actions.push(Action::AwaitEvent(wait)),
                Effect::CancelTask(work) => self.actions.push(Action::StartStep(work)),
                Effect::StartStep(_) | Effect::StopStep(..) | Effect::SessionLeft(_) => {}
            }
        }
    }
}
