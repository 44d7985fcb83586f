//! The calls that wait for one agent, flow by flow.

use std::collections::{BTreeMap, VecDeque};

use crate::ids::FlowId;
use crate::work::CallKey;

use super::SlotRequest;

/// The calls that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// In the order of their turns: the one whose turn it is comes first. None is empty.
    flows: VecDeque<OfFlow>,
    places: BTreeMap<CallKey, (FlowId, u64)>,
    next: u64,
}

/// The calls of a flow by the order in which they came. Those that repeat others may have to wait for longer.
#[derive(Debug)]
struct OfFlow {
    flow: FlowId,
    first: BTreeMap<u64, SlotRequest>,
    repeats: BTreeMap<u64, SlotRequest>,
}

impl OfFlow {
    fn is_empty(&self) -> bool {
        self.first.is_empty() && self.repeats.is_empty()
    }

    fn peek(&self, takes_repeats: bool) -> Option<&SlotRequest> {
        let repeat = self.repeats.first_key_value().filter(|_| takes_repeats);
        let first = self.first.first_key_value();
        first.into_iter().chain(repeat).min_by_key(|(place, _)| **place).map(|(_, request)| request)
    }
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn push(&mut self, request: SlotRequest) {
        let (flow, place) = (request.flow, self.next);
        self.next += 1;
        self.places.insert(request.call.clone(), (flow, place));
        let at = self.flows.iter().position(|of| of.flow == flow).unwrap_or_else(|| {
            self.flows.push_back(OfFlow { flow, first: BTreeMap::new(), repeats: BTreeMap::new() });
            self.flows.len() - 1
        });
        let of = &mut self.flows[at];
        let calls = if request.is_repeat { &mut of.repeats } else { &mut of.first };
        calls.insert(place, request);
    }

    /// Returns how many wait; of those that repeat others only if they may begin.
    pub(super) fn count(&self, takes_repeats: bool) -> usize {
        let repeats = |of: &OfFlow| if takes_repeats { of.repeats.len() } else { 0 };
        self.flows.iter().map(|of| of.first.len() + repeats(of)).sum()
    }

    /// Returns the next call, of the flow whose turn it is; of those that repeat others only if they may begin.
    pub(super) fn peek(&self, takes_repeats: bool) -> Option<&SlotRequest> {
        self.flows.iter().find_map(|of| of.peek(takes_repeats))
    }

    /// Takes out a call whose turn it is: that of its flow is over.
    pub(super) fn take(&mut self, call: &CallKey) -> Option<SlotRequest> {
        let (flow, place) = self.places.remove(call)?;
        let at = self.flows.iter().position(|of| of.flow == flow)?;
        let mut of = self.flows.remove(at)?;
        let request = of.first.remove(&place).or_else(|| of.repeats.remove(&place));
        if !of.is_empty() {
            self.flows.push_back(of);
        }
        request
    }

    /// Takes out a call that waits no longer; false if it did not wait.
    pub(super) fn remove(&mut self, call: &CallKey) -> bool {
        let Some((flow, place)) = self.places.remove(call) else { return false };
        if let Some(at) = self.flows.iter().position(|of| of.flow == flow) {
            let of = &mut self.flows[at];
            of.first.remove(&place);
            of.repeats.remove(&place);
            if of.is_empty() {
                self.flows.remove(at);
            }
        }
        true
    }
}
