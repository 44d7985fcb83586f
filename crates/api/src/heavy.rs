//! Requests with so much to do that it would keep others waiting.
//!
//! Reading a document of 4 MiB and checking it takes a second of work; a small one can have expressions and schemas that
//! take a tenth of that. On the threads of the async runtime, a few of them would stop everything else for as long, the
//! engine included. So when the body of such a request is there, it gives up its thread while it works, and they work in
//! turn. One that gets no turn in time is refused: nearly always before anything is done, as its first turn is the one that it
//! waits for longest.

mod marked;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, header};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::block_in_place;
use tokio::time::timeout;

pub(crate) use self::marked::{Marked, unmark};
use crate::problem::Problem;

/// The largest body, in bytes, that is read where others wait: within a few milliseconds.
const LIGHT_BYTES: usize = 64 * 1024;
/// How many of a kind work at once, so that others have threads, too.
const WORKING_MAX: usize = 1;
/// Nodes of an execution that are shown where others wait: within a millisecond.
pub(crate) const NODES_AT_ONCE: usize = 100;
/// Records of an execution, in bytes, that are read where others wait: within a few milliseconds.
pub(crate) const RECORDS_AT_ONCE: usize = 256 * 1024;
/// How many requests for documents or for long lists are answered at once. One takes up to 100 MiB meanwhile.
const SHOWN_MAX: usize = 2;
/// How long a request waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// There is so much to do that a request did not get its turn in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// Nothing was done.
    BeforeItBegan,
    /// What it has asked for may be done.
    OnItsWay,
}

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Self {
        match busy {
            Busy::BeforeItBegan => Self::busy(),
            Busy::OnItsWay => Self::busy_on_its_way(),
        }
    }
}

/// Why a request has much to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heavy {
    /// Its body is large, or may be: it does not say how long it is.
    Body,
    /// It checks a document or tries a node. A small change can be one of a large document.
    Document,
    /// It shows documents, which may be large. What they take is in memory until it is answered.
    Shown,
}

/// Returns why a request to one of our addresses has much to do, if it has.
pub(crate) fn of(request: &Request, marked: &Marked) -> Option<Heavy> {
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    if may_be_large(request.headers()) {
        return Some(Heavy::Body);
    }
    marked.find(request.method(), path)
}

fn may_be_large(headers: &HeaderMap) -> bool {
    match headers.get(header::CONTENT_LENGTH) {
        Some(length) => {
            !length.to_str().is_ok_and(|text| text.parse().is_ok_and(|bytes: usize| bytes <= LIGHT_BYTES))
        }
        None => headers.contains_key(header::TRANSFER_ENCODING),
    }
}

/// Whose turn it is to work.
#[derive(Debug)]
pub(crate) struct Turns {
    bodies: Semaphore,
    documents: Semaphore,
    views: Semaphore,
    shown: Semaphore,
}

impl Turns {
    pub(crate) const fn new() -> Self {
        let [bodies, documents, views] = [const { Semaphore::const_new(WORKING_MAX) }; 3];
        Self { bodies, documents, views, shown: Semaphore::const_new(SHOWN_MAX) }
    }

    /// Waits for a turn to read and show what takes much memory. The turn is over when what is returned is dropped.
    ///
    /// # Errors
    /// [`Busy`] if it does not come in time.
    pub(crate) async fn shown(&self) -> Result<SemaphorePermit<'_>, Busy> {
        in_time(&self.shown).await
    }

    /// Makes what is shown: at once, or in turn and on another thread where that `is_long` work.
    ///
    /// # Errors
    /// [`Busy`] if the turn does not come in time.
    pub(crate) async fn view<T>(&self, is_long: bool, view: impl FnOnce() -> T) -> Result<T, Busy> {
        if !is_long {
            return Ok(view());
        }
        let _turn = in_time(&self.views).await?;
        Ok(aside(view))
    }

    /// Small requests do not wait for large ones.
    const fn of(&self, heavy: Heavy) -> &Semaphore {
        match heavy {
            Heavy::Body => &self.bodies,
            Heavy::Document => &self.documents,
            Heavy::Shown => &self.views,
        }
    }

    /// Answers such a request. It has a turn whenever it can go on, so those that wait for something do not keep others waiting.
    ///
    /// # Errors
    /// [`Busy`] if a turn does not come in time.
    pub(crate) async fn run<T>(&self, heavy: Heavy, request: impl Future<Output = T>) -> Result<T, Busy> {
        let mut request = pin!(request);
        let _shown = if heavy == Heavy::Shown { Some(self.shown().await?) } else { None };
        let mut turn = in_time(self.of(heavy)).await?;
        loop {
            let polled = poll_fn(|context| Poll::Ready(aside(|| request.as_mut().poll(context)))).await;
            drop(turn);
            match polled {
                Poll::Ready(answer) => return Ok(answer),
                Poll::Pending => woken().await,
            }
            turn = in_time(self.of(heavy)).await.map_err(|_| Busy::OnItsWay)?;
        }
    }
}

async fn in_time(turns: &Semaphore) -> Result<SemaphorePermit<'_>, Busy> {
    let turn = timeout(WAIT_MAX, turns.acquire()).await.map_err(|_| Busy::BeforeItBegan)?;
    Ok(turn.expect("the semaphore is never closed"))
}

/// Works while another thread does what this one would have done. Only a runtime of several threads has one.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => block_in_place(work),
        RuntimeFlavor::CurrentThread | _ => work(),
    }
}

/// Waits until the task is woken, by what it was polled for last.
async fn woken() {
    let mut is_woken = false;
    poll_fn(|_| if std::mem::replace(&mut is_woken, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use futures_util::FutureExt;
    use tokio::sync::oneshot;
    use tokio::time::{Instant, sleep};

    use super::*;

    #[test]
    fn large_bodies_and_those_of_unknown_length_are_heavy() {
        for (name, value, expected) in [
            (header::CONTENT_LENGTH, "0", false),
            (header::CONTENT_LENGTH, "65536", false),
            (header::CONTENT_LENGTH, "65537", true),
            (header::CONTENT_LENGTH, "99999999999999999999999", true),
            (header::TRANSFER_ENCODING, "chunked", true),
            (header::HOST, "localhost", false),
        ] {
            let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(value))]);
            assert_eq!(may_be_large(&headers), expected, "{name}: {value}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_thread_that_works_stops_no_other_task() {
        let turns = Turns::new();
        let (sender, receiver) = std::sync::mpsc::channel();
        tokio::spawn(async move { sender.send(()).expect("the request waits for it") });

        let answer =
            tokio::spawn(async move { turns.run(Heavy::Document, async move { receiver.recv() }).await })
                .await;

        assert_eq!(answer.expect("it does not panic"), Ok(Ok(())));
    }

    #[tokio::test]
    async fn a_request_that_works_has_the_only_turn_of_its_kind() {
        let turns = Turns::new();
        let kinds = [Heavy::Body, Heavy::Document, Heavy::Shown];
        let free = || kinds.map(|kind| turns.of(kind).available_permits());

        assert_eq!(turns.run(Heavy::Body, async { free() }).await, Ok([0, 1, 1]));
        assert_eq!(turns.run(Heavy::Document, async { free() }).await, Ok([1, 0, 1]));
        assert_eq!(turns.run(Heavy::Shown, async { free() }).await, Ok([1, 1, 0]));
        assert_eq!(turns.view(true, free).await, Ok([1, 1, 0]));
    }

    #[tokio::test]
    async fn few_documents_are_in_memory_to_be_shown() {
        let turns = Turns::new();
        let mut showing: Vec<_> =
            (0..SHOWN_MAX).map(|_| Box::pin(turns.run(Heavy::Shown, std::future::pending::<()>()))).collect();
        for request in &mut showing {
            assert!(request.as_mut().now_or_never().is_none());
        }
        let mut next = pin!(turns.run(Heavy::Shown, async {}));
        assert!(next.as_mut().now_or_never().is_none(), "it waits");

        showing.pop();

        assert!(next.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_wait_keep_nobody_waiting() {
        let turns = Turns::new();
        let (sender, receiver) = oneshot::channel();

        let first = turns.run(Heavy::Body, async { receiver.await.expect("it is sent") });
        let second = turns.run(Heavy::Body, async {
            sleep(Duration::from_secs(1)).await;
            sender.send(5).expect("the first waits for it");
        });

        assert_eq!(tokio::join!(first, second), (Ok(5), Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_get_no_turn_in_time_are_refused_before_they_begin() {
        let turns = Turns::new();
        let _working =
            (turns.bodies.acquire().await, turns.documents.acquire().await, turns.views.acquire().await);
        let asked = Instant::now();
        let begins = || async { panic!("it has begun") };

        let (body, document, shown, view) = tokio::join!(
            turns.run(Heavy::Body, begins()),
            turns.run(Heavy::Document, begins()),
            turns.run(Heavy::Shown, begins()),
            turns.view(true, || panic!("it was made")),
        );

        let busy = Err::<(), _>(Busy::BeforeItBegan);
        assert_eq!((body, document, shown, view), (busy, busy, busy, busy));
        assert_eq!(asked.elapsed(), WAIT_MAX);
        let _showing = turns.shown.acquire_many(2).await;
        assert_eq!(turns.shown().await.err(), Some(Busy::BeforeItBegan));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_gets_no_further_turn_in_time_is_refused() {
        let turns = Turns::new();
        let (sender, receiver) = oneshot::channel::<()>();
        let mut request = pin!(turns.run(Heavy::Body, receiver));
        assert!(request.as_mut().now_or_never().is_none(), "it waits for something");
        let _working = turns.bodies.acquire().await;
        let asked = Instant::now();

        sender.send(()).expect("it waits for it");
        let answer = request.await;

        assert_eq!(answer, Err(Busy::OnItsWay));
        assert_eq!(asked.elapsed(), WAIT_MAX);
    }
}
