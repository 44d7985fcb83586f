//! Conditions: of condition nodes and of edges.
//!
//! Two forms mean the same. The structured one, `{"type": "greater_than", "field": "score.risk", "value": 70}`, is what
//! forms write; the other is an expression as a string, `"score.risk > 70 and level.name != 'low'"`, with or without
//! `${}` around the whole of it.

mod compare;
#[cfg(test)]
mod tests;

use minijinja::value::ValueKind;
use serde_json::{Map, Value, json};

use crate::expression::{
    Evaluated, Expression, ExpressionError, Found, Problem, Site, Use, ValueType, json_text, values,
};
use crate::ids::NodeId;
use crate::limits::Limits;
use crate::scope::{References, Scope};
use crate::template::{self, Template};

use self::compare::Comparison;

/// Something that holds or does not.
#[derive(Clone, Debug)]
pub struct Condition {
    form: Form,
    references: References,
}

#[derive(Clone, Debug)]
enum Form {
    Expression(Expression),
    Exists(Expression),
    Compared { comparison: Comparison, field: Expression, value: Box<Template> },
}

impl Condition {
    /// Compiles either form.
    ///
    /// `field` is a path; `value` may be any JSON, and strings in it may be templates. Secrets are refused: which branch
    /// is taken can be seen by everyone who may see the execution.
    ///
    /// # Errors
    /// Every mistake, with its JSON pointer relative to `document`.
    pub fn compile(document: &Value, limits: &Limits) -> Result<Self, Vec<(String, ExpressionError)>> {
        Self::compile_among(&[], document, "", limits)
    }

    /// Compiles either form at `pointer` in a flow with nodes `ids`, which a `field` may begin with although they are no
    /// words.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub(crate) fn compile_among(
        ids: &[NodeId],
        document: &Value,
        pointer: &str,
        limits: &Limits,
    ) -> Result<Self, Vec<(String, ExpressionError)>> {
        let form = match document {
            Value::String(text) => {
                compile_text(text, pointer, limits).map_err(|error| vec![(String::new(), error)])?
            }
            Value::Object(fields) => compile_fields(ids, fields, limits)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                let wanted = "a condition is an expression or an object with `type`, `field` and `value`";
                return Err(vec![(String::new(), ExpressionError::beside(wanted))]);
            }
        };
        let mut condition = Self { form, references: References::default() };
        let expressions = condition.expressions();
        condition.references =
            References::of_all(expressions.iter().map(|(_, expression)| expression.references()));
        Ok(condition)
    }

    /// Returns the size of the expressions in `document`, compiling none.
    pub(crate) fn size_of(document: &Value) -> template::Size {
        match document {
            Value::String(text) => template::Size::of_one(text),
            Value::Object(fields) => {
                let field = fields.get("field").and_then(Value::as_str).map(template::Size::of_one);
                let value = fields.get("value").map(template::Size::of);
                field.unwrap_or_default().plus(value.unwrap_or_default())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => template::Size::default(),
        }
    }

    /// Returns whether the condition holds.
    ///
    /// Numbers compare as numbers (`1` equals `1.0`), strings by their characters, lists and objects by what is in them;
    /// values of different kinds are never equal. An expression must give `true` or `false`; `null` counts as
    /// `false`, and anything else is an error, because the text `"false"` would otherwise count as true. `exists` holds
    /// for a field that is there, whatever its value, and does not for one that is missing.
    ///
    /// # Errors
    /// A value is missing, an order is asked of values that have none, or an expression gives no boolean.
    pub fn holds(&self, scope: &Scope) -> Result<bool, ExpressionError> {
        match &self.form {
            Form::Expression(expression) => truth(expression, scope),
            // A path fails only where it leads nowhere.
            Form::Exists(field) => Ok(field.value(scope).is_ok()),
            Form::Compared { comparison, field, value } => {
                let wanted = value.resolve(scope)?;
                let found = field.value(scope)?;
                comparison
                    .holds(&found, &Evaluated::Found(Found::Whole(&wanted)), &scope.meter)
                    .map_err(|problem| field.error(problem))
            }
        }
    }

    /// Returns what the condition names.
    pub const fn references(&self) -> &References {
        &self.references
    }

    /// Returns the values that the condition reads, with the types that it compares them with.
    pub(crate) fn uses(&self) -> Vec<Use> {
        match &self.form {
            Form::Expression(expression) => expression.uses(ValueType::Boolean),
            Form::Exists(field) => field.uses(ValueType::Any),
            Form::Compared { comparison, field, value } => {
                let constant =
                    value.constant().map_or(ValueType::Any, |value| ValueType::of_json(value.as_str()));
                // A text may be an entry of a list, or a part of a text.
                let expected = if *comparison == Comparison::Contains { ValueType::Any } else { constant };
                let mut uses = field.uses(expected);
                uses.extend(value.expressions().flat_map(|(_, expression)| expression.uses(ValueType::Any)));
                uses
            }
        }
    }

    /// Returns every expression with its JSON pointer relative to the condition.
    pub(crate) fn expressions(&self) -> Vec<(String, &Expression)> {
        match &self.form {
            Form::Expression(expression) => vec![(String::new(), expression)],
            Form::Exists(field) => vec![("/field".to_owned(), field)],
            Form::Compared { field, value, .. } => {
                let mut all = vec![("/field".to_owned(), field)];
                all.extend(
                    value.expressions().map(|(pointer, expression)| (format!("/value{pointer}"), expression)),
                );
                all
            }
        }
    }
}

/// Returns the JSON Schema of both forms.
pub(crate) fn schema() -> Value {
    let compares = Comparison::NAMES.iter().map(|(name, _)| *name);
    let kinds: Vec<&str> = compares.chain(["exists"]).collect();
    json!({
        "anyOf": [
            {
                "type": "string", "pattern": "\\S", "title": "Expression",
                "examples": ["score.risk > 70 and level.name != 'low'"],
            },
            {
                "type": "object", "title": "Comparison", "required": ["type", "field"], "additionalProperties": false,
                "properties": {
                    "type": { "type": "string", "enum": kinds, "default": "equals", "title": "Comparison" },
                    "field": { "type": "string", "title": "Field", "examples": ["score.risk"] },
                    "value": { "title": "Value", "description": "Not needed for `exists`. Strings can be templates." },
                },
            },
        ],
    })
}

fn compile_text(text: &str, pointer: &str, limits: &Limits) -> Result<Form, ExpressionError> {
    let expression = Expression::compile_at(Site::of(pointer), template::unwrapped(text), limits)?;
    without_secrets(&expression)?;
    Ok(Form::Expression(expression))
}

fn compile_fields(
    ids: &[NodeId],
    fields: &Map<String, Value>,
    limits: &Limits,
) -> Result<Form, Vec<(String, ExpressionError)>> {
    let mut faults = Vec::new();
    for key in fields.keys().filter(|key| !["type", "field", "value"].contains(&key.as_str())) {
        let wanted = "a condition has only `type`, `field` and `value`";
        let pointer = format!("/{}", template::pointer_token(key));
        faults.push((pointer, ExpressionError::beside(format!("there is no key `{key}` here; {wanted}"))));
    }
    let comparison = kind(fields.get("type")).map_err(|error| faults.push(("/type".to_owned(), error))).ok();
    let field = path(ids, fields.get("field"), limits)
        .map_err(|error| faults.push(("/field".to_owned(), error)))
        .ok();
    let value = value(comparison, fields.get("value"), limits)
        .map_err(|all| faults.extend(all.into_iter().map(|(at, error)| (format!("/value{at}"), error))))
        .ok();
    match (comparison, field, value) {
        (Some(None), Some(field), Some(_)) if faults.is_empty() => Ok(Form::Exists(field)),
        (Some(Some(comparison)), Some(field), Some(value)) if faults.is_empty() => {
            Ok(Form::Compared { comparison, field, value: Box::new(value) })
        }
        _ => Err(faults),
    }
}

/// Reads `type`; `None` is `exists`.
fn kind(value: Option<&Value>) -> Result<Option<Comparison>, ExpressionError> {
    let name = value.and_then(Value::as_str).unwrap_or_default();
    if name == "exists" {
        return Ok(None);
    }
    Comparison::named(name).map(Some).ok_or_else(|| {
        let names: Vec<String> = Comparison::NAMES.iter().map(|(name, _)| format!("`{name}`")).collect();
        ExpressionError::beside(format!("a condition's `type` is one of {}, `exists`", names.join(", ")))
    })
}

/// Reads a path, or the template of one.
pub(crate) fn path(
    ids: &[NodeId],
    value: Option<&Value>,
    limits: &Limits,
) -> Result<Expression, ExpressionError> {
    let wanted = "a condition's `field` is a path such as `score.risk`";
    let text = value.and_then(Value::as_str).ok_or_else(|| ExpressionError::beside(wanted))?;
    let text = template::unwrapped(text);
    if let Some(path) = Expression::path_from(text, ids, limits) {
        return Ok(path);
    }
    let expression = Expression::compile(text, limits)?;
    without_secrets(&expression)?;
    if expression.is_path() { Ok(expression) } else { Err(expression.error(Problem::new(wanted))) }
}

/// Reads `value`; where the type is wrong it is still checked.
fn value(
    comparison: Option<Option<Comparison>>,
    value: Option<&Value>,
    limits: &Limits,
) -> Result<Template, Vec<(String, ExpressionError)>> {
    if value.is_none() && matches!(comparison, Some(Some(_))) {
        return Err(vec![(
            String::new(),
            ExpressionError::beside("the condition needs a `value` to compare with"),
        )]);
    }
    let template = Template::compile(value.unwrap_or(&Value::Null), limits)?;
    let faults: Vec<_> = template
        .expressions()
        .filter_map(|(at, expression)| without_secrets(expression).err().map(|error| (at.to_owned(), error)))
        .collect();
    if faults.is_empty() { Ok(template) } else { Err(faults) }
}

fn without_secrets(expression: &Expression) -> Result<(), ExpressionError> {
    if expression.references().secrets.is_empty() {
        return Ok(());
    }
    Err(expression.error(Problem::new("a condition cannot use secrets")))
}

fn truth(expression: &Expression, scope: &Scope) -> Result<bool, ExpressionError> {
    let given = match expression.value(scope)? {
        Evaluated::Value(value) if value.kind() == ValueKind::Bool => return Ok(value.is_true()),
        Evaluated::Value(value) if value.is_none() => return Ok(false),
        Evaluated::Value(value) => values::described(&value),
        Evaluated::Found(found) => match found.as_str().trim() {
            "true" => return Ok(true),
            "false" | "null" => return Ok(false),
            other => json_text::Kind::of(other).described().to_owned(),
        },
        Evaluated::Text(_) => "a string".to_owned(),
    };
    let message = format!("it gives {given} where `true` or `false` is needed; compare it with something");
    Err(expression.error(Problem::new(message)))
}
