//! The prompt, independent of the provider.

use std::borrow::Cow;

use serde_json::{Value, json};
use steadflow_core::agent::LlmConfig;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::file::{self, File, Named};

use super::super::SkillCall;
use super::calls::{Offer, Past};
use super::fit::{Fit, SystemRole};
use super::history::Said;
use super::protocol::Protocol;

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
    /// The images and documents that belong to the question.
    pub(super) files: Vec<File>,
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
    /// A failure of class `expression` if the instructions refer to a field that the input does not have, or of class
    /// `validation` if the input has a file that the model cannot be given.
    pub(super) fn new(
        call: &SkillCall<'a>,
        config: &'a LlmConfig,
        (tools, history): (Vec<Offer>, Vec<Said>),
    ) -> Result<Self, Failure> {
        let protocol = Protocol::of(config);
        let Named { input, files } = given(call, protocol)?;
        let instructions = match &call.skill.instructions {
            Some(instructions) => {
                let rendered = instructions.render(&input);
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
            files,
            schema,
            tools,
            past: Vec::new(),
            max_tokens: call.skill.max_tokens,
            temperature: config.temperature,
        };
        let Some(turn) = call.turn() else {
            return Ok(Self { user: user(&input, call.work.previous_error.as_deref()), ..prompt });
        };
        let past =
            turn.turns.iter().zip(1..).map(|(past, number)| Past::read(past, number, (turn.model, protocol)));
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
        Ok(Self { user: user(&input, said), past, max_tokens, ..prompt })
    }

    /// Returns the instructions for a role of their own, and what was said up to the question. The first message begins with
    /// the instructions if the model has no such role.
    pub(super) fn lines(&self, fit: &Fit) -> (Option<&str>, Vec<Line<'_>>) {
        let said = self.history.iter();
        let said = said.flat_map(|said| [Line::new(false, &said.question), Line::new(true, &said.answer)]);
        let question = Line { files: &self.files, ..Line::new(false, &self.user) };
        let mut lines: Vec<Line<'_>> = said.chain([question]).collect();
        match (&self.system, fit.system) {
            (Some(system), SystemRole::User) => {
                lines[0].text = Cow::Owned(format!("{system}\n\n{}", lines[0].text));
                (None, lines)
            }
            (system, _) => (system.as_deref(), lines),
        }
    }

    /// Returns the messages that a conversation begins with, where the instructions are one of them.
    pub(super) fn opening(&self, fit: &Fit, message: impl Fn(&Line<'_>) -> Value) -> Vec<Value> {
        let (system, lines) = self.lines(fit);
        let system = system.map(|text| json!({ "role": fit.system.name(), "content": text }));
        system.into_iter().chain(lines.iter().map(message)).collect()
    }
}

/// What one side says.
pub(super) struct Line<'a> {
    pub(super) is_model: bool,
    pub(super) text: Cow<'a, str>,
    /// What it shows with it.
    pub(super) files: &'a [File],
}

impl<'a> Line<'a> {
    const fn new(is_model: bool, text: &'a str) -> Self {
        Self { is_model, text: Cow::Borrowed(text), files: &[] }
    }

    /// Returns a message where roles and contents are its only fields. The content is a text or, with files, a list of
    /// parts: `part_of` each file, and the text as a part of type `text_type` behind them.
    pub(super) fn message(&self, text_type: &str, part_of: impl Fn(&File) -> Value) -> Value {
        let role = if self.is_model { "assistant" } else { "user" };
        if self.files.is_empty() {
            return json!({ "role": role, "content": self.text });
        }
        let text = json!({ "type": text_type, "text": self.text });
        let content: Vec<Value> = self.files.iter().map(part_of).chain([text]).collect();
        json!({ "role": role, "content": content })
    }
}

/// Returns the input as text, and the files in it, which a model with this protocol can be given.
fn given(call: &SkillCall<'_>, protocol: Protocol) -> Result<Named, Failure> {
    let misfit = |pointer: &str, what: &str| {
        let message = format!("The file at `{pointer}` of the input of `{}` {what}.", call.skill.name);
        Failure { is_unsent: true, ..Failure::new(ErrorClass::Validation, message) }
    };
    let named = file::named(call.input).map_err(|file::Misfit { pointer, what }| misfit(&pointer, &what))?;
    let other = named.files.iter().find(|file| !protocol.takes(file.media));
    match other {
        Some(File { pointer, media, .. }) => {
            let what = format!(
                "is of type `{}`, and a model of the provider `{}` is given images only",
                media.content_type(),
                protocol.name()
            );
            Err(misfit(pointer, &what))
        }
        None => Ok(named),
    }
}

/// Returns the URL that a file is by itself (RFC 2397).
pub(super) fn data_url(File { media, base64, .. }: &File) -> String {
    format!("data:{};base64,{base64}", media.content_type())
}

/// Returns the name of a file, which some protocols want.
pub(super) fn file_name(file: &File) -> &str {
    file.name.as_deref().unwrap_or("document.pdf")
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
