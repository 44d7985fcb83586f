//! Summaries of old turns, for nodes whose `session` has `summary`.
//!
//! When turns fall out of the bounds of a node, its first call ([`summary_key`]) asks the model for a summary of them and of the
//! summary before. It is stored with the session in the transaction in which that call ends, so it is there whatever becomes
//! of the node, and comes before the turns that are left, in this node and in those after it.
//!
//! Each summary is written once for several executions: it leaves half of the bounds for turns to come, and until these are
//! used up, what a model reads begins with the same bytes. The last turn is never a part of one, since it can be written again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{SessionClaim, SessionId, SessionPart, newest};
use crate::ids::{ExecutionId, NodeId, StepKey};
use crate::payload::Payload;
use crate::timestamp::Timestamp;

/// The name of the call that writes a summary.
const SUMMARY: &str = "summary";

/// Where a summary is, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryPlace {
    /// The number of the last turn that it stands for.
    pub up_to: u32,
    /// How many bytes it has.
    pub bytes: u64,
}

/// Turns that a summary is written of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// Older turns, up to the one of this number, are not read: they are in the summary before, or left out.
    pub after: u32,
    /// The number of the last one.
    pub up_to: u32,
    /// How many bytes of them are read. One turn alone can have more, and is cut.
    pub bytes: u64,
    /// How many bytes the turns have that are read behind the summary.
    pub rest: u64,
}

/// A summary of turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    /// The conversation.
    pub session: SessionId,
    /// The number of the last turn that it stands for.
    pub up_to: u32,
    /// The execution that wrote it.
    pub execution: ExecutionId,
    /// Its node.
    pub node: NodeId,
    /// What it says.
    pub text: Arc<str>,
    /// When it was written.
    pub at: Timestamp,
}

impl SessionSummary {
    /// Returns how many bytes it adds to what a model is asked.
    pub fn bytes(&self) -> u64 {
        bytes_of(&self.text)
    }
}

/// Returns the key of the call that writes a summary.
pub fn summary_key() -> StepKey {
    StepKey::new(SUMMARY)
}

/// Returns whether a call writes a summary.
pub fn is_summary(key: &StepKey) -> bool {
    key.name() == Some(SUMMARY)
}

/// Returns the output of a call that wrote a summary.
pub fn summary_of(text: &str) -> Payload {
    Payload::from_value(&serde_json::json!({ "text": text }))
}

/// Returns what a summary says, given the output of the call that wrote it.
pub(crate) fn summary_text(output: &Payload) -> Option<Arc<str>> {
    match output.to_value().ok()?.get_mut("text")?.take() {
        Value::String(text) => Some(text.into()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn bytes_of(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

impl Fold {
    /// Returns the turns that leave the newest ones half of the bounds: as many as the bounds allow, the newest first. `sizes`
    /// are those behind the summary before, of which all up to `after` fall out.
    pub(super) fn of(claim: &SessionClaim, after: u32, last: u32, sizes: &[(u32, u64)]) -> Option<Self> {
        let half = (claim.turns_max.div_ceil(2), claim.bytes_max / 2);
        let (kept, _) = newest(sizes, last, half);
        let up_to = kept.min(last.checked_sub(1)?);
        let (left, folded) = sizes.split_at_checked((last - up_to) as usize)?;
        let mut fold = Self { after: up_to, up_to, bytes: 0, rest: 0 };
        for (number, bytes) in folded.iter().take(claim.turns_max as usize) {
            let bytes = fold.bytes.saturating_add((*bytes).min(claim.bytes_max));
            if bytes > claim.bytes_max {
                break;
            }
            (fold.after, fold.bytes) = (number - 1, bytes);
        }
        let is_read = |(number, _): &&(u32, u64)| *number > after;
        fold.rest = left.iter().filter(is_read).map(|(_, bytes)| *bytes).sum();
        (fold.after < fold.up_to).then_some(fold)
    }
}

impl SessionPart {
    /// Returns what is read to write the summary of `fold`.
    pub(crate) fn to_fold(&self, fold: Fold) -> Self {
        Self { after: fold.after, last: fold.up_to, bytes: fold.bytes, fold: None, ..self.clone() }
    }

    /// Returns what is read behind the summary of its turns to fold, which says `text`; without it, as many turns as the bounds
    /// allow.
    pub(crate) fn behind(&self, text: Option<&str>) -> Self {
        match (self.fold, text) {
            (Some(Fold { up_to, rest, .. }), Some(text)) => Self {
                after: up_to.max(self.after),
                bytes: rest,
                summary: Some(SummaryPlace { up_to, bytes: bytes_of(text) }),
                fold: None,
                ..self.clone()
            },
            (None, _) | (_, None) => Self { fold: None, ..self.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::part_of;
    use super::super::tests::claim;
    use super::*;

    fn claimed(turns_max: u32, bytes_max: u64) -> SessionClaim {
        SessionClaim { has_summary: true, ..claim(turns_max, bytes_max) }
    }

    /// What is read of turns of these sizes, the first one first, behind a summary up to the turn `begin`.
    fn part(claim: &SessionClaim, begin: u32, sizes: &[u64]) -> SessionPart {
        let last = u32::try_from(sizes.len()).unwrap();
        let summary = (begin > 0).then_some(SummaryPlace { up_to: begin, bytes: 7 });
        part_of(claim, last, summary, (1..=last).rev().zip(sizes.iter().rev().copied()))
    }

    #[test]
    fn a_conversation_is_summarised_again_only_when_half_of_the_bounds_is_used_up() {
        let claim = claimed(4, 1_000);
        let (mut begin, mut read, mut written) = (0, Vec::new(), Vec::new());
        for last in 0..12 {
            let part = part(&claim, begin, &vec![10; last]);
            if let Some(fold) = part.fold {
                assert_eq!((fold.after, fold.bytes), (begin, 10 * u64::from(fold.up_to - begin)));
                begin = fold.up_to;
                written.push(begin);
            }
            let part = part.behind(Some("summary"));
            assert_eq!(part.bytes, 10 * u64::from(part.len()));
            assert_eq!(part.after, begin, "nothing is left out");
            read.push(part.len());
        }

        assert_eq!(written, [3, 6, 9]);
        assert_eq!(read, [0, 1, 2, 3, 4, 2, 3, 4, 2, 3, 4, 2]);
    }

    #[test]
    fn the_last_turn_is_in_no_summary_however_long_it_is() {
        for (sizes, read, fold) in [
            // It fits, but not in half of the bounds.
            ([30, 30, 60], (1, 90), Some((0, 2, 60, 60))),
            // It does not fit at all, and is left out as it would be without a summary.
            ([10, 10, 200], (3, 0), Some((0, 2, 20, 0))),
            // The one before it does not: of that, as much is read as the bounds allow, and older ones are left out.
            ([10, 200, 10], (2, 10), Some((1, 2, 100, 10))),
            ([10, 10, 10], (0, 30), None),
        ] {
            let part = part(&claimed(9, 100), 0, &sizes);

            assert_eq!((part.after, part.bytes), read, "{sizes:?}");
            let found = part.fold.map(|fold| (fold.after, fold.up_to, fold.bytes, fold.rest));
            assert_eq!(found, fold, "{sizes:?}");
            assert!(part.behind(Some("x")).after >= part.fold.map_or(0, |fold| fold.up_to));
        }
        assert_eq!(part(&claimed(9, 100), 0, &[200]).fold, None, "one turn alone is the last one");
    }

    #[test]
    fn the_first_summary_of_a_long_conversation_is_of_as_many_turns_as_the_bounds_allow() {
        let of_turns = part(&claimed(4, 1_000), 0, &[10; 100]).fold.unwrap();
        let of_bytes = part(&claimed(50, 45), 0, &[10; 100]).fold.unwrap();

        assert_eq!((of_turns.after, of_turns.up_to), (94, 98));
        assert_eq!((of_bytes.after, of_bytes.up_to, of_bytes.rest), (94, 98, 20));
    }

    #[test]
    fn who_wants_no_summary_is_given_none_and_writes_none() {
        let claim = claim(2, 1_000);

        let part = part(&claim, 3, &[10; 6]);

        assert_eq!((part.after, part.summary, part.fold), (4, None, None));
    }

    #[test]
    fn a_summary_that_reaches_behind_the_turns_that_are_read_is_of_another_conversation() {
        let read = |up_to: u32| part(&claimed(9, 1_000), up_to, &[10; 3]);

        assert_eq!((read(4).summary, read(4).after), (None, 0));
        assert_eq!((read(3).after, read(3).len(), read(3).is_empty()), (3, 0, false));
    }

    #[test]
    fn a_failed_summary_leaves_what_the_bounds_allow() {
        let part = part(&claimed(4, 1_000), 1, &[10; 9]);

        let without = part.behind(None);

        assert_eq!((without.after, without.last, without.fold), (5, 9, None));
        assert_eq!(without.summary.map(|summary| summary.up_to), Some(1));
    }
}
