//! The prompt, independent of the provider.

use std::borrow::Cow;

use serde_json::{Value, json};
use steadflow_core::agent::LlmConfig;
use steadflow_core::failure::{ErrorClass, Failure};

use super::super::SkillCall;
use super::calls::{Offer, Past};
use super::fit::{Fit, SystemRole};
use super::history::Said;

/// The prefix of all messages about unusable responses, by which the next attempt recognizes what the model can correct.
pub(super) const MISFIT: &str = "The model's response";

/// What a model is asked to do about an answer that cannot be used.
pub(super) const AGAIN: &str = "Respond again, and correct this.";

/// One request to a model.
pub(super) struct Prompt<'a> {
    pub(super) model: &'a str,
    pub(super) system: Option<String>,
    /// The turns of the session before the question.
    pub(super) history: Vec<Said>,
    pub(super) user: String,
    pub(super) schema: Option<&'a Value>,
    /// What the model may call, in the order of the document, so that the beginning of all requests is the same.
    pub(super) tools: Vec<Offer>,
    /// What it said before, and what became of that.
    pub(super) past: Vec<Past>,
    pub(super) max_tokens: Option<u32>,
    pub(super) temperature: Option<f64>,
}

impl<'a> Prompt<'a> {
    /// Combines the instructions of the skill, the input and the error of the previous attempt.
    ///
    /// # Errors
    /// A failure of class `expression` if the instructions refer to a field that the input does not have.
    pub(super) fn new(
        call: &SkillCall<'a>,
        config: &'a LlmConfig,
        (tools, history): (Vec<Offer>, Vec<Said>),
    ) -> Result<Self, Failure> {
        let instructions = match &call.skill.instructions {
            Some(instructions) => {
                let rendered = instructions.render(call.input);
                Some(rendered.map_err(|message| Failure::new(ErrorClass::Expression, message))?)
            }
            None => None,
        };
        let schema = call.skill.output_schema.as_ref();
        let prompt = Self {
            model: &config.model,
            system: system(instructions, schema),
            history,
            user: String::new(),
            schema,
            tools,
            past: Vec::new(),
            max_tokens: call.skill.max_tokens,
            temperature: config.temperature,
        };
        let Some(turn) = call.turn() else {
            return Ok(Self { user: user(call.input, call.work.previous_error.as_deref()), ..prompt });
        };
        let past = turn.turns.iter().zip(1..).map(|(past, number)| Past::read(past, number, turn.model));
        let mut past: Vec<Past> = past.collect::<Result<_, Failure>>()?;
        let mut said = turn.correction.as_deref().and_then(correctable);
        // What a tool said comes directly behind the question, so the correction is behind that.
        if let Some(last) = past.last_mut()
            && let Some(error) = said.take()
        {
            let before = last.reply.take().map(|reply| format!("{reply}\n\n")).unwrap_or_default();
            last.reply = Some(format!("{before}{error} {AGAIN}"));
        }
        let max_tokens = turn.tokens_max.map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX));
        Ok(Self { user: user(call.input, said), past, max_tokens, ..prompt })
    }

    /// Returns the instructions for a role of their own, and what was said up to the question, each with whether the model
    /// said it. The first message begins with the instructions if the model has no such role.
    pub(super) fn texts(&self, fit: &Fit) -> (Option<&str>, Vec<(bool, Cow<'_, str>)>) {
        let said = self.history.iter().flat_map(|said| [(false, &said.question), (true, &said.answer)]);
        let texts = said.chain([(false, &self.user)]);
        let mut texts: Vec<_> =
            texts.map(|(is_model, text)| (is_model, Cow::Borrowed(text.as_str()))).collect();
        match (&self.system, fit.system) {
            (Some(system), SystemRole::User) => {
                texts[0].1 = Cow::Owned(format!("{system}\n\n{}", texts[0].1));
                (None, texts)
            }
            (system, _) => (system.as_deref(), texts),
        }
    }

    /// Returns the messages that a conversation begins with, where roles and contents are its only fields.
    pub(super) fn opening(&self, fit: &Fit) -> Vec<Value> {
        let (system, texts) = self.texts(fit);
        let system = system.map(|text| json!({ "role": fit.system.name(), "content": text }));
        system.into_iter().chain(texts.into_iter().map(message)).collect()
    }
}

/// Returns a message where roles and contents are its only fields.
pub(super) fn message((is_model, text): (bool, Cow<'_, str>)) -> Value {
    json!({ "role": if is_model { "assistant" } else { "user" }, "content": text })
}

/// The schema is also part of the prompt, because many servers accept the parameter for it but ignore it.
fn system(instructions: Option<String>, schema: Option<&Value>) -> Option<String> {
    let Some(schema) = schema else { return instructions };
    let demand =
        format!("Respond only with JSON that matches this JSON Schema, without any other text:\n{schema}");
    Some(instructions.map_or_else(|| demand.clone(), |text| format!("{text}\n\n{demand}")))
}

fn user(input: &Value, previous_error: Option<&str>) -> String {
    let question = question(input);
    match previous_error.and_then(correctable) {
        Some(error) => {
            format!("{question}\n\nYou were asked this before. {error} {AGAIN}")
        }
        None => question,
    }
}

/// Returns what the user says with an input.
pub(super) fn question(input: &Value) -> String {
    match (input, lone_text(input)) {
        (_, Some(text)) => text.to_owned(),
        // Some providers refuse an empty message.
        (Value::Null, None) => "Begin.".to_owned(),
        (other, None) => other.to_string(),
    }
}

/// Returns the part of an error that the model can correct.
fn correctable(error: &str) -> Option<&str> {
    error.find(MISFIT).map(|at| &error[at..])
}

/// Returns a string, or the only field of an object if it is a string named `prompt` or `message`.
fn lone_text(input: &Value) -> Option<&str> {
    let text = match input {
        Value::Object(map) if map.len() == 1 => map.get("prompt").or_else(|| map.get("message"))?.as_str()?,
        Value::String(text) => text,
        Value::Object(_) | Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lone_text_is_the_message_and_anything_else_is_json() {
        for (input, message) in [
            (json!("hi"), "hi"),
            (json!({ "prompt": "hi" }), "hi"),
            (json!({ "message": "hi" }), "hi"),
            (json!({ "message": "hi", "n": 1 }), r#"{"message":"hi","n":1}"#),
            (json!({ "prompt": 1 }), r#"{"prompt":1}"#),
            (json!(null), "Begin."),
        ] {
            assert_eq!(user(&input, None), message);
        }
    }

    #[test]
    fn only_errors_of_the_model_are_sent_to_it() {
        let corrected =
            user(&json!("hi"), Some("The model's response is not JSON: x. (Will retry 1 more time)"));
        let plain = user(&json!("hi"), Some("Connection refused by x:80."));

        assert!(corrected.contains("is not JSON: x."), "{corrected}");
        assert_eq!(plain, "hi");
    }
}
