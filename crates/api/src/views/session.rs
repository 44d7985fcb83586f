//! Sessions of agents.

use serde::Serialize;
use steadflow_core::ids::{ExecutionId, NodeId};
use steadflow_core::session::{SessionPart, SessionTurn};
use steadflow_store::SessionRecord;
use utoipa::ToSchema;

use super::shown::{Place, Room, Shown};
use super::wire::Time;

/// A session without its turns.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionSummary)]
pub(crate) struct SessionEntry<'a> {
    key: &'a str,
    /// The number of the last turn; 0 before the first one.
    last_turn: u32,
    /// How long the turns are together, in bytes of JSON.
    bytes: u64,
    created_at: Time,
    /// When an execution took it for the last time, or added a turn.
    used_at: Time,
    /// The node that writes the next turn; null if none does.
    held_by: Option<HolderView<'a>>,
}

/// A node that has a session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionHolder)]
struct HolderView<'a> {
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    node_id: &'a str,
}

impl<'a> SessionEntry<'a> {
    pub(crate) fn new(record: &'a SessionRecord) -> Self {
        let held_by = record
            .holder
            .as_ref()
            .map(|holder| HolderView { execution_id: holder.execution, node_id: holder.node.as_str() });
        Self {
            key: &record.session.key,
            last_turn: record.turns,
            bytes: record.bytes,
            created_at: record.created_at.into(),
            used_at: record.used_at.into(),
            held_by,
        }
    }
}

/// A session with some of its turns.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView<'a> {
    #[serde(flatten)]
    session: SessionEntry<'a>,
    /// In order. There are more before the first one unless its number is 1.
    turns: Vec<TurnView<'a>>,
}

/// What was asked and answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionTurn)]
struct TurnView<'a> {
    /// From 1.
    #[schema(minimum = 1)]
    number: u32,
    /// The execution that asked, which may be deleted.
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    #[schema(value_type = String)]
    node_id: &'a NodeId,
    /// The input of the node.
    #[schema(value_type = Shown)]
    question: Shown<'a>,
    /// The output of the node.
    #[schema(value_type = Shown)]
    answer: Shown<'a>,
    /// The tokens that the node sent, in all its attempts.
    input_tokens: u64,
    output_tokens: u64,
    answered_at: Time,
}

impl<'a> SessionView<'a> {
    pub(crate) fn new(session: &'a SessionRecord, turns: &'a [SessionTurn]) -> Self {
        let mut room =
            Room::new(turns.first().map_or(ExecutionId::new(uuid::Uuid::nil()), |turn| turn.execution));
        // The newest ones are shown whole first.
        let mut views: Vec<TurnView<'_>> =
            turns.iter().rev().map(|turn| TurnView::new(turn, &mut room)).collect();
        views.reverse();
        Self { session: SessionEntry::new(session), turns: views }
    }
}

impl<'a> TurnView<'a> {
    fn new(turn: &'a SessionTurn, room: &mut Room) -> Self {
        room.turn_to(turn.execution);
        let node = turn.node.as_str();
        Self {
            number: turn.number,
            execution_id: turn.execution,
            node_id: &turn.node,
            question: room.value(&turn.question, Place::Input(node)),
            answer: room.value(&turn.answer, Place::Output(node)),
            input_tokens: turn.input_tokens,
            output_tokens: turn.output_tokens,
            answered_at: turn.at.into(),
        }
    }
}

/// What a node reads of its session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionPart)]
pub(crate) struct SessionPartView<'a> {
    key: &'a str,
    /// The number of the turn that the node adds.
    turn: u32,
    /// How many of the turns before it the model is given.
    earlier_turns: u32,
}

impl<'a> From<&'a SessionPart> for SessionPartView<'a> {
    fn from(part: &'a SessionPart) -> Self {
        Self { key: &part.key, turn: part.next(), earlier_turns: part.len() }
    }
}
