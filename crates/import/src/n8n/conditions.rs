//! *If*, *Filter* and *Switch*: their conditions as expressions.

use std::rc::Rc;

use serde_json::{Value, json};

use super::at::At;
use super::walk::Out;
use crate::graph::node;
use crate::read::{flag, list, text};
use crate::text::failing;

/// Cases of a switch whose answer is not known.
const CASES_MAX: usize = 100;

impl At<'_, '_> {
    /// *If* and *Filter*.
    pub(super) fn condition(&mut self) -> Out {
        let conditions = self.parameter(&["conditions"]).clone();
        let condition = self.conditions(
            "/parameters/conditions",
            &conditions,
            self.word(&["combineOperation"]) == Some("any"),
        );
        let mut made = node(&self.node.id, self.node.name, "condition");
        made.insert("condition".to_owned(), json!(condition));
        self.add(made);
        Out { data: Rc::clone(&self.inputs[0]), cases: vec![json!(true), json!(false)], items: None }
    }

    pub(super) fn switch(&mut self) -> Out {
        if flag(self.parameter(&["options"]), "allMatchingOutputs") {
            return self.placeholder(
                "it follows all outputs that match",
                "Put a `condition` on each edge of the node before.",
            );
        }
        let rules =
            match (list(self.parameter(&["rules"]), "values"), list(self.parameter(&["rules"]), "rules")) {
                ([], rules) => rules.to_vec(),
                (values, _) => values.to_vec(),
            };
        if self.word(&["mode"]) == Some("expression") || rules.is_empty() {
            return self
                .placeholder("its output is calculated, or it has no rules", "Write `cases` of a `switch`.");
        }
        let mut made = node(&self.node.id, self.node.name, "switch");
        let (mut cases, mut outputs) = (Vec::new(), Vec::new());
        for (at, rule) in rules.iter().take(CASES_MAX).enumerate() {
            let below = format!("/parameters/rules/values/{at}");
            let condition = match rule.get("conditions") {
                Some(conditions) => self.conditions(&format!("{below}/conditions"), conditions, false),
                None => self.old_rule(&below, rule),
            };
            let key = text(rule, "outputKey").filter(|key| flag(rule, "renameOutput") && !key.is_empty());
            let name = key.map_or_else(|| at.to_string(), |key| crate::text::name(key, &at.to_string()));
            let is_taken = name == "default" || cases.iter().any(|case: &Value| case["name"] == json!(name));
            let name = if is_taken { format!("{name} {at}") } else { name };
            cases.push(json!({ "name": name, "condition": condition }));
            let output = rule
                .get("output")
                .and_then(Value::as_u64)
                .and_then(|output| usize::try_from(output).ok())
                .unwrap_or(at);
            outputs.resize(outputs.len().max(output.min(CASES_MAX) + 1), Value::Null);
            outputs[output.min(CASES_MAX)] = json!(name);
        }
        made.insert("cases".to_owned(), Value::Array(cases));
        self.add(made);
        let extra = self.word(&["options", "fallbackOutput"]) == Some("extra");
        let number = self
            .parameter(&["options", "fallbackOutput"])
            .as_u64()
            .or(self.parameter(&["fallbackOutput"]).as_u64());
        match number.and_then(|output| usize::try_from(output).ok()) {
            Some(output) if output < CASES_MAX && outputs.get(output).is_none_or(Value::is_null) => {
                outputs.resize(outputs.len().max(output + 1), Value::Null);
                outputs[output] = json!("default");
            }
            Some(_) => self.listed(
                "/parameters",
                "fallback of a switch",
                "what fits no case goes to the output of a case",
                "Add an edge for `default`.",
            ),
            None if extra => outputs.push(json!("default")),
            None => {}
        }
        Out { data: Rc::clone(&self.inputs[0]), cases: outputs, items: None }
    }

    /// A rule of a switch before version 3.
    fn old_rule(&mut self, below: &str, rule: &Value) -> String {
        let left = self.parameter(&["value1"]).clone();
        let kind = self.word(&["dataType"]).unwrap_or("number").to_owned();
        let operation = text(rule, "operation").unwrap_or("equal");
        let right = rule.get("value2").cloned().unwrap_or(Value::Null);
        self.one(below, &kind, operation, &left, &right, false)
    }

    /// Returns all conditions of a node as one expression.
    fn conditions(&mut self, below: &str, conditions: &Value, any: bool) -> String {
        let mut all = Vec::new();
        let ignores_case = conditions.get("options").and_then(|options| options.get("caseSensitive"))
            == Some(&json!(false))
            || flag(self.parameter(&["options"]), "ignoreCase");
        let word = match text(conditions, "combinator") {
            Some("or") => "or",
            Some(_) => "and",
            None if any => "or",
            None => "and",
        };
        for (at, one) in list(conditions, "conditions").iter().enumerate() {
            let below = format!("{below}/conditions/{at}");
            let operator = one.get("operator").unwrap_or(&Value::Null);
            let operation = text(operator, "operation").unwrap_or_default();
            let (left, right) =
                (one.get("leftValue").unwrap_or(&Value::Null), one.get("rightValue").unwrap_or(&Value::Null));
            all.push(self.one(
                &below,
                text(operator, "type").unwrap_or_default(),
                operation,
                left,
                right,
                ignores_case,
            ));
        }
        // Version 1 has a list for each kind of value.
        for (kind, list) in conditions.as_object().into_iter().flatten().filter(|(_, list)| list.is_array()) {
            if kind == "conditions" {
                continue;
            }
            for (at, one) in list.as_array().into_iter().flatten().enumerate() {
                let other = if kind == "number" { "smaller" } else { "equal" };
                let operation = text(one, "operation").unwrap_or(other);
                let (left, right) =
                    (one.get("value1").unwrap_or(&Value::Null), one.get("value2").unwrap_or(&Value::Null));
                all.push(self.one(&format!("{below}/{kind}/{at}"), kind, operation, left, right, false));
            }
        }
        match all.as_slice() {
            [] => "true".to_owned(),
            [one] => one.clone(),
            all => all.join(&format!(" {word} ")),
        }
    }

    fn one(
        &mut self,
        below: &str,
        kind: &str,
        operation: &str,
        left: &Value,
        right: &Value,
        ignores_case: bool,
    ) -> String {
        let side = |at: &mut Self, value: &Value, name: &str| {
            let number = value.as_str().filter(|text| kind == "number" && !text.trim().is_empty());
            let number = number.and_then(|text| serde_json::from_str::<serde_json::Number>(text.trim()).ok());
            let value = number.map_or_else(|| value.clone(), Value::Number);
            at.expression(&format!("{below}/{name}"), &value)
        };
        let mut a = side(self, left, "leftValue");
        let needs_right = !matches!(
            operation,
            "exists" | "notExists" | "empty" | "notEmpty" | "isEmpty" | "isNotEmpty" | "true" | "false"
        );
        let mut b = if needs_right { side(self, right, "rightValue") } else { String::new() };
        let is_text = matches!(kind, "string" | "");
        if ignores_case && is_text && needs_right {
            (a, b) = (format!("({a} | lower)"), format!("({b} | lower)"));
        }
        let found = match (kind, operation) {
            ("string" | "number" | "boolean" | "", "equals" | "equal") => Some(format!("{a} == {b}")),
            ("string" | "number" | "boolean" | "", "notEquals" | "notEqual") => Some(format!("{a} != {b}")),
            ("string" | "", "contains") | ("array", "contains") => Some(format!("{b} in {a}")),
            ("string" | "", "notContains") | ("array", "notContains") => Some(format!("{b} not in {a}")),
            ("string" | "", "startsWith") => Some(format!("{a} is startingwith({b})")),
            ("string" | "", "notStartsWith") => Some(format!("{a} is not startingwith({b})")),
            ("string" | "", "endsWith") => Some(format!("{a} is endingwith({b})")),
            ("string" | "", "notEndsWith") => Some(format!("{a} is not endingwith({b})")),
            ("number", "gt" | "larger") => Some(format!("{a} > {b}")),
            ("number", "gte" | "largerEqual") => Some(format!("{a} >= {b}")),
            ("number", "lt" | "smaller") => Some(format!("{a} < {b}")),
            ("number", "lte" | "smallerEqual") => Some(format!("{a} <= {b}")),
            ("boolean", "true") => Some(format!("{a} == true")),
            ("boolean", "false") => Some(format!("{a} == false")),
            (_, "exists") => Some(format!("{a} is defined and {a} is not none")),
            (_, "notExists") => Some(format!("({a} is not defined or {a} is none)")),
            ("string" | "", "empty" | "isEmpty") => {
                Some(format!("({a} is not defined or {a} is none or {a} == \"\")"))
            }
            ("string" | "", "notEmpty" | "isNotEmpty") => {
                Some(format!("({a} is defined and {a} is not none and {a} != \"\")"))
            }
            ("array", "empty") => Some(format!("({a} | length) == 0")),
            ("array", "notEmpty") => Some(format!("({a} | length) > 0")),
            ("array", "lengthEquals") => Some(format!("({a} | length) == {b}")),
            ("array", "lengthGt") => Some(format!("({a} | length) > {b}")),
            ("array", "lengthLt") => Some(format!("({a} | length) < {b}")),
            _ => None,
        };
        found.map_or_else(
            || {
                let what = format!("the condition `{kind} {operation}` has no equivalent");
                self.listed(below, "condition", &what, "Write it as an expression.");
                failing(&what)
            },
            |condition| format!("({condition})"),
        )
    }
}
