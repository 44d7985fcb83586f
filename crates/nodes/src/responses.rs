//! The room for responses, shared by all calls: memory while they arrive, and turns to read large ones.
//!
//! Both are shared out as calls are ([`Slots`]): responses that arrive slowly or never end take a part of the memory that
//! leaves room for those of other flows, and large ones are read one at a time, in turn. Who waits does so within the time
//! of the call.

use std::sync::Arc;

use steadflow_core::failure::{ErrorClass, Failure};
use tokio::task::spawn_blocking;

use crate::slots::{Party, Slot, Slots};

/// The first bytes of a response, which are not counted: nearly all are no longer.
pub(crate) const FREE_BYTES: usize = 16 * 1024;
/// The unit in which memory is counted.
const UNIT_BYTES: usize = 16 * 1024;
/// The largest response, in bytes, that is read where others wait: within a millisecond.
const LIGHT_BYTES: usize = 64 * 1024;
/// How many larger ones are read at once. Reading takes up to 32 times their memory.
const READING_MAX: usize = 1;

/// The room for the responses of all calls.
#[derive(Clone, Debug)]
pub(crate) struct Responses {
    arriving: Arc<Slots>,
    reading: Arc<Slots>,
}

/// The room for the responses of one call.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    responses: Responses,
    party: Party,
}

/// The memory of a response, until it is dropped; `None` for one that is not counted.
pub(crate) type Taken = Option<Slot>;

impl Responses {
    /// Returns room for `bytes` bytes that arrive.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { arriving: Slots::new((bytes / UNIT_BYTES).max(1)), reading: Slots::new(READING_MAX) }
    }

    /// Returns the room for the calls of `party`.
    pub(crate) fn share_of(&self, party: Party) -> Share {
        Share { responses: self.clone(), party }
    }
}

impl Share {
    /// Waits for the memory of a response of up to `bytes` bytes.
    pub(crate) async fn take(&self, bytes: usize) -> Slot {
        self.responses.arriving.acquire_many(self.party.clone(), bytes.div_ceil(UNIT_BYTES)).await
    }

    /// Reads a response of `bytes` bytes, with its memory. A large one waits for its turn, and leaves the thread to others.
    ///
    /// # Errors
    /// What `read` returns.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        bytes: usize,
        taken: Taken,
        read: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        if bytes <= LIGHT_BYTES {
            return read();
        }
        let turn = self.responses.reading.acquire(self.party.clone()).await;
        // It goes on when its caller has gone, so it keeps what it takes.
        let reading = spawn_blocking(move || {
            // The memory is given back first, so that it is free for who has the next turn.
            let _room = (taken, turn);
            read()
        });
        reading.await.unwrap_or_else(|_| {
            Err(Failure::new(ErrorClass::Internal, "The server stopped while it read the response."))
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use steadflow_core::ids::FlowId;
    use uuid::Uuid;

    use super::*;

    fn share(responses: &Responses, flow: u128) -> Share {
        responses.share_of(Party { flow: FlowId::new(Uuid::from_u128(flow)), peer: flow.to_string().into() })
    }

    #[test]
    fn responses_of_a_flow_take_half_of_the_memory_and_others_get_theirs() {
        let responses = Responses::new(8 * UNIT_BYTES);
        let take = |flow, bytes| share(&responses, flow).take(bytes).now_or_never();

        let first = take(1, 3 * UNIT_BYTES + 1).expect("there is room");
        assert!(take(1, 1).is_none());
        let second = take(2, 2 * UNIT_BYTES).expect("there is room for another flow");
        drop(first);
        assert!(take(1, UNIT_BYTES).is_some());
        drop(second);
        assert!(take(1, 1_000_000).is_some(), "one that takes more than there is gets all");
    }

    #[tokio::test]
    async fn large_responses_are_read_one_at_a_time_and_small_ones_at_once() {
        let responses = Responses::new(1 << 20);
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let first = share(&responses, 1);
        let taken = first.take(1 << 19).await;
        let first = tokio::spawn(async move {
            let read = move || {
                begun.send(()).expect("the test waits for it");
                ended.recv().expect("the test ends it");
                Ok(1)
            };
            first.read(LIGHT_BYTES + 1, Some(taken), read).await
        });
        tokio::task::spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();

        let light = share(&responses, 1).read(LIGHT_BYTES, None, || Ok(2)).now_or_never();
        assert_eq!(light, Some(Ok(2)));
        let other = share(&responses, 2);
        let mut second = Box::pin(other.read(LIGHT_BYTES + 1, None, || Ok(3)));
        assert!((&mut second).now_or_never().is_none(), "it waits for its turn");
        first.abort();
        assert!(share(&responses, 1).take(1).now_or_never().is_none(), "the memory is still taken");

        end.send(()).unwrap();
        assert_eq!(second.await, Ok(3));
        assert!(share(&responses, 1).take(1 << 19).now_or_never().is_some());
    }
}
