//! The messages of the event streams. A stream sends no others, so their schemas are all that a client must know.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::choice::Choice;
use super::event::EventView;
use super::execution::ExecutionView;
use super::node::NodeView;
use super::row::RowView;
use super::wire::Time;

/// A message of the stream of one execution.
#[derive(Debug, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub(crate) enum ExecutionMessage<'a> {
    /// The execution as it is. Its id is the number of the last record.
    Snapshot(Box<ExecutionView<'a>>),
    /// An event of the journal.
    Journal(EventView<'a>),
    /// A node that the record changed.
    Node(NodeView<'a>),
    /// The last message of a record. Its id is the number of the record.
    Execution(RecordEnd<'a>),
    /// Some records were left out, because the client did not read for ten seconds: a snapshot follows. Or the server
    /// has no room for what clients do not read: the stream ends.
    Resync(Missed),
}

/// The execution after a record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordEnd<'a> {
    #[serde(flatten)]
    row: RowView<'a>,
    /// The time of the record.
    at: Time,
}

impl<'a> RecordEnd<'a> {
    pub(crate) fn new(row: RowView<'a>, at: Time) -> Self {
        Self { row, at }
    }
}

impl ExecutionMessage<'_> {
    /// Returns the message as it is sent; `id` is the number of the record that is complete with it.
    pub(crate) fn to_text(&self, id: Option<u64>) -> String {
        match self {
            Self::Snapshot(view) => message("snapshot", id, &view.to_json()),
            Self::Journal(view) => message_of("journal", id, view),
            Self::Node(view) => message_of("node", id, view),
            Self::Execution(view) => message_of("execution", id, view),
            Self::Resync(missed) => message_of("resync", id, missed),
        }
    }
}

/// A message of the stream of all executions.
#[derive(Debug, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub(crate) enum ListMessage<'a> {
    /// The latest executions, newest first.
    Snapshot(Vec<RowView<'a>>),
    /// An execution that is new or changed.
    Execution(Box<RowView<'a>>),
    /// Some changes were left out: read the list again.
    Resync(Missed),
}

/// Changes, or records, that were left out.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Missed {
    /// How many these were.
    pub(crate) missed: u64,
}

impl ListMessage<'_> {
    /// Returns the message as it is sent.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Snapshot(view) => message_of("snapshot", None, view),
            Self::Execution(view) => message_of("execution", None, view),
            Self::Resync(view) => message_of("resync", None, view),
        }
    }
}

/// Returns a message as it is sent. `data` is JSON, which has no line breaks.
fn message(name: &str, id: Option<u64>, data: &str) -> String {
    match id {
        Some(id) => format!("event: {name}\nid: {id}\ndata: {data}\n\n"),
        None => format!("event: {name}\ndata: {data}\n\n"),
    }
}

fn message_of(name: &str, id: Option<u64>, view: &impl Serialize) -> String {
    message(name, id, &serde_json::to_string(view).expect("views have string keys and no failing parts"))
}

/// What the body of a stream consists of, for the description of the API: a message has the fields `event` and `data`,
/// and the data is JSON.
macro_rules! streams {
    ($($stream:ident of $message:ty, $prefix:literal, $about:literal;)*) => {$(
        #[derive(Debug)]
        pub(crate) enum $stream {}

        impl $stream {
            fn choice() -> Choice {
                Choice::new(<$message>::schema(), "event", |name| format!(concat!($prefix, "{}Message"), name))
            }
        }

        impl PartialSchema for $stream {
            fn schema() -> RefOr<Schema> {
                Self::choice().one_of($about)
            }
        }

        impl ToSchema for $stream {
            fn name() -> Cow<'static, str> {
                stringify!($stream).into()
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                <$message>::schemas(schemas);
                schemas.extend(Self::choice().shapes());
            }
        }
    )*};
}

streams! {
    ExecutionStream of ExecutionMessage<'_>, "", "A message of the stream of one execution: the fields `event` and `data` of a server-sent event. The data is JSON.";
    ListStream of ListMessage<'_>, "List", "A message of the stream of all executions: the fields `event` and `data` of a server-sent event. The data is JSON.";
}
