//! Following what the model of a node writes while it writes it.
//!
//! The text comes from memory, and everything else from the journal: which turns have ended, and when the node has. A reader
//! has the whole text of a turn before it hears that the turn has ended, as far as it is kept for it to read.

mod position;
mod turns;

use std::sync::Arc;

use steadflow_core::event::Record;
use steadflow_core::ids::NodeIndex;
use steadflow_core::live::TextKind;
use steadflow_runtime::{ExecutionSnapshot, LiveFollowing, LiveText, Piece};

use self::position::Shown;
pub(crate) use self::position::TextPosition;
use self::turns::{Ended, Turns};
use crate::backlog;
use crate::heavy::RECORDS_AT_ONCE;
use crate::sse::{PART_BYTES, Reader, Source};
use crate::views::message::{NodeEnd, PieceView, SkippedView, TextMessage, TurnEnd, TurnName};
use crate::watch::Sources;

/// About what a reader takes, in bytes.
pub(crate) const READER_BYTES: usize = 8 * 1024;

/// One reader of what the model of one node writes.
pub(crate) struct TextReader {
    sources: Sources,
    texts: LiveFollowing,
    /// What the reader takes.
    _room: backlog::Room,
    node: NodeIndex,
    turns: Turns,
    at: TextPosition,
    /// The text that is read, until its turn has ended.
    current: Option<Arc<LiveText>>,
    /// The last text before that.
    before: Option<Arc<LiveText>>,
    /// The text that is read next, when it is known that its turn has begun.
    next: Option<Arc<LiveText>>,
    /// The last record that there is, as far as is known.
    last: u64,
    is_over: bool,
}

impl TextReader {
    /// Returns a reader that has read up to `at`, and the messages that it begins with. Without that it begins where the
    /// execution is.
    ///
    /// `None` if the journal cannot be read.
    pub(crate) fn begin(
        sources: Sources,
        texts: LiveFollowing,
        (room, node): (backlog::Room, NodeIndex),
        snapshot: &ExecutionSnapshot,
        at: Option<TextPosition>,
    ) -> Option<(Self, String)> {
        let last = snapshot.execution.seq();
        let at = at.filter(|at| at.seq <= last).unwrap_or(TextPosition { seq: last, shown: None });
        let mut turns = Turns::new(node);
        for record in snapshot.journal.iter().take(usize::try_from(at.seq).ok()?) {
            turns.read(&serde_json::from_str(record).ok()?);
        }
        let mut reader = Self {
            sources,
            texts,
            _room: room,
            node,
            turns,
            at,
            current: None,
            before: None,
            next: None,
            last,
            is_over: false,
        };
        let first = reader.catch_up(snapshot)?;
        // Even if there is nothing to say, the client hears that it is followed.
        Some((reader, if first.is_empty() { ":\n\n".to_owned() } else { first }))
    }

    /// Returns the next messages that there are; `None` if the journal cannot be read. Can be dropped while it waits.
    async fn more(&mut self) -> Option<String> {
        let latest = self.texts.latest();
        let (text, _) = self.read_text(String::new());
        if !text.is_empty() {
            return Some(text);
        }
        let is_new = |latest: &Arc<LiveText>| {
            self.current.iter().chain(&self.before).all(|known| known.id() != latest.id())
        };
        self.next = latest.filter(is_new);
        let text = self.attach_open(String::new());
        // What ended before the next text began is said before it.
        let is_behind = self.at.seq < self.last || self.sources.changes.is_after(self.at.seq);
        if text.is_empty() && (self.next.is_some() || is_behind) {
            return self.read_journal().await;
        }
        Some(text)
    }

    async fn read_journal(&mut self) -> Option<String> {
        let Sources { app, tenant, id, .. } = &self.sources;
        let app = app.clone();
        let snapshot = app.engine().execution(*tenant, *id).await.ok()?;
        self.last = snapshot.execution.seq();
        let new = self.unread(&snapshot).iter().map(|record| record.len()).sum::<usize>();
        app.heavy_turns().view(new > RECORDS_AT_ONCE, || self.catch_up(&snapshot)).await.ok()?
    }

    fn unread<'s>(&self, snapshot: &'s ExecutionSnapshot) -> &'s [Arc<str>] {
        let seen = usize::try_from(self.at.seq).unwrap_or(usize::MAX);
        snapshot.journal.get(seen..).unwrap_or_default()
    }

    /// Returns what the records say that the reader does not have, until it has all or they are long enough for a part;
    /// `None` if the journal cannot be read.
    fn catch_up(&mut self, snapshot: &ExecutionSnapshot) -> Option<String> {
        let mut text = String::new();
        for record in self.unread(snapshot) {
            let (so_far, is_all) = self.read_text(text);
            text = so_far;
            if !is_all {
                return Some(text);
            }
            let record: Record = serde_json::from_str(record).ok()?;
            let ended = self.turns.read(&record);
            self.at.seq = record.0;
            ended.into_iter().for_each(|ended| text.push_str(&self.end_turn(&ended)));
            text = self.attach_open(text);
        }
        // The turn of a text that is left has ended.
        self.before = self.next.take().or(self.before.take());
        let node = snapshot.execution.node(self.node);
        if self.at.seq == snapshot.execution.seq()
            && (node.is_ended() || snapshot.execution.status().is_finished())
        {
            self.is_over = true;
            let end = TextMessage::End(NodeEnd { status: node.status().into() });
            text.push_str(&end.to_text(&self.at));
        }
        Some(text)
    }

    /// Says that a turn has ended. What was shown of it is stored if it completed, and void if not.
    fn end_turn(&mut self, ended: &Ended) -> String {
        let is_current = |text: &Arc<LiveText>| {
            let call = text.call();
            call.attempt == ended.attempt && call.step == ended.step
        };
        if self.current.as_ref().is_none_or(is_current) {
            self.before = self.current.take().or(self.before.take());
            if ended.is_completed() {
                self.at.shown = None;
            }
        }
        let turn = TurnName::new(ended.attempt, &ended.step);
        TextMessage::Turn(TurnEnd { turn, status: ended.status, seq: self.at.seq }).to_text(&self.at)
    }

    /// Begins to read the next text if its turn is under way. If the reader was shown another one, whose turn did not
    /// complete, that is void.
    fn attach_open(&mut self, mut text: String) -> String {
        let Some(next) = self.next.take_if(|next| self.turns.is_open(next.call().attempt, &next.call().step))
        else {
            return text;
        };
        let shown = self.at.shown.map(|shown| shown.id);
        if shown != Some(next.id()) {
            self.at.shown = Some(Shown { id: next.id(), read: [0; 2] });
            if shown.is_some() {
                let turn = TurnName::new(next.call().attempt, &next.call().step);
                text.push_str(&TextMessage::Restarted(turn).to_text(&self.at));
            }
        }
        self.before = self.current.replace(next).or(self.before.take());
        self.read_text(text).0
    }

    /// Adds what the current text has for the reader to `text`, up to about a part, and says whether that is all.
    fn read_text(&mut self, mut text: String) -> (String, bool) {
        let (Some(current), Some(mut shown)) = (&self.current, self.at.shown) else { return (text, true) };
        let turn = TurnName::new(current.call().attempt, &current.call().step);
        for kind in [TextKind::Reasoning, TextKind::Text] {
            while text.len() < PART_BYTES {
                let read = &mut shown.read[kind as usize];
                let Piece { missed, offset, text: piece } = current.read(kind, *read, PART_BYTES / 4);
                *read = offset + piece.len() as u64;
                self.at.shown = Some(shown);
                if missed > 0 {
                    let skipped = SkippedView { turn, kind: kind.into(), offset, missed };
                    text.push_str(&TextMessage::Skipped(skipped).to_text(&self.at));
                }
                if piece.is_empty() {
                    break;
                }
                let piece = PieceView { turn, kind: kind.into(), offset, text: &piece };
                text.push_str(&TextMessage::Piece(piece).to_text(&self.at));
            }
        }
        let is_all = text.len() < PART_BYTES;
        (text, is_all)
    }
}

impl Source for TextReader {
    /// How far the reader is behind is in the offsets: what is no longer kept is left out.
    async fn next(&mut self, _: Reader) -> Option<String> {
        while !self.is_over {
            let text = self.more().await?;
            if !text.is_empty() {
                return Some(text);
            }
            let Sources { changes, end, .. } = &mut self.sources;
            tokio::select! {
                () = changes.after(self.at.seq) => {}
                () = self.texts.changed() => {}
                _ = end.changed() => return None,
            }
        }
        None
    }
}
