//! The memory that request bodies take, shared by all requests: their text while they arrive, and what is made of it.
//!
//! The two have memory of their own. In one, bodies that have arrived could wait for each other for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
pub(crate) type Taken = Option<OwnedSemaphorePermit>;

impl BodyMemory {
    /// Returns the memory of so many bytes, a quarter of it for bodies that arrive.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { arriving: Pool::new(bytes / 4), read: Pool::new(bytes / 4 * 3) }
    }

    /// Waits for the memory of a body of so many bytes that arrives.
    pub(crate) async fn take(&self, bytes: usize) -> Taken {
        if Self::counts(bytes) { Some(self.arriving.take(bytes).await) } else { None }
    }

    /// Waits for the memory of what is made of a body of so many bytes, which is so many copies.
    pub(crate) async fn take_to_read(&self, bytes: usize, copies: usize) -> Taken {
        if Self::counts(bytes) { Some(self.read.take(bytes.saturating_mul(copies)).await) } else { None }
    }

    /// Returns whether a body of so many bytes is counted.
    pub(crate) const fn counts(bytes: usize) -> bool {
        bytes > FREE_BYTES
    }

    /// Returns whether bodies wait for those that arrive.
    pub(crate) fn is_short(&self) -> bool {
        self.arriving.waiting.load(Ordering::Relaxed) > 0
    }
}

#[derive(Debug)]
struct Pool {
    units: Arc<Semaphore>,
    units_max: u32,
    waiting: AtomicUsize,
}

impl Pool {
    fn new(bytes: usize) -> Self {
        let units_max = u32::try_from(bytes / UNIT_BYTES).unwrap_or(u32::MAX).max(1);
        Self { units: Arc::new(Semaphore::new(units_max as usize)), units_max, waiting: AtomicUsize::new(0) }
    }

    /// Waits until so many bytes are free. What takes more than there is at all waits until nothing else takes any.
    async fn take(&self, bytes: usize) -> OwnedSemaphorePermit {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).min(self.units_max);
        if let Ok(taken) = Arc::clone(&self.units).try_acquire_many_owned(units) {
            return taken;
        }
        let _waiter = Waiter::of(&self.waiting);
        Arc::clone(&self.units).acquire_many_owned(units).await.expect("the semaphore is never closed")
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
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn bodies_wait_for_memory_and_get_it_when_others_are_done() {
        let memory = BodyMemory::new(400 * 1024);
        let first = memory.take(100 * 1024).await;
        let mut second = std::pin::pin!(memory.take(5 * 1024));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(memory.is_short());

        drop(first);

        assert!(second.await.is_some());
        assert!(!memory.is_short());
    }

    #[tokio::test]
    async fn small_bodies_never_wait_and_one_that_is_too_large_is_read_alone() {
        let memory = BodyMemory::new(400 * 1024);
        let all = memory.take_to_read(1024 * 1024, 32).await;

        assert!(all.is_some());
        assert!(memory.take_to_read(4 * 1024, 32).await.is_none());
        assert!(memory.take(4 * 1024).await.is_none());
    }
}
