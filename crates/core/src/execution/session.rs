//! The sessions of nodes: a node takes its own before its first attempt, and leaves it when it ends.

use super::decide::Decider;
use super::{Effect, Execution, ExecutionStatus, NodeState, Rejected, Stopped};
use crate::event::Event;
use crate::failure::{ErrorClass, Failure};
use crate::file;
use crate::ids::{ExecutionId, NodeId, NodeIndex};
use crate::node::WantedSession;
use crate::payload::Payload;
use crate::session::{
    SessionAnswer, SessionChange, SessionClaim, SessionId, SessionPart, SessionSummary, SessionTurn,
    is_summary, summary_text,
};
use crate::status::Wait;
use crate::step::StepRecord;
use crate::work::Task;

impl Decider<'_> {
    /// Lets a node wait for its session. No attempt begins with that.
    pub(super) fn await_session(&mut self, node: NodeIndex, wanted: WantedSession) {
        let Some(session) = self.execution.session_of(node, wanted.key) else { return };
        if self.execution.node(node).state != NodeState::Waiting(Wait::Session) {
            self.emit(Event::NodeWaiting { node, wait: Wait::Session });
        }
        self.execution.slots_asked.insert(node);
        let node_id = self.node(node).id.clone();
        let accepted = &self.execution.accepted;
        let regenerates = accepted.retry_of.filter(|_| accepted.regenerates.as_ref() == Some(&node_id));
        self.decision.effects.push(Effect::AwaitSession(Box::new(SessionClaim {
            session,
            execution: self.execution.id,
            node,
            node_id,
            turns_max: wanted.turns_max,
            bytes_max: wanted.bytes_max,
            has_summary: wanted.has_summary,
            when_busy: wanted.when_busy,
            regenerates,
        })));
    }

    /// A node has its session, and begins.
    pub(super) fn session_answered(
        &mut self,
        node: NodeIndex,
        answer: SessionAnswer,
    ) -> Result<(), Rejected> {
        let waits = |index: NodeIndex| self.execution.nodes.get(index.at()).map(|node| &node.state).cloned();
        if waits(node) != Some(NodeState::Waiting(Wait::Session)) {
            return Err(Rejected::NotWaiting);
        }
        self.execution.slots_asked.remove(&node);
        if self.execution.status != ExecutionStatus::Running {
            // It asks again when it is resumed.
            return Err(Rejected::WrongStatus(self.execution.status));
        }
        match answer {
            SessionAnswer::Taken(part) => {
                self.emit(Event::SessionTaken { node, part });
                self.begin(node);
            }
            SessionAnswer::Moved => {
                let message =
                    "The turn that was to be written again is no longer the last one of its session";
                self.fail(node, Failure::new(ErrorClass::Replaced, message), None);
            }
        }
        Ok(())
    }

    /// The execution `by` takes the session of a node, which fails with that.
    pub(super) fn interrupt(&mut self, id: NodeId, by: ExecutionId) -> Result<(), Rejected> {
        let node = self.find(id)?;
        let state = self.execution.node(node);
        let Some(part) = state.session.as_ref().filter(|_| !state.is_ended()) else {
            return Err(Rejected::NotWaiting);
        };
        let message = format!("Execution {by} has taken the session `{}` (`when_busy: interrupt`)", part.key);
        self.stop_calls(node, Stopped::Unwanted);
        self.fail(node, Failure::new(ErrorClass::Replaced, message), None);
        Ok(())
    }

    /// Adds the turn of a node that has completed to its session.
    pub(super) fn add_turn(&mut self, node: NodeIndex) {
        let state = self.execution.node(node);
        let (Some(part), Some(answer)) = (&state.session, &state.output) else { return };
        let Some(session) = self.execution.session_of(node, part.key.clone()) else { return };
        let used = |tokens: fn(&crate::usage::Usage) -> u64| state.usages().map(|usage| tokens(usage)).sum();
        let turn = SessionTurn {
            session: session.clone(),
            number: part.next(),
            execution: self.execution.id,
            node: self.node(node).id.clone(),
            question: self.execution.input_of(node).map(file::without_bytes).unwrap_or_default(),
            answer: answer.clone(),
            input_tokens: used(|usage| usage.input_tokens),
            output_tokens: used(|usage| usage.output_tokens),
            at: self.now,
        };
        self.decision.sessions.push(SessionChange::Add(Box::new(turn)));
        self.decision.effects.push(Effect::SessionLeft(Box::new(session)));
    }

    /// Stores the summary that a node has written, with its session.
    pub(super) fn keep_summary(&mut self, node: NodeIndex, output: &Payload) {
        let Some(part) = &self.execution.node(node).session else { return };
        let (Some(fold), Some(text)) = (part.fold, summary_text(output)) else { return };
        let Some(session) = self.execution.session_of(node, part.key.clone()) else { return };
        let (execution, id) = (self.execution.id, self.node(node).id.clone());
        let summary = SessionSummary { session, up_to: fold.up_to, execution, node: id, text, at: self.now };
        self.decision.sessions.push(SessionChange::Summarize(Box::new(summary)));
    }

    /// Leaves the session of a node that ends without a turn, or that will not wait for it any longer.
    pub(super) fn leave_session(&mut self, node: NodeIndex) {
        let state = self.execution.node(node);
        let part = state.session.as_ref();
        if part.is_none() && state.state != NodeState::Waiting(Wait::Session) {
            return;
        }
        let left = part.and_then(|part| self.execution.session_of(node, part.key.clone()));
        self.decision.sessions.push(SessionChange::Leave(self.node(node).id.clone()));
        self.decision.effects.extend(left.map(|session| Effect::SessionLeft(Box::new(session))));
    }
}

impl Execution {
    /// Returns what a node reads of its session for its question, as far as that is known.
    pub fn history_of(&self, node: NodeIndex) -> Option<SessionPart> {
        let state = self.node(node);
        let part = state.session.as_ref()?;
        let written = state.steps.iter().find(|step| is_summary(&step.key)).and_then(StepRecord::output);
        Some(part.behind(written.and_then(summary_text).as_deref()))
    }

    /// Returns what a call reads of the session of its node.
    pub(super) fn history(&self, node: NodeIndex, task: &Task) -> Option<SessionPart> {
        let part = self.node(node).session.as_ref().filter(|_| task.is_of_session())?;
        match (task, part.fold) {
            (Task::Summary(_), Some(fold)) => Some(part.to_fold(fold)),
            (_, Some(_)) => self.history_of(node),
            (_, None) => Some((**part).clone()),
        }
    }

    fn session_of(&self, node: NodeIndex, key: std::sync::Arc<str>) -> Option<SessionId> {
        let (agent, _) = self.graph().node(node).kind.room().skill()?;
        Some(SessionId { tenant: self.accepted.tenant, agent, key })
    }
}

/// Returns the result of a call that wrote a summary, which has to have a text.
pub(super) fn readable(result: Result<Payload, Failure>) -> Result<Payload, Failure> {
    let output = result?;
    match summary_text(&output) {
        Some(_) => Ok(output),
        None => Err(Failure::new(ErrorClass::Internal, "What came of a summary has no text")),
    }
}
