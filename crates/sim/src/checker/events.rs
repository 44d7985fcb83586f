//! Nodes that wait for events from outside (E1 to E4): an event that was delivered ends every wait that it fits, a node
//! completes only with such an event, and gives up in time.

use std::collections::{BTreeMap, BTreeSet};

use steadflow_core::external_event::{EventAsk, EventWait, ExternalEvent};
use steadflow_core::ids::{ExecutionId, NodeIndex};
use steadflow_core::payload::Payload;
use steadflow_core::status::Wait;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::CallKey;
use steadflow_store::Worker as Lessee;

use super::story::{NodeStory, Sight, Story};
use super::{Checker, LATE_MAX, Verdict};
use crate::peers::Answer;

/// An event, and since when all that follows from it is stored.
#[derive(Debug)]
pub(super) struct Sent {
    event: ExternalEvent,
    delivered_at: Option<Timestamp>,
}

/// What a record is checked against, of all that happened outside.
pub(super) struct Known<'k> {
    pub(super) peers: &'k BTreeMap<CallKey, Answer>,
    pub(super) cancels: &'k BTreeSet<ExecutionId>,
    pub(super) sent: &'k [Sent],
    pub(super) looks: &'k Looks,
}

/// When it was asked last for the event that a node waits for, and how many events were stored by then.
pub(super) type Looks = BTreeMap<(ExecutionId, NodeIndex), (EventWait, Timestamp, usize)>;

/// What a node waits for, or waited, and since when.
#[derive(Debug)]
pub(super) struct Awaited {
    wait: EventWait,
    at: Timestamp,
}

impl NodeStory {
    /// Returns whether it may give up waiting.
    pub(super) fn gave_up(&self, now: Timestamp) -> bool {
        let until = self.parts.awaited.as_ref().and_then(|awaited| awaited.wait.until);
        until.is_some_and(|until| until <= now)
    }
}

impl Story {
    pub(super) fn awaits_event(&mut self, node: NodeIndex, wait: &EventWait, at: Timestamp) -> Verdict {
        if self.nodes[node.at()].attempts.is_empty() {
            self.begins(node)?;
        }
        self.is_running()?;
        let due = self.graph().node(node).attempt_timeout.map(|timeout| at.plus(timeout));
        if wait.until != due {
            return Err(format!("E3: a node gives up at {:?}, and was to at {due:?}", wait.until));
        }
        let story = &mut self.nodes[node.at()];
        story.retry_at = None;
        story.wait = Some(Wait::Event { until: wait.until });
        story.parts.awaited = Some(Awaited { wait: wait.clone(), at });
        Ok(())
    }

    /// A node gives up only when it was asked for its event once more after its time was over, and none was stored by then.
    pub(super) fn has_looked(&self, node: NodeIndex, sight: &Sight<'_>) -> Verdict {
        let awaited = self.nodes[node.at()].parts.awaited.as_ref().map(|awaited| &awaited.wait);
        let look = sight.looks.get(&(self.id(), node)).filter(|(wait, ..)| Some(wait) == awaited);
        let look = look.filter(|(wait, at, _)| wait.until.is_some_and(|until| until <= *at));
        let Some((wait, _, stored)) = look else {
            return Err(
                "E4: a node gives up, and nobody has looked for its event since its time was over".into()
            );
        };
        match sight.sent[..*stored].iter().find(|sent| wait.fits(&sent.event)) {
            Some(sent) => Err(format!("E4: a node gives up although event {} was stored", sent.event.id)),
            None => Ok(()),
        }
    }

    /// A node completes with an event.
    pub(super) fn takes_event(&self, node: NodeIndex, output: &Payload, sent: &[Sent]) -> Verdict {
        let awaited = self.nodes[node.at()].parts.awaited.as_ref();
        let fits = |sent: &Sent| {
            awaited.is_some_and(|awaited| awaited.wait.fits(&sent.event)) && sent.event.output() == *output
        };
        if sent.iter().any(fits) {
            return Ok(());
        }
        Err(format!(
            "E2: a node that waits for {awaited:?} completes with {output:?}, which nobody sent for it"
        ))
    }

    /// Returns a wait that began before `limit`, and that a delivered event should have ended by then.
    fn missed(&self, sent: &[Sent], limit: impl Fn(Timestamp) -> bool) -> Option<EventWait> {
        let waiting = self.nodes.iter().filter(|node| node.end.is_none());
        let waiting = waiting.filter(|node| matches!(node.wait, Some(Wait::Event { .. })));
        let mut open = waiting.filter_map(|node| node.parts.awaited.as_ref()).filter(|of| limit(of.at));
        let is_due = |wait: &EventWait| {
            sent.iter().any(|sent| sent.delivered_at.is_some_and(&limit) && wait.fits(&sent.event))
        };
        open.find(|of| is_due(&of.wait)).map(|of| of.wait.clone())
    }
}

impl Story {
    /// Returns whether a node of it waits for an event.
    pub(crate) fn awaits_some_event(&self) -> bool {
        let waits = |node: &NodeStory| node.end.is_none() && matches!(node.wait, Some(Wait::Event { .. }));
        self.nodes.iter().any(waits)
    }
}

impl Checker {
    /// An event is stored.
    pub(crate) fn event_is_stored(&mut self, event: ExternalEvent) {
        self.sent_events.push(Sent { event, delivered_at: None });
    }

    /// It is asked for the event that a node waits for.
    pub(crate) fn event_is_looked_for(&mut self, ask: &EventAsk) {
        let (wait, stored) = (ask.wait.wait.clone(), self.sent_events.len());
        self.looks.insert((ask.wait.execution, ask.wait.node), (wait, ask.at, stored));
    }

    /// All that follows from an event is stored.
    pub(crate) fn event_is_delivered(&mut self, event: &ExternalEvent, now: Timestamp) {
        let known = self.sent_events.iter_mut().find(|sent| sent.event.id == event.id);
        known.into_iter().for_each(|sent| sent.delivered_at = Some(now));
    }

    /// A worker that is well gives its nodes the events that they wait for. Asked only when it has been well for longer than
    /// that takes.
    pub(crate) fn events_are_taken(&self, lessee: Lessee, now: Timestamp) -> Verdict {
        let is_late = |at: Timestamp| now.since(at) > LATE_MAX;
        for id in self.entrusted(lessee, LATE_MAX, now) {
            let story = self.story(id).filter(|story| !story.status().is_finished());
            if let Some(wait) = story.and_then(|story| story.missed(&self.sent_events, is_late)) {
                return Err(format!("E1: {id} still waits for {wait:?}, which came"));
            }
        }
        Ok(())
    }
}
