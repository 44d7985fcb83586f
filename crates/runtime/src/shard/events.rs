//! Nodes that wait for events from outside: what they wait for is stored, and stored again where that failed.

use std::collections::BTreeMap;

use steadflow_core::execution::Input;
use steadflow_core::external_event::{EventAnswer, EventAsk, ExternalEvent, NodeWait};
use steadflow_core::ids::{ExecutionId, NodeIndex};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::StoreError;

use super::{Action, Origin, Queued, Shard};

/// The waits that could not be stored, by when that is tried again.
#[derive(Debug, Default)]
pub(super) struct EventWaits(BTreeMap<(Timestamp, ExecutionId, NodeIndex), Box<EventAsk>>);

impl EventWaits {
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        self.0.keys().next().map(|(at, ..)| *at)
    }
}

impl Shard {
    /// The wait of a node is stored, or could not be.
    pub(super) fn event_awaited(
        &mut self,
        ask: Box<EventAsk>,
        result: Result<Option<Box<ExternalEvent>>, StoreError>,
        now: Timestamp,
    ) {
        // One that is loaded later asks again, and one that waits for something else by now has asked for that.
        if !self.awaits(&ask.wait) {
            return;
        }
        match result {
            Ok(event) => {
                let EventAsk { wait, at: asked_at } = *ask;
                let execution = wait.execution;
                let answer = EventAnswer { node: wait.node, wait: wait.wait, asked_at, event };
                let input = Input::EventAnswered(Box::new(answer));
                self.enqueue(execution, Queued::Input(input, Origin::Engine), now);
            }
            Err(error) => {
                tracing::warn!(execution.id = %ask.wait.execution, error = %error, "what a node waits for could not be stored; it will be tried again");
                let at = now.plus(self.config.redo_after);
                self.event_waits.0.insert((at, ask.wait.execution, ask.wait.node), ask);
            }
        }
    }

    fn awaits(&self, wait: &NodeWait) -> bool {
        self.live.get(&wait.execution).is_some_and(|live| live.execution.awaits(wait.node, &wait.wait))
    }

    /// Stores again what could not be stored, of executions that are still here.
    pub(super) fn await_events_again(&mut self, now: Timestamp) {
        while let Some(entry) = self.event_waits.0.first_entry()
            && entry.key().0 <= now
        {
            let ask = entry.remove();
            if self.awaits(&ask.wait) {
                self.actions.push(Action::AwaitEvent(ask));
            }
        }
    }
}
