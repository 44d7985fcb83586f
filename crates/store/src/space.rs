//! How much room a database has.

/// How much room a database has, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What it uses.
    pub used: u64,
    /// What it may use at most; `None` where only the disk limits it.
    pub quota: Option<u64>,
    /// What is free on its disk; `None` where that is not known.
    pub disk_free: Option<u64>,
    /// What it has been given and does not use. It is used again before the database grows.
    pub reusable: u64,
    /// Whether it can return what it does not use to the disk while it is open.
    pub can_shrink: bool,
}

impl Space {
    /// Returns how much more it can hold; `None` where that is not known.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        let of_quota = self.quota.map(|quota| quota.saturating_sub(self.used));
        let of_disk = self.disk_free.map(|free| free.saturating_add(self.reusable));
        of_quota.into_iter().chain(of_disk).min()
    }
}
