//! What clients have not read yet: counted in bytes, with a bound over all clients, of which each address has a share.
//!
//! An address may hold as much as it leaves free, so one address gets up to half of all, two get a third each, and something
//! is always left for the next. Small answers are not counted: a connection holds at most one, and the number of connections
//! is bounded.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;

use crate::client_address::ClientAddress;
use crate::problem::{Problem, ProblemKind};

/// How much clients may leave unread, all of them together, in bytes.
pub(crate) const UNREAD_BYTES_MAX: usize = 128 * 1024 * 1024;
/// How much the streams may keep of the executions that they follow, all of them together, in bytes.
pub(crate) const COPIES_BYTES_MAX: usize = 128 * 1024 * 1024;
/// An answer up to this length, in bytes, is not counted.
const SMALL_BYTES: u64 = 64 * 1024;

type FrameResult = Result<Frame<Bytes>, axum::Error>;

/// The room for what clients have not read yet.
#[derive(Clone, Debug)]
pub(crate) struct Backlog(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    /// What each address holds that holds anything.
    held: HashMap<ClientAddress, usize>,
}

/// The room that the clients of one address share.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    backlog: Backlog,
    address: ClientAddress,
}

/// So many bytes of the room, until it is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    share: Share,
    bytes: usize,
}

/// Marks an answer that takes no memory of its own, because it is a part of the program: it is not counted, so the studio can
/// be loaded however much others leave unread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resident;

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl From<Full> for Problem {
    fn from(_: Full) -> Self {
        Self::new(
            ProblemKind::Unavailable,
            "Clients of your address, or all clients, have not read so much, or follow so many executions, that there is no \
             room. Try again in a second.",
        )
    }
}

/// Bytes that are counted until they are dropped, which is when they have been written to their connection.
struct Counted {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Backlog {
    /// Returns room for `bytes`.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(State { free: bytes, held: HashMap::new() })))
    }

    /// Returns the share of the clients of `address`.
    pub(crate) fn share(&self, address: ClientAddress) -> Share {
        Share { backlog: self.clone(), address }
    }
}

impl State {
    fn take(&mut self, address: ClientAddress, bytes: usize) -> Result<(), Full> {
        let free = self.free.checked_sub(bytes).ok_or(Full)?;
        let held = self.held.get(&address).copied().unwrap_or_default() + bytes;
        if held > free {
            return Err(Full);
        }
        self.free = free;
        self.held.insert(address, held);
        Ok(())
    }

    fn put_back(&mut self, address: ClientAddress, bytes: usize) {
        self.free += bytes;
        match self.held.get_mut(&address) {
            Some(held) if *held > bytes => *held -= bytes,
            _ => drop(self.held.remove(&address)),
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.share.backlog.0.lock().put_back(self.share.address, self.bytes);
    }
}

impl Share {
    /// Counts so many bytes until what is returned is dropped.
    ///
    /// # Errors
    /// [`Full`] if there is no room for them.
    pub(crate) fn room(&self, bytes: usize) -> Result<Room, Full> {
        self.backlog.0.lock().take(self.address, bytes)?;
        Ok(Room { share: self.clone(), bytes })
    }

    /// Counts `bytes` until they have been sent.
    ///
    /// # Errors
    /// [`Full`] if there is no room for them.
    pub(crate) fn hold(&self, bytes: Bytes) -> Result<Bytes, Full> {
        let room = self.room(bytes.len())?;
        Ok(Bytes::from_owner(Counted { bytes, _room: room }))
    }

    /// Counts the body of `response` until it has been sent, if it is large and its length is known. Without room for it,
    /// the answer says so.
    pub(crate) fn hold_response(&self, response: Response) -> Response {
        let is_resident = response.extensions().get::<Resident>().is_some();
        let bytes = response.body().size_hint().exact().filter(|bytes| *bytes > SMALL_BYTES && !is_resident);
        let Some(bytes) = bytes else { return response };
        let room = self.room(usize::try_from(bytes).unwrap_or(usize::MAX));
        let Ok(room) = room else { return Problem::from(Full).into_response() };
        response.map(|body| Body::new(Held { body, room: Some(room) }))
    }
}

/// A body whose first part, which is all of it where the length is known, keeps its room until it has been sent.
struct Held {
    body: Body,
    room: Option<Room>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<FrameResult>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let counted = frame.map(|frame| frame.map(|frame| frame.map_data(|bytes| self.counted(bytes))));
        Poll::Ready(counted)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Held {
    fn counted(&mut self, bytes: Bytes) -> Bytes {
        match self.room.take() {
            Some(room) => Bytes::from_owner(Counted { bytes, _room: room }),
            None => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use axum::Extension;
    use axum::http::StatusCode;

    use super::*;

    fn share(backlog: &Backlog, last: u8) -> Share {
        backlog.share(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)).into())
    }

    /// Takes bytes one by one until there are no more, and returns how many there were.
    fn drain(share: &Share) -> (usize, Vec<Room>) {
        let taken: Vec<_> = std::iter::from_fn(|| share.room(1).ok()).collect();
        (taken.len(), taken)
    }

    #[test]
    fn bytes_count_until_they_are_dropped() {
        let share = share(&Backlog::new(20), 1);

        let held = share.hold(Bytes::from_static(b"12345678")).unwrap();

        assert_eq!(share.hold(Bytes::from_static(b"123")), Err(Full));
        drop(held);
        assert!(share.hold(Bytes::from_static(b"123")).is_ok());
    }

    #[test]
    fn an_address_that_leaves_all_it_may_unread_leaves_room_for_others() {
        let backlog = Backlog::new(240);

        let (counts, held): (Vec<_>, Vec<_>) = (0..4).map(|last| drain(&share(&backlog, last))).unzip();

        assert_eq!(counts, [120, 60, 30, 15]);
        drop(held);
        assert_eq!(drain(&share(&backlog, 5)).0, 120, "all is free again");
        assert!(backlog.0.lock().held.is_empty(), "and nobody is remembered");
    }

    #[test]
    fn what_is_a_part_of_the_program_does_not_count() {
        let share = share(&Backlog::new(10), 1);

        let asset = share.hold_response((Extension(Resident), "x".repeat(100_000)).into_response());

        assert_eq!(asset.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn large_answers_count_until_they_are_sent_and_small_ones_do_not() {
        let share = share(&Backlog::new(400_000), 1);
        let answer = |bytes: usize| "x".repeat(bytes).into_response();
        let status = |bytes| share.hold_response(answer(bytes)).status().as_u16();

        let unread = share.hold_response(answer(150_000));
        assert_eq!([status(100_000), status(60_000)], [503, 200]);

        let read = axum::body::to_bytes(unread.into_body(), usize::MAX).await.unwrap();
        assert_eq!(status(100_000), 503, "the bytes are still there");
        drop(read);
        assert_eq!(status(100_000), 200);
    }
}
