//! Guardrails of a skill: what its input, the arguments of its tools and its output have to be, beyond their schemas.

use std::sync::Arc;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::ids::AgentId;
use crate::payload::Payload;

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

    /// Returns the name that documents use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Arguments => "arguments",
            Self::Output => "output",
        }
    }

    /// Returns what messages call the value, of a tool if it is the arguments of one.
    pub fn described(self, tool: Option<&str>) -> String {
        match (self, tool) {
            (Self::Arguments, Some(tool)) => format!("the arguments of `{tool}`"),
            (Self::Arguments, None) => "the arguments".to_owned(),
            (Self::Input, _) => "the input".to_owned(),
            (Self::Output, _) => "the output".to_owned(),
        }
    }
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
    /// Another agent says so.
    Judge(Judge),
}

/// The skill of an agent that judges values.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The agent.
    pub agent_id: AgentId,
    /// Its skill, which has no tools.
    pub skill: Arc<str>,
}

/// What a judge says of a value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Verdict {
    /// Whether the value is fine.
    pub passed: bool,
    /// Why, or why not.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Verdict {
    /// Reads the output of a judge; `None` if it is no verdict.
    pub fn read(output: &Payload) -> Option<Self> {
        serde_json::from_str(output.as_str()).ok()
    }

    /// Returns why the value is not fine; `None` if it is.
    pub fn refusal(self) -> Option<String> {
        (!self.passed).then(|| self.reason.unwrap_or_else(|| "it did not pass".to_owned()))
    }
}

/// What follows if a guardrail refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The attempt fails with class `guardrail`.
    Fail,
    /// The model receives the reason, and corrects itself within the attempt.
    Repair,
    /// The attempt fails with class `model_output`, and the next one tells the model.
    Retry,
    /// A person has to approve the call, or the output.
    Ask,
}

impl Then {
    /// All, by the names that documents use.
    pub const NAMED: &[(&str, Self)] =
        &[("fail", Self::Fail), ("repair", Self::Repair), ("retry", Self::Retry), ("ask", Self::Ask)];

    /// Returns what can follow at a stage; the first is what follows unless the document says otherwise. What a judge has
    /// refused is not asked for again by another attempt, because the output that it saw is stored.
    pub const fn of(stage: Stage, check: &Check) -> &'static [Self] {
        match (stage, check) {
            (Stage::Input, _) => &[Self::Fail],
            (Stage::Arguments, _) | (Stage::Output, Check::Judge(_)) => {
                &[Self::Repair, Self::Fail, Self::Ask]
            }
            (Stage::Output, _) => &[Self::Retry, Self::Repair, Self::Fail, Self::Ask],
        }
    }
}

impl Guardrail {
    /// Returns its judge, if it has one.
    pub const fn judge(&self) -> Option<&Judge> {
        match &self.check {
            Check::Judge(judge) => Some(judge),
            Check::Matches(_) | Check::Denies(_) | Check::Fits(_) => None,
        }
    }

    /// Returns whether it checks the arguments of a tool.
    pub fn checks_tool(&self, tool: &str) -> bool {
        self.on == Stage::Arguments && (self.tools.is_empty() || self.tools.iter().any(|name| name == tool))
    }

    /// Returns whether it refuses a value by its text; `None` where it checks something else.
    pub fn refuses_text(&self, value: &Value) -> Option<bool> {
        match &self.check {
            Check::Matches(pattern) => Some(!pattern.is_match(&text(value))),
            Check::Denies(pattern) => Some(pattern.is_match(&text(value))),
            Check::Fits(_) | Check::Judge(_) => None,
        }
    }

    /// Returns whether it is checked between the calls of a node, and not by who makes one: it takes another call, or a person.
    pub const fn takes_a_call(&self) -> bool {
        self.judge().is_some() || matches!(self.then, Then::Ask)
    }

    /// Returns whether its skill may have to be asked again within an attempt, or to wait between two calls.
    pub(crate) fn needs_loop(&self) -> bool {
        self.takes_a_call() || (self.on == Stage::Output && self.then == Then::Repair)
    }

    /// Returns what it says of `what` if it refuses it for a reason, as a sentence.
    pub fn refusal(&self, what: &str, reason: &str) -> String {
        let Self { name, message, .. } = self;
        let reason = message.as_deref().unwrap_or(reason).trim_end_matches('.');
        format!("The guardrail `{name}` refuses {what}: {reason}.")
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
