//! Which commits go into the next batch.
//!
//! Those of large data take the database long to write. One of them is under way at a time, and what others decide is
//! written between them.

use steadflow_store::Commit;

use super::{BatchId, Shard};

/// Bytes from which on a batch takes no further commit, and a commit is a batch of its own, with what follows from it.
const BATCH_BYTES: usize = 1024 * 1024;

impl Shard {
    /// Takes what is to be committed now, in one transaction; `None` if there is nothing, or if it waits.
    pub fn take_batch(&mut self) -> Option<(BatchId, Vec<Commit>)> {
        if self.large_batch.is_some() {
            self.put_small_ones_first();
        }
        let is_large = is_large(self.commits.first()?);
        if is_large && self.large_batch.is_some() {
            return None;
        }
        let id = BatchId(self.next_batch);
        self.next_batch += 1;
        if is_large {
            self.large_batch = Some(id);
        }
        let commits = self.next_commits();
        self.batches.insert(id, commits.iter().map(|commit| commit.execution).collect());
        Some((id, commits))
    }

    /// Takes the first commits, together with what follows from each, as many as fit and are not large. Those whose batch failed
    /// before are not put together with others.
    fn next_commits(&mut self) -> Vec<Commit> {
        let mut bytes = 0;
        let mut end = 0;
        for (place, commit) in self.commits.iter().enumerate() {
            let is_new_group = place > 0 && commit.follows.is_none();
            if is_new_group && (bytes >= BATCH_BYTES || is_large(commit) || self.is_apart(commit)) {
                break;
            }
            bytes += commit.bytes();
            end = place + 1;
        }
        let rest = self.commits.split_off(end);
        std::mem::replace(&mut self.commits, rest)
    }

    /// Returns whether a commit is not to be in the batch of the first one.
    fn is_apart(&self, commit: &Commit) -> bool {
        let suspicion = |commit: &Commit| self.suspects.get(&commit.execution);
        !self.suspects.is_empty() && suspicion(commit) != suspicion(&self.commits[0])
    }

    /// Puts large commits behind the others, in the same order, each with what follows from it.
    fn put_small_ones_first(&mut self) {
        let mut is_behind = false;
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for commit in self.commits.drain(..) {
            if commit.follows.is_none() {
                is_behind = is_large(&commit);
            }
            if is_behind { large.push(commit) } else { small.push(commit) }
        }
        self.commits.append(&mut small);
        self.commits.append(&mut large);
    }
}

fn is_large(commit: &Commit) -> bool {
    commit.bytes() >= BATCH_BYTES
}
