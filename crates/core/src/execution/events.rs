//! Nodes that wait for events from outside.
//!
//! An event that was stored in time may reach its node later: it is delivered by a loop of its own, and over a crash. So a wait
//! whose time is over has not ended: the store is asked once more, and what it says to a question of that time or later counts.

use super::decide::Decider;
use super::{Effect, Execution, ExecutionStatus, NodeState, Rejected};
use crate::event::Event;
use crate::external_event::{EventAnswer, EventAsk, EventWait, ExternalEvent, NodeWait};
use crate::ids::{NodeId, NodeIndex};
use crate::node::Resumed;
use crate::status::Wait;
use crate::timestamp::Timestamp;

impl Decider<'_> {
    /// Lets a node wait for an event, and asks for one that came before.
    pub(super) fn await_event(&mut self, node: NodeIndex, wanted: EventWait) {
        let until = self.node(node).attempt_timeout.map(|timeout| self.now.plus(timeout));
        self.emit(Event::EventAwaited { node, wait: Box::new(EventWait { until, ..wanted }) });
        self.ask_for_event(node);
    }

    /// Asks that the wait of a node is stored, and for an event that came before. What it waits for stays what it was when it
    /// began to.
    pub(super) fn ask_for_event(&mut self, node: NodeIndex) {
        let Some(awaited) = &self.execution.node(node).awaited else { return };
        let wait = EventWait::clone(awaited);
        self.execution.slots_asked.insert(node);
        let wait = NodeWait {
            tenant: self.flow.tenant,
            execution: self.execution.id,
            node,
            node_id: self.node(node).id.clone(),
            wait,
        };
        self.decision.effects.push(Effect::AwaitEvent(Box::new(EventAsk { wait, at: self.now })));
    }

    /// The time of a wait is over. It ends when the store has said that no event came.
    pub(super) fn look_once_more(&mut self, node: NodeIndex) {
        if !self.execution.slots_asked.contains(&node) {
            self.execution.waits_stored.remove(&node);
            self.ask_for_event(node);
        }
    }

    /// The wait of a node is stored, and `event` came before that was asked for. One that the node does not wait for any more says nothing.
    pub(super) fn event_answered(
        &mut self,
        EventAnswer { node, wait, asked_at, event }: EventAnswer,
    ) -> Result<(), Rejected> {
        if !self.execution.awaits(node, &wait) {
            return Err(Rejected::NotWaiting);
        }
        self.execution.slots_asked.remove(&node);
        self.execution.waits_stored.insert(node);
        if let Some(event) = event {
            return self.take_event(node, &event);
        }
        let is_over = |at: Timestamp| wait.until.is_some_and(|until| until <= at);
        // What is paused goes on with it when it is resumed.
        if self.execution.status == ExecutionStatus::Running && is_over(self.now) {
            if is_over(asked_at) {
                self.resume(node, Resumed::Elapsed, None);
            } else {
                self.look_once_more(node);
            }
        }
        Ok(())
    }

    /// An event came. That it does not fit any more is no fault of its sender.
    pub(super) fn event_arrived(&mut self, id: NodeId, event: &ExternalEvent) -> Result<(), Rejected> {
        let node = self.find(id)?;
        self.take_event(node, event)
    }

    fn take_event(&mut self, node: NodeIndex, event: &ExternalEvent) -> Result<(), Rejected> {
        let state = self.execution.node(node);
        let is_awaited = matches!(state.state, NodeState::Waiting(Wait::Event { .. }));
        if !is_awaited || !state.awaited.as_ref().is_some_and(|awaited| awaited.fits(event)) {
            return Err(Rejected::NotWaiting);
        }
        if self.execution.status == ExecutionStatus::Pending {
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        self.resume(node, Resumed::Event { output: event.output() }, None);
        Ok(())
    }
}

impl Execution {
    /// Returns whether this is what a node waits for.
    pub fn awaits(&self, node: NodeIndex, wait: &EventWait) -> bool {
        let Some(node) = self.nodes.get(node.at()) else { return false };
        matches!(node.state, NodeState::Waiting(Wait::Event { .. })) && node.awaited.as_deref() == Some(wait)
    }

    /// Returns whether a node waits for an event, and it is not known that this is stored where events find it.
    pub(super) fn is_to_store_wait(&self, node: NodeIndex) -> bool {
        matches!(self.node(node).state, NodeState::Waiting(Wait::Event { .. }))
            && !self.waits_stored.contains(&node)
    }

    /// Returns whether that has to be asked for. A pause does not hold it: events end waits meanwhile.
    pub(super) fn is_to_ask_for_event(&self, node: NodeIndex) -> bool {
        self.is_to_store_wait(node) && !self.slots_asked.contains(&node)
    }

    pub(super) fn apply_event_awaited(&mut self, node: NodeIndex, wait: &EventWait, at: Timestamp) {
        self.apply_waiting(node, Wait::Event { until: wait.until }, at);
        self.waits_stored.remove(&node);
        self.nodes[node.at()].awaited = Some(Box::new(wait.clone()));
    }
}
