//! New executions are refused before they are accepted where there is no memory for them: what is accepted is never dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::RuntimeError;

/// Executions may take one part in so many of the memory of the process, and their data another.
const MEMORY_PARTS: u64 = 4;
/// What an execution in memory takes besides its data: 45 KB with a call under way, measured with 4,096 of them.
const EXECUTION_BYTES: u64 = 64 * 1024;
/// How often the data of an execution is in memory: as its state, as records, and as the input of a call.
const DATA_COPIES: u64 = 4;

/// How many executions may be in memory, and how much data of theirs, before new ones are refused. Those that are parked do
/// not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Executions.
    pub executions: usize,
    /// Bytes of their records.
    pub bytes: usize,
}

impl Capacity {
    /// What a process with 4 GiB of memory has.
    pub const DEFAULT: Self = Self::of_memory(4 << 30);

    /// Returns what a process with so many bytes of memory can hold.
    pub const fn of_memory(bytes: u64) -> Self {
        let part = bytes / MEMORY_PARTS;
        Self { executions: (part / EXECUTION_BYTES) as usize, bytes: (part / DATA_COPIES) as usize }
    }

    /// Returns whether there is room for a further execution with so many bytes of data, of a flow whose executions take
    /// `of_flow` of `all` that is taken. A flow may take as much as is then still free, which is half of all for one flow and
    /// a third each for two, so that there is always room for another.
    pub(crate) const fn has_room(&self, all: Taken, of_flow: Taken, bytes: usize) -> bool {
        let free_executions = self.executions.saturating_sub(all.executions + 1);
        let free_bytes = self.bytes.saturating_sub(all.bytes + bytes);
        of_flow.executions < free_executions && of_flow.bytes + bytes <= free_bytes
    }
}

/// What executions take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) executions: usize,
    pub(crate) bytes: usize,
}

/// What executions take, as it changes.
#[derive(Debug, Default)]
pub(crate) struct Held {
    executions: AtomicUsize,
    bytes: AtomicUsize,
}

impl Held {
    pub(crate) fn add(&self, executions: usize, bytes: usize) {
        self.executions.fetch_add(executions, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn remove(&self, executions: usize, bytes: usize) {
        self.executions.fetch_sub(executions, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, executions: usize, bytes: usize) {
        self.executions.store(executions, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn taken(&self) -> Taken {
        Taken {
            executions: self.executions.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

/// Decides which starts are admitted.
#[derive(Debug)]
pub(crate) struct Admission {
    capacity: Capacity,
    load: Arc<Held>,
    /// Starts that wait to be durable, and their bytes: the load does not contain them yet.
    waiting: Held,
}

/// The place of a start among those that wait to be durable.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    waiting: &'a Held,
    bytes: usize,
}

impl Admission {
    pub(crate) fn new(capacity: Capacity, load: Arc<Held>) -> Self {
        Self { capacity, load, waiting: Held::default() }
    }

    /// Admits a start with so many bytes of data.
    ///
    /// # Errors
    /// [`RuntimeError::Overloaded`] if there is no room.
    pub(crate) fn admit(&self, bytes: usize) -> Result<Place<'_>, RuntimeError> {
        self.waiting.add(1, bytes);
        let place = Place { waiting: &self.waiting, bytes };
        let (load, waiting) = (self.load.taken(), self.waiting.taken());
        let fits = load.executions + waiting.executions <= self.capacity.executions
            && load.bytes + waiting.bytes <= self.capacity.bytes;
        if fits { Ok(place) } else { Err(RuntimeError::Overloaded) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.remove(1, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission() -> (Admission, Arc<Held>) {
        let load = Arc::<Held>::default();
        (Admission::new(Capacity { executions: 2, bytes: 100 }, Arc::clone(&load)), load)
    }

    #[test]
    fn starts_that_wait_and_executions_in_memory_count_together() {
        let (admission, load) = admission();

        let first = admission.admit(1).expect("there is room");
        assert!(admission.admit(1).is_ok(), "a place that was dropped is free again");
        load.set(1, 1);
        assert!(admission.admit(1).is_err());
        drop(first);
        assert!(admission.admit(1).is_ok());
        load.set(2, 2);
        assert!(admission.admit(1).is_err());
    }

    #[test]
    fn their_data_counts_too() {
        let (admission, load) = admission();

        assert!(admission.admit(101).is_err());
        let first = admission.admit(60).expect("there is room");
        assert!(admission.admit(41).is_err());
        drop(first);
        load.set(1, 60);
        assert!(admission.admit(41).is_err());
        assert!(admission.admit(40).is_ok());
    }

    #[test]
    fn a_flow_may_take_what_it_leaves_free() {
        let all_of = usize::MAX;
        for (executions, bytes) in [(12, 1_200), (12, all_of), (all_of, 1_200)] {
            let capacity = Capacity { executions, bytes };
            let (all, flows) = (Held::default(), [Held::default(), Held::default(), Held::default()]);
            let taken = flows.each_ref().map(|flow| {
                while capacity.has_room(all.taken(), flow.taken(), 100) {
                    all.add(1, 100);
                    flow.add(1, 100);
                }
                flow.taken().executions
            });

            assert_eq!(taken, [6, 3, 1], "{capacity:?}");
            assert!(capacity.has_room(all.taken(), Taken::default(), 100), "{capacity:?}");
            assert_eq!(
                capacity.has_room(all.taken(), Taken::default(), 200),
                bytes == all_of,
                "{capacity:?}"
            );
        }
    }

    #[test]
    fn a_process_of_four_gibibytes_holds_sixteen_thousand() {
        assert_eq!(Capacity::DEFAULT, Capacity { executions: 16_384, bytes: 256 << 20 });
    }
}
