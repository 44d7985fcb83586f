//! Server-sent events (HTML standard, 9.2.6), one at a time as they arrive.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue};
use steadflow_core::failure::{ErrorClass, Failure};
use tokio::time::timeout;

use super::{Answer, FREE_BYTES, Taken, fault};
use crate::body::Codings;

/// How many bytes of one stream are read at most. What a server says beside its answer counts, too.
const STREAM_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The longest ID of an event that is given back.
const ID_BYTES_MAX: usize = 1024;

const MARK: &[u8] = "\u{feff}".as_bytes();

/// How long the end of a body is waited for behind all that matters in it.
const END_WITHIN: Duration = Duration::from_millis(100);

/// How a body is cut into pieces that are read one by one.
pub(crate) trait Framing: Default {
    /// What a piece holds.
    type Piece: AsRef<[u8]> + Send + 'static;

    /// How many bytes of a piece are here.
    fn len(&self) -> usize;

    /// Reads `arrived` up to the end of a piece, and returns it.
    fn take(&mut self, arrived: &mut Bytes) -> Option<Self::Piece>;

    /// Returns the piece that the body ends with.
    fn end(&mut self) -> Option<Self::Piece>;
}

/// The events of a response, or its pieces of another kind. Dropping it closes the connection.
pub(crate) struct Events<F = Parser> {
    answer: Answer,
    bytes_max: usize,
    /// What has arrived and is not read yet.
    arrived: Bytes,
    received: usize,
    /// What the reader keeps of the pieces before, in bytes.
    kept: usize,
    parser: F,
    taken: Taken,
}

impl<F: Framing> Events<F> {
    /// Reads the body of `answer`. The data of an event has at most `bytes_max` bytes.
    ///
    /// # Errors
    /// The stream is compressed, which nothing here undoes piece by piece.
    pub(crate) fn of(answer: Answer, bytes_max: usize) -> Result<Self, Failure> {
        if !is_plain(answer.headers()) {
            let message =
                format!("{} sent a compressed stream, although it was asked for none.", answer.peer());
            return Err(Failure::new(ErrorClass::Rejected, message));
        }
        let parser = F::default();
        Ok(Self { answer, bytes_max, arrived: Bytes::new(), received: 0, kept: 0, parser, taken: None })
    }

    /// Counts what the reader keeps of the pieces so far towards the limit and the memory.
    pub(crate) const fn keep(&mut self, bytes: usize) {
        self.kept = bytes;
    }

    /// Leaves a response of which all that matters is read. Its connection serves again if the body ends at once.
    pub(crate) async fn leave(mut self) {
        let rest = async { while let Ok(Some(_)) = self.answer.chunk().await {} };
        let _ = timeout(END_WITHIN, rest).await;
    }

    /// Makes something of the data of the next event that has any; `None` at the end of the stream.
    ///
    /// # Errors
    /// A failure if the event or the stream is too long, if the stream breaks or takes too long; and what `read` returns.
    pub(crate) async fn next<T: Send + 'static>(
        &mut self,
        read: impl FnOnce(F::Piece) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Option<T>, Failure> {
        let Some(data) = self.data().await? else { return Ok(None) };
        let bytes = data.as_ref().len();
        // What is kept goes on to take memory.
        let taken = if self.kept == 0 || bytes > FREE_BYTES { self.taken.take() } else { None };
        let reading = self.answer.share.read(bytes, taken, move || read(data));
        self.answer.limit.in_time(&self.answer.url, reading).await?.map(Some)
    }

    async fn data(&mut self) -> Result<Option<F::Piece>, Failure> {
        loop {
            if let Some(data) = self.parser.take(&mut self.arrived) {
                return Ok(Some(data));
            }
            let held = self.parser.len() + self.kept;
            if held > self.bytes_max {
                return Err(fault::too_large(&self.answer.url, self.bytes_max));
            }
            if held > FREE_BYTES && self.taken.is_none() {
                self.taken = Some(self.answer.room(self.bytes_max).await?);
            }
            match self.answer.chunk().await? {
                Some(chunk) => {
                    self.received += chunk.len();
                    if self.received > STREAM_BYTES_MAX {
                        return Err(fault::too_large(&self.answer.url, STREAM_BYTES_MAX));
                    }
                    self.arrived = chunk;
                }
                None => return Ok(self.parser.end()),
            }
        }
    }
}

impl Events {
    /// Returns the ID of the last event that has one: where the stream can be resumed.
    pub(crate) fn place(&self) -> Option<HeaderValue> {
        let id = self.parser.last_id.as_ref().filter(|id| !id.is_empty() && id.len() <= ID_BYTES_MAX);
        id.and_then(|id| HeaderValue::from_bytes(id).ok())
    }

    /// Returns how long the server asks to wait before that.
    pub(crate) const fn retry(&self) -> Option<Duration> {
        self.parser.retry
    }
}

fn is_plain(headers: &HeaderMap) -> bool {
    Codings::of(headers).is_ok_and(|codings| codings.is_identity())
}

/// Puts events together from pieces of any length.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The ID of the event that is being read.
    id: Option<Vec<u8>>,
    /// That of the last event that was read.
    last_id: Option<Vec<u8>>,
    retry: Option<Duration>,
    /// A line feed that comes next belongs to the line before.
    is_after_return: bool,
    is_begun: bool,
}

impl Framing for Parser {
    type Piece = Vec<u8>;

    fn len(&self) -> usize {
        self.line.len() + self.data.len()
    }

    fn take(&mut self, arrived: &mut Bytes) -> Option<Vec<u8>> {
        while !arrived.is_empty() {
            if std::mem::take(&mut self.is_after_return) && arrived[0] == b'\n' {
                drop(arrived.split_to(1));
                continue;
            }
            let end = arrived.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let Some(end) = end else {
                self.line.extend_from_slice(&arrived.split_to(arrived.len()));
                return None;
            };
            self.line.extend_from_slice(&arrived.split_to(end));
            self.is_after_return = arrived.split_to(1)[..] == b"\r"[..];
            if let Some(data) = self.line() {
                return Some(data);
            }
        }
        None
    }

    /// Some servers do not end the last event with a blank line.
    fn end(&mut self) -> Option<Vec<u8>> {
        let last = self.line();
        last.or_else(|| self.event())
    }
}

impl Parser {
    /// Reads a line that is complete.
    fn line(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        let text = line.strip_prefix(if is_first { MARK } else { b"" }).unwrap_or(&line);
        if text.is_empty() {
            return self.event();
        }
        let colon = text.iter().position(|byte| *byte == b':');
        let (name, value) = colon.map_or((text, &b""[..]), |at| (&text[..at], &text[at + 1..]));
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
            }
            b"id" if !value.contains(&0) => self.id = Some(value.to_vec()),
            b"retry" => {
                let millis = str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                self.retry = millis.map(Duration::from_millis).or(self.retry);
            }
            _ => {}
        }
        None
    }

    fn event(&mut self) -> Option<Vec<u8>> {
        if let Some(id) = self.id.take() {
            self.last_id = Some(id);
        }
        let data = std::mem::take(&mut self.data);
        // Servers send events without data to keep a connection open, or to name one.
        (std::mem::take(&mut self.has_data) && !data.trim_ascii().is_empty()).then_some(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_whatever_pieces_they_arrive_in() {
        let stream = "\u{feff}: hello\n\nid: 1\ndata:\n\nevent: message\r\ndata: a\rdata:  b\r\n\r\ndatas: x\ndata\ndata:c\n\ndata: é";
        for size in 1..=stream.len() {
            assert_eq!(read(stream.as_bytes(), size), ["a\n b", "\nc", "é"], "{size}");
        }
    }

    #[test]
    fn a_place_is_that_of_the_last_event_that_is_whole() {
        let mut parser = Parser::default();
        for (piece, place, retry) in [
            ("id: 1\nretry: 20\ndata:\n", None, Some(20)),
            ("\n", Some("1"), Some(20)),
            ("id: 2\ndata: a\nretry: soon\n", Some("1"), Some(20)),
            ("\ndata: b\n\n", Some("2"), Some(20)),
            ("id: 3\n\n", Some("3"), Some(20)),
            ("id: 4\0\n\n", Some("3"), Some(20)),
        ] {
            let mut arrived = Bytes::from_static(piece.as_bytes());
            while parser.take(&mut arrived).is_some() {}

            assert_eq!(parser.last_id.as_deref(), place.map(str::as_bytes), "{piece}");
            assert_eq!(parser.retry, retry.map(Duration::from_millis), "{piece}");
        }
    }

    fn read(stream: &[u8], size: usize) -> Vec<String> {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        for piece in stream.chunks(size) {
            let mut arrived = Bytes::copy_from_slice(piece);
            while let Some(data) = parser.take(&mut arrived) {
                events.push(data);
            }
        }
        events.extend(parser.end());
        events.into_iter().map(|data| String::from_utf8(data).unwrap()).collect()
    }
}
