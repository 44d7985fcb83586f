//! Event streams, as a browser reads them.

use axum::body::BodyDataStream;
use axum::response::Response;
use futures_util::StreamExt;
use serde_json::Value;

use super::description::check_message;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

/// A stream of events that is being read.
pub(crate) struct Stream {
    path: String,
    body: BodyDataStream,
    received: String,
}

impl Stream {
    #[track_caller]
    pub(crate) fn new(path: String, response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { path, body: response.into_body().into_data_stream(), received: String::new() }
    }

    /// Returns the next event, which is as described; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.received.split_once("\n\n") {
                let event = event(block);
                self.received = rest.to_owned();
                let Some(event) = event else { continue };
                check_message(&self.path, &event.name, &event.data);
                return Some(event);
            }
            let piece = self.body.next().await?.expect("the stream does not break");
            self.received.push_str(std::str::from_utf8(&piece).expect("events are texts"));
        }
    }

    /// Returns everything up to the end.
    pub(crate) async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// Reads one block; `None` for a comment, which only keeps the connection alive.
fn event(block: &str) -> Option<Event> {
    let field = |name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim_start))
    };
    let name = field("event")?.to_owned();
    let data = serde_json::from_str(field("data")?).expect("events carry JSON");
    Some(Event { name, id: field("id").map(str::to_owned), data })
}
