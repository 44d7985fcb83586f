//! What the models of nodes write while they write it: the latest of it is kept in memory, and readers are notified.
//!
//! It has no part in executions. A text is forgotten when its call ends, and those who read it keep it until they have read
//! it to its end.

mod window;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use steadflow_core::ids::{ExecutionId, NodeIndex};
use steadflow_core::live::{TextKind, TextSink, TextSinks};
use steadflow_core::work::CallKey;
use uuid::Uuid;

use self::window::{Room, Window};
use crate::followed::{Followed, Following};

/// How much of the text of a call is kept, in bytes, and as much of its reasoning: the latest.
const KEPT_BYTES_MAX: usize = 256 * 1024;
/// How much all calls keep together, in bytes. A call may keep as much as it leaves free.
const ALL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A node of an execution. It asks one model at a time.
type Place = (ExecutionId, NodeIndex);

/// The texts of calls under way. Clones are of the same ones.
#[derive(Clone)]
pub struct LiveTexts(Arc<Inner>);

struct Inner {
    open: Mutex<HashMap<Place, Arc<LiveText>>>,
    followed: Arc<Followed<Place, Option<Arc<LiveText>>>>,
    room: Arc<Room>,
}

impl Default for LiveTexts {
    fn default() -> Self {
        Self::with_room(ALL_BYTES_MAX)
    }
}

impl fmt::Debug for LiveTexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveTexts").finish_non_exhaustive()
    }
}

impl LiveTexts {
    fn with_room(bytes: usize) -> Self {
        let room = Arc::new(Room::new(bytes));
        Self(Arc::new(Inner { open: Mutex::default(), followed: Arc::default(), room }))
    }

    /// Listens to what the models of a node write, from here on.
    pub fn follow(&self, execution: ExecutionId, node: NodeIndex) -> LiveFollowing {
        let place = (execution, node);
        let following = self.0.followed.follow(place);
        LiveFollowing { following, is_notified: false, place, texts: self.clone() }
    }

    fn open(&self, call: &CallKey) -> Arc<LiveText> {
        let text = Arc::new(LiveText {
            id: Uuid::now_v7(),
            call: call.clone(),
            windows: Mutex::default(),
            room: Arc::clone(&self.0.room),
        });
        self.0.open.lock().insert((call.execution, call.node), Arc::clone(&text));
        text
    }

    fn close(&self, text: &Arc<LiveText>) {
        let place = (text.call.execution, text.call.node);
        let mut open = self.0.open.lock();
        // A later call may have begun before this one was dropped.
        if open.get(&place).is_some_and(|latest| Arc::ptr_eq(latest, text)) {
            open.remove(&place);
        }
    }
}

impl TextSinks for LiveTexts {
    fn sink(&self, call: CallKey) -> Box<dyn TextSink> {
        Box::new(Writer { texts: self.clone(), call, open: None })
    }
}

/// Writes the text of one call.
struct Writer {
    texts: LiveTexts,
    call: CallKey,
    /// `None` as long as there is no text.
    open: Option<Arc<LiveText>>,
}

impl TextSink for Writer {
    fn push(&mut self, kind: TextKind, piece: &str) {
        let text = self.open.get_or_insert_with(|| self.texts.open(&self.call));
        text.push(kind, piece);
        let place = (self.call.execution, self.call.node);
        self.texts.0.followed.publish(place, || Some(Arc::clone(text)));
    }

    fn restart(&mut self) {
        if let Some(text) = self.open.take() {
            self.texts.close(&text);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.restart();
    }
}

/// The text of one call, as far as it goes. What is asked again has another one, in every process.
pub struct LiveText {
    id: Uuid,
    call: CallKey,
    /// In the order of [`TextKind::ALL`].
    windows: Mutex<[Window; 2]>,
    room: Arc<Room>,
}

impl fmt::Debug for LiveText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveText").field("id", &self.id).field("call", &self.call).finish_non_exhaustive()
    }
}

impl LiveText {
    /// Returns its id, which no other text has.
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// Returns which call writes it.
    pub const fn call(&self) -> &CallKey {
        &self.call
    }

    fn push(&self, kind: TextKind, piece: &str) {
        self.windows.lock()[kind as usize].push(piece, KEPT_BYTES_MAX, &self.room);
    }

    /// Returns up to `bytes_max` bytes from byte `offset` on, or from the first one that is kept.
    pub fn read(&self, kind: TextKind, offset: u64, bytes_max: usize) -> Piece {
        self.windows.lock()[kind as usize].read(offset, bytes_max)
    }
}

impl Drop for LiveText {
    fn drop(&mut self) {
        self.windows.get_mut().iter_mut().for_each(|window| window.clear(&self.room));
    }
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// How many bytes before it are no longer kept.
    pub missed: u64,
    /// Which byte of the text it begins with.
    pub offset: u64,
    /// The piece; empty if there is no more.
    pub text: String,
}

/// A reader's end for what the models of one node write.
#[derive(Debug)]
pub struct LiveFollowing {
    following: Following<Place, Option<Arc<LiveText>>>,
    /// Whether anything was published since the reader came. What was published before may have ended long ago.
    is_notified: bool,
    place: Place,
    texts: LiveTexts,
}

impl LiveFollowing {
    /// Returns the latest text since the reader came, whose call may have ended.
    pub fn latest(&mut self) -> Option<Arc<LiveText>> {
        let (latest, is_new) = self.following.latest();
        self.is_notified |= is_new;
        if self.is_notified { latest } else { self.texts.0.open.lock().get(&self.place).cloned() }
    }

    /// Waits until there is more than when [`Self::latest`] was asked for.
    pub async fn changed(&mut self) {
        self.following.changed().await;
        self.is_notified = true;
    }
}

#[cfg(test)]
mod tests;
