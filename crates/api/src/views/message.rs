//! The messages of the event streams. A stream sends no others, so their schemas are all that a client must know.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use steadflow_core::ids::{Attempt, StepKey};
use steadflow_core::live::TextKind;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::choice::Choice;
use super::event::EventView;
use super::execution::ExecutionView;
use super::node::NodeView;
use super::row::RowView;
use super::wire::{NodeStatusName, Time};

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
            Self::Snapshot(view) => message_of("snapshot", None::<u64>, view),
            Self::Execution(view) => message_of("execution", None::<u64>, view),
            Self::Resync(view) => message_of("resync", None::<u64>, view),
        }
    }
}

/// A message of the stream of what the model of a node writes. Each has an id.
#[derive(Debug, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub(crate) enum TextMessage<'a> {
    /// A piece of the text of the turn under way.
    Piece(PieceView<'a>),
    /// A part of the text was left out, because it was no longer kept when it was its turn to be sent.
    Skipped(SkippedView<'a>),
    /// What was shown of the turn is void: the model is asked again, or what it wrote turned out to be reasoning. The text
    /// begins with byte 0.
    Restarted(TurnName<'a>),
    /// The turn has ended.
    Turn(TurnEnd<'a>),
    /// The node has ended. No message follows.
    End(NodeEnd),
    /// The server has no room for what clients do not read: the stream ends.
    #[expect(dead_code, reason = "a stream that is cut off ends with the message of the list")]
    Resync(Missed),
}

/// Which turn of a node.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct TurnName<'a> {
    /// The number of the attempt.
    #[schema(minimum = 1)]
    attempt: u32,
    /// The name of the call, such as `turn:3`; null for the only call of an attempt.
    step: Option<&'a str>,
}

impl<'a> TurnName<'a> {
    pub(crate) fn new(attempt: Attempt, step: &'a StepKey) -> Self {
        Self { attempt: attempt.number(), step: step.name() }
    }
}

/// A piece of a text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TextPiece)]
pub(crate) struct PieceView<'a> {
    #[serde(flatten)]
    pub(crate) turn: TurnName<'a>,
    pub(crate) kind: TextKindName,
    /// The place of the piece in the text of its kind, in bytes of UTF-8.
    pub(crate) offset: u64,
    pub(crate) text: &'a str,
}

/// A part of a text that was left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SkippedText)]
pub(crate) struct SkippedView<'a> {
    #[serde(flatten)]
    pub(crate) turn: TurnName<'a>,
    pub(crate) kind: TextKindName,
    /// The place in the text behind it, in bytes of UTF-8.
    pub(crate) offset: u64,
    /// How many bytes these were.
    pub(crate) missed: u64,
}

/// What a text is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = TextKind)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TextKindName {
    Text,
    Reasoning,
}

impl From<TextKind> for TextKindName {
    fn from(kind: TextKind) -> Self {
        match kind {
            TextKind::Text => Self::Text,
            TextKind::Reasoning => Self::Reasoning,
        }
    }
}

/// The end of a turn.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TurnEnd<'a> {
    #[serde(flatten)]
    pub(crate) turn: TurnName<'a>,
    pub(crate) status: TurnStatus,
    /// The number of the record with it: a conversation that has this record has the turn.
    pub(crate) seq: u64,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TurnStatus {
    Completed,
    /// What was shown of it is void.
    Failed,
    /// Its attempt ended first. What was shown of it is void.
    Stopped,
}

/// The end of a node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeEnd {
    pub(crate) status: NodeStatusName,
}

impl TextMessage<'_> {
    /// Returns the message as it is sent; `id` says what the reader has with it.
    pub(crate) fn to_text(&self, id: &impl fmt::Display) -> String {
        let id = Some(id);
        match self {
            Self::Piece(view) => message_of("piece", id, view),
            Self::Skipped(view) => message_of("skipped", id, view),
            Self::Restarted(view) => message_of("restarted", id, view),
            Self::Turn(view) => message_of("turn", id, view),
            Self::End(view) => message_of("end", id, view),
            Self::Resync(view) => message_of("resync", id, view),
        }
    }
}

/// Returns a message as it is sent. `data` is JSON, which has no line breaks.
fn message(name: &str, id: Option<impl fmt::Display>, data: &str) -> String {
    match id {
        Some(id) => format!("event: {name}\nid: {id}\ndata: {data}\n\n"),
        None => format!("event: {name}\ndata: {data}\n\n"),
    }
}

fn message_of(name: &str, id: Option<impl fmt::Display>, view: &impl Serialize) -> String {
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
    TextStream of TextMessage<'_>, "Text", "A message of the stream of what the model of a node writes: the fields `event` and `data` of a server-sent event. The data is JSON.";
    ListStream of ListMessage<'_>, "List", "A message of the stream of all executions: the fields `event` and `data` of a server-sent event. The data is JSON.";
}
