//! Sessions of agents: what the journal of an execution says of them.

use steadflow_core::event::Event;
use steadflow_core::execution::Wait;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::NodeIndex;
use steadflow_core::session::SessionPart;

use std::sync::Arc;

use steadflow_core::execution::NodeState;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::session::{SessionAnswer, SessionClaim, SessionId, WhenBusy};
use steadflow_store::{Claimed, MemoryStore, SessionPage};

use super::story::Story;
use super::{Checker, Verdict};

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

impl Checker {
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
            Claimed::Answer(SessionAnswer::Moved) | Claimed::NotOurs => Ok(()),
        }
    }

    /// Each node that completed in a session has added one turn, and there are no others.
    pub(super) fn turns_are_whole(&self, store: &MemoryStore) -> Verdict {
        let mut added = 0;
        for id in self.stories.keys() {
            let execution = self.fold(*id)?;
            for (node, state) in execution.graph().nodes.iter().zip(execution.nodes()) {
                let (Some(part), Some((agent, _))) = (&state.session, node.kind.room().skill()) else {
                    continue;
                };
                if state.state != NodeState::Completed {
                    continue;
                }
                let tenant = execution.accepted().tenant;
                let session = SessionId { tenant, agent, key: Arc::clone(&part.key) };
                let turns = store
                    .session_turns_now(&session, part.next(), 1, 0)
                    .map_err(|error| error.to_string())?;
                let is_its = turns.iter().any(|turn| {
                    (turn.number, turn.execution) == (part.next(), *id)
                        && Some(&turn.answer) == state.output.as_ref()
                });
                if !is_its {
                    return Err(format!("S3: the turn of {id} is lost: {turns:?}"));
                }
                added += 1;
            }
        }
        let mut stored = 0;
        for agent in [crate::agents::PLAIN, crate::agents::WITH_TOOLS] {
            let all = SessionPage { after: None, limit: usize::MAX };
            let sessions =
                store.sessions_now(TenantId::DEFAULT, agent, &all).map_err(|error| error.to_string())?;
            if let Some(held) = sessions.iter().find(|session| session.holder.is_some()) {
                return Err(format!("S3: a session is never left: {held:?}"));
            }
            stored += sessions.iter().map(|session| session.turns).sum::<u32>();
        }
        if added == stored {
            Ok(())
        } else {
            Err(format!("S3: {added} turns were added, {stored} are there"))
        }
    }
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
