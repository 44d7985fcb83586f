//! Why an attempt failed: its class decides whether another one can help.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::expression::ExpressionError;
use crate::payload::Payload;

macro_rules! error_classes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, retried: $retried:literal;)*) => {
        /// The kind of an attempt's failure. The names are fixed: policies, the API and the journal contain them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ErrorClass {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl ErrorClass {
            /// All classes, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// All classes by name, in the order of the documentation.
            pub const NAMED: &[(&str, Self)] = &[$(($name, Self::$variant)),*];

            /// Returns the name that documents, answers and the journal use.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Returns whether another attempt can succeed where this one failed.
            pub const fn is_retried_by_default(self) -> bool {
                match self { $(Self::$variant => $retried),* }
            }
        }

        impl FromStr for ErrorClass {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($name => Ok(Self::$variant),)* _ => Err(()) }
            }
        }
    };
}

error_classes! {
    /// The attempt's own `timeout_seconds` struck, or the peer took too long.
    Timeout = "timeout", retried: true;
    /// No connection, or it broke.
    Connection = "connection", retried: true;
    /// HTTP 429.
    RateLimited = "rate_limited", retried: true;
    /// HTTP 5xx, 408 or 425.
    Unavailable = "unavailable", retried: true;
    /// Any other HTTP status outside `expect_status`.
    Rejected = "rejected", retried: false;
    /// An MCP tool said `isError`.
    Tool = "tool", retried: true;
    /// A model's answer did not fit the skill's output schema.
    ModelOutput = "model_output", retried: true;
    /// A guardrail of a skill refused its input, the arguments of a tool or its output.
    Guardrail = "guardrail", retried: false;
    /// The input does not fit what the node takes.
    Validation = "validation", retried: false;
    /// A template or condition could not be evaluated.
    Expression = "expression", retried: false;
    /// The code of a node threw an error, passed one of its limits, or returned what is not JSON.
    Script = "script", retried: false;
    /// The node names something that is not there or not allowed: an agent, a secret, an address.
    Configuration = "configuration", retried: false;
    /// A limit of turns, tokens or cost is used up.
    Budget = "budget", retried: false;
    /// A child execution was cancelled.
    Cancelled = "cancelled", retried: false;
    /// Another execution took the session of the node, or has written the turn that it was to write.
    Replaced = "replaced", retried: false;
    /// The output is larger than the limit.
    OutputTooLarge = "output_too_large", retried: false;
    /// A fault of ours.
    Internal = "internal", retried: true;
    /// Our process died during the attempt: its outcome is unknown.
    Interrupted = "interrupted", retried: true;
}

impl ErrorClass {
    /// Returns whether another model may answer where one failed so; `status` is the HTTP status, if a server gave one.
    ///
    /// Another model has other capacity, and may be there where this one is not. What was asked and who asks stay the same.
    pub const fn may_another_model_answer(self, status: Option<u16>) -> bool {
        match self {
            Self::Timeout | Self::Connection | Self::RateLimited | Self::Unavailable => true,
            // No credit (402, and 429 where waiting does not help), and no such model any more.
            Self::Rejected => matches!(status, Some(402 | 404 | 410 | 429)),
            Self::Tool
            | Self::ModelOutput
            | Self::Guardrail
            | Self::Validation
            | Self::Expression
            | Self::Script
            | Self::Configuration
            | Self::Budget
            | Self::Cancelled
            | Self::Replaced
            | Self::OutputTooLarge
            | Self::Internal
            | Self::Interrupted => false,
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a failed attempt reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure.
    pub class: ErrorClass,
    /// One sentence for a person; no secrets, no stack.
    pub message: String,
    /// The HTTP status, where a peer gave one.
    pub status: Option<u16>,
    /// How long the peer asked us to wait (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// What a peer answered, decoded and bounded.
    pub body: Option<Payload>,
    /// Whether nothing reached the peer.
    pub is_unsent: bool,
}

impl Failure {
    /// Returns a failure of `class` that says `message`.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), status: None, retry_after: None, body: None, is_unsent: false }
    }

    /// Returns the failure of a call of which nothing reached the peer.
    #[must_use]
    pub fn unsent(self) -> Self {
        Self { is_unsent: true, ..self }
    }

    /// Returns whether a model that was asked is known to have done nothing: the question did not reach it, or its server
    /// refused it as a whole. A gateway may give up (408, 500, 502, 504) while a model goes on.
    pub(crate) fn used_nothing(&self) -> bool {
        use ErrorClass::{Budget, Configuration, Expression, Validation};
        match self.status {
            Some(408) => false,
            Some(status) => matches!(status, 400..=499 | 503 | 529),
            None => self.is_unsent || matches!(self.class, Validation | Expression | Configuration | Budget),
        }
    }

    /// Returns the failure of a node whose template or condition has no value.
    pub(crate) fn of_expression(error: &ExpressionError) -> Self {
        Self::new(ErrorClass::Expression, error.to_string())
    }

    /// Returns the failure of a node that gave back more than it may.
    pub(crate) fn output_too_large(bytes: usize, bytes_max: usize) -> Self {
        let message = format!("The output has {bytes} bytes; a node may return at most {bytes_max}");
        Self::new(ErrorClass::OutputTooLarge, message)
    }
}
