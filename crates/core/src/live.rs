//! What models write while they write it. It is passed on beside the record of an execution, which has it when it is whole:
//! nothing of it is stored, no decision depends on it, and writing it waits for nothing.

use std::fmt;

use crate::work::CallKey;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextKind {
    /// A part of the answer.
    Text,
    /// A part of what the model thinks before it answers.
    Reasoning,
}

impl TextKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Text, Self::Reasoning];
}

/// Takes what models write.
pub trait TextSinks: Send + Sync + fmt::Debug {
    /// Returns what takes the text of one call. It costs next to nothing as long as there is none.
    fn sink(&self, call: CallKey) -> Box<dyn TextSink>;
}

/// Takes the text of one call until it is dropped, when the call has ended.
pub trait TextSink: Send {
    /// Takes the next piece.
    fn push(&mut self, kind: TextKind, piece: &str);
    /// What was taken so far is void: the text begins again.
    fn restart(&mut self);
}

/// Takes text that nobody reads.
#[derive(Clone, Copy, Debug)]
pub struct Unread;

impl TextSinks for Unread {
    fn sink(&self, _: CallKey) -> Box<dyn TextSink> {
        Box::new(Self)
    }
}

impl TextSink for Unread {
    fn push(&mut self, _: TextKind, _: &str) {}

    fn restart(&mut self) {}
}
