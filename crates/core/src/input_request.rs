//! What the task of an MCP server asks for in the middle of its work, which a person answers (MCP: elicitation in form mode).

use std::sync::Arc;

use serde_json::{Value, json};

use crate::approval::Verdict;
use crate::ids::AgentId;
use crate::payload::Payload;

/// Maximum length of the message and the form of a request, in bytes of their JSON text.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// One request, as a server makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputRequest {
    /// What the server calls it, once in the life of a task.
    pub key: Arc<str>,
    /// The agent that the server is.
    pub agent: AgentId,
    /// The tool that it was called for.
    pub tool: Arc<str>,
    /// The `message` for a person, and the `form` to fill in, a JSON Schema.
    pub question: Payload,
}

/// What a person, or the end of their time, answers a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputAnswer {
    /// What the server calls the request.
    pub key: Arc<str>,
    /// What was decided.
    pub verdict: Verdict,
}

impl InputAnswer {
    /// Returns what is sent: `accept` with the content, `decline`, or `cancel` where nobody chose.
    pub fn response(&self) -> Value {
        match &self.verdict {
            Verdict::Approved { arguments } => {
                let content = arguments.as_ref().and_then(|content| content.to_value().ok());
                json!({ "action": "accept", "content": content.unwrap_or_else(|| json!({})) })
            }
            Verdict::Rejected => json!({ "action": "decline" }),
            Verdict::Cancelled | Verdict::Expired => json!({ "action": "cancel" }),
        }
    }
}

/// What of a call with a task goes on beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialog {
    /// What was answered, to be sent to the server if that still asks for it.
    pub answers: Vec<InputAnswer>,
    /// What the server asks for and has no answer to, so that the call is suspended.
    pub requests: Vec<InputRequest>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_accept_decline_or_cancel() {
        let content = Payload::from_value(&json!({ "n": 1.50 }));
        for (verdict, sent) in [
            (
                Verdict::Approved { arguments: Some(content) },
                json!({ "action": "accept", "content": { "n": 1.5 } }),
            ),
            (Verdict::Approved { arguments: None }, json!({ "action": "accept", "content": {} })),
            (Verdict::Rejected, json!({ "action": "decline" })),
            (Verdict::Cancelled, json!({ "action": "cancel" })),
            (Verdict::Expired, json!({ "action": "cancel" })),
        ] {
            assert_eq!(InputAnswer { key: "k".into(), verdict }.response(), sent);
        }
    }
}
