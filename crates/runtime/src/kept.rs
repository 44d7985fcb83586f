//! What is kept in memory because it is read often, and can be read again: as much as fits into a number of bytes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Values by key, the latest used of them. Those that are in use elsewhere stay, because forgetting them frees nothing and
/// reading them again would make a second one.
#[derive(Debug)]
pub(crate) struct Kept<K, V> {
    entries: HashMap<K, Entry<V>>,
    bytes: usize,
    bytes_max: usize,
    /// How many values were kept so far.
    turn: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: Arc<V>,
    bytes: usize,
    /// The turn in which it was used last.
    used: u64,
}

impl<K: Copy + Eq + Hash, V> Kept<K, V> {
    /// Returns nothing, with room for `bytes_max` bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { entries: HashMap::new(), bytes: 0, bytes_max, turn: 0 }
    }

    /// Returns the value of `key`.
    pub(crate) fn get(&mut self, key: &K) -> Option<&Arc<V>> {
        let turn = self.turn;
        self.entries.get_mut(key).map(|entry| {
            entry.used = turn;
            &entry.value
        })
    }

    /// Keeps `value`, of about so many bytes, in place of what `key` had.
    pub(crate) fn insert(&mut self, key: K, value: Arc<V>, bytes: usize) {
        self.turn += 1;
        self.remove(&key);
        self.bytes += bytes;
        self.entries.insert(key, Entry { value, bytes, used: self.turn });
        if self.bytes > self.bytes_max {
            self.shrink();
        }
    }

    /// Forgets the value of `key`.
    pub(crate) fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= entry.bytes;
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    /// Forgets what was not used for the longest time, until a quarter of the room is free.
    fn shrink(&mut self) {
        let is_free = |entry: &Entry<V>| Arc::strong_count(&entry.value) == 1;
        let free = self.entries.iter().filter(|(_, entry)| is_free(entry));
        let mut free: Vec<(u64, K)> = free.map(|(key, entry)| (entry.used, *key)).collect();
        free.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in free {
            if self.bytes <= self.bytes_max / 4 * 3 {
                break;
            }
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_the_longest_time_is_forgotten() {
        let mut kept = Kept::new(8);
        (0..4).for_each(|number| kept.insert(number, Arc::new(number), 2));
        kept.get(&0);

        kept.insert(4, Arc::new(4), 2);

        assert_eq!((kept.numbers(), kept.bytes), (vec![0, 3, 4], 6));
    }

    #[test]
    fn what_is_in_use_stays_and_counts_once() {
        let mut kept = Kept::new(4);
        let used: Vec<Arc<u32>> = (0..3).map(Arc::new).collect();
        used.iter().for_each(|value| kept.insert(**value, Arc::clone(value), 2));
        kept.insert(0, Arc::clone(&used[0]), 2);

        kept.insert(3, Arc::new(3), 2);
        assert_eq!((kept.numbers(), kept.bytes), (vec![0, 1, 2], 6));
        drop(used);
        kept.insert(4, Arc::new(4), 2);

        assert_eq!((kept.numbers(), kept.bytes), (vec![4], 2));
    }

    #[test]
    fn what_is_larger_than_the_room_is_not_kept() {
        let mut kept = Kept::new(4);

        kept.insert(1, Arc::new(1), 5);

        assert_eq!((kept.numbers(), kept.bytes), (vec![], 0));
    }

    impl Kept<u32, u32> {
        fn numbers(&mut self) -> Vec<u32> {
            (0..10).filter(|number| self.get(number).is_some()).collect()
        }
    }
}
