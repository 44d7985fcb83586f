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

    fn take(&mut self, takes_repeats: bool) -> Option<SlotRequest> {
        let place = |calls: &BTreeMap<u64, SlotRequest>| calls.first_key_value().map(|(place, _)| *place);
        let repeat = place(&self.repeats).filter(|_| takes_repeats);
        let is_repeat = match (place(&self.first), repeat) {
            (Some(first), Some(repeat)) => repeat < first,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let calls = if is_repeat { &mut self.repeats } else { &mut self.first };
        calls.pop_first().map(|(_, request)| request)
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

    /// Takes the next call, of the flow whose turn it is; of those that repeat others only if they may begin.
    pub(super) fn take(&mut self, takes_repeats: bool) -> Option<SlotRequest> {
        let (at, request) = (0..self.flows.len())
            .find_map(|at| self.flows[at].take(takes_repeats).map(|request| (at, request)))?;
        self.places.remove(&request.call);
        let of = self.flows.remove(at)?;
        if !of.is_empty() {
            self.flows.push_back(of);
        }
        Some(request)
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
