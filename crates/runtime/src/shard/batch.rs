//! Which commits go into the next batch.
//!
//! Those of large data take the database long to write. One of them is under way at a time, and what others decide is
//! written between them. If others have decided something meanwhile, the next one waits for as long as the last one took: so
//! at most half of the time is theirs.

use std::time::Duration;

use steadflow_core::timestamp::Timestamp;
use steadflow_store::Commit;

use super::{BatchId, Shard};

/// Bytes from which on a batch takes no further commit, and a commit, with what follows from it, is a batch of its own.
const BATCH_BYTES: usize = 512 * 1024;
/// How long the next large commit waits at most, however long the last one took.
const REST_MAX: Duration = Duration::from_secs(1);

/// Whether a batch of a large commit may be taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Large {
    #[default]
    Free,
    /// One is under way.
    UnderWay { batch: BatchId, since: Timestamp },
    /// None before this moment.
    RestsUntil(Timestamp),
}

impl Large {
    fn may_be_taken(self, now: Timestamp) -> bool {
        match self {
            Self::Free => true,
            Self::UnderWay { .. } => false,
            Self::RestsUntil(at) => at <= now,
        }
    }
}

impl Shard {
    /// Takes what is to be committed at `now`, in one transaction; `None` if there is nothing, or if it waits.
    pub fn take_batch(&mut self, now: Timestamp) -> Option<(BatchId, Vec<Commit>)> {
        let may_be_large = self.large.may_be_taken(now);
        if !may_be_large {
            self.put_small_ones_first();
        }
        let is_large = is_large(groups(&self.commits).next()?);
        if is_large && !may_be_large {
            return None;
        }
        let id = BatchId(self.next_batch);
        self.next_batch += 1;
        if is_large {
            self.large = Large::UnderWay { batch: id, since: now };
        }
        let commits = self.next_commits();
        self.batches.insert(id, commits.iter().map(|commit| commit.execution).collect());
        Some((id, commits))
    }

    /// Notes that a batch has ended.
    pub(super) fn note_batch_end(&mut self, ended: BatchId, now: Timestamp) {
        if let Large::UnderWay { batch, since } = self.large
            && batch == ended
        {
            let is_alone = self.next_batch == batch.0 + 1;
            let rest = now.since(since).min(REST_MAX);
            self.large = if is_alone { Large::Free } else { Large::RestsUntil(now.plus(rest)) };
        }
    }

    /// Returns when a commit that waits for the end of a rest is due.
    pub(super) fn large_timer(&self) -> Option<Timestamp> {
        match self.large {
            Large::RestsUntil(at) if !self.commits.is_empty() => Some(at),
            Large::RestsUntil(_) | Large::Free | Large::UnderWay { .. } => None,
        }
    }

    /// Takes the first commits, together with what follows from each, as many as fit and are not large. Those whose batch failed
    /// before are not put together with others.
    fn next_commits(&mut self) -> Vec<Commit> {
        let mut bytes = 0;
        let mut end = 0;
        for group in groups(&self.commits) {
            let more = bytes_of(group);
            let is_full = bytes >= BATCH_BYTES || more >= BATCH_BYTES || self.is_apart(&group[0]);
            if end > 0 && is_full {
                break;
            }
            bytes += more;
            end += group.len();
        }
        // The next batch is likely to be about as long.
        let mut rest = Vec::with_capacity(self.commits.len());
        rest.extend(self.commits.drain(end..));
        std::mem::replace(&mut self.commits, rest)
    }

    /// Returns whether a commit is not to be in the batch of the first one.
    fn is_apart(&self, commit: &Commit) -> bool {
        let suspicion = |commit: &Commit| self.suspects.get(&commit.execution);
        !self.suspects.is_empty() && suspicion(commit) != suspicion(&self.commits[0])
    }

    /// Puts large commits behind the others, in the same order, each with what follows from it.
    fn put_small_ones_first(&mut self) {
        let sizes: Vec<_> = groups(&self.commits).map(|group| (group.len(), is_large(group))).collect();
        let (mut small, mut large) = (Vec::new(), Vec::new());
        let mut commits = self.commits.drain(..);
        for (count, is_large) in sizes {
            if is_large { &mut large } else { &mut small }.extend(commits.by_ref().take(count));
        }
        drop(commits);
        self.commits.append(&mut small);
        self.commits.append(&mut large);
    }
}

/// Returns the commits that are written together: each with what follows from it.
fn groups(commits: &[Commit]) -> impl Iterator<Item = &[Commit]> {
    commits.chunk_by(|_, next| next.follows.is_some())
}

fn bytes_of(group: &[Commit]) -> usize {
    group.iter().map(Commit::bytes).sum()
}

fn is_large(group: &[Commit]) -> bool {
    bytes_of(group) >= BATCH_BYTES
}
