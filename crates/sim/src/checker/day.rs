//! The budget of each agent for a day: what calls used that ended, and what all others may use, never passes it.

use std::collections::BTreeMap;

use steadflow_core::budget::Spent;
use steadflow_core::ids::AgentId;
use steadflow_core::protection::CallEnd;
use steadflow_core::work::{CallKey, Outcome, Task, Work};

use super::{Checker, Verdict};
use crate::agents::{self, PLAIN, WITH_TOOLS};

/// What is used of the budgets of agents. No run lasts until the day ends.
#[derive(Debug)]
pub(super) struct DaySpending {
    max: Option<u64>,
    used: BTreeMap<AgentId, u64>,
    open: BTreeMap<CallKey, (AgentId, u64)>,
}

impl DaySpending {
    pub(super) const fn new(max: Option<u64>) -> Self {
        Self { max, used: BTreeMap::new(), open: BTreeMap::new() }
    }

    fn taken(&self, agent: AgentId) -> u64 {
        let open = self.open.values().filter(|(of, _)| *of == agent).map(|(_, most)| most).sum::<u64>();
        self.used.get(&agent).copied().unwrap_or_default() + open
    }
}

impl Checker {
    /// Returns what each agent may use in a day.
    pub(crate) const fn day_budget(&self) -> Option<u64> {
        self.day.max
    }

    /// A model is asked. The engine reserves at least what it is sent, and what it may answer.
    pub(crate) fn model_is_asked(&mut self, work: &Work) -> Verdict {
        let Some(max) = self.day.max else { return Ok(()) };
        let Some((agent, most)) = most_of(work) else { return Ok(()) };
        self.day.open.insert(work.key(), (agent, most));
        let taken = self.day.taken(agent);
        if taken > max {
            return Err(format!(
                "B3: {taken} tokens of agent {agent} are used or may be, of {max} for a day"
            ));
        }
        Ok(())
    }

    /// A process hears how a call ended.
    pub(crate) fn model_has_answered(&mut self, call: &CallKey, outcome: &Outcome) {
        let Some((agent, most)) = self.day.open.remove(call) else { return };
        let used = match CallEnd::of(outcome).spent {
            Spent::Nothing => 0,
            Spent::All(amount) => amount.tokens,
            Spent::Part(amount) => most.max(amount.tokens),
        };
        *self.day.used.entry(agent).or_default() += used;
    }
}

/// Returns which agent a call asks, and how much it uses at least if all goes on for long.
fn most_of(work: &Work) -> Option<(AgentId, u64)> {
    let (agent, skill, answer) = match &work.task {
        Task::Skill { agent_id, skill, .. } => (*agent_id, &**skill, None),
        Task::Turn(turn) => (turn.agent_id, &*turn.skill, turn.tokens_max),
        Task::Summary(summary) => (summary.agent_id, &*summary.skill, summary.tokens_max),
        Task::Judge(_)
        | Task::Tool { .. }
        | Task::ListTools { .. }
        | Task::CancelTask { .. }
        | Task::HttpRequest
        | Task::Message(_)
        | Task::Code(_)
        | Task::Echo => {
            return None;
        }
    };
    // Nothing limits the others.
    if ![PLAIN, WITH_TOOLS].contains(&agent) {
        return None;
    }
    let agents = agents::pinned();
    let asked = agents.get(&agent)?;
    let skill = asked.skill(skill)?;
    let question = asked.question_bytes(skill, &work.input, |_| None) as u64;
    Some((agent, question + answer.or(skill.max_tokens.map(u64::from)).unwrap_or_default()))
}
