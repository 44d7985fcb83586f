//! Group commit: batches that came while a transaction was under way are written in the next one.
//!
//! A task of its own writes them, so that a caller who goes away takes nothing back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use steadflow_store::{Commit, Committed, StoreError};
use tokio::sync::oneshot;

use super::commit::Writer;
use super::driven::{Driven, Lessee};
use super::lost::Timeline;

/// Commits of one transaction at most, but for a batch that has more by itself.
const COMMITS_MAX: usize = 1_000;
/// Bytes of one transaction at most, but for a batch that has more by itself.
const BYTES_MAX: usize = 1024 * 1024;

/// A worker of this process.
#[derive(Debug)]
pub(crate) struct OwnWorker {
    pub(crate) lessee: Lessee,
    /// The history of the database in which it was registered.
    pub(crate) timeline: Timeline,
    /// What it drives. Who has it locked keeps the worker from committing.
    pub(crate) driven: tokio::sync::Mutex<Driven>,
    queue: Mutex<Queue>,
}

/// Batches that wait for the next transaction.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Whether a task writes them.
    is_written: bool,
}

/// A batch, and who waits for what comes of it.
#[derive(Debug)]
struct Waiting {
    batch: Vec<Commit>,
    bytes: usize,
    answer: oneshot::Sender<Answer>,
}

type Answer = Result<Vec<Committed>, StoreError>;

impl OwnWorker {
    pub(crate) fn new(lessee: Lessee, timeline: Timeline, format: i64) -> Self {
        let driven = tokio::sync::Mutex::new(Driven::new(lessee, timeline.clone(), format));
        Self { lessee, timeline, driven, queue: Mutex::default() }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a batch, with what else waits.
    pub(super) async fn commit(self: &Arc<Self>, writer: &Arc<Writer>, batch: Vec<Commit>) -> Answer {
        let (answer, answered) = oneshot::channel();
        let bytes = batch.iter().map(Commit::bytes).sum();
        let is_written = {
            let mut queue = self.queue();
            queue.waiting.push_back(Waiting { batch, bytes, answer });
            std::mem::replace(&mut queue.is_written, true)
        };
        if !is_written {
            tokio::spawn(write_all(Arc::clone(writer), Arc::clone(self)));
        }
        // Without an answer its task has ended.
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Takes the batches of the next transaction; none if none waits, and then another task writes those that come.
    fn next(&self) -> Vec<Waiting> {
        let mut queue = self.queue();
        let (mut commits, mut bytes) = (0, 0);
        let fits = |waiting: &Waiting| {
            commits += waiting.batch.len();
            bytes += waiting.bytes;
            commits <= COMMITS_MAX && bytes <= BYTES_MAX
        };
        let count = queue.waiting.iter().map(fits).take_while(|fits| *fits).count();
        queue.is_written = !queue.waiting.is_empty();
        let count = count.max(1).min(queue.waiting.len());
        queue.waiting.drain(..count).collect()
    }
}

/// Writes what waits, until nothing does.
async fn write_all(writer: Arc<Writer>, worker: Arc<OwnWorker>) {
    let _closing = Closing(&worker);
    loop {
        // Between two transactions others may have the worker.
        let mut driven = worker.driven.lock().await;
        let group = worker.next();
        if group.is_empty() {
            return;
        }
        write(&writer, &mut driven, group).await;
    }
}

/// Lets nobody wait for a task that has ended in a panic.
struct Closing<'w>(&'w OwnWorker);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0.queue() = Queue::default();
        }
    }
}

/// Writes batches in one transaction, and answers them.
async fn write(writer: &Writer, driven: &mut Driven, group: Vec<Waiting>) {
    let (mut all, mut lengths, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for Waiting { batch, answer, .. } in group {
        lengths.push(batch.len());
        answers.push(answer);
        all.extend(batch);
    }
    match writer.commit(driven, &all).await.map_err(|error| error.of("commit")) {
        Ok(mut committed) => {
            for (length, answer) in lengths.into_iter().zip(answers) {
                let rest = committed.split_off(length);
                // Who asked may have gone; it is written all the same.
                let _ = answer.send(Ok(std::mem::replace(&mut committed, rest)));
            }
        }
        // One of them, so the others are written without it.
        Err(StoreError::Refused { .. }) if lengths.len() > 1 => {
            for (length, answer) in lengths.into_iter().zip(answers) {
                let rest = all.split_off(length);
                let batch = std::mem::replace(&mut all, rest);
                let committed = writer.commit(driven, &batch).await;
                let _ = answer.send(committed.map_err(|error| error.of("commit")));
            }
        }
        Err(error) => {
            for answer in answers {
                let _ = answer.send(Err(error.repeated()));
            }
        }
    }
}
