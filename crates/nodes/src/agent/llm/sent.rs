//! What a server sent, all of it: one JSON value, or the pieces of a stream.

use serde_json::Value;
use steadflow_core::json;

use super::html;
use crate::secrets::Scrubber;

/// A readable body.
#[derive(Debug, PartialEq)]
pub(super) enum Sent {
    /// One value.
    Whole(Value),
    /// The events of a stream, in their order, and whether `[DONE]` followed.
    Pieces { pieces: Vec<Value>, is_over: bool },
}

/// Why a body is not readable.
#[derive(Debug, PartialEq)]
pub(super) enum Unreadable {
    /// It is no JSON. Says what it is instead, so that it follows the name of the server.
    Foreign(String),
    /// A string in it has half of a character. Says where.
    HalfCharacter(String),
}

/// Reads a body by its content, since the content types of gateways are often wrong: server-sent events, JSON, or one
/// JSON value a line.
pub(super) fn read(body: &str, scrubber: &Scrubber) -> Result<Sent, Unreadable> {
    if is_event_stream(body) {
        return events(body);
    }
    let error = match json::read(body.as_bytes()) {
        Ok(value) => return Ok(Sent::Whole(value)),
        Err(error) => error,
    };
    match lines(body) {
        Some(pieces) => Ok(Sent::Pieces { pieces, is_over: false }),
        None => Err(unreadable(&scrubber.text(body), &error)),
    }
}

fn is_event_stream(body: &str) -> bool {
    let start = body.trim_ascii_start();
    ["data:", "event:", "id:", "retry:", ":"].iter().any(|field| start.starts_with(field))
}

/// Reads server-sent events (HTML standard, 9.2.6) up to `[DONE]`. The last one needs no blank line behind it.
fn events(body: &str) -> Result<Sent, Unreadable> {
    let unified = body.replace("\r\n", "\n").replace('\r', "\n");
    let mut all = Vec::new();
    for event in unified.split("\n\n") {
        let lines: Vec<&str> = event.lines().filter_map(data_of).collect();
        let (pieces, is_over) = pieces(&lines.join("\n"), all.len())?;
        all.extend(pieces);
        if is_over {
            return Ok(Sent::Pieces { pieces: all, is_over });
        }
    }
    Ok(Sent::Pieces { pieces: all, is_over: false })
}

/// Reads the data of an event that comes behind `number` others, and whether it is, or ends with, `[DONE]`. Some servers
/// leave out the blank lines between events, so that each line is one.
pub(super) fn pieces(data: &str, number: usize) -> Result<(Vec<Value>, bool), Unreadable> {
    let is_one = !data.contains('\n') || json::read(data.as_bytes()).is_ok();
    let mut pieces = Vec::new();
    for data in if is_one { vec![data] } else { data.lines().collect() } {
        match data.trim() {
            "" => {}
            "[DONE]" => return Ok((pieces, true)),
            data => pieces.push(piece(data, number + pieces.len() + 1)?),
        }
    }
    Ok((pieces, false))
}

fn data_of(line: &str) -> Option<&str> {
    let value = line.strip_prefix("data:")?;
    Some(value.strip_prefix(' ').unwrap_or(value))
}

/// Reads one event or line.
pub(super) fn piece(data: &str, number: usize) -> Result<Value, Unreadable> {
    json::read(data.as_bytes()).map_err(|error| {
        if is_half_character(&error) {
            return Unreadable::HalfCharacter(format!("event {number} of the stream, {}", place(&error)));
        }
        Unreadable::Foreign(format!("sent a stream whose event {number} is not JSON: {error}"))
    })
}

/// Reads one JSON value a line, if that is what all of at least two lines are.
fn lines(body: &str) -> Option<Vec<Value>> {
    let lines = body.split('\n').map(str::trim_ascii).filter(|line| !line.is_empty());
    let pieces: Vec<Value> = lines.map(|line| json::read(line.as_bytes())).collect::<Result<_, _>>().ok()?;
    (pieces.len() > 1).then_some(pieces)
}

fn unreadable(body: &str, error: &serde_json::Error) -> Unreadable {
    if body.trim_ascii().is_empty() {
        return Unreadable::Foreign("responded with an empty body".to_owned());
    }
    if let Some(page) = html::described(body) {
        return Unreadable::Foreign(format!("responded with {page} and not with JSON"));
    }
    if is_half_character(error) {
        return Unreadable::HalfCharacter(place(error));
    }
    Unreadable::Foreign(format!("did not respond with JSON: {error}"))
}

fn is_half_character(error: &serde_json::Error) -> bool {
    let text = error.to_string();
    text.contains("surrogate") || text.contains("unexpected end of hex escape")
}

fn place(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn streams_are_recognized_by_their_content() {
        for body in [
            "data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: [DONE]\n\n",
            "data:{\"a\":1}\r\n\r\ndata:{\"a\":2}",
            ": keep-alive\n\nevent: x\ndata: {\"a\":\ndata: 1}\n\nid: 7\ndata: {\"a\":2}\n\n",
            "data: {\"a\":1}\ndata: {\"a\":2}\ndata: [DONE]\n",
            "{\"a\":1}\n{\"a\":2}\n",
            "{\"a\":1}\r\n\r\n{\"a\":2}",
        ] {
            assert_eq!(
                read(body, &Scrubber::default()),
                Ok(Sent::Pieces {
                    pieces: vec![json!({ "a": 1 }), json!({ "a": 2 })],
                    is_over: body.contains("[DONE]")
                }),
                "{body}"
            );
        }
    }

    #[test]
    fn one_value_may_have_blanks_around_it() {
        for body in ["{\"a\":1}", "\n\n   \n{\"a\":1}\n", "{\n\"a\":\n1}"] {
            assert_eq!(read(body, &Scrubber::default()), Ok(Sent::Whole(json!({ "a": 1 }))), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_described() {
        for (body, said) in [
            ("", "an empty body"),
            ("Internal error", "not respond with JSON: expected value at line 1 column 1"),
            ("{\"a\":1}\n{\"a\":", "not respond with JSON"),
            ("data: {\"a\":1}\n\ndata: {\"a\"", "event 2 is not JSON"),
            ("{\"a\":NaN}", "expected value at line 1 column 6"),
            ("<html><title>Just a moment...</title>", "HTML page titled “Just a moment...”"),
        ] {
            let Err(Unreadable::Foreign(what)) = read(body, &Scrubber::default()) else { panic!("{body}") };

            assert!(what.contains(said), "{body}: {what}");
        }
        for body in ["{\"a\":\"\\ud83d\"}", "data: {\"a\":\"\\ud83dx\"}\n\n", "{\"a\":\"\\udca9\"}"] {
            assert!(matches!(read(body, &Scrubber::default()), Err(Unreadable::HalfCharacter(_))), "{body}");
        }
    }
}
