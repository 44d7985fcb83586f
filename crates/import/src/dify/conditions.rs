//! *If/else*: its cases as conditions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::values::{filled, selected};
use super::walk::{At, Out};
use crate::data::Data;
use crate::graph::node;
use crate::read::{list, text};

impl At<'_, '_, '_> {
    pub(super) fn branch(&mut self) -> Out {
        let data = self.node.data;
        let old = [data.clone()];
        let (cases, below) = match list(data, "cases") {
            [] => (&old[..], String::new()),
            cases => (cases, "/cases".to_owned()),
        };
        let mut made = Vec::new();
        let mut handles = BTreeMap::new();
        for (at, case) in cases.iter().enumerate() {
            let below = if below.is_empty() { String::new() } else { format!("{below}/{at}") };
            let condition = self.case(&below, case);
            let own = text(case, "case_id")
                .or(text(case, "id"))
                .filter(|_| !below.is_empty())
                .unwrap_or("true")
                .to_owned();
            let name = format!("case {}", at + 1);
            handles.insert(own, json!(name));
            made.push(json!({ "name": name, "condition": condition }));
        }
        let mut branch = match made.as_slice() {
            [only] => {
                handles.values_mut().for_each(|case| *case = json!(true));
                handles.insert("false".to_owned(), json!(false));
                let mut branch = node(&self.node.id, &self.node.about.name, "condition");
                branch.insert("condition".to_owned(), only["condition"].clone());
                branch
            }
            _ => {
                handles.insert("false".to_owned(), json!("default"));
                node(&self.node.id, &self.node.about.name, "switch")
            }
        };
        if made.len() != 1 {
            branch.insert("cases".to_owned(), json!(made));
        }
        self.graph.node(branch);
        let result = Data::unknown("a branch has no output that other nodes read");
        Out { cases: handles, ..self.out(result) }
    }

    fn case(&mut self, below: &str, case: &Value) -> String {
        let word = if text(case, "logical_operator") == Some("or") { "or" } else { "and" };
        let mut all = Vec::new();
        for (at, condition) in list(case, "conditions").iter().enumerate() {
            let below = format!("{below}/conditions/{at}");
            let made = self.one(condition).unwrap_or_else(|why| {
                let source = condition.to_string();
                self.lost(&below, &source, &why)
            });
            all.push(format!("({made})"));
        }
        if all.is_empty() { "true".to_owned() } else { all.join(&format!(" {word} ")) }
    }

    fn one(&self, condition: &Value) -> Result<String, String> {
        let left =
            selected(condition.get("variable_selector").unwrap_or(&Value::Null), &self.known)?.read(&[])?;
        let operator = text(condition, "comparison_operator").unwrap_or_default();
        let is_number = text(condition, "varType") == Some("number")
            || matches!(operator, "=" | "≠" | ">" | "<" | "≥" | "≤");
        let right = match condition.get("value") {
            Some(Value::String(value)) if is_number && value.trim().parse::<f64>().is_ok() => {
                value.trim().trim_start_matches('+').to_owned()
            }
            Some(Value::String(value)) => filled(value, &self.known)?.read(&[])?,
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => String::new(),
        };
        let needs_right =
            !matches!(operator, "empty" | "not empty" | "null" | "not null" | "exists" | "not exists");
        if needs_right && right.is_empty() {
            return Err("what it is compared with is a list, or missing".into());
        }
        Ok(match operator {
            "contains" => format!("{right} in {left}"),
            "not contains" => format!("{right} not in {left}"),
            "start with" => format!("{left} is startingwith({right})"),
            "end with" => format!("{left} is endingwith({right})"),
            "is" | "=" => format!("{left} == {right}"),
            "is not" | "≠" => format!("{left} != {right}"),
            ">" => format!("{left} > {right}"),
            "<" => format!("{left} < {right}"),
            "≥" => format!("{left} >= {right}"),
            "≤" => format!("{left} <= {right}"),
            "empty" => format!("{left} is not defined or {left} is none or ({left} | length) == 0"),
            "not empty" => format!("{left} is defined and {left} is not none and ({left} | length) > 0"),
            "null" | "not exists" => format!("{left} is not defined or {left} is none"),
            "not null" | "exists" => format!("{left} is defined and {left} is not none"),
            other => return Err(format!("`{other}` has no equivalent here")),
        })
    }
}
