//! The rules of a `Choice` state as expressions.

use serde_json::Value;

use super::Walk;
use super::path::Scope;
use crate::read::{list, text};
use crate::report::About;
use crate::text::{failing, quoted};

/// How deep rules may be nested.
const DEPTH_MAX: usize = 24;

impl Walk<'_> {
    /// Returns the condition of a rule. What has no equivalent is listed, and fails by name.
    pub(super) fn condition(&mut self, about: &About, below: &str, rule: &Value, scope: &Scope) -> String {
        let found = match text(rule, "Condition") {
            Some(condition) => jsonata(condition, scope),
            None => compare(rule, scope, 0),
        };
        found.unwrap_or_else(|why| {
            let source = rule.to_string();
            let what = format!("`{}`: {why}", crate::text::cut(&source, 120));
            self.report.listed(about, below, "condition", &what, "Write it as an expression of Steadflow.");
            failing(&source)
        })
    }
}

fn jsonata(condition: &str, scope: &Scope) -> Result<String, String> {
    match scope.jsonata(condition)? {
        Some(data) => data.read(&[]),
        None => Err("it is no expression".into()),
    }
}

fn compare(rule: &Value, scope: &Scope, depth: usize) -> Result<String, String> {
    if depth > DEPTH_MAX {
        return Err("it is nested too deep".into());
    }
    for (key, word) in [("And", "and"), ("Or", "or")] {
        if rule.get(key).is_some() {
            let parts: Vec<String> = list(rule, key)
                .iter()
                .map(|rule| compare(rule, scope, depth + 1))
                .collect::<Result<_, _>>()?;
            return if parts.is_empty() {
                Err(format!("`{key}` is empty"))
            } else {
                Ok(format!("({})", parts.join(&format!(" {word} "))))
            };
        }
    }
    if let Some(rule) = rule.get("Not") {
        return Ok(format!("(not {})", compare(rule, scope, depth + 1)?));
    }
    let variable = text(rule, "Variable").ok_or("it has no `Variable`")?;
    let left = scope.path(variable)?.read(&[])?;
    let known = ["Variable", "Next", "Comment", "Assign", "Output"];
    let mut tests = rule.as_object().into_iter().flatten().filter(|(key, _)| !known.contains(&key.as_str()));
    let (Some((operator, value)), None) = (tests.next(), tests.next()) else {
        return Err("it has not exactly one comparison".into());
    };
    one(&left, operator, value, scope)
}

fn one(left: &str, operator: &str, value: &Value, scope: &Scope) -> Result<String, String> {
    let wanted = value.as_bool();
    let is_kind = |test: &str| match wanted {
        Some(true) => Ok(format!("({left} {test})")),
        Some(false) => Ok(format!("(not ({left} {test}))")),
        None => Err(format!("`{operator}` is neither true nor false")),
    };
    match operator {
        "IsPresent" => return is_kind("is defined"),
        "IsNull" => return is_kind("is none"),
        "IsString" => return is_kind("is string"),
        "IsNumeric" => return is_kind("is number"),
        "IsBoolean" => return is_kind("is boolean"),
        "StringMatches" => return matches(left, value),
        _ => {}
    }
    let (operator, right) = match operator.strip_suffix("Path") {
        Some(operator) => (operator, scope.path(value.as_str().ok_or("a path is no text")?)?.read(&[])?),
        None => (operator, literal(value)?),
    };
    let sign = |kind: &str| {
        Some(match operator.strip_prefix(kind)? {
            "Equals" => "==",
            "LessThan" => "<",
            "GreaterThan" => ">",
            "LessThanEquals" => "<=",
            "GreaterThanEquals" => ">=",
            _ => return None,
        })
    };
    if let Some(sign) = sign("String").or(sign("Numeric")) {
        return Ok(format!("({left} {sign} {right})"));
    }
    if operator == "BooleanEquals" {
        return Ok(format!("({left} == {right})"));
    }
    if let Some(sign) = sign("Timestamp") {
        return Ok(format!("(({left} | date) {sign} ({right} | date))"));
    }
    Err(format!("`{operator}` has no equivalent here"))
}

fn literal(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => quoted(text)
            .ok_or_else(|| "a text has characters that one in an expression cannot have".to_owned()),
        Value::Number(number) if number.to_string().len() <= 18 => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err("a value has no equivalent here".into())
        }
    }
}

/// A text with `*` for any characters.
fn matches(left: &str, value: &Value) -> Result<String, String> {
    let text = value.as_str().ok_or("a pattern is no text")?;
    if text.contains('\\') {
        return Err("a pattern with `\\` has no equivalent here".into());
    }
    let parts: Vec<String> = text.split('*').map(regex::escape).collect();
    let pattern = quoted(&format!("(?s)^{}$", parts.join(".*")))
        .ok_or("a pattern has characters that an expression cannot have")?;
    Ok(format!("({left} | regex_match({pattern}))"))
}
