//! Nodes that wait for events from outside.

use super::decide::Decider;
use super::{Effect, Execution, ExecutionStatus, NodeState, Rejected};
use crate::event::Event;
use crate::external_event::{EventWait, ExternalEvent, NodeWait};
use crate::ids::{NodeId, NodeIndex};
use crate::node::Resumed;
use crate::status::Wait;
use crate::timestamp::Timestamp;

/// The event that a node waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwaitedEvent {
    /// What it is.
    pub wait: EventWait,
    /// Whether it is stored where events find it. Not stored itself: it is stored again when the journal is read.
    pub(super) is_registered: bool,
}

impl AwaitedEvent {
    pub(super) const fn new(wait: EventWait) -> Self {
        Self { wait, is_registered: false }
    }
}

impl Decider<'_> {
    /// Lets a node wait for an event, and asks for one that came before. What it waits for stays what it was when it began to.
    pub(super) fn await_event(&mut self, node: NodeIndex, wanted: EventWait) {
        if !matches!(self.execution.node(node).state, NodeState::Waiting(Wait::Event { .. })) {
            let until = self.node(node).attempt_timeout.map(|timeout| self.now.plus(timeout));
            self.emit(Event::EventAwaited { node, wait: Box::new(EventWait { until, ..wanted }) });
        }
        let Some(awaited) = &self.execution.node(node).awaited else { return };
        let wait = awaited.wait.clone();
        self.execution.slots_asked.insert(node);
        self.decision.effects.push(Effect::AwaitEvent(Box::new(NodeWait {
            tenant: self.flow.tenant,
            execution: self.execution.id,
            node,
            node_id: self.node(node).id.clone(),
            wait,
        })));
    }

    /// The wait of a node is stored, and `event` came before that.
    pub(super) fn event_answered(
        &mut self,
        node: NodeIndex,
        event: Option<Box<ExternalEvent>>,
    ) -> Result<(), Rejected> {
        let Some(state) = self.execution.nodes.get_mut(node.at()) else { return Err(Rejected::NotWaiting) };
        let NodeState::Waiting(Wait::Event { .. }) = state.state else { return Err(Rejected::NotWaiting) };
        if let Some(awaited) = &mut state.awaited {
            awaited.is_registered = true;
        }
        self.execution.slots_asked.remove(&node);
        match event {
            Some(event) => self.take_event(node, &event),
            None => Ok(()),
        }
    }

    /// An event came. That it does not fit any more is no fault of its sender.
    pub(super) fn event_arrived(&mut self, id: NodeId, event: &ExternalEvent) -> Result<(), Rejected> {
        let node = self.find(id)?;
        self.take_event(node, event)
    }

    fn take_event(&mut self, node: NodeIndex, event: &ExternalEvent) -> Result<(), Rejected> {
        let state = self.execution.node(node);
        let is_awaited = matches!(state.state, NodeState::Waiting(Wait::Event { .. }));
        if !is_awaited || !state.awaited.as_ref().is_some_and(|awaited| awaited.wait.fits(event)) {
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
    pub(super) fn apply_event_awaited(&mut self, node: NodeIndex, wait: &EventWait, at: Timestamp) {
        self.apply_waiting(node, Wait::Event { until: wait.until }, at);
        self.nodes[node.at()].awaited = Some(Box::new(AwaitedEvent::new(wait.clone())));
    }
}
