//! What an agent was asked and answered in one node of an execution, call by call.
//!
//! The journal has what it answered, and what the tools that it asked for were given and returned. What it was asked is
//! not stored: the instructions are rendered again from the version of the agent that the execution is pinned to, by the
//! same function as when it was asked.

mod reasoning;

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use steadflow_core::agent::{Agent, Backend, LlmConfig, Skill};
use steadflow_core::approval::Subject;
use steadflow_core::calls::{Asked, Call, Calls, End};
use steadflow_core::event::{Record, StepResult};
use steadflow_core::execution::Execution;
use steadflow_core::file;
use steadflow_core::ids::{AgentId, ExecutionId, NodeIndex};
use steadflow_core::payload::Payload;
use steadflow_core::session::{SessionPart, is_summary};
use steadflow_core::transcript::{self, Answer};
use utoipa::ToSchema;

use super::approval::{DecidedView, id_of_call};
use super::session::{SessionPartView, SummarizedView};
use super::shown::{Place, Room, Shown, StepPart};
use super::usage::UsageView;
use super::wire::{ErrorClassName, Time, millis, span};
use crate::documents;

/// The conversation of a node that runs a skill, in all its attempts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub(crate) struct ConversationView<'a> {
    /// The number of the last record of the execution that it was made of.
    seq: u64,
    skill: &'a str,
    /// The agent that is asked, in the version that the execution is pinned to. Null if that cannot be read: it was deleted,
    /// or did not exist when the execution was accepted.
    agent: Option<AskedAgentView<'a>>,
    /// The session that the node is a part of; null if it has none, or has not taken it yet.
    session: Option<SessionPartView<'a>>,
    /// How often the model was asked, of `max_turns` of the agent.
    turns_used: u32,
    /// The tokens that count towards `max_tokens`: of the responses, and all that a response could have had which was lost.
    tokens_used: u64,
    /// What the agent was asked with: an entry for the first attempt, and for each whose input was another one.
    asked: Vec<AskedView<'a>>,
    /// The calls, in the order in which they began.
    steps: Vec<StepView<'a>>,
    /// How many calls before these the answer has no room for.
    earlier_steps: usize,
}

/// An agent as it was when it was asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AskedAgent)]
pub(crate) struct AskedAgentView<'a> {
    #[schema(value_type = Uuid)]
    id: AgentId,
    version: u32,
    name: &'a str,
    #[schema(value_type = documents::AgentType)]
    agent_type: &'static str,
    /// Of a language model.
    provider: Option<&'static str>,
    /// Of a language model.
    model: Option<&'a str>,
    /// Of a language model: those that are asked if this one cannot answer, in order.
    fallbacks: Vec<AskedModelView<'a>>,
    /// Of a language model; null for the default of the provider.
    temperature: Option<f64>,
    /// The names of the tools that the skill has.
    tools: Vec<&'a str>,
    /// Whether the skill has an output schema, which is a part of the question.
    has_output_schema: bool,
    /// How often the model may be asked; null for a skill without tools.
    max_turns: Option<u32>,
    max_tokens: Option<u64>,
}

/// One of the models of an agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AskedModel)]
pub(crate) struct AskedModelView<'a> {
    provider: &'static str,
    model: &'a str,
}

/// What an agent was asked with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Asked)]
pub(crate) struct AskedView<'a> {
    /// The number of the attempt from which on it was.
    #[schema(minimum = 1)]
    attempt: u32,
    /// The instructions of the skill with the parts of the input in their places, a text. Null if there are none, or if they
    /// cannot be rendered; references to secrets stay as they are.
    #[schema(value_type = Shown)]
    instructions: Option<Shown<'static>>,
    #[schema(value_type = Shown)]
    input: Option<Shown<'a>>,
}

/// One call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationStep)]
pub(crate) struct StepView<'a> {
    /// Its number among all calls of the node, from 1.
    #[schema(minimum = 1)]
    number: u32,
    /// The number of the attempt that made it.
    #[schema(minimum = 1)]
    attempt: u32,
    /// Its name, such as `turn:3` (`turn:3:1` for the first fallback model) or `summary`, which a call that repeats it has, too; null for the only call of an attempt.
    name: Option<&'a str>,
    /// The turn that it is, or that asked for this tool; null for a summary, and for the only call of an attempt.
    turn: Option<u32>,
    /// Of a summary of old turns of the session: which these are.
    summarizes: Option<SummarizedView>,
    /// The model that it asks; null for a call of a tool, or if the agent is no language model or cannot be read.
    model: Option<AskedModelView<'a>>,
    /// The name of the tool that it calls; null for a call of the agent.
    tool: Option<&'a str>,
    /// The name of the guardrail whose judge it asks, or because of which a person has to approve the output.
    guardrail: Option<&'a str>,
    status: StepStatus,
    started_at: Time,
    ended_at: Option<Time>,
    duration_ms: Option<u64>,
    /// When it is stopped, if it has a limit of its own.
    stop_at: Option<Time>,
    /// Of a model whose output a guardrail refuses: what is sent to the model when it is asked again.
    refusal: Option<Cow<'a, str>>,
    /// Why it failed; of one that was stopped, why its attempt failed.
    error_class: Option<ErrorClassName>,
    error_message: Option<Cow<'a, str>>,
    /// The HTTP status, if it failed with one.
    http_status: Option<u16>,
    /// Of a tool: what it was given. Of an output that waits: that.
    #[schema(value_type = Shown)]
    arguments: Option<Shown<'a>>,
    /// Of a model that asks for tools: what it said beside that, a text. Of a summary: that.
    #[schema(value_type = Shown)]
    text: Option<Shown<'static>>,
    /// Of a model: its reasoning, a text, if the response had it and was stored as the provider wrote it.
    #[schema(value_type = Shown)]
    thinking: Option<Shown<'static>>,
    /// Of a tool that runs a flow: the execution that does the call, once it has started.
    #[schema(value_type = Option<Uuid>)]
    execution_id: Option<ExecutionId>,
    /// What a tool or a judge returned, or the output of the skill.
    #[schema(value_type = Shown)]
    output: Option<Shown<'a>>,
    /// What was received instead of an output, up to 16 KiB: a response of the model that was refused, or the body of an
    /// error response.
    #[schema(value_type = Shown)]
    response: Option<Shown<'a>>,
    /// How many tokens are reserved for the response, if there is a budget of them.
    reserved_tokens: Option<u64>,
    usage: UsageView,
    /// Of a call that needs or needed approval.
    approval: Option<StepApprovalView<'a>>,
}

/// What a person was asked before a call, and what was decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationApproval)]
pub(crate) struct StepApprovalView<'a> {
    /// Its id among all approvals.
    id: String,
    arguments_hash: &'a str,
    requested_at: Time,
    /// When the call is refused if nobody has decided.
    expires_at: Option<Time>,
    decided: Option<DecidedView>,
    /// What the model wanted to give the tool, if it was given something else.
    #[schema(value_type = Shown)]
    proposed: Option<Shown<'a>>,
}

/// How a call stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepStatus {
    /// It has not begun: it waits for approval.
    Waiting,
    Running,
    Completed,
    Failed,
    /// Its attempt ended first, so its result is not known. The next attempt makes it again.
    Stopped,
}

/// The calls of a node that runs a skill.
#[derive(Debug)]
pub(crate) struct Conversation<'a> {
    execution: &'a Execution,
    node: NodeIndex,
    skill: &'a str,
    agent: Option<(AgentId, u32, &'a Agent)>,
    /// What it reads of its session for its question.
    history: Option<SessionPart>,
    calls: Vec<Call>,
}

/// Reads the journal of an execution for a [`Conversation`].
#[derive(Debug)]
pub(crate) struct ConversationReader<'a> {
    execution: &'a Execution,
    node: NodeIndex,
    calls: Calls,
}

impl<'a> ConversationReader<'a> {
    pub(crate) fn new(execution: &'a Execution, node: NodeIndex) -> Self {
        Self { execution, node, calls: Calls::new(node, execution.input_of(node).cloned()) }
    }

    /// Reads the next record.
    pub(crate) fn read(&mut self, record: &Record) {
        self.calls.read(record);
    }

    /// Returns the conversation; `agent` is the version of the agent that the execution is pinned to, with its number.
    pub(crate) fn end(self, skill: &'a str, agent: Option<(AgentId, u32, &'a Agent)>) -> Conversation<'a> {
        let Self { execution, node, calls } = self;
        let history = execution.history_of(node);
        Conversation { execution, node, skill, agent, history, calls: calls.all() }
    }
}

impl Conversation<'_> {
    pub(crate) fn view(&self, seq: u64) -> ConversationView<'_> {
        let mut room = Room::new(self.execution.id());
        let state = self.execution.node(self.node);
        let spent = transcript::spent(&state.steps, &state.past);
        let earlier_steps = self.calls.len() - room.steps(self.calls.len());
        let calls = || (1..).zip(&self.calls);
        ConversationView {
            seq,
            skill: self.skill,
            agent: self.agent_view(),
            session: self.history.as_ref().map(Into::into),
            turns_used: spent.turns,
            tokens_used: spent.tokens,
            asked: self.asked(&mut room),
            steps: calls()
                .skip(earlier_steps)
                .map(|(number, call)| self.step(number, call, &mut room))
                .collect(),
            earlier_steps,
        }
    }

    /// Returns a value of the call with this number, from 1.
    pub(crate) fn part(&self, number: u32, part: StepPart) -> Option<Payload> {
        let call = self.calls.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
        match part {
            StepPart::Input => call.input.clone(),
            StepPart::Instructions => self.instructions(call),
            StepPart::Text => text(&self.answer(call)?.text),
            StepPart::Thinking => thinking(&self.answer(call)?),
            StepPart::Output => self.output(call),
            StepPart::Response => call.response.clone(),
        }
    }

    fn skill(&self) -> Option<&Skill> {
        self.agent.and_then(|(_, _, agent)| agent.skill(self.skill))
    }

    fn agent_view(&self) -> Option<AskedAgentView<'_>> {
        let (id, version, agent) = self.agent?;
        let model = match &agent.backend {
            Backend::Llm(config) => Some(config),
            Backend::Http(_) | Backend::Mcp(_) => None,
        };
        let skill = self.skill();
        let rules = skill.and_then(|skill| skill.rules.as_deref());
        let max_tokens = skill.and_then(|skill| skill.max_tokens).map(u64::from);
        Some(AskedAgentView {
            id,
            version,
            name: &agent.name,
            agent_type: agent.agent_type(),
            provider: model.map(|model| model.provider.name()),
            model: model.map(|model| model.model.as_str()),
            fallbacks: model
                .iter()
                .flat_map(|model| &model.fallbacks)
                .map(|of| asked_model(&of.config))
                .collect(),
            temperature: model.and_then(|model| model.temperature),
            tools: skill.into_iter().flat_map(|skill| &skill.tools).map(|tool| tool.name.as_str()).collect(),
            has_output_schema: skill.is_some_and(|skill| skill.output_schema.is_some()),
            max_turns: rules.and_then(|rules| rules.turns_max),
            max_tokens: rules.and_then(|rules| rules.tokens_max).or(max_tokens),
        })
    }

    fn asked(&self, room: &mut Room) -> Vec<AskedView<'_>> {
        let mut asked = Vec::new();
        let mut before: Option<&Option<Payload>> = None;
        for (number, call) in (1..).zip(&self.calls).filter(|(_, call)| !call.is_of_tool()) {
            if before.replace(&call.input).is_some_and(|before| *before == call.input) {
                continue;
            }
            let instructions = self.instructions(call);
            asked.push(AskedView {
                attempt: call.attempt,
                instructions: self.owned(room, number, StepPart::Instructions, instructions),
                input: call
                    .input
                    .as_ref()
                    .map(|input| room.value(input, self.place(number, StepPart::Input))),
            });
        }
        asked
    }

    fn instructions(&self, call: &Call) -> Option<Payload> {
        let instructions = self.skill()?.instructions.as_ref()?;
        let input = file::as_text(call.input.as_ref()?).to_value().ok()?;
        text(&instructions.render(&input).ok()?)
    }

    fn step<'s>(&'s self, number: u32, call: &'s Call, room: &mut Room) -> StepView<'s> {
        let answer = self.answer(call);
        let said = answer.as_ref().and_then(|answer| text(&answer.text));
        let thought = answer.as_ref().and_then(thinking);
        let (status, error) = outcome(&call.end);
        let arguments = call.input.as_ref().filter(|_| call.is_of_tool());
        let output = self.output(call);
        let is_of_guardrail =
            transcript::is_guard(&call.step) || transcript::decided_on(&call.step) == Subject::Output;
        StepView {
            number,
            attempt: call.attempt,
            name: call.step.name(),
            turn: transcript::turn_of(&call.step),
            summarizes: self.summarized(call),
            model: self.model(call),
            tool: call.tool.as_deref().filter(|_| !is_of_guardrail),
            guardrail: call.tool.as_deref().filter(|_| is_of_guardrail),
            status,
            started_at: call.started_at.into(),
            ended_at: call.ended_at.map(Into::into),
            duration_ms: span(Some(call.started_at), call.ended_at).map(millis),
            stop_at: call.stop_at.map(Into::into),
            refusal: answer
                .as_ref()
                .and_then(|answer| answer.refusal.as_deref())
                .map(|refusal| room.message(refusal).into_owned().into()),
            error_class: error.class,
            error_message: error.message.map(|message| room.message(message)),
            http_status: error.http_status,
            arguments: arguments.map(|input| room.value(input, self.place(number, StepPart::Input))),
            text: self.owned(room, number, StepPart::Text, said),
            thinking: self.owned(room, number, StepPart::Thinking, thought),
            execution_id: call.child.map(|child| self.execution.id().child(self.node, child)),
            output: self.owned(room, number, StepPart::Output, output),
            response: call
                .response
                .as_ref()
                .map(|response| room.value(response, self.place(number, StepPart::Response))),
            reserved_tokens: call.reserved,
            usage: call.usage.as_deref().into(),
            approval: call.approval.as_ref().map(|asked| self.approval(call, asked, room)),
        }
    }

    /// Returns the turns that a call writes a summary of, if it writes one.
    fn summarized(&self, call: &Call) -> Option<SummarizedView> {
        let part = self.execution.node(self.node).session.as_ref()?;
        part.fold.filter(|_| is_summary(&call.step)).map(Into::into)
    }

    /// Returns the model that a call asks.
    fn model(&self, call: &Call) -> Option<AskedModelView<'_>> {
        let number = match call.step.name() {
            Some(_) if !is_summary(&call.step) => transcript::model_of(&call.step)?,
            Some(_) | None => 0,
        };
        let (_, _, agent) = self.agent?;
        agent.model(number).map(|(config, _)| asked_model(config))
    }

    fn approval<'s>(&'s self, call: &'s Call, asked: &'s Asked, room: &mut Room) -> StepApprovalView<'s> {
        let id = id_of_call(self.execution, self.node, &call.step);
        let is_edited = call.input.as_ref() != Some(&asked.arguments);
        let proposed = is_edited.then(|| room.value(&asked.arguments, Place::Approval(&id)));
        StepApprovalView {
            arguments_hash: &asked.hash,
            requested_at: asked.requested_at.into(),
            expires_at: asked.expires_at.map(Into::into),
            decided: asked
                .decided
                .as_ref()
                .map(|decided| DecidedView::new(decided, transcript::decided_on(&call.step))),
            proposed,
            id,
        }
    }

    /// Returns what a model answered in a turn. What cannot be read fails the node, which says so.
    fn answer(&self, call: &Call) -> Option<Answer> {
        let is_turn = call.step.name().is_some() && !call.is_of_tool();
        call.output().filter(|_| is_turn).and_then(|stored| Answer::read(stored).ok())
    }

    fn output(&self, call: &Call) -> Option<Payload> {
        if call.step.name().is_none() || call.is_of_tool() {
            return call.output().cloned();
        }
        self.answer(call)?.output
    }

    fn owned(
        &self,
        room: &mut Room,
        number: u32,
        part: StepPart,
        value: Option<Payload>,
    ) -> Option<Shown<'static>> {
        value.map(|value| room.owned(value, self.place(number, part)))
    }

    fn place(&self, number: u32, part: StepPart) -> Place<'_> {
        Place::Step(self.execution.graph().node(self.node).id.as_str(), number, part)
    }
}

fn asked_model(config: &LlmConfig) -> AskedModelView<'_> {
    AskedModelView { provider: config.provider.name(), model: &config.model }
}

fn text(text: &str) -> Option<Payload> {
    (!text.is_empty()).then(|| Payload::from_value(&Value::from(text)))
}

fn thinking(answer: &Answer) -> Option<Payload> {
    text(&reasoning::of(&answer.message.as_ref()?.to_value().ok()?)?)
}

/// Why a call has no result.
#[derive(Default)]
struct Error<'a> {
    class: Option<ErrorClassName>,
    message: Option<&'a str>,
    http_status: Option<u16>,
}

fn outcome(end: &End) -> (StepStatus, Error<'_>) {
    match end {
        End::Waiting => (StepStatus::Waiting, Error::default()),
        End::Open => (StepStatus::Running, Error::default()),
        End::Result(StepResult::Completed(_)) => (StepStatus::Completed, Error::default()),
        End::Result(StepResult::Failed { class, message, status }) => {
            let class = Some((*class).into());
            (StepStatus::Failed, Error { class, message: Some(message), http_status: *status })
        }
        End::Stopped(class) => {
            (StepStatus::Stopped, Error { class: class.map(Into::into), ..Error::default() })
        }
    }
}
