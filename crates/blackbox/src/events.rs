//! Streams of events, as a client reads them.

use serde_json::Value;

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its type.
    pub name: String,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Its data.
    pub data: Value,
}

/// A stream of events that is being read.
#[derive(Debug)]
pub struct Events {
    response: reqwest::Response,
    received: Vec<u8>,
}

impl Events {
    pub(crate) const fn new(response: reqwest::Response) -> Self {
        Self { response, received: Vec::new() }
    }

    /// Returns the next event; `None` when the stream has ended or was broken off.
    ///
    /// # Panics
    /// If an event is not readable.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.received.windows(2).position(|bytes| bytes == b"\n\n") {
                let block: Vec<u8> = self.received.drain(..end + 2).collect();
                if let Some(event) = event(std::str::from_utf8(&block).expect("events are texts")) {
                    return Some(event);
                }
            }
            self.received.extend_from_slice(&self.response.chunk().await.ok()??);
        }
    }
}

/// Reads one block; `None` for a comment.
fn event(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let name = field("event")?.to_owned();
    let data = serde_json::from_str(field("data")?).expect("events carry JSON");
    Some(Event { name, id: field("id").map(str::to_owned), data })
}
