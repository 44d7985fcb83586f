//! Guardrails of a skill: what its input, the arguments of its tools and its output have to be, beyond their schemas.

use regex::Regex;
use serde_json::Value;

/// What a value has to be, and what follows if it is not.
#[derive(Clone, Debug)]
pub struct Guardrail {
    /// Unique in the skill; messages name it.
    pub name: String,
    /// What is checked.
    pub on: Stage,
    /// The tools whose arguments are checked; all if none is named.
    pub tools: Vec<String>,
    /// How.
    pub check: Check,
    /// What follows if it is refused.
    pub then: Then,
    /// What the model or a person is told; `None` for what the check says.
    pub message: Option<String>,
}

/// What a guardrail checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The input of the skill, before anything is asked.
    Input,
    /// What the model gives a tool.
    Arguments,
    /// The output of the skill.
    Output,
}

impl Stage {
    /// All, by the names that documents use.
    pub const NAMED: &[(&str, Self)] =
        &[("input", Self::Input), ("arguments", Self::Arguments), ("output", Self::Output)];
}

/// How a value is checked.
#[derive(Clone, Debug)]
pub enum Check {
    /// Its text matches.
    Matches(Regex),
    /// Its text does not match.
    Denies(Regex),
    /// It fits a JSON Schema.
    Fits(Value),
}

/// What follows if a guardrail refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The attempt fails with class `guardrail`.
    Fail,
    /// The model is told, and goes on.
    Repair,
    /// The attempt fails with class `model_output`, and the next one tells the model.
    Retry,
    /// A person has to approve the call.
    Ask,
}

impl Then {
    /// All, by the names that documents use.
    pub const NAMED: &[(&str, Self)] =
        &[("fail", Self::Fail), ("repair", Self::Repair), ("retry", Self::Retry), ("ask", Self::Ask)];

    /// Returns what can follow at a stage; the first is what follows unless the document says otherwise.
    pub const fn of(stage: Stage) -> &'static [Self] {
        match stage {
            Stage::Input => &[Self::Fail],
            Stage::Arguments => &[Self::Repair, Self::Fail, Self::Ask],
            Stage::Output => &[Self::Retry, Self::Fail],
        }
    }
}

impl Guardrail {
    /// Returns whether it checks the arguments of a tool.
    pub fn checks_tool(&self, tool: &str) -> bool {
        self.on == Stage::Arguments && (self.tools.is_empty() || self.tools.iter().any(|name| name == tool))
    }

    /// Returns whether it refuses a value by its text; `None` where it checks a schema.
    pub fn refuses_text(&self, value: &Value) -> Option<bool> {
        match &self.check {
            Check::Matches(pattern) => Some(!pattern.is_match(&text(value))),
            Check::Denies(pattern) => Some(pattern.is_match(&text(value))),
            Check::Fits(_) => None,
        }
    }
}

/// Returns the text of a value that patterns are matched with: a string, the only field of an object if it is a string, and
/// else JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) if map.len() == 1 => match map.values().next() {
            Some(Value::String(text)) => text.clone(),
            _ => value.to_string(),
        },
        Value::Object(_) | Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {
            value.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn guardrail(check: Check) -> Guardrail {
        let (name, tools) = ("g".to_owned(), Vec::new());
        Guardrail { name, on: Stage::Output, tools, check, then: Then::Fail, message: None }
    }

    #[test]
    fn patterns_see_the_text_of_a_value_or_its_json() {
        let pattern = Regex::new("^a\\d+$").unwrap();
        let (has, denies) = (guardrail(Check::Matches(pattern.clone())), guardrail(Check::Denies(pattern)));
        for (value, matches) in [
            (json!("a1"), true),
            (json!({ "text": "a1" }), true),
            (json!({ "text": "b" }), false),
            (json!({ "text": "a1", "more": 1 }), false),
            (json!(["a1"]), false),
            (json!(null), false),
        ] {
            assert_eq!(has.refuses_text(&value), Some(!matches), "{value}");
            assert_eq!(denies.refuses_text(&value), Some(matches), "{value}");
        }
        let json = guardrail(Check::Denies(Regex::new("\"iban\":").unwrap()));
        assert_eq!(json.refuses_text(&json!({ "iban": 7, "n": 1 })), Some(true));
        assert_eq!(guardrail(Check::Fits(json!({}))).refuses_text(&json!(1)), None);
    }
}
