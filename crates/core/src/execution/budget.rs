//! The budget of an execution: what a call may use is reserved in the event that begins it, and stays so if nobody knows what
//! it used. So no crash and no retry passes it, whatever they repeat.

use std::collections::BTreeMap;

use super::Execution;
use super::decide::Decider;
use crate::agent::{Agent, Backend, ToolAction};
use crate::budget::{Amount, Budget, Spent};
use crate::event::{Event, StepResult};
use crate::failure::{ErrorClass, Failure};
use crate::ids::{AgentId, NodeIndex, StepKey};
use crate::node::{Next, Step};
use crate::session::SessionPart;
use crate::work::{NextTurn, OfferedFlow, Task};

/// What an execution has of its budget.
#[derive(Clone, Debug)]
pub(super) struct Spending {
    budget: Budget,
    /// What calls used that have ended.
    used: Amount,
    /// What is reserved for calls of which nobody will know what they used.
    lost: Amount,
    /// What is reserved for each call that is under way.
    open: BTreeMap<(NodeIndex, StepKey), Amount>,
}

impl Spending {
    pub(super) fn new(budget: Budget) -> Self {
        Self { budget, used: Amount::default(), lost: Amount::default(), open: BTreeMap::new() }
    }

    /// Takes in what happened.
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::AttemptStarted { node, reserved, .. } => {
                self.reserve(*node, &StepKey::ONLY, reserved.as_deref())
            }
            Event::StepStarted { node, step, reserved, .. } => self.reserve(*node, step, reserved.as_deref()),
            Event::StepEnded { node, step, result, usage, unspent } => {
                let class = match result {
                    StepResult::Completed(_) => None,
                    StepResult::Failed { class, .. } => Some(*class),
                };
                self.settle(*node, step, Spent::of(class, usage.as_deref(), *unspent));
            }
            Event::AttemptFailed { node, class, usage, unspent, .. } => {
                self.settle(*node, &StepKey::ONLY, Spent::of(Some(*class), usage.as_deref(), *unspent));
                self.lose(*node);
            }
            Event::NodeCompleted { node, usage, .. } => {
                self.settle(*node, &StepKey::ONLY, Spent::of(None, usage.as_deref(), false));
                self.lose(*node);
            }
            Event::AttemptReleased { node, .. } => self.lose(*node),
            Event::CompensationStarted { .. } => self.lose_all(),
            Event::Accepted(_)
            | Event::Started
            | Event::Adopted { .. }
            | Event::TaskStarted { .. }
            | Event::TaskResumed { .. }
            | Event::TaskEnded { .. }
            | Event::ApprovalRequested { .. }
            | Event::ApprovalDecided { .. }
            | Event::ChildrenStarted { .. }
            | Event::ChildEnded { .. }
            | Event::NodeFailed { .. }
            | Event::NodeSkipped { .. }
            | Event::NodeWaiting { .. }
            | Event::EventAwaited { .. }
            | Event::SessionTaken { .. }
            | Event::BackoffEnded { .. }
            | Event::Resolved { .. }
            | Event::Paused { .. }
            | Event::Resumed { .. }
            | Event::Finished { .. } => {}
        }
    }

    fn reserve(&mut self, node: NodeIndex, step: &StepKey, reserved: Option<&Amount>) {
        if let Some(reserved) = reserved {
            self.open.insert((node, step.clone()), *reserved);
        }
    }

    fn settle(&mut self, node: NodeIndex, step: &StepKey, spent: Spent) {
        let reserved = self.open.remove(&(node, step.clone())).unwrap_or_default();
        let counted = self.budget.counted(spent.counted(reserved));
        match spent {
            Spent::Nothing | Spent::All(_) => self.used = self.used.plus(counted),
            Spent::Part(_) => self.lost = self.lost.plus(counted),
        }
    }

    /// The calls of a node that are under way are over, and nobody waits for their results.
    fn lose(&mut self, node: NodeIndex) {
        let (of_node, others) =
            std::mem::take(&mut self.open).into_iter().partition(|((open, _), _)| *open == node);
        self.open = others;
        let of_node: BTreeMap<_, Amount> = of_node;
        self.lost = of_node.into_values().fold(self.lost, Amount::plus);
    }

    fn lose_all(&mut self) {
        let open = std::mem::take(&mut self.open);
        self.lost = open.into_values().fold(self.lost, Amount::plus);
    }

    /// Refuses what would pass the budget.
    fn check(&self, wanted: Amount) -> Result<(), Failure> {
        let open = self.open.values().copied().fold(Amount::default(), Amount::plus);
        let taken = self.used.plus(self.lost).plus(open);
        let Some(shortage) = self.budget.shortage(taken, wanted) else { return Ok(()) };
        let mut message = format!(
            "The budget of this execution ({}) leaves {}; what is asked next may use up to {}",
            shortage.budget, shortage.left, shortage.wanted
        );
        if open != Amount::default() {
            message.push_str(". Calls that are under way count with all that they may use");
        }
        if self.lost != Amount::default() {
            message.push_str(". Calls whose answers were lost count with all that they could have used");
        }
        let key = shortage.measure.key();
        message.push_str(&format!(
            ". Set a larger `budget.{key}` of the flow, or a smaller `max_tokens` of the skill"
        ));
        Err(Failure::new(ErrorClass::Budget, message))
    }
}

/// A question to a model, as far as it matters what it may use.
struct Question<'q> {
    agent: &'q Agent,
    skill: &'q str,
    turn: Option<&'q NextTurn>,
}

fn starts_others() -> Failure {
    let message = "An execution with a budget cannot start others, because these would not count. Remove `budget` from the flow";
    Failure::new(ErrorClass::Configuration, message)
}

impl Decider<'_> {
    /// Reserves what the calls may use that come next, or lets the node fail where that would pass the budget.
    pub(super) fn keep_to_budget(&self, node: NodeIndex, next: &mut Next) {
        let kept = match next {
            Next::Step(step) => self.reserve(node, std::slice::from_mut(step)),
            Next::Steps { steps, .. } => self.reserve(node, steps),
            Next::Children { .. } => Err(starts_others()),
            Next::Complete(_)
            | Next::Session(_)
            | Next::Wait(_)
            | Next::Ask(_)
            | Next::Event(_)
            | Next::Pending
            | Next::Fail(_) => Ok(()),
        };
        if let Err(failure) = kept {
            *next = Next::Fail(failure);
        }
    }

    fn reserve(&self, node: NodeIndex, steps: &mut [Step]) -> Result<(), Failure> {
        let Some(spending) = &self.execution.spending else { return Ok(()) };
        let mut wanted = Amount::default();
        for step in steps {
            if matches!(&step.task, Task::Turn(turn) if !turn.flows.is_empty()) {
                return Err(starts_others());
            }
            let most = self.most_of(node, step, &spending.budget)?;
            wanted = wanted.plus(most.unwrap_or_default());
            step.reserved = most.map(Box::new);
        }
        if wanted == Amount::default() { Ok(()) } else { spending.check(wanted) }
    }

    /// Returns the most that a call may use; `None` if it asks no model.
    pub(super) fn most_of(
        &self,
        node: NodeIndex,
        step: &Step,
        budget: &Budget,
    ) -> Result<Option<Amount>, Failure> {
        let Some(Question { agent, skill, turn }) = self.question(step)? else { return Ok(None) };
        let Some(skill) = agent.skill(skill).filter(|_| matches!(agent.backend, Backend::Llm(_))) else {
            return Ok(None);
        };
        let answer = match (&step.task, turn) {
            (Task::Summary(summary), _) => summary.tokens_max,
            (_, Some(turn)) => turn.tokens_max,
            (_, None) => skill.max_tokens.map(u64::from),
        };
        let previous_error = match (&step.task, turn) {
            (Task::Skill { .. }, _) => self.last_error(node),
            _ => turn.and_then(|turn| turn.correction.as_ref().map(|error| error.len())),
        };
        let asked = |id: AgentId| self.execution.agents.as_ref()?.get(&id).map(|agent| &**agent);
        let question = agent.question_bytes(skill, &step.input, asked)
            + step.secrets.len().saturating_mul(SECRET_BYTES)
            + step.task.data_bytes()
            + turn.map_or(0, |turn| {
                turn.turns.iter().map(|past| past.results.len() + 1).sum::<usize>() * SAID_BYTES
                    + turn.flows.values().map(OfferedFlow::bytes).sum::<usize>()
            })
            + self.history_bytes(node, &step.task)
            + previous_error.unwrap_or_default();
        let model = turn.map_or(0, |turn| turn.model);
        agent.most_of(skill, model, (question, answer), budget).map(Some)
    }

    /// Returns how many bytes of its session a call sends at most.
    pub(super) fn history_bytes(&self, node: NodeIndex, task: &Task) -> usize {
        let bytes = |part: SessionPart| {
            let said = part.bytes.saturating_add(part.summary.map_or(0, |summary| summary.bytes));
            let said = usize::try_from(said).unwrap_or(usize::MAX);
            let said = said.saturating_add((part.len() as usize + 1).saturating_mul(2 * SAID_BYTES));
            // What is summarised is quoted.
            if matches!(task, Task::Summary(_)) { said.saturating_mul(2) + SUMMARY_BYTES } else { said }
        };
        self.execution.history(node, task).map_or(0, bytes)
    }

    fn last_error(&self, node: NodeIndex) -> Option<usize> {
        let attempts = self.execution.node(node).attempts.iter().rev();
        attempts.filter_map(|attempt| attempt.error.as_ref()).map(|error| error.message.len()).next()
    }

    /// Returns what a call asks which agent; `None` if it asks none.
    fn question<'q>(&'q self, step: &'q Step) -> Result<Option<Question<'q>>, Failure> {
        let (agent, skill, turn) = match &step.task {
            Task::Skill { agent_id, skill, .. } => (*agent_id, &**skill, None),
            Task::Turn(turn) => (turn.agent_id, &*turn.skill, Some(&**turn)),
            Task::Summary(summary) => (summary.agent_id, &*summary.skill, None),
            Task::Judge(judgement) => (judgement.agent_id, &*judgement.skill, None),
            Task::Tool { refusal: Some(_), .. } => return Ok(None),
            Task::Tool { agent_id, skill, tool, .. } => {
                let tools = self.agent(*agent_id)?.skill(skill).map(|skill| &skill.tools);
                let tool = tools.into_iter().flatten().find(|known| known.name == **tool);
                let Some(ToolAction::Skill { agent_id, skill }) = tool.map(|tool| &tool.action) else {
                    return Ok(None);
                };
                (*agent_id, skill.as_str(), None)
            }
            Task::ListTools { .. }
            | Task::CancelTask { .. }
            | Task::HttpRequest
            | Task::Message(_)
            | Task::Code(_)
            | Task::Echo => {
                return Ok(None);
            }
        };
        Ok(Some(Question { agent: self.agent(agent)?, skill, turn }))
    }

    pub(super) fn agent(&self, id: AgentId) -> Result<&Agent, Failure> {
        let agent = self.execution.agents.as_ref().and_then(|agents| agents.get(&id));
        agent.map(|agent| &**agent).ok_or_else(|| {
            Failure::new(ErrorClass::Configuration, format!(
                "There was no agent {id} that can be read when this execution was accepted, so a budget does not know what a \
                 call may use"
            ))
        })
    }
}

/// What is added to each thing that was said before.
const SAID_BYTES: usize = 128;

/// How long it is at most what asks for a summary.
const SUMMARY_BYTES: usize = 2_048;

/// How long a secret is at most that is sent to a model.
const SECRET_BYTES: usize = 4_096;

impl Execution {
    /// Returns whether a failed call is recorded as one that used nothing, which only a budget has to know.
    pub(super) fn is_unspent(&self, failure: &Failure) -> bool {
        self.spending.is_some() && failure.used_nothing()
    }
}
