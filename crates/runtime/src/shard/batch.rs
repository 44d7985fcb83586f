//! Which commits go into the next batch.
//!
//! Those of large data take the database long to write. One of them is under way at a time, and what others decide is
//! written between them. If others have decided something meanwhile, the next one waits for as long as the last one took: so
//! at most half of the time is theirs.
//!
//! One whose record goes to the blob storage takes the database no longer than others, and that storage as long as it takes: it
//! is a batch of its own, and some are under way at a time.

use std::time::Duration;

use steadflow_core::timestamp::Timestamp;
use steadflow_store::{BLOB_RECORD, Commit};

use super::{BatchId, Shard};

/// Bytes from which on a batch takes no further commit, and a commit, with what follows from it, is a batch of its own.
const BATCH_BYTES: usize = 512 * 1024;
/// How long the next large commit waits at most, however long the last one took.
const REST_MAX: Duration = Duration::from_secs(1);
/// In how much of its record the start of an execution is looked for, in bytes.
const BEGIN: usize = 256;
/// How many batches are written to the blob storage at the same time.
const BLOBS_AT_ONCE: usize = 16;

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

/// What a group of commits takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    Small,
    /// The database takes long to write it.
    Large,
    /// The blob storage writes a part of it.
    Blobs,
}

impl Shard {
    /// Takes what is to be committed at `now`, in one transaction; `None` if there is nothing, or if it waits.
    pub fn take_batch(&mut self, now: Timestamp) -> Option<(BatchId, Vec<Commit>)> {
        let may_be_large = self.large.may_be_taken(now);
        let may_be_blobs = self.blob_batches.len() < BLOBS_AT_ONCE;
        if !may_be_large || !may_be_blobs {
            self.put_first(may_be_large, may_be_blobs);
        }
        let weight = self.weight(groups(&self.commits).next()?);
        if !weight.fits(may_be_large, may_be_blobs) {
            return None;
        }
        let id = BatchId(self.next_batch);
        self.next_batch += 1;
        match weight {
            Weight::Small => {}
            Weight::Large => self.large = Large::UnderWay { batch: id, since: now },
            Weight::Blobs => self.blob_batches.push(id),
        }
        let commits = self.next_commits();
        self.batches.insert(id, commits.iter().map(|commit| commit.execution).collect());
        Some((id, commits))
    }

    /// Notes that a batch has ended.
    pub(super) fn note_batch_end(&mut self, ended: BatchId, now: Timestamp) {
        self.blob_batches.retain(|batch| *batch != ended);
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
            let more = match self.weight(group) {
                Weight::Small | Weight::Large => bytes_of(group),
                Weight::Blobs => BATCH_BYTES,
            };
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

    /// Puts the commits that may be taken before the others, in the same order, each with what follows from it.
    fn put_first(&mut self, may_be_large: bool, may_be_blobs: bool) {
        let fits = |group: &[Commit]| self.weight(group).fits(may_be_large, may_be_blobs);
        let sizes: Vec<_> = groups(&self.commits).map(|group| (group.len(), fits(group))).collect();
        let (mut first, mut behind) = (Vec::new(), Vec::new());
        let mut commits = self.commits.drain(..);
        for (count, fits) in sizes {
            if fits { &mut first } else { &mut behind }.extend(commits.by_ref().take(count));
        }
        drop(commits);
        self.commits.append(&mut first);
        self.commits.append(&mut behind);
    }

    fn weight(&self, group: &[Commit]) -> Weight {
        if self.config.has_blobs && group.iter().any(is_in_blob) {
            Weight::Blobs
        } else if bytes_of(group) >= BATCH_BYTES {
            Weight::Large
        } else {
            Weight::Small
        }
    }
}

/// Returns whether the record of a commit is likely to go to a blob; what does not is found out when it is put there.
fn is_in_blob(commit: &Commit) -> bool {
    let is_begin = |text: &str| text.as_bytes()[..BEGIN].windows(9).any(|part| part == b"\"started\"");
    commit.seq > 1 && commit.record.as_ref().is_some_and(|text| text.len() >= BLOB_RECORD && !is_begin(text))
}

impl Weight {
    const fn fits(self, may_be_large: bool, may_be_blobs: bool) -> bool {
        match self {
            Self::Small => true,
            Self::Large => may_be_large,
            Self::Blobs => may_be_blobs,
        }
    }
}

/// Returns the commits that are written together: each with what follows from it.
fn groups(commits: &[Commit]) -> impl Iterator<Item = &[Commit]> {
    commits.chunk_by(|_, next| next.follows.is_some())
}

fn bytes_of(group: &[Commit]) -> usize {
    group.iter().map(Commit::bytes).sum()
}
