//! What rows add up to, in whatever order they come.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::{PartRow, PartValue};

/// The number of rows, their bytes, and a hash of all of them that does not depend on their order: the sum of the SHA-256 of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Rows.
    pub rows: u64,
    /// Bytes of their values.
    pub bytes: u64,
    sum: [u64; 4],
}

impl Digest {
    /// Adds a row.
    pub fn add(&mut self, row: &PartRow) {
        self.rows += 1;
        self.bytes += row.iter().map(|value| value.bytes() as u64).sum::<u64>();
        let hash = hash_of(row);
        let (words, _) = hash.as_chunks::<8>();
        let mut carry = 0;
        for (sum, word) in self.sum.iter_mut().zip(words) {
            let added = u128::from(*sum) + u128::from(u64::from_le_bytes(*word)) + carry;
            (*sum, carry) = (added as u64, added >> 64);
        }
    }
}

/// The hash, as 16 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hasher = Sha256::new();
        hasher.update(self.rows.to_le_bytes());
        self.sum.iter().for_each(|word| hasher.update(word.to_le_bytes()));
        hasher.finalize()[..8].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Each value has its kind before it, and its length if that is not always the same.
fn hash_of(row: &PartRow) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for value in row {
        match value {
            PartValue::Null => hasher.update([0]),
            PartValue::Id(id) => {
                hasher.update([1]);
                hasher.update(id.as_bytes());
            }
            PartValue::Int(int) => {
                hasher.update([2]);
                hasher.update(int.to_le_bytes());
            }
            PartValue::Real(real) => {
                hasher.update([3]);
                hasher.update(real.to_bits().to_le_bytes());
            }
            PartValue::Flag(flag) => hasher.update([4, u8::from(*flag)]),
            PartValue::Text(text) => long(&mut hasher, 5, text.as_bytes()),
            PartValue::Bytes(bytes) => long(&mut hasher, 6, bytes),
        }
    }
    hasher.finalize().into()
}

fn long(hasher: &mut Sha256, kind: u8, bytes: &[u8]) {
    hasher.update([kind]);
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[PartRow]) -> Digest {
        let mut digest = Digest::default();
        rows.iter().for_each(|row| digest.add(row));
        digest
    }

    #[test]
    fn only_the_order_of_rows_makes_no_difference() {
        let text = |text: &str| PartValue::Text(text.to_owned());
        let (first, second) = (vec![text("ab"), text("c")], vec![PartValue::Int(1), PartValue::Null]);

        let all = digest(&[first.clone(), second.clone()]);

        assert_eq!(all, digest(&[second.clone(), first.clone()]));
        for others in [
            vec![first.clone()],
            vec![first.clone(), first.clone()],
            vec![first.clone(), second.clone(), second.clone()],
            vec![vec![text("a"), text("bc")], second.clone()],
            vec![first.clone(), vec![PartValue::Null, PartValue::Int(1)]],
            vec![first.clone(), vec![PartValue::Real(f64::from_bits(1)), PartValue::Null]],
            vec![vec![PartValue::Bytes(b"ab".to_vec()), text("c")], second],
        ] {
            assert_ne!(all.to_string(), digest(&others).to_string(), "{others:?}");
        }
        assert_eq!((all.rows, all.bytes, all.to_string().len()), (2, 11, 16));
    }
}
