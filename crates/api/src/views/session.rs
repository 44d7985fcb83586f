//! Sessions of agents.

use serde::Serialize;
use steadflow_core::ids::{ExecutionId, NodeId};
use steadflow_core::session::{Fold, SessionPart, SessionSummary, SessionTurn};
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
    /// What stands for the oldest turns; null if nodes have no summary of them.
    summary: Option<SummaryView<'a>>,
}

/// A summary of turns, which models are given in their place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TurnsSummary)]
struct SummaryView<'a> {
    /// The number of the last turn that it stands for.
    up_to_turn: u32,
    text: &'a str,
    /// The execution that wrote it, which may be deleted.
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    #[schema(value_type = String)]
    node_id: &'a NodeId,
    written_at: Time,
}

impl<'a> SummaryView<'a> {
    fn new(summary: &'a SessionSummary) -> Self {
        Self {
            up_to_turn: summary.up_to,
            text: &summary.text,
            execution_id: summary.execution,
            node_id: &summary.node,
            written_at: summary.at.into(),
        }
    }
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
    pub(crate) fn new(
        session: &'a SessionRecord,
        turns: &'a [SessionTurn],
        summary: Option<&'a SessionSummary>,
    ) -> Self {
        let mut room =
            Room::new(turns.first().map_or(ExecutionId::new(uuid::Uuid::nil()), |turn| turn.execution));
        // The newest ones are shown whole first.
        let mut views: Vec<TurnView<'_>> =
            turns.iter().rev().map(|turn| TurnView::new(turn, &mut room)).collect();
        views.reverse();
        let summary = summary.map(SummaryView::new);
        Self { session: SessionEntry::new(session), turns: views, summary }
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
    /// The number of the last turn in the summary that the model is given before these; null without one.
    summary_up_to: Option<u32>,
}

impl<'a> From<&'a SessionPart> for SessionPartView<'a> {
    fn from(part: &'a SessionPart) -> Self {
        let summary_up_to = part.summary.map(|summary| summary.up_to);
        Self { key: &part.key, turn: part.next(), earlier_turns: part.len(), summary_up_to }
    }
}

/// The turns that a summary is written of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SummarizedTurns)]
pub(crate) struct SummarizedView {
    /// The number of the first one. Those before it are in the summary before, if there is one, or left out.
    from: u32,
    up_to: u32,
}

impl From<Fold> for SummarizedView {
    fn from(fold: Fold) -> Self {
        Self { from: fold.after.saturating_add(1), up_to: fold.up_to }
    }
}
