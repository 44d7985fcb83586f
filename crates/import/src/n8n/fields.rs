//! *Edit fields*: fields that are set, alone or beside those that the node is given.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::at::At;
use super::walk::Out;
use crate::data::{Data, Step};
use crate::graph::{action, node};
use crate::read::{flag, list, text};
use crate::text::template;

/// What keeps the fields that a node is given, and sets others.
const KEEP: &str = "\
if (input.given === null || typeof input.given !== 'object' || Array.isArray(input.given)) throw new Error('What it is given is no object');
return { ...input.given, ...input.fields };";

impl At<'_, '_> {
    /// *Edit fields*: the fields that it sets, alone or with those that it is given.
    pub(super) fn set(&mut self) -> Out {
        if self.word(&["mode"]) == Some("raw") || self.word(&["mode"]) == Some("json") {
            let given = self.parameter(&["jsonOutput"]).clone();
            let Some(made) = self.json_value("/parameters/jsonOutput", &given) else {
                return self.own_failing();
            };
            return self.with_given(made, &[]);
        }
        let mut fields: Vec<(Vec<String>, Value)> = Vec::new();
        for (below, name, value) in assignments(self.node.parameters) {
            let made = self.value(&below, &value);
            let path: Vec<String> = match flag(self.parameter(&["options"]), "dotNotation")
                || self.parameter(&["options", "dotNotation"]).is_null()
            {
                true => name.split('.').map(str::to_owned).collect(),
                false => vec![name],
            };
            fields.push((path, made));
        }
        let paths: Vec<Vec<String>> = fields.iter().map(|(path, _)| path.clone()).collect();
        self.with_given(nested(fields), &paths)
    }

    /// Returns `fields`, together with what the node is given if it keeps that.
    fn with_given(&mut self, fields: Value, paths: &[Vec<String>]) -> Out {
        let version = self.node.version();
        let keeps = if version < 3.0 {
            !flag(self.node.parameters, "keepOnlySet")
        } else if version < 3.3 {
            self.word(&["include"]) != Some("none")
        } else {
            flag(self.node.parameters, "includeOtherFields")
        };
        if !keeps {
            return self.transform(fields);
        }
        if !matches!(self.word(&["include"]), None | Some("all")) {
            let what = "it keeps some of the fields that it is given, by their names";
            return self.placeholder(what, "Name the fields that are needed in a `transform`.");
        }
        if fields.as_object().is_some_and(Map::is_empty) {
            return self.pass("");
        }
        // Only a plain object says what is in it; else the fields are put together when the node runs.
        let is_flat = paths.iter().all(|path| path.len() == 1);
        let Ok(given) = self.inputs[0].read(&[]) else { return self.keeps_unknown(fields, paths) };
        if !is_flat {
            let what = "it sets fields inside of those that it keeps";
            return self.placeholder(what, "Put the object together in a `code` node.");
        }
        let mut made = node(&self.node.id, self.node.name, "code");
        made.insert("input".to_owned(), json!({ "given": template(&given), "fields": fields }));
        made.insert("source".to_owned(), json!(KEEP));
        self.add(made);
        self.own()
    }

    /// Sets fields and keeps others, of which only some have an expression.
    fn keeps_unknown(&mut self, fields: Value, paths: &[Vec<String>]) -> Out {
        let made = action(&self.node.id, self.node.name, "transform", fields);
        self.add(made);
        let mut data = Rc::clone(&self.inputs[0]);
        for path in paths {
            let path: Vec<Step> = path.iter().cloned().map(Step::Field).collect();
            let Ok(own) = Data::of_node(&self.node.id).follow(&path) else { continue };
            data = data.with(&path, own).unwrap_or(data);
        }
        Out::plain(data)
    }
}

/// Returns what an *Edit fields* node sets, in all versions: where, which field, and its value.
fn assignments(parameters: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (at, one) in
        list(parameters.get("assignments").unwrap_or(&Value::Null), "assignments").iter().enumerate()
    {
        let value = one.get("value").cloned().unwrap_or(Value::Null);
        all.push((
            format!("/parameters/assignments/assignments/{at}/value"),
            text(one, "name").unwrap_or_default().to_owned(),
            value,
        ));
    }
    for (at, one) in list(parameters.get("fields").unwrap_or(&Value::Null), "values").iter().enumerate() {
        let keys = ["stringValue", "numberValue", "booleanValue", "arrayValue", "objectValue"];
        let found = keys.iter().find_map(|key| Some((*key, one.get(*key)?)));
        let (key, value) =
            found.map_or(("stringValue", Value::from("")), |(key, value)| (key, value.clone()));
        all.push((
            format!("/parameters/fields/values/{at}/{key}"),
            text(one, "name").unwrap_or_default().to_owned(),
            value,
        ));
    }
    for (kind, values) in crate::read::fields(parameters, "values") {
        for (at, one) in values.as_array().into_iter().flatten().enumerate() {
            let value = one.get("value").cloned().unwrap_or(Value::Null);
            all.push((
                format!("/parameters/values/{kind}/{at}/value"),
                text(one, "name").unwrap_or_default().to_owned(),
                value,
            ));
        }
    }
    all
}

/// Returns an object of fields whose names are paths.
fn nested(fields: Vec<(Vec<String>, Value)>) -> Value {
    let mut root = Map::new();
    for (path, value) in fields {
        put(&mut root, &path, value);
    }
    Value::Object(root)
}

fn put(fields: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => {
            fields.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let inner = fields.entry(first.clone()).or_insert_with(|| json!({}));
            if !inner.is_object() {
                *inner = json!({});
            }
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
