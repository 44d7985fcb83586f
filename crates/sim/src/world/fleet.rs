//! How many processes a run has.

/// How many processes work on the database at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fleet {
    /// One, which holds a lock on it. Another one follows when it has died, or its lease has ended.
    One,
    /// Two, which share it. What one of them leaves behind is the other's to find.
    Two,
}

impl Fleet {
    pub(super) const fn size(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}
