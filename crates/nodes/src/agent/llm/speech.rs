//! What a model says while it says it, as it is passed on to its readers.
//!
//! It is the text of the answer as it will be stored: secrets are masked, and reasoning is kept apart, also where it is in the
//! text.

use std::fmt;
use std::sync::Arc;

use steadflow_core::live::{TextKind, TextSink};

use super::think::{Part, Split};
use crate::secrets::{Masked, Scrubber};

/// Passes on what a model says.
pub(super) struct Speech {
    sink: Box<dyn TextSink>,
    text: Masked,
    reasoning: Masked,
    split: Split,
}

impl fmt::Debug for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Speech")
    }
}

impl Speech {
    pub(super) fn new(sink: Box<dyn TextSink>, scrubber: &Arc<Scrubber>) -> Self {
        let [text, reasoning] = [(); 2].map(|()| Masked::new(Arc::clone(scrubber)));
        Self { sink, text, reasoning, split: Split::default() }
    }

    /// Passes on a piece, as far as it is known what it is.
    pub(super) fn say(&mut self, kind: TextKind, piece: &str) {
        match kind {
            TextKind::Text => {
                let text = self.text.push(piece);
                self.split.push(&text, &mut passing_on(&mut *self.sink));
            }
            TextKind::Reasoning => pass_on(&mut *self.sink, kind, &self.reasoning.push(piece)),
        }
    }

    /// Passes on the rest: nothing follows.
    pub(super) fn end(&mut self) {
        pass_on(&mut *self.sink, TextKind::Reasoning, &self.reasoning.end());
        let text = self.text.end();
        let mut say = passing_on(&mut *self.sink);
        self.split.push(&text, &mut say);
        self.split.end(&mut say);
    }
}

fn passing_on(sink: &mut dyn TextSink) -> impl FnMut(Part<'_>) {
    move |part| match part {
        Part::Reasoning(text) => pass_on(sink, TextKind::Reasoning, text),
        Part::Answer(text) => pass_on(sink, TextKind::Text, text),
        Part::Restart => sink.restart(),
    }
}

fn pass_on(sink: &mut dyn TextSink, kind: TextKind, text: &str) {
    if !text.is_empty() {
        sink.push(kind, text);
    }
}
