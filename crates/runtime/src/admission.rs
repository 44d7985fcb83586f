//! New executions are refused before they are accepted where there is no memory for them: what is accepted is never dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::RuntimeError;

/// How much of the memory of the process may be taken by executions, for `1 / MEMORY_SHARE` of it.
const MEMORY_SHARE: u64 = 2;
/// What an execution in memory takes besides its data: 40 to 60 KB with a call under way, measured with 10,000 of them.
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
        let share = bytes / MEMORY_SHARE / 2;
        Self { executions: (share / EXECUTION_BYTES) as usize, bytes: (share / DATA_COPIES) as usize }
    }

    /// Returns whether there is room for a further execution with so many bytes of data, of a flow whose executions take
    /// `of_flow` of all that is `held`. A flow may take as much as is then still free, which is half of all for one flow and
    /// a third each for two, so that there is always room for another.
    pub(crate) fn has_room(&self, held: &Held, of_flow: Option<&Held>, bytes: usize) -> bool {
        let free_executions = self.executions.saturating_sub(held.executions() + 1);
        let free_bytes = self.bytes.saturating_sub(held.bytes() + bytes);
        let (executions, taken) = of_flow.map_or((0, 0), |flow| (flow.executions(), flow.bytes()));
        executions < free_executions && taken + bytes <= free_bytes
    }
}

/// What executions take.
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

    pub(crate) fn remove(&self, executions: usize, bytes: usize) {
        self.executions.fetch_sub(executions, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, executions: usize, bytes: usize) {
        self.executions.store(executions, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn executions(&self) -> usize {
        self.executions.load(Ordering::Relaxed)
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
        let executions = self.waiting.executions.fetch_add(1, Ordering::Relaxed) + 1;
        let waiting = self.waiting.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let place = Place { waiting: &self.waiting, bytes };
        let fits = self.load.executions() + executions <= self.capacity.executions
            && self.load.bytes() + waiting <= self.capacity.bytes;
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
        let capacity = Capacity { executions: 12, bytes: 1_200 };
        let (all, flows) = (Held::default(), [Held::default(), Held::default(), Held::default()]);
        let taken = flows.each_ref().map(|flow| {
            while capacity.has_room(&all, Some(flow), 100) {
                all.add(1, 100);
                flow.add(1, 100);
            }
            flow.executions()
        });

        assert_eq!(taken, [6, 3, 1]);
        assert!(capacity.has_room(&all, None, 100));
        assert!(!capacity.has_room(&all, None, 200));
    }

    #[test]
    fn a_process_of_four_gibibytes_holds_sixteen_thousand() {
        assert_eq!(Capacity::DEFAULT, Capacity { executions: 16_384, bytes: 256 << 20 });
    }
}
