//! Sessions: conversations of an agent that executions share.
//!
//! A session is found by its tenant, its agent and a key that nodes give. It is a list of *turns*: what was asked, and what was
//! answered. A node takes its session before its first attempt, and has it until the node ends, over retries and crashes:
//! so it has one writer at a time. What a node reads is pinned by the numbers of turns ([`SessionPart`]), not copied. Its own
//! turn is stored in the transaction in which the node completes.
//!
//! A node can have a summary of the turns that it has no room for, see [`summary`].

mod summary;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use self::summary::summary_text;
pub use self::summary::{Fold, SessionSummary, SummaryPlace, is_summary, summary_key, summary_of};
use crate::ids::{AgentId, ExecutionId, NodeId, NodeIndex, TenantId};
use crate::payload::Payload;
use crate::timestamp::Timestamp;

/// How long a key is at most, in bytes.
pub const KEY_BYTES_MAX: usize = 200;

/// How many bytes of what was said before count as one token.
pub const BYTES_PER_TOKEN: u64 = 4;

/// Which conversation of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId {
    /// Whose it is.
    pub tenant: TenantId,
    /// The agent.
    pub agent: AgentId,
    /// What nodes call it.
    pub key: Arc<str>,
}

/// What a node reads of a session, and by that the number of the turn that it adds: the one behind `last`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPart {
    /// The key of the session.
    pub key: Arc<str>,
    /// Older turns, up to the one of this number, are left out.
    pub after: u32,
    /// The number of the last turn; 0 before the first one.
    pub last: u32,
    /// How many bytes the turns have together.
    pub bytes: u64,
    /// The summary that comes before the turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<SummaryPlace>,
    /// Turns that a summary is to be written of first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<Fold>,
}

impl SessionPart {
    /// Returns how many turns it has.
    pub const fn len(&self) -> u32 {
        self.last.saturating_sub(self.after)
    }

    /// Returns whether there is nothing to read.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0 && self.summary.is_none()
    }

    /// Returns the number of the turn that is added.
    pub const fn next(&self) -> u32 {
        self.last.saturating_add(1)
    }
}

/// What a newcomer does while another node has the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenBusy {
    /// It waits for its turn.
    #[default]
    Wait,
    /// It has the other one fail, and takes its place.
    Interrupt,
}

/// A session that a node is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionClaim {
    /// Which one.
    pub session: SessionId,
    /// The execution.
    pub execution: ExecutionId,
    /// Its node.
    pub node: NodeIndex,
    /// The id of the node.
    pub node_id: NodeId,
    /// How many turns it reads at most.
    pub turns_max: u32,
    /// How many bytes these have at most.
    pub bytes_max: u64,
    /// Whether it has a summary of older turns.
    pub has_summary: bool,
    /// What it does while another node has the session.
    pub when_busy: WhenBusy,
    /// The execution whose turn, the last one, it writes again.
    pub regenerates: Option<ExecutionId>,
}

/// What a node got of its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionAnswer {
    /// It has it.
    Taken(SessionPart),
    /// The turn that it was to write again is not the last one any more.
    Moved,
}

/// A node that has a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionHolder {
    /// The execution.
    pub execution: ExecutionId,
    /// The id of its node.
    pub node: NodeId,
}

/// What a commit changes in the sessions that its execution has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// A node has completed: its turn is added, and it leaves the session.
    Add(Box<SessionTurn>),
    /// A node that has the session, and keeps it, has a summary of turns.
    Summarize(Box<SessionSummary>),
    /// A node leaves the session that it has, if it has one.
    Leave(NodeId),
}

/// What was asked and answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTurn {
    /// The conversation.
    pub session: SessionId,
    /// From 1, without gaps.
    pub number: u32,
    /// The execution that asked.
    pub execution: ExecutionId,
    /// Its node.
    pub node: NodeId,
    /// The input of the node, as it was resolved. Neither secrets nor the bytes of files are in it.
    pub question: Payload,
    /// The output of the node.
    pub answer: Payload,
    /// How many tokens the node sent, in all its attempts.
    pub input_tokens: u64,
    /// How many tokens were answered.
    pub output_tokens: u64,
    /// When it was answered.
    pub at: Timestamp,
}

impl SessionTurn {
    /// Returns how many bytes it adds to what a model is asked.
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.question.len() + self.answer.len()).unwrap_or(u64::MAX)
    }
}

impl SessionClaim {
    /// Returns how many of the last turns have to be known to decide what is read.
    pub const fn sizes_max(&self) -> u32 {
        if self.has_summary { self.turns_max.saturating_mul(2) } else { self.turns_max }
    }
}

/// Returns what of the last turns is read: the newest, as many as are allowed, behind the summary that there is. `bytes` gives
/// the size of each, the newest first.
pub fn part_of(
    claim: &SessionClaim,
    last: u32,
    summary: Option<SummaryPlace>,
    bytes: impl IntoIterator<Item = (u32, u64)>,
) -> SessionPart {
    let summary = summary.filter(|summary| claim.has_summary && summary.up_to <= last);
    let begin = summary.map_or(0, |summary| summary.up_to);
    // Turns of which one is missing are none of one conversation.
    let expected = (begin + 1..=last).rev().zip(bytes).take(claim.sizes_max() as usize);
    let sizes = expected.take_while(|(expected, (number, _))| expected == number).map(|(_, size)| size);
    let sizes: Vec<(u32, u64)> = sizes.collect();
    let (after, bytes) = newest(&sizes, last, (claim.turns_max, claim.bytes_max));
    let fold = if claim.has_summary && after > begin { Fold::of(claim, after, last, &sizes) } else { None };
    SessionPart { key: Arc::clone(&claim.session.key), after, last, bytes, summary, fold }
}

/// Returns behind which turn the newest are that are together within the bounds, and their bytes.
fn newest(sizes: &[(u32, u64)], last: u32, (turns_max, bytes_max): (u32, u64)) -> (u32, u64) {
    let (mut after, mut sum) = (last, 0_u64);
    for (number, bytes) in sizes {
        let more = sum.saturating_add(*bytes);
        if last - after >= turns_max || more > bytes_max {
            break;
        }
        (after, sum) = (number - 1, more);
    }
    (after, sum)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    pub(super) fn claim(turns_max: u32, bytes_max: u64) -> SessionClaim {
        let id = Uuid::from_u128(1);
        SessionClaim {
            session: SessionId { tenant: TenantId::new(id), agent: AgentId::new(id), key: "k".into() },
            execution: ExecutionId::new(id),
            node: NodeIndex(0),
            node_id: NodeId::new("n"),
            turns_max,
            bytes_max,
            has_summary: false,
            when_busy: WhenBusy::Wait,
            regenerates: None,
        }
    }

    #[test]
    fn the_newest_turns_are_read_as_far_as_both_bounds_allow() {
        let sizes = [(5, 10), (4, 20), (3, 30), (2, 1), (1, 1)];
        for (turns, bytes, after, sum) in
            [(9, 99, 0, 62), (2, 99, 3, 30), (9, 59, 3, 30), (9, 60, 2, 60), (9, 9, 5, 0), (1, 10, 4, 10)]
        {
            let part = part_of(&claim(turns, bytes), 5, None, sizes);

            assert_eq!((part.after, part.last, part.bytes), (after, 5, sum), "{turns} turns, {bytes} bytes");
            assert_eq!((part.len(), part.next()), (5 - after, 6));
        }
        assert!(part_of(&claim(9, 99), 0, None, []).is_empty());
    }

    #[test]
    fn nothing_is_read_behind_a_turn_that_is_missing() {
        let part = part_of(&claim(9, 99), 5, None, [(5, 1), (3, 1), (2, 1)]);

        assert_eq!((part.after, part.bytes), (4, 1));
    }
}
