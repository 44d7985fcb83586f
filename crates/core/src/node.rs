//! What a node does: one module for each kind.
//!
//! A kind is a small pure state machine. [`NodeKind::begin`] returns what comes first when an attempt of the node begins,
//! [`NodeKind::resume`] what follows a result; both return [`Next`], which the state machine commits before anything
//! happens. A kind that makes several calls gives each a key ([`StepKey`]): what has ended is in [`Context::steps`], over all
//! attempts of the node, so that `begin` of a later attempt continues after it.
//!
//! A module is everything about a kind: its description ([`About`]), its keys, which it reads and describes with one function,
//! and its behaviour. [`Kind`], the only `match` over it in [`Kind::room`], and [`CATALOGUE`] are the only lists of kinds.

mod agent;
mod approval;
mod catalogue;
mod code;
mod condition;
mod context;
mod delay;
mod echo;
mod fail;
mod http_request;
mod keys;
mod r#loop;
mod map;
mod mcp_tool;
mod merge;
mod parallel;
#[cfg(feature = "test-kinds")]
mod rehearsal;
mod schemas;
mod send_email;
mod send_webhook;
mod slack_message;
mod subflow;
mod switch;
mod transform;
mod trigger;
mod wait_event;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::approval::{Question, Request};
use crate::budget::Amount;
use crate::document::Fault;
use crate::event::{ChildEnd, ChildStart};
use crate::expression::Expression;
use crate::external_event::EventWait;
use crate::failure::{ErrorClass, Failure};
use crate::ids::{AgentId, FlowId, StepKey};
use crate::payload::Payload;
use crate::schedule::Schedule;
use crate::status::{ExecutionStatus, Wait};
use crate::template::{Resolved, SecretSlot, Template};
use crate::webhook::Webhook;
use crate::work::{Channel, Script, Task};

pub use agent::{Agent, WantedSession};
pub use approval::Approval;
pub use catalogue::{About, Entry, NamedBy, NodeType, Repeats, Traits};
pub(crate) use catalogue::{in_dialect, read};
pub use code::Code;
pub use condition::Condition;
pub use context::Context;
pub(crate) use context::{Parts, Values};
pub use delay::Delay;
pub use echo::Echo;
pub use fail::Fail;
pub(crate) use http_request::HTTP_INPUT;
pub use http_request::{HttpAuth, HttpInput, HttpRequest, SECRET_ROOMS, SecretRoom};
pub(crate) use keys::ConditionReader;
pub use keys::Given;
pub use r#loop::Loop;
pub use map::{Map, OnItemFailure};
pub use mcp_tool::McpTool;
pub use merge::Merge;
pub use parallel::Parallel;
#[cfg(feature = "test-kinds")]
pub use rehearsal::{Family, Rounds};
pub(crate) use schemas::{SETTINGS, schemas};
pub use send_email::{Attachment, EmailInput, MAIL_RECIPIENTS_MAX, SendEmail};
pub use send_webhook::{SendWebhook, webhook_request};
pub use slack_message::{SlackMessage, slack_request};
pub use subflow::Subflow;
pub use switch::{Case, Switch};
pub use transform::Transform;
pub use trigger::Trigger;
pub use wait_event::WaitEvent;

/// What edges ask for that hold where no case of their node does.
pub(crate) const DEFAULT_CASE: &str = "default";

/// A node's kind, with the keys that its document gives.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Runs one skill of a registered agent.
    Agent(Agent),
    /// Waits until a person approves or rejects.
    Approval(Approval),
    /// Computes a value in JavaScript.
    Code(Code),
    /// Evaluates a condition.
    Condition(Condition),
    /// Waits.
    Delay(Delay),
    /// Returns its input, dispatched and committed like any node with an effect.
    Echo(Echo),
    /// Fails with a message.
    Fail(Fail),
    /// Sends one HTTP request.
    HttpRequest(HttpRequest),
    /// Repeats its body until a condition holds.
    Loop(Loop),
    /// Runs its body for each item of a list.
    Map(Map),
    /// Calls a tool of an MCP server.
    McpTool(McpTool),
    /// Joins branches.
    Merge(Merge),
    /// Forks branches.
    Parallel(Parallel),
    /// Sends one mail.
    SendEmail(SendEmail),
    /// Sends one signed webhook.
    SendWebhook(SendWebhook),
    /// Sends one message to a chat.
    SlackMessage(SlackMessage),
    /// Runs another flow.
    Subflow(Subflow),
    /// Chooses one of several cases.
    Switch(Switch),
    /// Makes a new value of outputs.
    Transform(Transform),
    /// Starts the flow.
    Trigger(Trigger),
    /// Waits for an event.
    WaitEvent(WaitEvent),
    /// For tests: an attempt of several calls.
    #[cfg(feature = "test-kinds")]
    Rounds(Rounds),
    /// For tests: child executions.
    #[cfg(feature = "test-kinds")]
    Family(Family),
}

impl Kind {
    /// Returns what knows everything of this kind.
    pub fn room(&self) -> &dyn NodeKind {
        match self {
            Self::Agent(kind) => kind,
            Self::Approval(kind) => kind,
            Self::Code(kind) => kind,
            Self::Condition(kind) => kind,
            Self::Delay(kind) => kind,
            Self::Echo(kind) => kind,
            Self::Fail(kind) => kind,
            Self::HttpRequest(kind) => kind,
            Self::Loop(kind) => kind,
            Self::Map(kind) => kind,
            Self::McpTool(kind) => kind,
            Self::Merge(kind) => kind,
            Self::Parallel(kind) => kind,
            Self::SendEmail(kind) => kind,
            Self::SendWebhook(kind) => kind,
            Self::SlackMessage(kind) => kind,
            Self::Subflow(kind) => kind,
            Self::Switch(kind) => kind,
            Self::Transform(kind) => kind,
            Self::Trigger(kind) => kind,
            Self::WaitEvent(kind) => kind,
            #[cfg(feature = "test-kinds")]
            Self::Rounds(kind) => kind,
            #[cfg(feature = "test-kinds")]
            Self::Family(kind) => kind,
        }
    }
}

/// Every kind, in the order of a palette.
pub const CATALOGUE: &[Entry] = &[
    Entry { about: &Trigger::ABOUT, read: |keys| Trigger::read(keys).map(Kind::Trigger) },
    Entry { about: &Agent::ABOUT, read: |keys| Agent::read(keys).map(Kind::Agent) },
    Entry { about: &Condition::ABOUT, read: |keys| Condition::read(keys).map(Kind::Condition) },
    Entry { about: &Switch::ABOUT, read: |keys| Switch::read(keys).map(Kind::Switch) },
    Entry { about: &Approval::ABOUT, read: |keys| Approval::read(keys).map(Kind::Approval) },
    Entry { about: &Delay::ABOUT, read: |keys| Delay::read(keys).map(Kind::Delay) },
    Entry { about: &WaitEvent::ABOUT, read: |keys| WaitEvent::read(keys).map(Kind::WaitEvent) },
    Entry { about: &Parallel::ABOUT, read: |keys| Parallel::read(keys).map(Kind::Parallel) },
    Entry { about: &Merge::ABOUT, read: |keys| Merge::read(keys).map(Kind::Merge) },
    Entry { about: &Map::ABOUT, read: |keys| Map::read(keys).map(Kind::Map) },
    Entry { about: &Loop::ABOUT, read: |keys| Loop::read(keys).map(Kind::Loop) },
    Entry { about: &Subflow::ABOUT, read: |keys| Subflow::read(keys).map(Kind::Subflow) },
    Entry { about: &HttpRequest::ABOUT, read: |keys| HttpRequest::read(keys).map(Kind::HttpRequest) },
    Entry { about: &SendEmail::ABOUT, read: |keys| SendEmail::read(keys).map(Kind::SendEmail) },
    Entry { about: &SlackMessage::ABOUT, read: |keys| SlackMessage::read(keys).map(Kind::SlackMessage) },
    Entry { about: &SendWebhook::ABOUT, read: |keys| SendWebhook::read(keys).map(Kind::SendWebhook) },
    Entry { about: &McpTool::ABOUT, read: |keys| McpTool::read(keys).map(Kind::McpTool) },
    Entry { about: &Code::ABOUT, read: |keys| Code::read(keys).map(Kind::Code) },
    Entry { about: &Transform::ABOUT, read: |keys| Transform::read(keys).map(Kind::Transform) },
    Entry { about: &Echo::ABOUT, read: |keys| Echo::read(keys).map(Kind::Echo) },
    Entry { about: &Fail::ABOUT, read: |keys| Fail::read(keys).map(Kind::Fail) },
];

/// Returns the name of the action that sends messages by this channel.
pub(crate) const fn sender(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => SendEmail::ABOUT.name,
        Channel::Slack => SlackMessage::ABOUT.name,
        Channel::Webhook => SendWebhook::ABOUT.name,
    }
}

/// Kinds for tests, which documents can name and nothing lists.
#[cfg(feature = "test-kinds")]
const UNLISTED: &[Entry] = &[
    Entry { about: &Rounds::ABOUT, read: |keys| Rounds::read(keys).map(Kind::Rounds) },
    Entry { about: &Family::ABOUT, read: |keys| Family::read(keys).map(Kind::Family) },
];
#[cfg(not(feature = "test-kinds"))]
const UNLISTED: &[Entry] = &[];

/// One kind of node.
pub trait NodeKind: fmt::Debug {
    /// Returns what is known of all nodes of this kind.
    fn about(&self) -> &'static About;

    /// Returns the template of its `input`, if it has one.
    fn input(&self) -> Option<&Template> {
        None
    }

    /// Returns every expression that the node evaluates, with its JSON pointer relative to the node.
    fn expressions(&self) -> Vec<(String, &Expression)> {
        let all = self.input().into_iter().flat_map(Template::expressions);
        all.map(|(below, expression)| (format!("/input{below}"), expression)).collect()
    }

    /// Returns the names of the cases that its edges may ask for, in order.
    fn cases(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Returns the conditions that it evaluates.
    fn conditions(&self) -> Vec<&crate::condition::Condition> {
        Vec::new()
    }

    /// Returns the template that gives its output, if its output is its resolved input.
    fn output_template(&self) -> Option<&Template> {
        None
    }

    /// Returns when the flow starts by itself.
    fn schedule(&self) -> Option<&Arc<Schedule>> {
        None
    }

    /// Returns the name of the event that starts the flow.
    fn starting_event(&self) -> Option<&Arc<str>> {
        None
    }

    /// Returns which calls from outside start the flow.
    fn webhook(&self) -> Option<&Arc<Webhook>> {
        None
    }

    /// Returns what trigger data has to be: the schema of a form.
    fn trigger_form(&self) -> Option<&Arc<serde_json::Value>> {
        None
    }

    /// Returns trigger data to try the flow with.
    fn trigger_example(&self) -> Option<&Payload> {
        None
    }

    /// Returns what comes first in an attempt, or in a node that has none.
    fn begin(&self, context: &Context<'_>) -> Next;

    /// Returns what follows a result. A kind whose attempt makes one call ends with that call's result.
    fn resume(&self, context: &Context<'_>, resumed: Resumed) -> Next {
        let _ = context;
        match resumed {
            Resumed::Step { result: Ok(output), .. } => Next::Complete(output),
            Resumed::Step { result: Err(failure), .. } => Next::Fail(failure),
            Resumed::Elapsed | Resumed::Child { .. } | Resumed::Event { .. } => Next::Pending,
        }
    }

    /// Returns the input that people are shown of a node whose attempts recorded none; `output` is the node's.
    fn shown_input<'a>(&'a self, output: Option<&'a Payload>) -> Option<&'a Payload> {
        let _ = output;
        self.input().and_then(Template::constant)
    }

    /// Returns the flow that its children run, if it is always the same.
    fn child_flow(&self) -> Option<FlowId> {
        None
    }

    /// Returns what it asks a person.
    fn question(&self) -> Option<Question<'_>> {
        None
    }

    /// Returns the code that it has, whose syntax is checked when a flow is saved.
    fn script(&self) -> Option<&Script> {
        None
    }

    /// Returns whether it sends mail, for which the operator has to name a server.
    fn sends_mail(&self) -> bool {
        false
    }

    /// Returns whether an output of another version can be its own; `is_asked_for` says which cases edges ask for now.
    fn may_reuse(&self, output: &Payload, is_asked_for: &dyn Fn(&str) -> bool) -> bool {
        let _ = (output, is_asked_for);
        true
    }

    /// Returns the agent that it asks, and for which skill.
    fn skill(&self) -> Option<(AgentId, &str)> {
        None
    }

    /// Returns the key of its document that names the skill.
    fn skill_key(&self) -> &'static str {
        "skill"
    }

    /// Returns whether it takes a session of that agent.
    fn names_session(&self) -> bool {
        false
    }
}

/// What a node does next.
#[derive(Clone, Debug)]
pub enum Next {
    /// The node is done.
    Complete(Payload),
    /// Make this call; its result comes back to `resume`.
    Step(Step),
    /// Make these calls at the same time, and ask for approval of others. Without any, earlier ones are decided first.
    Steps {
        /// The calls; each result comes back to `resume`, in any order.
        steps: Vec<Step>,
        /// What has to be approved.
        requests: Vec<Request>,
    },
    /// Take this session, and begin again.
    Session(WantedSession),
    /// Wait for a moment.
    Wait(Wait),
    /// Wait for a person, who is shown this.
    Ask(Payload),
    /// Wait for an event.
    Event(Box<EventWait>),
    /// Start these child executions; their ends come back to `resume`, in any order.
    Children {
        /// What each is started with.
        starts: Vec<ChildStart>,
        /// The input of the attempt, unless it follows from the document.
        input: Option<Payload>,
    },
    /// Go on waiting for the calls and children that are under way.
    Pending,
    /// The attempt failed; the retry policy says what follows.
    Fail(Failure),
}

/// One call of an attempt.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its key; [`StepKey::ONLY`] for the call of an attempt that makes no other.
    pub key: StepKey,
    /// What to do.
    pub task: Task,
    /// What it is given. Secrets are not in it: `secrets` says where they go.
    pub input: Payload,
    /// Where the input holds `${secrets.NAME}` to be replaced.
    pub secrets: Arc<[SecretSlot]>,
    /// How long it may take; `None` where only the attempt's own timeout and the deadline count.
    pub timeout: Option<Duration>,
    /// Whether the input follows from the flow version alone, so that no event needs to hold it.
    pub is_constant: bool,
    /// Whether the input is that of the whole attempt, whose event holds it once for all calls.
    pub is_of_attempt: bool,
    /// How many tokens are reserved for its answer, if there is a budget of them.
    pub tokens: Option<u64>,
    /// The name of the tool that it calls, for people.
    pub tool: Option<Arc<str>>,
    /// What it may use of the budget of the execution; set by that one.
    pub(crate) reserved: Option<Box<Amount>>,
}

impl Next {
    /// Returns the one call of an attempt: `task`, given what `template` resolves to.
    pub(crate) fn call(task: Task, template: &Template, context: &Context<'_>) -> Self {
        match context.resolve_call(template) {
            Ok(Resolved { input, secrets }) => Self::Step(Step {
                key: StepKey::ONLY,
                task,
                input,
                secrets,
                timeout: None,
                is_constant: template.constant().is_some(),
                is_of_attempt: true,
                tokens: None,
                tool: None,
                reserved: None,
            }),
            Err(failure) => Self::Fail(failure),
        }
    }
}

impl From<Result<Payload, Failure>> for Next {
    fn from(result: Result<Payload, Failure>) -> Self {
        match result {
            Ok(output) => Self::Complete(output),
            Err(failure) => Self::Fail(failure),
        }
    }
}

/// A result that a node waited for.
#[derive(Clone, Debug)]
pub enum Resumed {
    /// A call ended.
    Step {
        /// Its key.
        key: StepKey,
        /// Its output, or why it has none.
        result: Result<Payload, Failure>,
    },
    /// The wait is over.
    Elapsed,
    /// An event came.
    Event {
        /// What flows are given of it.
        output: Payload,
    },
    /// A child execution ended.
    Child {
        /// The number of the item or the iteration that it ran for.
        index: u32,
        /// How it ended.
        end: ChildEnd,
    },
}

/// How the body of a loop names the result of the iteration before.
pub const LAST: &str = "last";

/// Returns why a child did not complete.
pub(crate) fn failure_of_child(end: &ChildEnd) -> Failure {
    let is_cancelled = end.status == ExecutionStatus::Cancelled;
    let class = if is_cancelled { ErrorClass::Cancelled } else { end.class.unwrap_or(ErrorClass::Internal) };
    Failure::new(class, end.message.as_deref().unwrap_or("no reason was given"))
}

/// Returns the failure of a node of the kind `name` whose resolved input has `faults`.
fn misfit(name: &str, faults: &[Fault]) -> Failure {
    let said = |Fault { pointer, message }: &Fault| {
        if pointer.is_empty() { message.clone() } else { format!("{pointer}: {message}") }
    };
    let all: Vec<String> = faults.iter().map(said).collect();
    Failure::new(ErrorClass::Validation, format!("The input of `{name}` does not fit: {}", all.join("; ")))
}
