//! One call of an attempt, as the engine hands it out and takes its result.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::failure::Failure;
use crate::guardrail::Stage;
use crate::ids::{AgentId, Attempt, ExecutionId, FlowId, NodeId, NodeIndex, StepKey, TenantId};
use crate::input_request::Dialog;
use crate::payload::Payload;
use crate::quota::Quota;
use crate::remote_task::RemoteTask;
use crate::session::SessionPart;
use crate::template::SecretSlot;
use crate::timestamp::Timestamp;
use crate::trace_parent::TraceOf;
use crate::usage::Usage;

/// One call to make. Its start is committed before an executor sees this.
#[derive(Clone, Debug)]
pub struct Work {
    /// Its tenant.
    pub tenant: TenantId,
    /// The flow.
    pub flow: FlowId,
    /// The execution.
    pub execution: ExecutionId,
    /// The node's place in the flow version.
    pub node: NodeIndex,
    /// The node's id, for keys and messages.
    pub node_id: NodeId,
    /// Which attempt this is.
    pub attempt: Attempt,
    /// Which of its calls this is.
    pub step: StepKey,
    /// What to do.
    pub task: Task,
    /// The resolved input. Secrets are not in it: `secrets` says where they go.
    pub input: Payload,
    /// Where the input holds `${secrets.NAME}` to be replaced.
    pub secrets: Arc<[SecretSlot]>,
    /// When the call is stopped: the earliest of its own limit, the attempt's timeout and the execution's deadline.
    pub stop_at: Option<Timestamp>,
    /// Whether the node or the call has a timeout of its own, which then counts instead of the limits of executors.
    pub has_own_timeout: bool,
    /// The error of the previous attempt, for work that can use it.
    pub previous_error: Option<Arc<str>>,
    /// What was said before in the session of the node; only where a skill is asked.
    pub session: Option<Box<SessionPart>>,
    /// The task of the server that does this call: it is waited for, and the call is not made again.
    pub remote_task: Option<Arc<RemoteTask>>,
    /// What the server of this task has asked for, and what was answered.
    pub dialog: Option<Box<Dialog>>,
    /// The trace that the call belongs to.
    pub trace: TraceOf,
}

impl Work {
    /// Returns which call this is.
    pub fn key(&self) -> CallKey {
        let (node, attempt, step) = (self.node, self.attempt, self.step.clone());
        CallKey { execution: self.execution, node, attempt, step }
    }

    /// Returns the outcome of a failure that says nothing of the task that this is about, if it is about one.
    pub fn failed(&self, failure: Failure) -> Outcome {
        let goes_on = self.remote_task.is_some().then(|| Box::new(self.clone()));
        Outcome { goes_on, ..Outcome::failed(failure) }
    }

    /// Returns the work of asking the server to end the task that this waits for, if it waits for one.
    pub fn cancelling(&self) -> Option<Self> {
        let task = self.remote_task.as_ref()?;
        let task = Task::CancelTask { agent_id: task.agent, version: self.task.asked_version() };
        Some(Self {
            step: self.step.of_cancel(),
            task,
            input: Payload::null(),
            secrets: Arc::default(),
            stop_at: None,
            has_own_timeout: false,
            previous_error: None,
            session: None,
            dialog: None,
            ..self.clone()
        })
    }

    /// Returns the key that this call has in all attempts of its node: `<execution>:<node>`, and `:<step>` where an
    /// attempt makes several calls.
    pub fn idempotency_key(&self) -> String {
        match self.step.name() {
            Some(step) => format!("{}:{}:{step}", self.execution, self.node_id),
            None => format!("{}:{}", self.execution, self.node_id),
        }
    }
}

/// Whether a call was stopped, from when on it must not begin to send anything. Clones are of the same call.
///
/// Calls that are stopped together are all marked before the first of them ends: so none of them begins with what another one
/// has held.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Marks the call as stopped.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Returns whether the call was stopped.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Which call of which attempt of which execution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey {
    /// The execution.
    pub execution: ExecutionId,
    /// Its node.
    pub node: NodeIndex,
    /// The node's attempt.
    pub attempt: Attempt,
    /// The attempt's call.
    pub step: StepKey,
}

impl fmt::Display for CallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { execution, node, attempt, step } = self;
        write!(f, "{execution}:{}:{}:{step}", node.0, attempt.number())
    }
}

/// What a call does, by how it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Asks for a skill of an agent.
    Skill {
        /// The agent.
        agent_id: AgentId,
        /// The version that the execution is pinned to; `None` for the current one.
        version: Option<u32>,
        /// Its skill.
        skill: Arc<str>,
    },
    /// Asks a model for its next answer, of a skill with tools or of an agent with several models.
    Turn(Box<NextTurn>),
    /// Asks a model for a summary of old turns of the session.
    Summary(Box<Summarizing>),
    /// Calls a tool of a skill, which a model asked for. It need not exist.
    Tool {
        /// The agent whose skill has the tool.
        agent_id: AgentId,
        /// The version that the execution is pinned to.
        version: Option<u32>,
        /// The skill.
        skill: Arc<str>,
        /// The name of the tool.
        tool: Arc<str>,
        /// The version that the agent is pinned to which the tool asks, if it asks one.
        asked_version: Option<u32>,
        /// Why it is not called: a judge has refused its arguments.
        refusal: Option<Arc<str>>,
    },
    /// Asks a judge about a value.
    Judge(Box<Judgement>),
    /// Lists the tools of an agent that is an MCP server. No execution does this.
    ListTools {
        /// The agent.
        agent_id: AgentId,
        /// Its version.
        version: Option<u32>,
    },
    /// Asks an MCP server to end the task that the work names, whose result nobody wants any more.
    CancelTask {
        /// The agent.
        agent_id: AgentId,
        /// The version that the execution is pinned to.
        version: Option<u32>,
    },
    /// Sends one HTTP request.
    HttpRequest,
    /// Sends one message.
    Message(Channel),
    /// Runs JavaScript on its input.
    Code(Arc<Script>),
    /// Returns its input.
    Echo,
}

impl Task {
    /// Returns whether it is a part of the node's session: agents that tools and judges ask are not.
    pub(crate) const fn is_of_session(&self) -> bool {
        matches!(self, Self::Skill { .. } | Self::Turn(_) | Self::Summary(_))
    }

    /// Returns the version that the agent is pinned to which it asks.
    const fn asked_version(&self) -> Option<u32> {
        match self {
            Self::Skill { version, .. }
            | Self::ListTools { version, .. }
            | Self::CancelTask { version, .. }
            | Self::Tool { asked_version: version, .. } => *version,
            Self::Turn(turn) => turn.version,
            Self::Summary(summary) => summary.version,
            Self::Judge(judgement) => judgement.version,
            Self::HttpRequest | Self::Message(_) | Self::Code(_) | Self::Echo => None,
        }
    }

    /// Returns how many bytes of what was said before it sends.
    pub fn data_bytes(&self) -> usize {
        match self {
            Self::Turn(turn) => turn.turns.iter().map(Turn::bytes).sum(),
            Self::Judge(judgement) => judgement.value.as_ref().map_or(0, Payload::len),
            Self::Skill { .. }
            | Self::Summary(_)
            | Self::Tool { .. }
            | Self::ListTools { .. }
            | Self::CancelTask { .. }
            | Self::HttpRequest
            | Self::Message(_)
            | Self::Code(_)
            | Self::Echo => 0,
        }
    }
}

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// As mail, by the server that the operator names.
    Email,
    /// To an incoming webhook that takes what Slack's does.
    Slack,
    /// As a signed webhook (standardwebhooks.com).
    Webhook,
}

/// JavaScript of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The body of a function that reads `input` and returns the output.
    pub source: Arc<str>,
    /// How much CPU time it may take.
    pub cpu_max: Duration,
}

/// What a judge is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The agent.
    pub agent_id: AgentId,
    /// The version that the execution is pinned to.
    pub version: Option<u32>,
    /// Its skill.
    pub skill: Arc<str>,
    /// What the value is.
    pub stage: Stage,
    /// The tool whose arguments it is.
    pub tool: Option<Arc<str>>,
    /// The value; `None` where it is the input of the call.
    pub value: Option<Payload>,
    /// Whether the call fails if the judge refuses the value; otherwise its verdict is an answer like any other.
    pub fails: bool,
}

/// What a model is asked for a summary with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summarizing {
    /// The agent.
    pub agent_id: AgentId,
    /// The version that the execution is pinned to.
    pub version: Option<u32>,
    /// The skill of the node, whose instructions have no part in this.
    pub skill: Arc<str>,
    /// How many tokens the answer may have.
    pub tokens_max: Option<u64>,
    /// How many bytes the summary may have.
    pub bytes_max: u64,
}

/// The next question to a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextTurn {
    /// The agent.
    pub agent_id: AgentId,
    /// The version that the execution is pinned to.
    pub version: Option<u32>,
    /// Its skill.
    pub skill: Arc<str>,
    /// Which of its models is asked; the first one is 0.
    pub model: usize,
    /// The versions that the agents are pinned to which its tools ask.
    pub asked: BTreeMap<AgentId, u32>,
    /// What is known of the flows that its tools run, by the name of the tool.
    pub flows: BTreeMap<String, OfferedFlow>,
    /// What was said before, in order.
    pub turns: Vec<Turn>,
    /// How many tokens the answer may have.
    pub tokens_max: Option<u64>,
    /// What was wrong with the last answer to the same question.
    pub correction: Option<Arc<str>>,
}

/// What a model learns about a flow that it can run, unless the tool says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferedFlow {
    /// The description of the flow.
    pub description: String,
    /// The form of its trigger.
    pub form: Option<Arc<Value>>,
}

impl OfferedFlow {
    /// Returns how many bytes of a question this is at most.
    pub(crate) fn bytes(&self) -> usize {
        self.description.len() + self.form.as_ref().map_or(0, |form| form.to_string().len())
    }
}

/// One answer of a model that asked for tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The answer, as it is stored.
    pub answer: Payload,
    /// Which of the agent's models gave it; the first one is 0.
    pub model: usize,
    /// What became of the tools that it asked for, in their order: what each returned, or why it failed.
    pub results: Vec<Result<Payload, Arc<str>>>,
    /// Why its output does not do, if it asked for none.
    pub refusal: Option<Arc<str>>,
}

impl Turn {
    fn bytes(&self) -> usize {
        let said = |result: &Result<Payload, Arc<str>>| {
            result.as_ref().map_or_else(|error| error.len(), Payload::len)
        };
        let refusal = self.refusal.as_ref().map_or(0, |refusal| refusal.len());
        self.answer.len() + self.results.iter().map(said).sum::<usize>() + refusal
    }
}

/// What came of a call.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The output, or why there is none.
    pub result: Result<Payload, Failure>,
    /// What it used, failed or not; `None` where no model answered.
    pub usage: Option<Arc<Usage>>,
    /// What the agent's provider said it has room for; `None` where it said nothing.
    pub quota: Option<Box<Quota>>,
    /// The work that is left, if a server does the call as a task that has not ended. Without a failure, it is to be begun as
    /// soon as the task is stored or, if the server asks for input, when that is given.
    pub goes_on: Option<Box<Work>>,
}

impl Outcome {
    /// Returns the outcome of a call that used nothing that is counted.
    pub fn new(result: Result<Payload, Failure>) -> Self {
        Self { result, usage: None, quota: None, goes_on: None }
    }

    /// Returns the outcome of a call that completed and used nothing that is counted.
    pub fn completed(output: Payload) -> Self {
        Self::new(Ok(output))
    }

    /// Returns what it used: nothing where no model answered.
    pub fn used(&self) -> Usage {
        self.usage.as_deref().cloned().unwrap_or_default()
    }

    /// Returns the work that begins as soon as it is stored that a server does the call as a task.
    pub fn begun_task(&self) -> Option<&Work> {
        self.goes_on.as_deref().filter(|work| self.result.is_ok() && work.dialog.is_none())
    }

    /// Returns the outcome of a call that failed and used nothing that is counted.
    pub fn failed(failure: Failure) -> Self {
        Self::new(Err(failure))
    }
}

/// How long `stop_at` is from `now`; `None` where there is no limit.
pub fn time_left(stop_at: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    stop_at.map(|moment| moment.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_ends_at_zero() {
        let at = |seconds: u64| Timestamp::default().plus(Duration::from_secs(seconds));

        assert_eq!(time_left(None, at(5)), None);
        for (stop_at, left) in [(12, 7), (5, 0), (3, 0)] {
            assert_eq!(time_left(Some(at(stop_at)), at(5)), Some(Duration::from_secs(left)));
        }
    }
}
