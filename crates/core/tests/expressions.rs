//! The language of expressions: that it is MiniJinja's, with its precedence and spelling, wherever it is not stricter.

mod chains;
mod costs;
mod dates;
mod functions;
mod jq;
mod language;
mod property;
mod steps;

use minijinja::{Environment, UndefinedBehavior};
use serde_json::{Value, json};

use steadflow_core::expression::Expression;
use steadflow_core::ids::{ExecutionId, NodeId};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::scope::{NodeScope, Scope};
use steadflow_core::timestamp::Timestamp;

/// Evaluates with MiniJinja as it comes, but for undefined values, which are errors.
fn by_minijinja(text: &str) -> Result<Value, String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let expression = environment.compile_expression(text).map_err(|error| error.to_string())?;
    let mut context = trigger_data();
    context["trigger_data"] = trigger_data();
    let value = expression.eval(engine_value(&context)).map_err(|error| error.to_string())?;
    serde_json::to_value(value).map_err(|error| error.to_string())
}

fn engine_value(json: &Value) -> minijinja::Value {
    match json {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().expect("the numbers of these tests are small").into(),
        },
        Value::String(text) => text.into(),
        Value::Array(items) => items.iter().map(engine_value).collect(),
        Value::Object(fields) => {
            minijinja::Value::from_pairs(fields.iter().map(|(key, value)| (key.clone(), engine_value(value))))
        }
    }
}

fn evaluated(text: &str) -> Result<Value, String> {
    Expression::compile(text, &Limits::DEFAULT)
        .and_then(|expression| expression.evaluate(&scope()))
        .map(|payload| payload.to_value().expect("it is readable"))
        .map_err(|error| error.to_string())
}

fn trigger_data() -> Value {
    json!({
        "n": 7, "b": 2.5, "s": "text", "l": [1, 2, 3], "t": true, "f": false,
        "o": { "k": "v", "if": 1, "not": "2", "test": "gt", "list": [
            { "k": "a", "v": 1 }, { "k": "b", "v": 2 }, { "k": "c", "v": 3 }
        ] },
    })
}

/// Every field of the trigger data is a node's output, too.
fn scope() -> Scope {
    let fields = trigger_data();
    let node = |id: &str, output: &Value| NodeScope {
        id: NodeId::new(id),
        output: Some(Payload::from_value(output)),
        error: None,
    };
    let outputs = fields.as_object().expect("it is an object").iter().map(|(id, output)| node(id, output));
    Scope {
        item: None,
        index: None,
        meter: steadflow_core::expression::Meter::default(),
        trigger_data: Payload::from_value(&fields),
        context_id: None,
        context_type: None,
        execution_id: ExecutionId::new(uuid::Uuid::nil()),
        retry_of: None,
        error: None,
        started_at: Timestamp::default(),
        attempt: 1,
        now: Timestamp::from_micros(1_772_443_800_250_000),
        reader: NodeId::new("reader"),
        nodes: outputs.chain([node("in", &json!({ "x": 1 }))]).collect(),
    }
}
