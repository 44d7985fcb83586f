//! Requests with so much in their bodies that reading it would keep others waiting.
//!
//! Reading a document of 4 MiB and checking it takes a second of work. On the threads of the async runtime, a few of them
//! would stop everything else for as long, the engine included. So when the body of such a request is there, it gives up
//! its thread while it works, and they work in turn.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, header};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

/// The largest body, in bytes, that is read where others wait: within a few milliseconds.
const LIGHT_BYTES: usize = 64 * 1024;
/// How many of them work at once. One thread of any machine is then free for the rest.
const WORKING_MAX: usize = 1;

/// Returns whether a request to one of our addresses is one. One that does not say how long its body is may be.
pub(crate) fn is_heavy(request: &Request) -> bool {
    request.extensions().get::<MatchedPath>().is_some() && may_be_large(request.headers())
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
pub(crate) struct Turns(Semaphore);

impl Turns {
    pub(crate) const fn new() -> Self {
        Self(Semaphore::const_new(WORKING_MAX))
    }

    /// Answers such a request. It has a turn whenever it can go on, so those that wait for something keep nobody waiting.
    pub(crate) async fn run<T>(&self, request: impl Future<Output = T>) -> T {
        let mut request = pin!(request);
        loop {
            let turn = self.0.acquire().await;
            let polled = poll_fn(|context| Poll::Ready(aside(|| request.as_mut().poll(context)))).await;
            drop(turn);
            match polled {
                Poll::Ready(answer) => return answer,
                Poll::Pending => woken().await,
            }
        }
    }
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
    use std::time::Duration;

    use axum::http::HeaderValue;
    use tokio::sync::oneshot;
    use tokio::time::sleep;

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

        let answer = tokio::spawn(async move { turns.run(async move { receiver.recv() }).await }).await;

        assert_eq!(answer.expect("it does not panic"), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_wait_keep_nobody_waiting() {
        let turns = Turns::new();
        let (sender, receiver) = oneshot::channel();

        let first = turns.run(async { receiver.await.expect("it is sent") });
        let second = turns.run(async {
            sleep(Duration::from_secs(1)).await;
            sender.send(5).expect("the first waits for it");
        });

        assert_eq!(tokio::join!(first, second), (5, ()));
    }
}
