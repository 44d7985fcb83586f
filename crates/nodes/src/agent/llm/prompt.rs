//! What a model is told, whatever the provider.

use serde_json::Value;
use steadflow_core::agent::LlmConfig;
use steadflow_core::failure::{ErrorClass, Failure};

use super::super::SkillCall;

/// How every message about an unusable answer begins, so that the next attempt knows which errors a model can mend.
pub(super) const MISFIT: &str = "The model's answer";

/// One turn to ask for.
pub(super) struct Prompt<'a> {
    pub(super) model: &'a str,
    pub(super) system: Option<String>,
    pub(super) user: String,
    pub(super) schema: Option<&'a Value>,
    pub(super) max_tokens: Option<u32>,
    pub(super) temperature: Option<f64>,
}

impl<'a> Prompt<'a> {
    /// Puts the skill's instructions, the input and the error of the attempt before together.
    ///
    /// # Errors
    /// A failure of class `expression` where the instructions name what the input does not have.
    pub(super) fn new(call: &SkillCall<'a>, config: &'a LlmConfig) -> Result<Self, Failure> {
        let instructions = match &call.skill.instructions {
            Some(instructions) => {
                let rendered = instructions.render(call.input);
                Some(rendered.map_err(|message| Failure::new(ErrorClass::Expression, message))?)
            }
            None => None,
        };
        let schema = call.skill.output_schema.as_ref();
        Ok(Self {
            model: &config.model,
            system: system(instructions, schema),
            user: user(call.input, call.work.previous_error.as_deref()),
            schema,
            max_tokens: call.skill.max_tokens,
            temperature: config.temperature,
        })
    }
}

/// The schema is told in words, too: many servers take the parameter that asks for it and do not heed it.
fn system(instructions: Option<String>, schema: Option<&Value>) -> Option<String> {
    let Some(schema) = schema else { return instructions };
    let demand =
        format!("Answer with JSON alone, without any other text, that fits this JSON Schema:\n{schema}");
    Some(instructions.map_or_else(|| demand.clone(), |text| format!("{text}\n\n{demand}")))
}

fn user(input: &Value, previous_error: Option<&str>) -> String {
    let asked = match (input, lone_text(input)) {
        (_, Some(text)) => text.to_owned(),
        // Some providers refuse an empty message.
        (Value::Null, None) => "Begin.".to_owned(),
        (other, None) => other.to_string(),
    };
    match previous_error.and_then(|error| error.find(MISFIT).map(|at| &error[at..])) {
        Some(error) => {
            format!("{asked}\n\nYou were asked this before. {error} Answer again, and correct this.")
        }
        None => asked,
    }
}

/// A text, or an object that holds nothing but a `prompt` or a `message`.
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
    fn a_model_hears_of_its_own_mistakes_only() {
        let told = user(&json!("hi"), Some("The model's answer is no JSON: x. (Will retry 1 more time)"));
        let silent = user(&json!("hi"), Some("Connection refused by x:80."));

        assert!(told.contains("is no JSON: x."), "{told}");
        assert_eq!(silent, "hi");
    }
}
