//! What was said before in the session of a node.

use serde_json::{Map, Value};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::file;
use steadflow_core::payload::Payload;
use steadflow_core::session::SessionTurn;

use super::super::{SkillCall, misconfigured};
use super::prompt::question;

/// A turn of a session: what the user said, and what the model did.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) question: String,
    pub(super) answer: String,
}

impl Said {
    fn new(turn: &SessionTurn) -> Self {
        Self {
            question: question(&value(&file::without_bytes(&turn.question))),
            answer: answer(&turn.answer),
        }
    }
}

/// Returns the turns that the call is pinned to, in order.
///
/// # Errors
/// They cannot be read, or are not all there.
pub(super) async fn history(call: &SkillCall<'_>) -> Result<Vec<Said>, Failure> {
    let Some(part) = call.work.session.as_deref().filter(|part| !part.is_empty()) else {
        return Ok(Vec::new());
    };
    let (tenant, agent) = (call.work.tenant, call.wanted.agent);
    let turns = call.shared.agents.turns(tenant, agent, part.clone()).await.map_err(|error| {
        tracing::warn!(agent.id = %agent, error = &error as &dyn std::error::Error, "could not read a session");
        Failure::new(ErrorClass::Internal, "Could not read the session of the node from the store.")
    })?;
    let numbers = turns.iter().map(|turn| turn.number);
    if !numbers.eq(part.after + 1..=part.last) {
        return Err(misconfigured(format!(
            "Turns {} to {} of the session `{}` are not all there any more: they were deleted.",
            part.after + 1,
            part.last,
            part.key
        )));
    }
    Ok(turns.iter().map(Said::new).collect())
}

fn value(payload: &Payload) -> Value {
    payload.to_value().unwrap_or_default()
}

/// Returns an output as the model wrote it: its text or, with an output schema, its JSON.
pub(super) fn answer(output: &Payload) -> String {
    let text = |fields: &Map<String, Value>| match fields.get("text") {
        Some(Value::String(text)) if fields.len() == 1 => Some(text.clone()),
        Some(_) | None => None,
    };
    value(output).as_object().and_then(text).unwrap_or_else(|| output.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_given_back_as_text_and_anything_else_as_json() {
        for (output, said) in [
            (json!({ "text": "Hi \"you\"" }), "Hi \"you\""),
            (json!({ "text": "Hi", "n": 1 }), r#"{"text":"Hi","n":1}"#),
            (json!({ "text": 1 }), r#"{"text":1}"#),
            (json!("Hi"), r#""Hi""#),
        ] {
            assert_eq!(answer(&Payload::from_value(&output)), said, "{output}");
        }
    }
}
