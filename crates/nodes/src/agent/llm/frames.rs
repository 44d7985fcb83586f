//! How a response is cut into what is read one by one, by its content, since the content types of gateways are often wrong:
//! server-sent events, one JSON value a line, or one text.

use bytes::Bytes;

use crate::egress::{Framing, Parser};

/// Fields of server-sent events. A body that begins with one is a stream of them.
const FIELDS: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b":"];

const MARK: &[u8] = "\u{feff}".as_bytes();

/// The longest first line that is read to see whether each line is a piece.
const FIRST_LINE_BYTES_MAX: usize = 64 * 1024;

/// A part of a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The data of an event.
    Event(Vec<u8>),
    /// A line.
    Line(Vec<u8>),
    /// All of it.
    Whole(Vec<u8>),
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        let (Self::Event(data) | Self::Line(data) | Self::Whole(data)) = self;
        data
    }
}

/// Cuts a response into frames, whatever pieces it arrives in.
#[derive(Debug, Default)]
pub(super) struct Framer {
    /// What is no frame yet.
    held: Vec<u8>,
    form: Form,
}

#[derive(Debug, Default)]
enum Form {
    /// Not known yet.
    #[default]
    Unknown,
    Events(Parser),
    Lines {
        is_first: bool,
    },
    Whole,
}

impl Framing for Framer {
    type Piece = Frame;

    fn len(&self) -> usize {
        let parsing = if let Form::Events(parser) = &self.form { parser.len() } else { 0 };
        self.held.len() + parsing
    }

    fn take(&mut self, arrived: &mut Bytes) -> Option<Frame> {
        loop {
            match &mut self.form {
                Form::Unknown => {
                    self.held.extend_from_slice(&arrived.split_to(arrived.len()));
                    self.form = form_of(&mut self.held)?;
                    if !matches!(self.form, Form::Whole) {
                        *arrived = Bytes::from(std::mem::take(&mut self.held));
                    }
                }
                Form::Events(parser) => return parser.take(arrived).map(Frame::Event),
                Form::Lines { is_first } => {
                    let Some(end) = arrived.iter().position(|byte| *byte == b'\n') else {
                        self.held.extend_from_slice(&arrived.split_to(arrived.len()));
                        return None;
                    };
                    self.held.extend_from_slice(&arrived.split_to(end + 1));
                    if std::mem::take(is_first) && !is_value(&self.held) {
                        self.form = Form::Whole;
                        continue;
                    }
                    let line = std::mem::take(&mut self.held);
                    if !line.trim_ascii().is_empty() {
                        return Some(Frame::Line(line));
                    }
                }
                Form::Whole => {
                    self.held.extend_from_slice(&arrived.split_to(arrived.len()));
                    return None;
                }
            }
        }
    }

    fn end(&mut self) -> Option<Frame> {
        let held = std::mem::take(&mut self.held);
        match std::mem::replace(&mut self.form, Form::Events(Parser::default())) {
            Form::Events(mut parser) => parser.end().map(Frame::Event),
            Form::Lines { is_first: false } => (!held.trim_ascii().is_empty()).then_some(Frame::Line(held)),
            Form::Unknown | Form::Lines { is_first: true } | Form::Whole => Some(Frame::Whole(held)),
        }
    }
}

/// Returns the form of what begins so, or `None` if more is needed to know. White space at the beginning is dropped.
fn form_of(beginning: &mut Vec<u8>) -> Option<Form> {
    if MARK.starts_with(beginning) && beginning.len() < MARK.len() {
        return None;
    }
    let text = beginning.strip_prefix(MARK).unwrap_or(beginning).trim_ascii_start();
    *beginning = text.to_vec();
    let is_field = |field: &&[u8]| beginning.starts_with(field);
    if FIELDS.iter().any(is_field) {
        return Some(Form::Events(Parser::default()));
    }
    match beginning.first() {
        Some(b'{') => Some(Form::Lines { is_first: true }),
        _ if FIELDS.iter().any(|field| field.starts_with(beginning)) => None,
        _ => Some(Form::Whole),
    }
}

fn is_value(line: &[u8]) -> bool {
    line.len() <= FIRST_LINE_BYTES_MAX && steadflow_core::json::read(line).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_that_of_the_content_whatever_pieces_it_arrives_in() {
        let events =
            |events: &[&str]| events.iter().map(|data| Frame::Event(data.as_bytes().to_vec())).collect();
        let lines = |lines: &[&str]| lines.iter().map(|line| Frame::Line(line.as_bytes().to_vec())).collect();
        let whole = |text: &str| vec![Frame::Whole(text.as_bytes().to_vec())];
        let cases: Vec<(&str, Vec<Frame>)> = vec![
            ("\u{feff}\n : hi\n\nevent: x\ndata: {\"é\":1}\n\ndata: 2", events(&["{\"é\":1}", "2"])),
            ("retry: 5\ndata: 1\r\n\r\ndata: [DONE]\n\n", events(&["1", "[DONE]"])),
            (" {\"é\":1}\n\n{\"a\":2}\r\n{\"a\"", lines(&["{\"é\":1}\n", "{\"a\":2}\r\n", "{\"a\""])),
            ("{\"a\":1}", whole("{\"a\":1}")),
            ("{\n\"a\":\n1}\n", whole("{\n\"a\":\n1}\n")),
            ("[{\"a\":1}\n,\n{\"a\":2}]", whole("[{\"a\":1}\n,\n{\"a\":2}]")),
            ("dat", whole("dat")),
            ("<html>\n", whole("<html>\n")),
            ("", whole("")),
        ];
        for (body, expected) in cases {
            for size in 1..=body.len().max(1) {
                assert_eq!(frames(body.as_bytes(), size), expected, "{body} by {size}");
            }
        }
    }

    fn frames(body: &[u8], size: usize) -> Vec<Frame> {
        let (mut framer, mut frames) = (Framer::default(), Vec::new());
        for piece in body.chunks(size) {
            let mut arrived = Bytes::copy_from_slice(piece);
            while let Some(frame) = framer.take(&mut arrived) {
                frames.push(frame);
            }
        }
        frames.extend(framer.end());
        frames
    }
}
