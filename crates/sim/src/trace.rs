//! What happened, in order: a hash of it always, the text only on request.

use std::fmt::{self, Write};

use steadflow_core::timestamp::Timestamp;

/// Where virtual time begins: 2027-01-15T08:00:00Z.
pub(crate) const EPOCH: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// What happened, in order.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
    buffer: String,
}

impl Trace {
    pub(crate) fn new(is_kept: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, lines: is_kept.then(Vec::new), buffer: String::new() }
    }

    /// Adds a line.
    pub(crate) fn note(&mut self, now: Timestamp, what: fmt::Arguments<'_>) {
        self.buffer.clear();
        let seconds = now.since(EPOCH).as_secs_f64();
        write!(self.buffer, "{seconds:>12.6} {what}").expect("a string takes any text");
        // FNV-1a, eight bytes at a time.
        for chunk in self.buffer.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.hash = (self.hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
            self.hash ^= self.hash >> 32;
        }
        if let Some(lines) = &mut self.lines {
            lines.push(self.buffer.clone());
        }
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn into_text(self) -> String {
        self.lines.unwrap_or_default().join("\n")
    }
}
