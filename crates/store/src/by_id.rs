//! A map by execution, for what is looked up many times for each decision.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use steadflow_core::ids::ExecutionId;

/// A map by execution. Its order depends on the ids alone; where an order can be seen from outside, sort.
pub type ById<T> = HashMap<ExecutionId, T, BuildHasherDefault<IdHasher>>;

/// Hashes ids. The engine makes them, and but for the time at the front their bits are random, so nothing stronger is
/// needed.
#[derive(Debug, Default)]
pub struct IdHasher(u64);

/// The golden ratio in 64 bits, as Fibonacci hashing takes it (Knuth, The Art of Computer Programming 3, 6.4).
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_be_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(32) ^ word).wrapping_mul(FACTOR);
    }

    fn write_usize(&mut self, length: usize) {
        // The length before the bytes: it is the same for all ids.
        let _ = length;
    }

    fn finish(&self) -> u64 {
        // The map takes tags from the upper bits and buckets from the lower ones, so both must depend on all.
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(FACTOR);
        mixed ^ (mixed >> 32)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::BuildHasher;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn ids_of_one_moment_are_spread_over_a_table() {
        let build = BuildHasherDefault::<IdHasher>::default();
        let moment = 0x0190_0000_0001_7000_u128 << 64;
        let ids = (0..4_096_u128).map(|number| ExecutionId::new(Uuid::from_u128(moment | (number << 3))));

        let hashes: Vec<u64> = ids.map(|id| build.hash_one(id)).collect();

        let buckets: BTreeSet<u64> = hashes.iter().map(|hash| hash & 0xfff).collect();
        let tags: BTreeSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        assert!(
            buckets.len() > 2_400,
            "random hashes fill about 2,589 of 4,096 buckets, not {}",
            buckets.len()
        );
        assert_eq!(tags.len(), 128);
    }
}
