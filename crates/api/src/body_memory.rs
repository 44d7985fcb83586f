//! The memory that request bodies take, shared by all requests: their text while they arrive, and what is made of it.
//!
//! The two have memory of their own. In one, bodies that have arrived could wait for each other for ever. In each, an address
//! gets half at most, so that its clients leave memory for others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::client_address::ClientAddress;

/// Bodies up to this many bytes are not counted: nearly all are this small, and so are a thousand of them together.
const FREE_BYTES: usize = 4 * 1024;
/// The unit in which memory is counted.
const UNIT_BYTES: usize = 1024;

/// The memory for request bodies.
#[derive(Debug)]
pub(crate) struct BodyMemory {
    arriving: Pool,
    read: Pool,
}

/// The memory of one body, until it is dropped; `None` for one that is not counted.
pub(crate) type Taken = Option<Memory>;

/// So much of all memory, and of the share of an address.
#[derive(Debug)]
pub(crate) struct Memory {
    _of_all: OwnedSemaphorePermit,
    _of_share: OwnedSemaphorePermit,
    _share: Arc<Units>,
}

impl BodyMemory {
    /// Returns the memory of so many bytes, a quarter of it for bodies that arrive.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { arriving: Pool::new(bytes / 4), read: Pool::new(bytes / 4 * 3) }
    }

    /// Waits for the memory of a body of so many bytes that arrives from `address`.
    pub(crate) async fn take(&self, address: ClientAddress, bytes: usize) -> Taken {
        if Self::counts(bytes) { Some(self.arriving.take(address, bytes).await) } else { None }
    }

    /// Waits for the memory of what is made of a body of so many bytes, which is so many copies.
    pub(crate) async fn take_to_read(&self, address: ClientAddress, bytes: usize, copies: usize) -> Taken {
        if !Self::counts(bytes) {
            return None;
        }
        Some(self.read.take(address, bytes.saturating_mul(copies)).await)
    }

    /// Returns whether a body of so many bytes is counted.
    pub(crate) const fn counts(bytes: usize) -> bool {
        bytes > FREE_BYTES
    }

    /// Returns whether bodies wait for those that arrive from `address`.
    pub(crate) fn is_short(&self, address: ClientAddress) -> bool {
        self.arriving.all.is_short() || self.arriving.share(address).is_short()
    }
}

/// All memory of a kind, and the shares of the addresses that hold any.
#[derive(Debug)]
struct Pool {
    all: Units,
    shares: Mutex<HashMap<ClientAddress, Weak<Units>>>,
}

impl Pool {
    fn new(bytes: usize) -> Self {
        let max = u32::try_from(bytes / UNIT_BYTES).unwrap_or(u32::MAX).max(1);
        Self { all: Units::new(max), shares: Mutex::default() }
    }

    /// Waits until so many bytes are free for `address`, and for all. What takes more than there is at all waits until nothing
    /// else takes any.
    async fn take(&self, address: ClientAddress, bytes: usize) -> Memory {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        let share = self.share(address);
        let of_share = share.take(units).await;
        Memory { _of_all: self.all.take(units).await, _of_share: of_share, _share: share }
    }

    fn share(&self, address: ClientAddress) -> Arc<Units> {
        let mut shares = self.shares.lock();
        if let Some(share) = shares.get(&address).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Units::new(self.all.max.div_ceil(2)));
        shares.insert(address, Arc::downgrade(&share));
        share
    }
}

#[derive(Debug)]
struct Units {
    free: Arc<Semaphore>,
    max: u32,
    waiting: AtomicUsize,
}

impl Units {
    fn new(max: u32) -> Self {
        Self { free: Arc::new(Semaphore::new(max as usize)), max, waiting: AtomicUsize::new(0) }
    }

    /// Waits until so many are free, or all, if there are not so many.
    async fn take(&self, count: u32) -> OwnedSemaphorePermit {
        let count = count.min(self.max);
        if let Ok(taken) = Arc::clone(&self.free).try_acquire_many_owned(count) {
            return taken;
        }
        let _waiter = Waiter::of(&self.waiting);
        Arc::clone(&self.free).acquire_many_owned(count).await.expect("the semaphore is never closed")
    }

    fn is_short(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

/// Someone who waits, until it is dropped.
struct Waiter<'a>(&'a AtomicUsize);

impl<'a> Waiter<'a> {
    fn of(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use futures_util::FutureExt;

    use super::*;

    fn address(last: u8) -> ClientAddress {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)).into()
    }

    #[tokio::test]
    async fn bodies_wait_for_memory_and_get_it_when_others_are_done() {
        let memory = BodyMemory::new(400 * 1024);
        let first = memory.take(address(1), 100 * 1024).await;
        let mut second = std::pin::pin!(memory.take(address(2), 5 * 1024));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(memory.is_short(address(1)));

        drop(first);

        assert!(second.await.is_some());
        assert!(!memory.is_short(address(1)));
    }

    #[tokio::test]
    async fn an_address_that_takes_all_that_it_may_leaves_memory_for_others() {
        let memory = BodyMemory::new(400 * 1024);
        let first = memory.take(address(1), 40 * 1024).await;
        let mut second = std::pin::pin!(memory.take(address(1), 40 * 1024));

        assert!(second.as_mut().now_or_never().is_none());
        assert!(memory.take(address(2), 40 * 1024).now_or_never().flatten().is_some());
        assert_eq!([1, 2].map(|last| memory.is_short(address(last))), [true, false]);
        drop(first);
        assert!(second.now_or_never().flatten().is_some());
        drop(memory.arriving.share(address(3)));
        assert_eq!(memory.arriving.shares.lock().len(), 1, "who holds nothing is forgotten");
    }

    #[tokio::test]
    async fn small_bodies_never_wait_and_one_that_is_too_large_is_read_alone() {
        let memory = BodyMemory::new(400 * 1024);
        let all = memory.take_to_read(address(1), 1024 * 1024, 32).await;

        assert!(all.is_some());
        assert!(memory.take_to_read(address(1), 4 * 1024, 32).await.is_none());
        assert!(memory.take(address(1), 4 * 1024).await.is_none());
    }
}
