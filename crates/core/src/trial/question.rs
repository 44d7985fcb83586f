//! What an agent is asked that need not be stored: as it is while somebody edits it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::TIME_MAX;
use super::skill::work_of;
use crate::agent::{Agent, Backend, Instructions, Skill};
use crate::ids::{AgentId, ExecutionId, FlowId, TenantId};
use crate::payload::Payload;
use crate::timestamp::Timestamp;
use crate::work::{NextTurn, OfferedFlow, Task, Work};

/// How long a test of a connection and a list of models may take.
const SHORT_TIME_MAX: Duration = Duration::from_secs(30);
/// Tokens that the answer to a test of a connection has at most.
const PROBE_TOKENS: u32 = 16;
/// Stands for an agent that need not be stored.
pub const UNSTORED: AgentId = AgentId::new(Uuid::nil());
const PROBE: &str = "Reply with OK.";

/// One question to an agent. It belongs to no execution, and nothing of it is stored.
#[derive(Clone, Debug)]
pub struct Question {
    /// The agent.
    pub agent: Arc<Agent>,
    /// What it is asked for.
    pub about: About,
    /// The call: its skill, its input, and when it is stopped.
    pub work: Work,
}

/// What an agent is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Which models its provider has.
    Models,
    /// Whether it can be reached, with the least costly call that shows this.
    Connection,
    /// What its model would be sent. Nothing is called.
    Prompt,
    /// What its skill answers. A model is asked once: the tools that it asks for are not called.
    Answer,
}

/// Who asks, and when.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    /// Who.
    pub tenant: TenantId,
    /// What the idempotency key begins with, so each question needs a new one; nothing is stored under it.
    pub execution: ExecutionId,
    /// When.
    pub now: Timestamp,
}

impl Question {
    /// Asks which models the provider of an agent has.
    pub fn models(agent: Agent, asker: Asker) -> Self {
        let name = agent.skills[0].name.clone();
        Self::short(agent, About::Models, &name, Payload::null(), asker)
    }

    /// Asks whether an agent can be reached.
    pub fn connection(mut agent: Agent, asker: Asker) -> Self {
        let probe = Skill {
            instructions: Instructions::parse(PROBE).ok(),
            max_tokens: Some(PROBE_TOKENS),
            ..Skill::named("probe".to_owned())
        };
        if matches!(agent.backend, Backend::Llm(_)) {
            agent.skills = vec![probe];
        }
        let name = agent.skills[0].name.clone();
        Self::short(agent, About::Connection, &name, Payload::from_value(&json!(PROBE)), asker)
    }

    /// Asks what the model of a skill would be sent with `input`, or what the skill answers.
    pub fn skill(agent: Agent, about: About, (skill, input): (&str, Payload), asker: Asker) -> Self {
        let work = Work { task: task_of(&agent, skill), ..work(input, asker, TIME_MAX) };
        Self { agent: Arc::new(agent), about, work }
    }

    /// Tells the model what is known of the flows that tools run.
    #[must_use]
    pub fn with_flows(mut self, flows: &BTreeMap<FlowId, OfferedFlow>) -> Self {
        if let Task::Turn(turn) = &mut self.work.task
            && let Some(rules) = self.agent.skill(&turn.skill).and_then(|skill| skill.rules.as_deref())
        {
            let known =
                rules.flows.iter().filter_map(|(tool, flow)| Some((tool.clone(), flows.get(flow)?.clone())));
            turn.flows = known.collect();
        }
        self
    }

    fn short(agent: Agent, about: About, skill: &str, input: Payload, asker: Asker) -> Self {
        let work = Work { task: task_of(&agent, skill), ..work(input, asker, SHORT_TIME_MAX) };
        Self { agent: Arc::new(agent), about, work }
    }
}

fn work(input: Payload, asker: Asker, limit: Duration) -> Work {
    let Asker { tenant, execution, now } = asker;
    Work { stop_at: Some(now.plus(limit)), ..work_of(tenant, execution, Task::Echo, input, now) }
}

/// A model is asked for the first turn of a conversation, so that it may ask for tools.
fn task_of(agent: &Agent, name: &str) -> Task {
    let agent_id = UNSTORED;
    let skill: Arc<str> = name.into();
    if !matches!(agent.backend, Backend::Llm(_)) {
        return Task::Skill { agent_id, version: None, skill };
    }
    let asked = agent.skill(name);
    let of_rules = asked.and_then(|skill| skill.rules.as_ref()?.answer_tokens_max);
    let tokens_max = of_rules.or_else(|| asked?.max_tokens.map(u64::from));
    Task::Turn(Box::new(NextTurn {
        agent_id,
        version: None,
        skill,
        model: 0,
        asked: BTreeMap::new(),
        flows: BTreeMap::new(),
        turns: Vec::new(),
        tokens_max,
        correction: None,
    }))
}
