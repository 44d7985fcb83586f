//! Sessions of agents: what the journal of an execution says of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use steadflow_core::event::{Event, StepResult};
use steadflow_core::execution::{NodeState, Wait};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{AgentId, ExecutionId, NodeIndex, StepKey, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::session::{
    SessionAnswer, SessionClaim, SessionId, SessionPart, SummaryPlace, WhenBusy, is_summary, summary_key,
};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::Work;
use steadflow_store::{Claimed, MemoryStore, SessionPage, SessionRecord};

use super::parts::{Parts, StepStory};
use super::story::Story;
use super::turns::is_turn;
use super::{Checker, Verdict};
use crate::agents::TALKING;

impl Story {
    /// A node has its session, for which it waited, and has it once.
    pub(super) fn session_taken(&mut self, node: NodeIndex, part: &SessionPart) -> Verdict {
        let story = &mut self.nodes[node.at()];
        if story.wait.take() != Some(Wait::Session) {
            return Err("S1: a session for which no node waits".into());
        }
        if story.session.replace(part.clone()).is_some() {
            return Err("S1: a node takes its session twice".into());
        }
        self.is_running()
    }
}

impl Story {
    /// A question begins behind the summary that was to be written before it, whatever came of that.
    pub(super) fn summary_is_settled(&self, node: NodeIndex, step: &StepKey) -> Verdict {
        let story = &self.nodes[node.at()];
        let has_fold = story.session.as_ref().is_some_and(|part| part.fold.is_some());
        let summary = story.parts.steps.get(&summary_key());
        if is_summary(step) {
            return if has_fold { Ok(()) } else { Err("S4: a summary of nothing is asked for".into()) };
        }
        match summary {
            Some(StepStory::Completed(_) | StepStory::Failed(..)) => Ok(()),
            Some(StepStory::Open) => Err("S4: a question begins beside its summary".into()),
            None if has_fold && is_turn(step) => Err("S4: a question begins without its summary".into()),
            None => Ok(()),
        }
    }
}

impl Checker {
    /// A call reads what is there: its turns, and the summary before them.
    pub(crate) fn history_is_there(&self, work: &Work, store: &MemoryStore) -> Verdict {
        let Some(part) = work.session.as_deref() else { return Ok(()) };
        let story = self.story(work.execution).ok_or("S4: a call of no execution")?;
        let skill = story.graph().node(work.node).kind.room().skill();
        let (agent, _) = skill.ok_or("S4: a call without an agent has a session")?;
        let session = SessionId { tenant: work.tenant, agent, key: Arc::clone(&part.key) };
        let turns = store.session_turns_now(&session, part.last, part.len(), u64::MAX);
        let turns = turns.map_err(|error| error.to_string())?;
        if !turns.iter().map(|turn| turn.number).eq(part.after + 1..=part.last) {
            return Err(format!("S4: call {} reads {part:?}, of which turns are not there", work.key()));
        }
        let Some(place) = part.summary else { return Ok(()) };
        let summary = store.session_summary_now(&session, place.up_to).map_err(|error| error.to_string())?;
        let found = summary.map(|summary| SummaryPlace { up_to: summary.up_to, bytes: summary.bytes() });
        if found != Some(place) {
            return Err(format!("S4: call {} reads {place:?}, and {found:?} is stored", work.key()));
        }
        Ok(())
    }

    /// The store has answered a claim: a session has one writer, by all journals.
    pub(crate) fn session_claimed(&mut self, claim: &SessionClaim, claimed: &Claimed) -> Verdict {
        match claimed {
            Claimed::Answer(SessionAnswer::Taken(_)) => {
                let own = (claim.execution, claim.node);
                let session = (claim.session.agent, &claim.session.key);
                let writes = |story: &Story| {
                    story
                        .writes()
                        .any(|(node, agent, key)| (story.id(), node) != own && (agent, key) == session)
                };
                match self.stories.values().find(|story| writes(story)) {
                    Some(other) => {
                        Err(format!("S2: {} takes a session that {} has", claim.execution, other.id()))
                    }
                    None => Ok(()),
                }
            }
            Claimed::Busy(holder) => {
                if claim.when_busy == WhenBusy::Interrupt {
                    self.is_interrupted(holder.execution);
                }
                Ok(())
            }
            Claimed::Answer(SessionAnswer::Moved) if claim.regenerates.is_some() => {
                if let Some(story) = self.stories.get_mut(&claim.execution) {
                    story.nodes[claim.node.at()].turn_moved = true;
                }
                Ok(())
            }
            Claimed::Answer(SessionAnswer::Moved) => {
                Err(format!("S2: {} is to write no turn again", claim.execution))
            }
            Claimed::NotOurs => Ok(()),
        }
    }

    /// Each node that completed in a session has added one turn, of which one that was written again is the last; and there
    /// are no others.
    pub(super) fn turns_are_whole(&self, store: &MemoryStore) -> Verdict {
        let mut written: BTreeMap<(SessionId, u32), Vec<Written>> = BTreeMap::new();
        for id in self.stories.keys() {
            let execution = self.fold(*id)?;
            let accepted = execution.accepted();
            for (node, state) in execution.graph().nodes.iter().zip(execution.nodes()) {
                let (Some(part), Some((agent, _)), NodeState::Completed) =
                    (&state.session, node.kind.room().skill(), &state.state)
                else {
                    continue;
                };
                let session = SessionId { tenant: accepted.tenant, agent, key: Arc::clone(&part.key) };
                let again = accepted.regenerates.as_ref() == Some(&node.id);
                let replaces = accepted.retry_of.filter(|_| again);
                let of = Written { by: *id, replaces, answer: state.output.clone() };
                written.entry((session, part.next())).or_default().push(of);
            }
        }
        for ((session, number), written) in &written {
            let is_last = |turn: &&Written| !written.iter().any(|next| next.replaces == Some(turn.by));
            let lasts: Vec<&Written> = written.iter().filter(is_last).collect();
            let [last] = *lasts else {
                return Err(format!("S3: turn {number} of {session:?} was written twice: {written:?}"));
            };
            let turns = store.session_turns_now(session, *number, 1, 0).map_err(|error| error.to_string())?;
            let is_its = turns.iter().any(|turn| {
                (turn.number, turn.execution) == (*number, last.by)
                    && Some(&turn.answer) == last.answer.as_ref()
            });
            if !is_its {
                return Err(format!("S3: the turn of {} is lost: {turns:?}", last.by));
            }
        }
        let mut stored = 0;
        for agent in TALKING {
            let sessions = sessions_of(store, agent)?;
            if let Some(held) = sessions.iter().find(|session| session.holder.is_some()) {
                return Err(format!("S3: a session is never left: {held:?}"));
            }
            stored += sessions.iter().map(|session| session.turns as usize).sum::<usize>();
        }
        if written.len() == stored {
            Ok(())
        } else {
            Err(format!("S3: {} turns were written, {stored} are there", written.len()))
        }
    }
}

impl Parts {
    /// Returns what came of a summary that was stopped because its time was over.
    pub(super) fn ran_out(&self, step: &StepKey, result: &StepResult, at: Timestamp) -> Option<StepStory> {
        let StepResult::Failed { class: ErrorClass::Timeout, message, .. } = result else { return None };
        let is_over = self.stops.get(step).is_some_and(|stop_at| *stop_at <= at);
        (is_summary(step) && is_over).then(|| StepStory::Failed(ErrorClass::Timeout, message.to_string()))
    }
}

/// A turn that a node has written by its journal.
#[derive(Debug)]
struct Written {
    by: ExecutionId,
    /// The execution whose turn this one is in the place of.
    replaces: Option<ExecutionId>,
    answer: Option<Payload>,
}

/// Returns all sessions of an agent.
pub(crate) fn sessions_of(store: &MemoryStore, agent: AgentId) -> Result<Vec<SessionRecord>, String> {
    let all = SessionPage { after: None, limit: usize::MAX };
    store.sessions_now(TenantId::DEFAULT, agent, &all).map_err(|error| error.to_string())
}

impl Story {
    /// Returns the nodes that have a session, with its agent and key.
    fn writes(&self) -> impl Iterator<Item = (NodeIndex, AgentId, &Arc<str>)> {
        let nodes = (0..).map(NodeIndex).zip(&self.nodes);
        let nodes = nodes.filter(|(_, story)| story.end.is_none() && !self.status().is_finished());
        nodes.filter_map(|(node, story)| {
            let (agent, _) = self.version().flow.graph.node(node).kind.room().skill()?;
            Some((node, agent, &story.session.as_ref()?.key))
        })
    }
}

/// Returns the nodes that lose their sessions with these events: they fail, also while they wait.
pub(super) fn replaced(events: &[Event]) -> Vec<NodeIndex> {
    let replaced = |event: &Event| {
        let Event::AttemptFailed { node, class: ErrorClass::Replaced, .. } = event else { return None };
        Some(*node)
    };
    events.iter().filter_map(replaced).collect()
}
