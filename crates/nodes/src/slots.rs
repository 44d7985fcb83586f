//! The slots of outgoing calls, and of what they take, shared out so that calls that hang leave room for others.
//!
//! A flow gets a further slot while it holds fewer than are free, so one flow takes up to half of all, two take a third
//! each, and something is always left for the next. A peer gets three for each that is free, so calls to a peer that
//! hangs take up to three quarters, however many flows make them. (This is the dynamic threshold of Choudhury and Hahne,
//! "Dynamic queue length thresholds for shared-memory packet switches", 1998.) Calls that wait get their slots in turn:
//! one of each flow and peer, in the order in which they came. A call may take several slots at once.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use parking_lot::Mutex;
use steadflow_core::ids::FlowId;
use steadflow_core::work::Stop;
use tokio::sync::oneshot;

/// How many slots a flow may hold for each that is free.
const FLOW_SHARE: usize = 1;
/// How many slots the calls to a peer may hold for each that is free.
const PEER_SHARE: usize = 3;

/// Whose call it is, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Party {
    pub(crate) flow: FlowId,
    /// The host and port that is called, or the agent.
    pub(crate) peer: Arc<str>,
}

/// All slots.
#[derive(Debug)]
pub(crate) struct Slots {
    count: usize,
    state: Mutex<State>,
}

/// The right to make a call, or to take as much as it has slots, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    party: Party,
    count: usize,
}

#[derive(Debug)]
struct State {
    free: usize,
    flows: Held<FlowId>,
    peers: Held<Arc<str>>,
    /// Those that wait, by party; the one whose turn it is comes first.
    waiting: VecDeque<Queue>,
}

/// The calls of a party that wait, in order. There is always at least one.
#[derive(Debug)]
struct Queue {
    party: Party,
    calls: VecDeque<Waiting>,
}

/// A call that waits for so many slots.
#[derive(Debug)]
struct Waiting {
    count: usize,
    call: oneshot::Sender<Slot>,
}

impl Slots {
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let state =
            State { free: count, flows: Held::default(), peers: Held::default(), waiting: VecDeque::new() };
        Arc::new(Self { count, state: Mutex::new(state) })
    }

    /// Waits for a slot for a call, which gets none when it was stopped.
    pub(crate) async fn acquire_unless(self: &Arc<Self>, stop: &Stop, party: Party) -> Slot {
        let slot = self.acquire(party).await;
        // It may be that of a call that was stopped together with this one, which is about to end.
        if stop.is_set() {
            drop(slot);
            return std::future::pending().await;
        }
        slot
    }

    /// Waits for a slot. A call that no longer wants one drops the future.
    pub(crate) async fn acquire(self: &Arc<Self>, party: Party) -> Slot {
        self.acquire_many(party, 1).await
    }

    /// Waits for `count` slots at once; for all of them if there are fewer.
    pub(crate) async fn acquire_many(self: &Arc<Self>, party: Party, count: usize) -> Slot {
        let count = count.min(self.count);
        let granted = {
            let mut state = self.state.lock();
            if state.may_have(&party, count) {
                state.take(&party, count);
                return Slot { slots: Arc::clone(self), party, count };
            }
            state.wait(party, count)
        };
        granted.await.expect("the slots outlive those who wait for one")
    }

    /// Gives free slots to those who wait and may have them.
    fn grant(self: &Arc<Self>) {
        loop {
            let next = self.state.lock().next();
            let Some((party, Waiting { count, call })) = next else { return };
            if let Err(unwanted) = call.send(Slot { slots: Arc::clone(self), party, count }) {
                unwanted.put_back();
            }
        }
    }
}

impl Slot {
    /// Returns who holds it.
    pub(crate) const fn party(&self) -> &Party {
        &self.party
    }

    /// Returns the slot without giving it to the next, which would nest as deep as there are calls that nobody wants.
    fn put_back(self) {
        let slot = ManuallyDrop::new(self);
        slot.slots.state.lock().put_back(&slot.party, slot.count);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.state.lock().put_back(&self.party, self.count);
        self.slots.grant();
    }
}

impl State {
    fn may_have(&self, party: &Party, count: usize) -> bool {
        if count > self.free {
            return false;
        }
        let left = self.free - count + 1;
        // Where nobody holds any, one call may have more than its share.
        self.flows.0.is_empty()
            || (self.flows.of(&party.flow) + count <= left.saturating_mul(FLOW_SHARE)
                && self.peers.of(&party.peer) + count <= left.saturating_mul(PEER_SHARE))
    }

    fn take(&mut self, party: &Party, count: usize) {
        self.free -= count;
        self.flows.add(party.flow, count);
        self.peers.add(Arc::clone(&party.peer), count);
    }

    fn put_back(&mut self, party: &Party, count: usize) {
        self.free += count;
        self.flows.remove(&party.flow, count);
        self.peers.remove(&party.peer, count);
    }

    /// Adds a call to the queue of its party.
    fn wait(&mut self, party: Party, count: usize) -> oneshot::Receiver<Slot> {
        let (call, granted) = oneshot::channel();
        let call = Waiting { count, call };
        match self.waiting.iter_mut().find(|queue| queue.party == party) {
            Some(queue) => queue.push(call),
            None => self.waiting.push_back(Queue { party, calls: VecDeque::from([call]) }),
        }
        granted
    }

    /// Takes a slot for the next call that may have one.
    fn next(&mut self) -> Option<(Party, Waiting)> {
        let wanted = |queue: &Queue| queue.calls.front().map_or(0, |call| call.count);
        let at = self.waiting.iter().position(|queue| self.may_have(&queue.party, wanted(queue)))?;
        let mut queue = self.waiting.remove(at)?;
        let call = queue.calls.pop_front()?;
        let party = queue.party.clone();
        if !queue.calls.is_empty() {
            self.waiting.push_back(queue);
        }
        self.take(&party, call.count);
        Some((party, call))
    }
}

impl Queue {
    fn push(&mut self, call: Waiting) {
        // Only where the queue would grow, so that each call is looked at a few times at most.
        if self.calls.len() == self.calls.capacity() {
            self.calls.retain(|waiting| !waiting.call.is_closed());
        }
        self.calls.push_back(call);
    }
}

/// How many slots each holds who holds any.
#[derive(Debug)]
struct Held<K>(HashMap<K, usize>);

impl<K> Default for Held<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Held<K> {
    fn of(&self, key: &K) -> usize {
        self.0.get(key).copied().unwrap_or_default()
    }

    fn add(&mut self, key: K, count: usize) {
        *self.0.entry(key).or_default() += count;
    }

    fn remove(&mut self, key: &K, count: usize) {
        match self.0.get_mut(key) {
            Some(held) if *held > count => *held -= count,
            _ => drop(self.0.remove(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use uuid::Uuid;

    use super::*;

    fn party(flow: u128, peer: &str) -> Party {
        Party { flow: FlowId::new(Uuid::from_u128(flow)), peer: peer.into() }
    }

    /// Acquires slots until one is not granted at once.
    fn drain(slots: &Arc<Slots>, party: &Party) -> Vec<Slot> {
        std::iter::from_fn(|| now(slots.acquire(party.clone()))).collect()
    }

    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn flows_that_take_all_they_get_always_leave_something_for_the_next() {
        let slots = Slots::new(240);

        let held: Vec<_> = (0..4).map(|flow| drain(&slots, &party(flow, &flow.to_string()))).collect();

        assert_eq!(held.iter().map(Vec::len).collect::<Vec<_>>(), [120, 60, 30, 15]);
    }

    #[test]
    fn calls_to_a_peer_leave_a_quarter_for_others() {
        let slots = Slots::new(240);

        let held: Vec<_> = (0..40).flat_map(|flow| drain(&slots, &party(flow, "hangs"))).collect();

        assert_eq!(held.len(), 180);
        assert_eq!(drain(&slots, &party(1_000, "works")).len(), 30);
    }

    #[test]
    fn slots_that_are_released_go_round_the_flows() {
        let slots = Slots::new(4);
        let mut held = drain(&slots, &party(1, "a"));
        held.extend(drain(&slots, &party(2, "b")));
        held.extend(drain(&slots, &party(3, "c")));
        assert_eq!(slots.state.lock().free, 0);
        let mut waiting: Vec<_> =
            [1, 1, 2, 3].into_iter().map(|flow| slots.state.lock().wait(party(flow, "x"), 1)).collect();

        drop(held);

        let granted: Vec<_> = waiting.iter_mut().map(|call| call.try_recv().is_ok()).collect();
        assert_eq!(granted, [true, true, true, true]);
    }

    #[test]
    fn a_slot_for_a_call_that_has_gone_goes_to_the_next() {
        let slots = Slots::new(1);
        let held = drain(&slots, &party(1, "a"));
        let gone: Vec<_> = (0..10_000).map(|_| slots.state.lock().wait(party(1, "a"), 1)).collect();
        let mut wanted = slots.state.lock().wait(party(1, "a"), 1);
        drop(gone);

        drop(held);

        assert!(wanted.try_recv().is_ok());
    }

    #[test]
    fn a_slot_that_was_granted_to_a_call_that_goes_is_not_lost() {
        let slots = Slots::new(1);
        let held = drain(&slots, &party(1, "a"));
        let granted = slots.state.lock().wait(party(1, "a"), 1);
        drop(held);

        drop(granted);

        assert_eq!(drain(&slots, &party(2, "b")).len(), 1);
    }

    #[test]
    fn a_call_that_was_stopped_gets_no_slot_and_keeps_none() {
        let slots = Slots::new(2);
        let held = drain(&slots, &party(1, "a"));
        let stop = Stop::default();
        let mut waiting = Box::pin(slots.acquire_unless(&stop, party(1, "b")));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());

        stop.set();
        drop(held);

        assert!(waiting.as_mut().poll(&mut context).is_pending(), "it was granted the slot of another");
        assert!(now(slots.acquire_unless(&stop, party(1, "c"))).is_none(), "nor is one that is free");
        assert_eq!(slots.state.lock().free, 2);
        assert!(now(slots.acquire_unless(&Stop::default(), party(1, "b"))).is_some());
    }

    #[test]
    fn calls_that_take_more_get_it_in_turn_and_leave_as_much_as_they_hold() {
        let slots = Slots::new(16);
        let many = |flow, count| slots.acquire_many(party(flow, &flow.to_string()), count);

        let first = now(many(1, 8));
        assert!(first.is_some());
        assert!(now(many(1, 1)).is_none(), "the flow holds half of all");
        assert!(now(many(2, 5)).is_none(), "it would hold more than it leaves");
        assert!(now(many(2, 4)).is_some());
        let mut waiting = slots.state.lock().wait(party(2, "2"), 5);
        let more_than_all = slots.state.lock().wait(party(3, "3"), 16);

        drop(first);
        assert!(waiting.try_recv().is_ok());
        assert!(
            now(more_than_all).is_some_and(|granted| granted.is_ok()),
            "what it waited for is free again"
        );
    }

    #[test]
    fn calls_that_have_gone_do_not_fill_the_queue() {
        let slots = Slots::new(1);
        let _held = drain(&slots, &party(1, "a"));

        for _ in 0..10_000 {
            drop(slots.state.lock().wait(party(1, "a"), 1));
        }

        assert!(slots.state.lock().waiting[0].calls.capacity() < 100);
    }
}
