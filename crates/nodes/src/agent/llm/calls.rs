//! Tools, independent of the provider: what a model is offered, what it asks for, and what became of it.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use steadflow_core::failure::Failure;
use steadflow_core::file::{self, File};
use steadflow_core::json;
use steadflow_core::payload::Payload;
use steadflow_core::transcript::{Answer, ToolCall};
use steadflow_core::work::Turn;

use super::history;
use super::prompt::AGAIN;
use super::protocol::Protocol;
use super::reply::text_at;

/// A tool that a model is offered.
#[derive(Debug, PartialEq)]
pub(super) struct Offer {
    pub(super) name: String,
    pub(super) description: String,
    /// JSON Schema of its arguments, which are an object.
    pub(super) schema: Value,
}

impl Offer {
    pub(super) fn new(name: &str, description: &str, schema: Option<&Value>) -> Self {
        let schema = schema.cloned().unwrap_or_else(|| json!({ "type": "object", "properties": {} }));
        Self { name: name.to_owned(), description: description.to_owned(), schema }
    }
}

/// An answer of the model that is given back to it, with what became of its tools.
#[derive(Debug)]
pub(super) struct Past {
    /// Whether the model wrote it that gets it back.
    pub(super) is_own: bool,
    pub(super) text: String,
    pub(super) calls: Vec<PastCall>,
    /// The answer as the provider wrote it, where that says more.
    pub(super) message: Option<Value>,
    /// What the user says to it.
    pub(super) reply: Option<String>,
}

/// A tool that the model asked for, and what became of it.
#[derive(Debug)]
pub(super) struct PastCall {
    /// Not empty, and another one than those of the other calls.
    pub(super) id: String,
    /// Whether the provider gave the id.
    pub(super) has_own_id: bool,
    pub(super) name: String,
    pub(super) arguments: Value,
    /// What became of it, without the bytes of files.
    pub(super) result: Result<Payload, Arc<str>>,
    /// The files that belong to the result.
    pub(super) files: Vec<File>,
}

impl PastCall {
    /// Returns the arguments as an object; what the model wrote instead of one is left out.
    pub(super) fn object(&self) -> Value {
        if self.arguments.is_object() { self.arguments.clone() } else { json!({}) }
    }

    /// Returns the arguments as the text that they were.
    pub(super) fn argument_text(&self) -> String {
        self.arguments.as_str().map_or_else(|| self.arguments.to_string(), str::to_owned)
    }

    /// Returns the result as a text.
    pub(super) fn said(&self) -> String {
        match &self.result {
            Ok(output) => match output.to_value() {
                Ok(Value::String(text)) => text,
                Ok(_) | Err(_) => output.as_str().to_owned(),
            },
            Err(message) => format!("Error: {message}"),
        }
    }
}

impl Past {
    /// Reads a turn as it is stored, for the model with the number `asked`; `number` is counted from 1.
    ///
    /// What another model wrote in the form of its provider, such as reasoning and signatures, and the ids that it gave are
    /// left out: they mean something to that one alone, and others refuse them. Files in results are named where the protocol
    /// has no form for them.
    ///
    /// # Errors
    /// A failure of class `internal` if it cannot be read.
    pub(super) fn read(
        turn: &Turn,
        number: usize,
        (asked, protocol): (usize, Protocol),
    ) -> Result<Self, Failure> {
        let is_own = turn.model == asked;
        let Answer { mut text, tool_calls, message, output, .. } = Answer::read(&turn.answer)?;
        if let Some(output) = output {
            text = history::answer(&output);
        }
        let reply = turn.refusal.as_ref().map(|refusal| format!("{refusal} {AGAIN}"));
        let mut calls: Vec<PastCall> = Vec::with_capacity(tool_calls.len());
        for (place, (call, result)) in tool_calls.into_iter().zip(&turn.results).enumerate() {
            let ToolCall { id, name, arguments } = call;
            let has_own_id = is_own && !id.is_empty() && calls.iter().all(|other| other.id != id);
            let id = if has_own_id { id } else { format!("call_{number}_{place}") };
            let arguments = arguments.to_value().unwrap_or_default();
            let (result, files) = match result {
                Ok(output) => {
                    let (output, files) = file::shown(output, protocol.takes_files_of_tools());
                    (Ok(output), files)
                }
                Err(message) => (Err(Arc::clone(message)), Vec::new()),
            };
            calls.push(PastCall { id, has_own_id, name, arguments, result, files });
        }
        let message = message.filter(|_| is_own).and_then(|message| message.to_value().ok());
        Ok(Self { is_own, text, calls, message, reply })
    }
}

/// Reads a tool that a model asks for: its name, and arguments that are an object or the text of one.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with the response.
pub(super) fn read(call: &Value, id: Option<&str>, arguments: &str) -> Result<ToolCall, String> {
    let name = text_at(call, "/name").filter(|name| !name.is_empty());
    let name = name.ok_or("asks for a tool without saying which")?;
    let arguments = match call.pointer(arguments) {
        None | Some(Value::Null) => json!({}),
        Some(Value::String(text)) if text.trim().is_empty() => json!({}),
        // What is no JSON is told to the model, and shown as it is.
        Some(Value::String(text)) => {
            json::read(text.as_bytes()).unwrap_or_else(|_| Value::from(text.as_str()))
        }
        Some(given) => given.clone(),
    };
    let (id, name) = (id.unwrap_or_default().to_owned(), name.to_owned());
    Ok(ToolCall { id, name, arguments: Payload::from_value(&arguments) })
}

/// Returns whether an object has other keys than these, which the provider may want back.
pub(super) fn says_more(object: &Value, known: &[&str]) -> bool {
    let fields = object.as_object().into_iter().flat_map(Map::iter);
    fields.into_iter().any(|(name, value)| !known.contains(&name.as_str()) && !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_an_object_or_the_text_that_should_have_been_one() {
        for (given, read_as) in [
            (json!({ "a": 1 }), json!({ "a": 1 })),
            (json!("{\"a\":1}"), json!({ "a": 1 })),
            (json!(""), json!({})),
            (json!(null), json!({})),
            (json!("{\"a\":"), json!("{\"a\":")),
            (json!("[1]"), json!([1])),
        ] {
            let call = read(&json!({ "name": "f", "arguments": given }), Some("c"), "/arguments").unwrap();

            assert_eq!(call.arguments.to_value().unwrap(), read_as, "{given}");
        }
        assert!(read(&json!({ "name": "" }), None, "/arguments").is_err());
    }

    #[test]
    fn what_another_model_wrote_in_its_own_form_is_not_given_back() {
        let call = |id: &str| json!({ "id": id, "name": "f", "arguments": {} });
        let answer = json!({ "text": "Let me see.", "tool_calls": [call("functions.f:0"), call("b")],
            "message": { "reasoning": "canary", "signature": "canary" } });
        let turn = |model| Turn {
            answer: Payload::from_value(&answer),
            model,
            results: vec![Ok(Payload::null()), Err("gone".into())],
            refusal: None,
        };

        let read = |turn| Past::read(turn, 2, (1, Protocol::Responses)).unwrap();

        let (own, other) = (read(&turn(1)), read(&turn(0)));

        assert_eq!((own.calls[0].id.as_str(), own.message.is_some()), ("functions.f:0", true));
        assert_eq!((other.text.as_str(), &other.message), ("Let me see.", &None));
        let ids: Vec<(&str, bool)> =
            other.calls.iter().map(|call| (call.id.as_str(), call.has_own_id)).collect();
        assert_eq!(ids, [("call_2_0", false), ("call_2_1", false)]);
        assert!(!format!("{other:?}").contains("canary"));
    }

    #[test]
    fn an_output_that_was_refused_is_given_back_with_what_was_said_to_it() {
        for (output, text) in [
            (json!({ "text": "So it is." }), "So it is."),
            (json!({ "n": 1 }), r#"{"n":1}"#),
            (json!([1, 2]), "[1,2]"),
        ] {
            let answer = Payload::from_value(&json!({ "output": output }));
            let turn = Turn { answer, model: 0, results: Vec::new(), refusal: Some("It is rude.".into()) };

            let past = Past::read(&turn, 1, (0, Protocol::Responses)).unwrap();

            assert_eq!((past.text.as_str(), past.calls.len()), (text, 0));
            assert_eq!(past.reply.as_deref(), Some("It is rude. Respond again, and correct this."));
        }
    }

    #[test]
    fn every_call_that_is_given_back_has_an_id_of_its_own() {
        let call = |id: &str| json!({ "id": id, "name": "f", "arguments": "no" });
        let answer = json!({ "tool_calls": [call("a"), call(""), call("a"), call("b")] });
        let results = vec![
            Ok(Payload::null()),
            Ok(Payload::null()),
            Err("gone".into()),
            Ok(Payload::from_value(&json!("x"))),
        ];

        let turn = Turn { answer: Payload::from_value(&answer), model: 0, results, refusal: None };
        let past = Past::read(&turn, 3, (0, Protocol::Responses)).unwrap();

        let ids: Vec<(&str, bool)> =
            past.calls.iter().map(|call| (call.id.as_str(), call.has_own_id)).collect();
        assert_eq!(ids, [("a", true), ("call_3_1", false), ("call_3_2", false), ("b", true)]);
        let said: Vec<String> = past.calls.iter().map(PastCall::said).collect();
        assert_eq!(said, ["null", "null", "Error: gone", "x"]);
        assert_eq!((past.calls[0].object(), past.calls[0].argument_text()), (json!({}), "no".to_owned()));
    }
}
