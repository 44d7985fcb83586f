//! What callers ask of the writer thread, and how they get their answer.

use std::fmt;

use steadflow_store::StoreError;
use tokio::sync::oneshot;

use crate::error::Failure;
use crate::writer::Writer;

/// Something to do inside the writer's transaction.
pub(crate) trait Job: Send {
    /// Roughly how much it writes, in bytes.
    fn bytes(&self) -> usize;

    /// Does it. The caller is notified once the transaction has ended.
    fn run(self: Box<Self>, writer: &mut Writer) -> Box<dyn Done>;

    /// Notifies the caller that it will not be done.
    fn refuse(self: Box<Self>, failure: &Failure);
}

/// A job that was run, and whose transaction has not ended.
pub(crate) trait Done {
    /// Whether it failed, so that what it wrote must be taken back.
    fn has_failed(&self) -> bool;

    /// Notifies the caller of the result, given the result of the transaction.
    fn answer(self: Box<Self>, transaction: Result<(), &Failure>);
}

impl fmt::Debug for dyn Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

/// Returns a job that does `work`, and where its answer will come.
pub(crate) fn job<T, F>(call: &'static str, bytes: usize, work: F) -> (Box<dyn Job>, Answer<T>)
where
    T: Send + 'static,
    F: FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Asked { call, bytes, work, reply }), answer)
}

/// Where the answer comes.
pub(crate) type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;

struct Asked<T, F> {
    call: &'static str,
    bytes: usize,
    work: F,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

struct Ran<T> {
    call: &'static str,
    result: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Asked<T, F>
where
    T: Send + 'static,
    F: FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
{
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn run(self: Box<Self>, writer: &mut Writer) -> Box<dyn Done> {
        let Self { call, work, reply, .. } = *self;
        Box::new(Ran { call, result: work(writer), reply })
    }

    fn refuse(self: Box<Self>, failure: &Failure) {
        // The caller may have stopped waiting.
        let _gone = self.reply.send(Err(failure.of(self.call)));
    }
}

impl<T> Done for Ran<T> {
    fn has_failed(&self) -> bool {
        self.result.is_err()
    }

    fn answer(self: Box<Self>, transaction: Result<(), &Failure>) {
        let Self { call, result, reply } = *self;
        let answer = match (result, transaction) {
            (Ok(_), Err(failure)) => Err(failure.of(call)),
            (result, _) => result,
        };
        let _gone = reply.send(answer);
    }
}
