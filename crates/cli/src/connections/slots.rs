//! Room for connections. When there is none left, one that asks for nothing makes room for the next.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

/// How long a new connection waits for the one that makes room for it, before another is asked to.
const PATIENCE: Duration = Duration::from_millis(100);

/// The open connections, at most a given number.
#[derive(Debug)]
pub(crate) struct Slots {
    free: Arc<Semaphore>,
    open: Arc<Open>,
    quiet_max: Duration,
}

#[derive(Debug, Default)]
struct Open {
    slots: Mutex<HashMap<u64, Arc<State>>>,
    last: AtomicU64,
}

impl Open {
    fn slots(&self) -> MutexGuard<'_, HashMap<u64, Arc<State>>> {
        // Each change of the map is one call, so a panic leaves it whole.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    /// Returns room for `max` connections, each of which may be without a request for `quiet_max`.
    pub(crate) fn new(max: usize, quiet_max: Duration) -> Self {
        Self { free: Arc::new(Semaphore::new(max)), open: Arc::default(), quiet_max }
    }

    /// Waits for a slot for a connection from `address`. While there is none, a quiet connection is closed: of the address
    /// that has the most, first those that have never brought a request, the longest quiet one.
    pub(super) async fn take(&self, address: IpAddr) -> Slot {
        loop {
            if let Ok(free) = Arc::clone(&self.free).try_acquire_owned() {
                return self.taken(address, free);
            }
            self.make_room();
            if let Ok(Ok(free)) = timeout(PATIENCE, Arc::clone(&self.free).acquire_owned()).await {
                return self.taken(address, free);
            }
        }
    }

    fn taken(&self, address: IpAddr, free: OwnedSemaphorePermit) -> Slot {
        let state = Arc::new(State::new(address));
        let number = self.open.last.fetch_add(1, Ordering::Relaxed);
        self.open.slots().insert(number, Arc::clone(&state));
        Slot { state, number, quiet_max: self.quiet_max, open: Arc::clone(&self.open), _free: free }
    }

    fn make_room(&self) {
        let slots = self.open.slots();
        let mut of_address: HashMap<IpAddr, usize> = HashMap::new();
        for state in slots.values() {
            *of_address.entry(state.address).or_default() += 1;
        }
        let quiet = slots.values().filter_map(|state| Some((state.quiet_since()?, state)));
        let least_needed = quiet.max_by_key(|(since, state)| {
            let has_never_asked = !state.has_asked.load(Ordering::Relaxed);
            (of_address.get(&state.address).copied(), has_never_asked, Reverse(*since))
        });
        if let Some((_, state)) = least_needed {
            state.close();
        }
    }
}

/// The room that one connection takes.
#[derive(Debug)]
pub(super) struct Slot {
    state: Arc<State>,
    number: u64,
    quiet_max: Duration,
    open: Arc<Open>,
    _free: OwnedSemaphorePermit,
}

impl Slot {
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
                () = sleep_until(quiet_since + self.quiet_max) => {}
            }
            if self.state.quiet_since().is_some_and(|since| since.elapsed() >= self.quiet_max) {
                return;
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.open.slots().remove(&self.number);
    }
}

/// Counts the requests of a connection. It is quiet between them: before the first, and while one arrives.
#[derive(Clone, Debug)]
pub(super) struct Requests(Arc<State>);

impl Requests {
    /// A request has arrived; its body may still be on its way.
    pub(super) fn begin(&self) {
        self.0.has_asked.store(true, Ordering::Relaxed);
        *self.0.quiet_since.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Its response was sent, or cannot be.
    pub(super) fn end(&self) {
        *self.0.quiet_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

#[derive(Debug)]
struct State {
    address: IpAddr,
    /// Nothing while a request is handled.
    quiet_since: Mutex<Option<Instant>>,
    has_asked: AtomicBool,
    is_closing: AtomicBool,
    closing: Notify,
}

impl State {
    fn new(address: IpAddr) -> Self {
        let quiet_since = Mutex::new(Some(Instant::now()));
        Self {
            address,
            quiet_since,
            has_asked: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            closing: Notify::new(),
        }
    }

    /// Returns since when it has been quiet, unless it is not, or is about to be closed anyway.
    fn quiet_since(&self) -> Option<Instant> {
        let is_closing = self.is_closing.load(Ordering::Relaxed);
        let quiet_since = *self.quiet_since.lock().unwrap_or_else(PoisonError::into_inner);
        quiet_since.filter(|_| !is_closing)
    }

    fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        self.closing.notify_one();
    }

    /// Returns whether it is still quiet; if not, it is no longer about to be closed.
    fn is_still_closing(&self) -> bool {
        let is_quiet = self.quiet_since.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        self.is_closing.store(is_quiet, Ordering::Relaxed);
        is_quiet
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const QUIET_MAX: Duration = Duration::from_secs(75);
    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn is_closing(slot: &Slot) -> bool {
        slot.closing().now_or_never().is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn longest_quiet_connection_of_the_address_with_most_makes_room() {
        let slots = Slots::new(4, QUIET_MAX);
        let mut open = Vec::new();
        for address in [B, A, A, A] {
            open.push(slots.take(address).await);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let has_asked = open[1].requests();
        has_asked.begin();
        has_asked.end();

        assert!(slots.take(B).now_or_never().is_none());

        assert_eq!(open.iter().map(is_closing).collect::<Vec<_>>(), [false, false, true, false]);
        open.remove(2);
        assert!(slots.take(B).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn connections_with_requests_are_waited_for() {
        let slots = Slots::new(1, QUIET_MAX);
        let busy = slots.take(A).await;
        busy.requests().begin();
        let mut next = Box::pin(slots.take(A));

        assert!(timeout(QUIET_MAX * 2, &mut next).await.is_err());
        assert!(!is_closing(&busy));

        busy.requests().end();
        tokio::select! {
            _ = &mut next => panic!("there is no room yet"),
            () = busy.closing() => {}
        }
        drop(busy);
        next.await;
    }

    #[tokio::test(start_paused = true)]
    async fn request_that_arrives_meanwhile_is_answered() {
        let slots = Slots::new(1, QUIET_MAX);
        let open = slots.take(A).await;
        assert!(slots.take(B).now_or_never().is_none());

        open.requests().begin();
        assert!(!is_closing(&open));

        open.requests().end();
        assert!(slots.take(B).now_or_never().is_none());
        assert!(is_closing(&open));
    }

    #[tokio::test(start_paused = true)]
    async fn connection_that_asks_for_nothing_is_closed() {
        let slots = Slots::new(2, QUIET_MAX);
        let (silent, asking) = (slots.take(A).await, slots.take(A).await);
        asking.requests().begin();

        let started = Instant::now();
        silent.closing().await;
        assert_eq!(started.elapsed(), QUIET_MAX);

        assert!(timeout(QUIET_MAX, asking.closing()).await.is_err());
        asking.requests().end();
        let ended = Instant::now();
        asking.closing().await;
        assert!((QUIET_MAX..QUIET_MAX * 2).contains(&ended.elapsed()), "{:?}", ended.elapsed());
    }
}
