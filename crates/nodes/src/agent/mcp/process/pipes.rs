//! What a local command writes: lines with messages, and its standard error, of which the end is kept.

use std::io;

use bytes::{Buf, BytesMut};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::responses::{FREE_BYTES, Share, Taken};

/// How much is read at once: as much as a pipe holds.
const CHUNK_BYTES: usize = 64 * 1024;
/// How much of standard error is kept.
const TAIL_BYTES: usize = 8 * 1024;

/// The lines of a command, one at a time. Long ones take memory of `share`.
pub(super) struct Lines<R> {
    source: R,
    share: Share,
    bytes_max: usize,
    arrived: BytesMut,
    line: Vec<u8>,
    taken: Taken,
}

/// What comes next.
pub(super) enum Next {
    Line(Vec<u8>, Taken),
    /// The line has more bytes than are read.
    TooLong,
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(source: R, share: Share, bytes_max: usize) -> Self {
        Self { source, share, bytes_max, arrived: BytesMut::new(), line: Vec::new(), taken: None }
    }

    /// Waits for the next line, without its end. What is not ended by one is no line.
    pub(super) async fn next(&mut self) -> io::Result<Next> {
        loop {
            let end = self.arrived.iter().position(|byte| *byte == b'\n');
            let piece = self.arrived.split_to(end.unwrap_or(self.arrived.len()));
            self.line.extend_from_slice(&piece);
            if self.line.len() > self.bytes_max {
                return Ok(Next::TooLong);
            }
            if end.is_some() {
                self.arrived.advance(1);
                return Ok(Next::Line(std::mem::take(&mut self.line), self.taken.take()));
            }
            if self.line.len() > FREE_BYTES && self.taken.is_none() {
                self.taken = Some(self.share.take(self.bytes_max).await);
            }
            self.arrived.reserve(CHUNK_BYTES);
            if self.source.read_buf(&mut self.arrived).await? == 0 {
                return Ok(Next::End);
            }
        }
    }
}

/// The end of what a command has written to its standard error.
#[derive(Debug, Default)]
pub(super) struct Tail(Mutex<Vec<u8>>);

impl Tail {
    /// Reads to the end. All but the last few kilobytes are thrown away.
    pub(super) async fn keep(&self, mut source: impl AsyncRead + Unpin) {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(count @ 1..) = source.read(&mut chunk).await {
            let mut tail = self.0.lock();
            tail.extend_from_slice(&chunk[..count]);
            let surplus = tail.len().saturating_sub(TAIL_BYTES);
            tail.drain(..surplus);
        }
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use steadflow_core::ids::FlowId;
    use uuid::Uuid;

    use super::*;
    use crate::responses::Responses;
    use crate::slots::Party;

    fn share(responses: &Responses) -> Share {
        responses.share_of(Party { flow: FlowId::new(Uuid::from_u128(1)), peer: "a".into() })
    }

    #[tokio::test]
    async fn lines_are_read_up_to_their_limit() {
        let responses = Responses::new(1 << 20);
        let long = "x".repeat(CHUNK_BYTES + 1);
        let text = format!("a\n\nbc\r\n{long}\n{long}{long}\nno end");
        let mut lines = Lines::new(text.as_bytes(), share(&responses), long.len());
        let mut read = Vec::new();

        let end = loop {
            match lines.next().await.unwrap() {
                Next::Line(line, taken) => read.push((line.len(), taken.is_some())),
                end @ (Next::TooLong | Next::End) => break end,
            }
        };

        assert_eq!(read, [(1, false), (0, false), (3, false), (long.len(), true)]);
        assert!(matches!(end, Next::TooLong));
        let mut lines = Lines::new(&b"no end"[..], share(&responses), 100);
        assert!(matches!(lines.next().await.unwrap(), Next::End));
    }

    #[tokio::test]
    async fn only_the_end_of_standard_error_is_kept() {
        let tail = Tail::default();
        let source = tokio::io::repeat(b'x').take(1 << 24);

        tail.keep(source.chain(&b"the end"[..])).await;

        assert_eq!(tail.text().len(), TAIL_BYTES);
        assert!(tail.text().ends_with("xxthe end"));
    }
}
