//! What waits until a person has decided on it.
//!
//! A tool of a skill can need approval. Then its call is asked for ([`Request`]) before it begins, and begins only in the
//! decision that has a person's approval. A node can ask a person by itself ([`Question`]). The decision names the hash of the
//! arguments that the person saw.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::caller::{Actor, Role};
use crate::condition::Condition;
use crate::failure::{ErrorClass, Failure};
use crate::ids::{AgentId, Attempt, NodeId, StepKey};
use crate::payload::Payload;
use crate::scope::{ARGUMENTS, NodeScope, Scope};
use crate::timestamp::Timestamp;

/// Characters of what a person says with a decision.
pub const COMMENT_CHARS_MAX: usize = 2_000;

/// What keys of requests of servers begin with.
const INPUT: &str = "input:";
/// What keys of questions of nodes begin with.
const NODE: &str = "approval:";

/// Whether a tool needs approval, as its document says.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Which calls need it.
    pub when: When,
    /// How long a call waits before it is refused; `None` for as long as its execution runs.
    pub timeout: Option<Duration>,
}

/// Which calls of a tool need approval.
#[derive(Clone, Debug)]
pub enum When {
    /// All.
    Always,
    /// Those for whose arguments this holds, and those for which it cannot be evaluated.
    Holds(Box<Condition>),
}

impl When {
    /// Returns whether a call with these arguments needs approval, and takes `scope` to evaluate that in.
    pub(crate) fn needs(&self, arguments: &Payload, scope: &mut Scope) -> bool {
        let Self::Holds(condition) = self else { return true };
        let (id, output) = (NodeId::new(ARGUMENTS), Some(arguments.clone()));
        scope.nodes.push(NodeScope { id, output, error: None });
        condition.holds(scope).unwrap_or(true)
    }
}

/// A call that is to be approved first, as a kind of node asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The key that the call will have.
    pub step: StepKey,
    /// The name of the tool.
    pub tool: Arc<str>,
    /// What it would be given.
    pub arguments: Payload,
    /// How long it waits.
    pub timeout: Option<Duration>,
}

/// What a node itself asks a person, as its document says.
#[derive(Clone, Copy, Debug)]
pub struct Question<'n> {
    /// The JSON Schema of what the person fills in.
    pub form: Option<&'n Payload>,
    /// The least role that may decide.
    pub approver: Role,
}

/// What a person decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The call of a tool.
    Tool,
    /// The output of a skill.
    Output,
    /// What a server asks for in the middle of a call.
    Input,
    /// What a node asks by itself.
    Node,
}

/// Something that a person had or has to decide on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The key of the call.
    pub step: StepKey,
    /// The name of the tool.
    pub tool: Arc<str>,
    /// What the model wants to give it.
    pub arguments: Payload,
    /// The hash of these arguments.
    pub hash: Arc<str>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the call is refused if nobody has decided.
    pub expires_at: Option<Timestamp>,
    /// What was decided.
    pub decided: Option<Decided>,
    /// Of a request of a server: what it is about.
    pub input: Option<Box<AwaitedInput>>,
    /// Whether the task that asked for input has ended.
    pub is_over: bool,
}

impl Approval {
    /// Returns what the call is given, if it was approved.
    pub fn approved(&self) -> Option<&Payload> {
        match &self.decided.as_ref()?.verdict {
            Verdict::Approved { arguments } => Some(arguments.as_ref().unwrap_or(&self.arguments)),
            Verdict::Rejected | Verdict::Cancelled | Verdict::Expired => None,
        }
    }

    /// Returns whether nobody has decided, and a decision is wanted.
    pub const fn is_open(&self) -> bool {
        self.decided.is_none() && !self.is_over
    }

    /// Returns whether it is a request of the task that does this call.
    pub fn is_input_of(&self, call: &StepKey) -> bool {
        self.input.as_ref().is_some_and(|input| input.call == *call && !self.is_over)
    }

    /// Drops what it holds of arguments that need not be shown any more.
    pub(crate) fn shed(&mut self) {
        if self.decided.is_some() {
            self.arguments = Payload::null();
        }
    }
}

/// What a request that waits for a person is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedInput {
    /// The call whose task asks.
    #[serde(default, skip_serializing_if = "StepKey::is_only")]
    pub call: StepKey,
    /// What the server calls it.
    pub key: Arc<str>,
    /// The agent that the server is.
    pub agent: AgentId,
}

/// What came of a call that had to be approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub verdict: Verdict,
    /// What was said with it.
    pub comment: Option<Arc<str>>,
    /// By whom.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// What can be decided on a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is made.
    Approved {
        /// What it is given instead of what the model wanted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arguments: Option<Payload>,
    },
    /// It is not made, and the model is told so.
    Rejected,
    /// Of a request of a server: a person has made no choice.
    Cancelled,
    /// Nobody decided in time: it is not made, and the model is told so.
    Expired,
}

impl Verdict {
    /// Returns the name that answers use.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Approved { .. } => "approved",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Returns what the model receives for a call that is not made, or for an output that is not used; `None` for others.
    pub fn failure(&self, subject: Subject, comment: Option<&str>) -> Option<Failure> {
        let what = match subject {
            Subject::Tool => "call",
            Subject::Output => "output",
            // The server, or the node, makes of it what it means.
            Subject::Input | Subject::Node => return None,
        };
        match self {
            Self::Approved { .. } => None,
            Self::Rejected | Self::Cancelled => {
                let message = match comment {
                    Some(comment) => format!("A person rejected this {what}: {comment}"),
                    None => format!("A person rejected this {what}."),
                };
                Some(Failure::new(ErrorClass::Rejected, message))
            }
            Self::Expired => {
                let message = "This call needs the approval of a person, and nobody decided in time, so it was not made.";
                Some(Failure::new(ErrorClass::Timeout, message))
            }
        }
    }
}

/// What a person decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The key of the call.
    pub step: StepKey,
    /// The hash of the arguments that the person saw.
    pub hash: Arc<str>,
    /// What.
    pub verdict: Verdict,
    /// What is said with it; of a rejection, the model reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Arc<str>>,
}

/// Returns the key under which a request of a server waits, the `number`-th of its node.
pub(crate) fn input_key(number: usize) -> StepKey {
    StepKey::new(format!("{INPUT}{number}"))
}

/// Returns the key under which a node waits for a person, in place of the attempt of this number.
pub(crate) fn node_key(attempt: Attempt) -> StepKey {
    StepKey::new(format!("{NODE}{}", attempt.number()))
}

/// Returns what waits under this key, if it is no part of the loop of an agent.
pub(crate) fn outside_the_loop(key: &StepKey) -> Option<Subject> {
    let name = key.name()?;
    let subject = [(INPUT, Subject::Input), (NODE, Subject::Node)];
    subject.into_iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, subject)| subject)
}

/// Returns the hash of arguments: of their JSON text, as it is stored.
pub fn hash_of(arguments: &Payload) -> Arc<str> {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(arguments.as_str()) {
        let _ = write!(text, "{byte:02x}");
    }
    text.into()
}
