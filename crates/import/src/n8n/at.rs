//! One node of a workflow while it is translated.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::expression::Scope;
use super::workflow::Node;
use crate::credentials::with_secrets;
use crate::data::Data;
use crate::graph::{self, Draft, Graph, RETRIED, seconds, whole};
use crate::read::pointer_part;
use crate::report::Report;
use crate::text::{self, failing, template};

/// A node with what it can read and where it is put.
pub(super) struct At<'a, 'v> {
    pub(super) node: &'a Node<'v>,
    pub(super) scope: Scope<'a>,
    pub(super) report: &'a mut Report,
    pub(super) draft: &'a mut Draft,
    pub(super) graph: &'a mut Graph,
    /// Models, tools and memories of it.
    pub(super) helpers: Vec<&'a Node<'v>>,
    /// What is on each of its inputs.
    pub(super) inputs: Vec<Rc<Data>>,
    /// The expression of the list of items that it is given, if these are several.
    pub(super) items: Option<String>,
    /// The time zone of the workflow.
    pub(super) zone: Option<&'a str>,
}

impl At<'_, '_> {
    /// Returns a parameter as a value of a document. What has no equivalent is listed, and fails by name.
    pub(super) fn value(&mut self, below: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| {
                    (key.clone(), self.value(&format!("{below}/{}", pointer_part(key)), value))
                });
                Value::Object(fields.collect())
            }
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(at, item)| self.value(&format!("{below}/{at}"), item))
                .collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                match self.scope.data(value).and_then(|data| data.to_value()) {
                    Ok(value) => value,
                    Err(why) => json!(template(&self.lost(below, value, &why))),
                }
            }
        }
    }

    /// Returns a parameter where a document may use secrets.
    pub(super) fn secret_value(&mut self, below: &str, value: &Value) -> Value {
        let made = self.value(below, value);
        let Some(text) = made.as_str() else { return made };
        let (text, names) = with_secrets(text);
        for name in names {
            let pointer = format!("{}{below}", self.node.about.pointer);
            self.report.secret(&name, &pointer, "a credential that was in the file");
        }
        json!(text)
    }

    /// Returns a parameter as an expression.
    pub(super) fn expression(&mut self, below: &str, value: &Value) -> String {
        match self.scope.data(value).and_then(|data| data.read(&[])) {
            Ok(expression) => expression,
            Err(why) => self.lost(below, value, &why),
        }
    }

    /// Lists an expression that has no equivalent, and returns one that fails and names it.
    pub(super) fn lost(&mut self, below: &str, value: &Value, why: &str) -> String {
        let source = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let what = format!("`{}`: {why}", text::cut(source.trim_start_matches('='), 120));
        self.report.listed(
            &self.node.about,
            below,
            "expression",
            &what,
            "Write it as an expression of Steadflow.",
        );
        failing(&source)
    }

    /// Lists something of this node.
    pub(super) fn listed(&mut self, below: &str, thing: &str, what: &str, by_hand: &str) {
        self.report.listed(&self.node.about, below, thing, what, by_hand);
    }

    pub(super) fn note(&mut self, below: &str, thing: &str, what: &str) {
        self.report.note(&self.node.about, below, thing, what);
    }

    /// Notes that the document uses a secret, and returns its template.
    pub(super) fn secret(&mut self, name: &str, what: &str) -> String {
        let name = text::secret(name);
        self.report.secret(&name, &format!("{}/credentials", self.node.about.pointer), what);
        format!("${{secrets.{name}}}")
    }

    /// Adds a node that makes calls, with its retries.
    pub(super) fn add_attempts(&mut self, mut made: Map<String, Value>) {
        if crate::read::flag(self.node.value, "retryOnFail") {
            let number =
                |key: &str, other: f64| self.node.value.get(key).and_then(Value::as_f64).unwrap_or(other);
            let count = (number("maxTries", 3.0) - 1.0).clamp(0.0, 10.0);
            let wait = (number("waitBetweenTries", 1_000.0) / 1_000.0).max(0.001);
            made.insert(
                "retry".to_owned(),
                json!({ "enabled": true, "count": whole(count), "initial_interval_seconds": seconds(wait), "backoff_coefficient": 1,
                    "retry_on": RETRIED }),
            );
        }
        self.graph.node(made);
    }

    pub(super) fn add(&mut self, made: Map<String, Value>) {
        self.graph.node(made);
    }

    /// Adds a node that stands for this one and fails by name.
    pub(super) fn not_mapped(&mut self, what: &str, by_hand: &str) {
        let node = self.node;
        let made = graph::not_mapped(&node.id, &node.about, node.kind, what, by_hand, self.report);
        self.graph.node(made);
    }

    /// Returns the parameter at a path of keys.
    pub(super) fn parameter(&self, path: &[&str]) -> &Value {
        let mut value = self.node.parameters;
        for key in path {
            value = value.get(key).unwrap_or(&Value::Null);
        }
        value
    }

    pub(super) fn word(&self, path: &[&str]) -> Option<&str> {
        self.parameter(path).as_str()
    }
}
