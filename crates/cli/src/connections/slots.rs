//! Room for connections. When there is none left, one that asks for nothing makes room for the next; else one on which an
//! answer is sent, an event stream for example, to an address that has more of them than the next one.
//!
//! A few of each address wait until there is room, beside each other, so that no address holds up another. Of more, those that
//! came last wait: they are the ones whose clients are still there, and a burst of connections that ask for nothing does not shut
//! out the next one before the first of it are closed.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use steadflow_api::ClientAddress;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long a new connection waits for the one that makes room for it, before another is asked to.
const PATIENCE: Duration = Duration::from_millis(100);
/// How many connections of one address wait for a slot. With one more, the first of them is closed.
const WAITING_OF_ADDRESS: usize = 8;
/// The same of all addresses.
const WAITING_MAX: usize = 32;

/// The open connections, at most a given number.
#[derive(Debug)]
pub(crate) struct Slots(Arc<Open>);

#[derive(Debug)]
struct Open {
    max: usize,
    quiet_max: Duration,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    slots: HashMap<u64, Arc<State>>,
    /// In the order in which they have asked. There is none while a slot is free.
    waiting: Vec<Waiting>,
    last: u64,
}

/// A connection that waits for a slot.
#[derive(Debug)]
struct Waiting {
    address: ClientAddress,
    slot: oneshot::Sender<Slot>,
}

impl Slots {
    /// Returns room for `max` connections, each of which may be without a request for `quiet_max`.
    pub(crate) fn new(max: usize, quiet_max: Duration) -> Self {
        Self(Arc::new(Open { max, quiet_max, table: Mutex::default() }))
    }

    /// Asks for a slot for a connection from `address`. If too many wait for one, another stops waiting.
    pub(super) fn ask(&self, address: ClientAddress) -> Asked {
        let mut table = self.0.table();
        let (sender, slot) = oneshot::channel();
        if table.slots.len() < self.0.max {
            let free = self.0.slot(&mut table, address);
            drop(table);
            // The receiver is below.
            let _sent = sender.send(free);
        } else {
            table.wait(Waiting { address, slot: sender });
        }
        Asked { open: Arc::clone(&self.0), address, slot }
    }
}

/// What a connection that has asked for a slot waits with.
#[derive(Debug)]
pub(super) struct Asked {
    open: Arc<Open>,
    address: ClientAddress,
    slot: oneshot::Receiver<Slot>,
}

impl Asked {
    /// Waits for the slot; `None` if too many wait, or there is none for as long as a connection may be without a request. While
    /// there is none, a quiet connection is closed: of the address that has the most, first those that have never brought a request, the
    /// longest quiet one. If none is quiet, one on which an answer is sent is closed, of an address that will still have as many
    /// as this one.
    pub(super) async fn slot(mut self) -> Option<Slot> {
        let until = Instant::now() + self.open.quiet_max;
        loop {
            match self.slot.try_recv() {
                Ok(slot) => return Some(slot),
                Err(TryRecvError::Closed) => return None,
                Err(TryRecvError::Empty) => {}
            }
            let now = Instant::now();
            if now >= until {
                return None;
            }
            self.open.make_room(self.address);
            if let Ok(slot) = timeout_at(until.min(now + PATIENCE), &mut self.slot).await {
                return slot.ok();
            }
        }
    }
}

impl Table {
    fn count_by_address(&self) -> HashMap<ClientAddress, usize> {
        count(self.slots.values().map(|state| state.address))
    }

    /// Lets `next` wait. If too many wait, the first one stops waiting, of the address of which the most wait.
    fn wait(&mut self, next: Waiting) {
        self.waiting.retain(|waiting| !waiting.slot.is_closed());
        self.waiting.push(next);
        let of_address = count(self.waiting.iter().map(|waiting| waiting.address));
        let most = of_address.values().copied().max().unwrap_or_default();
        if most > WAITING_OF_ADDRESS || self.waiting.len() > WAITING_MAX {
            let first =
                self.waiting.iter().position(|waiting| of_address.get(&waiting.address) == Some(&most));
            drop(first.map(|at| self.waiting.remove(at)));
        }
    }

    /// Returns who gets the next slot: the first of those of whose addresses there are the fewest.
    fn next_waiting(&mut self) -> Option<Waiting> {
        if self.waiting.is_empty() {
            return None;
        }
        let of_address = self.count_by_address();
        let count = |at: &usize| of_address.get(&self.waiting[*at].address).copied().unwrap_or_default();
        let next = (0..self.waiting.len()).min_by_key(count)?;
        Some(self.waiting.remove(next))
    }
}

fn count(addresses: impl Iterator<Item = ClientAddress>) -> HashMap<ClientAddress, usize> {
    let mut of_address = HashMap::new();
    for address in addresses {
        *of_address.entry(address).or_default() += 1;
    }
    of_address
}

impl Open {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Each change of it is one call, so a panic leaves it whole.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(self: &Arc<Self>, table: &mut Table, address: ClientAddress) -> Slot {
        let state = Arc::new(State::new(address));
        table.last += 1;
        table.slots.insert(table.last, Arc::clone(&state));
        Slot { state, number: table.last, open: Arc::clone(self) }
    }

    /// Gives the room of a connection that has ended to one that waits.
    fn release(self: &Arc<Self>, number: u64) {
        let mut table = self.table();
        table.slots.remove(&number);
        let Some(next) = table.next_waiting() else { return };
        let slot = self.slot(&mut table, next.address);
        drop(table);
        // If it has gone meanwhile, the slot is dropped, and comes back here.
        let _gone = next.slot.send(slot);
    }

    fn make_room(&self, next: ClientAddress) {
        let table = self.table();
        let of_address = table.count_by_address();
        let count = |address| of_address.get(&address).copied().unwrap_or_default();
        let needed_less = table.slots.values().filter_map(|state| {
            let (phase, since) = state.phase()?;
            let is_quiet = match phase {
                Phase::Quiet => true,
                Phase::Answered if count(state.address) > count(next) + 1 => false,
                Phase::Answered | Phase::Asked => return None,
            };
            let has_never_asked = !state.has_asked.load(Ordering::Relaxed);
            Some(((is_quiet, count(state.address), has_never_asked, Reverse(since)), state))
        });
        if let Some(((is_quiet, ..), state)) = needed_less.max_by_key(|(rank, _)| *rank) {
            state.close(!is_quiet);
        }
    }
}

/// The room that one connection takes.
#[derive(Debug)]
pub(super) struct Slot {
    state: Arc<State>,
    number: u64,
    open: Arc<Open>,
}

impl Slot {
    /// Returns where the connection comes from.
    pub(super) fn address(&self) -> ClientAddress {
        self.state.address
    }

    /// Returns what the connection's requests are counted with.
    pub(super) fn requests(&self) -> Requests {
        Requests(Arc::clone(&self.state))
    }

    /// Waits until the connection is to be closed: it has brought no whole request for too long, or another connection
    /// needs the room.
    pub(super) async fn closing(&self) {
        loop {
            let quiet_since = self.state.quiet_since().unwrap_or_else(Instant::now);
            tokio::select! {
                () = self.state.closing.notified() => {
                    // A request that has arrived meanwhile is answered.
                    if self.state.is_still_closing() {
                        return;
                    }
                }
                () = sleep_until(quiet_since + self.open.quiet_max) => {}
            }
            if self.state.quiet_since().is_some_and(|since| since.elapsed() >= self.open.quiet_max) {
                return;
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.open.release(self.number);
    }
}

/// Counts the requests of a connection. It is quiet between them: before the first, and while one arrives.
#[derive(Clone, Debug)]
pub(super) struct Requests(Arc<State>);

impl Requests {
    /// A request has arrived; its body may still be on its way.
    pub(super) fn begin(&self) {
        self.0.has_asked.store(true, Ordering::Relaxed);
        self.0.enter(Phase::Asked);
    }

    /// Its answer is known; it may be made while it is sent.
    pub(super) fn answered(&self) {
        self.0.enter(Phase::Answered);
    }

    /// All of its answer was made, or cannot be.
    pub(super) fn end(&self) {
        self.0.enter(Phase::Quiet);
    }

    /// Whether a part of the answer waits for the client.
    pub(super) fn unsent(&self, is_there: bool) {
        self.0.has_unsent.store(is_there, Ordering::Relaxed);
        let mut phase = self.0.phase.lock().unwrap_or_else(PoisonError::into_inner);
        phase.1 = Instant::now();
    }
}

/// What a connection is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Quiet,
    Asked,
    Answered,
}

#[derive(Debug)]
struct State {
    address: ClientAddress,
    phase: Mutex<(Phase, Instant)>,
    has_unsent: AtomicBool,
    has_asked: AtomicBool,
    is_closing: AtomicBool,
    /// Whether it is closed although an answer is sent on it.
    is_cut: AtomicBool,
    closing: Notify,
}

impl State {
    fn new(address: ClientAddress) -> Self {
        Self {
            address,
            phase: Mutex::new((Phase::Quiet, Instant::now())),
            has_unsent: AtomicBool::new(false),
            has_asked: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            is_cut: AtomicBool::new(false),
            closing: Notify::new(),
        }
    }

    fn enter(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = (phase, Instant::now());
    }

    fn used_for(&self) -> (Phase, Instant) {
        let (phase, since) = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let is_sent = !self.has_unsent.load(Ordering::Relaxed);
        (if phase == Phase::Quiet && !is_sent { Phase::Answered } else { phase }, since)
    }

    /// Returns what it is used for and since when, unless it is about to be closed anyway.
    fn phase(&self) -> Option<(Phase, Instant)> {
        (!self.is_closing.load(Ordering::Relaxed)).then(|| self.used_for())
    }

    /// Returns since when it has been quiet, unless it is not, or is about to be closed anyway.
    fn quiet_since(&self) -> Option<Instant> {
        self.phase().filter(|(phase, _)| *phase == Phase::Quiet).map(|(_, since)| since)
    }

    fn close(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::Relaxed);
        self.is_closing.store(true, Ordering::Relaxed);
        self.closing.notify_one();
    }

    /// Returns whether it may still be closed; if not, it is no longer about to be.
    fn is_still_closing(&self) -> bool {
        let may_close = match self.used_for().0 {
            Phase::Quiet => true,
            Phase::Answered => self.is_cut.load(Ordering::Relaxed),
            Phase::Asked => false,
        };
        self.is_closing.store(may_close, Ordering::Relaxed);
        may_close
    }
}
