//! What a document may hold, as data: for JSON Schemas (draft 2020-12) and for tables that people read.

use serde_json::{Map, Value, json};

use super::keys::{Absent, Key, Keys, Unknown};
use super::{Reader, Strings};
use crate::limits::Limits;

/// What a description depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    strings: Strings,
    parts: Parts,
}

/// How a schema contains the parts that have a name, such as `RetryPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    /// In full.
    Inline,
    /// As references to the components of the API description.
    Named,
}

impl Terms {
    /// Strings that are what they are, and named parts in full.
    pub(crate) const DEFAULT: Self = Self { strings: Strings::Literal, parts: Parts::Inline };

    /// The same, with references to named parts.
    pub(crate) const NAMED: Self = Self { parts: Parts::Named, ..Self::DEFAULT };

    /// Returns the schema of the part `name`: a reference to it, or what `schema` returns.
    pub(crate) fn part(&self, name: &str, schema: impl FnOnce(&Self) -> Value) -> Value {
        match self.parts {
            Parts::Inline => schema(self),
            Parts::Named => reference(name),
        }
    }

    /// The same, where strings are templates.
    pub(crate) const fn with_templates(self) -> Self {
        Self { strings: Strings::Templates, ..self }
    }

    /// Returns the schema of what `reader` reads: a template too, where strings are templates.
    pub(crate) fn schema<R: Reader>(&self, reader: &R) -> Value {
        let schema = reader.schema(self);
        if self.strings == Strings::Templates { or_template(schema) } else { schema }
    }
}

/// The keys of an object, in their order.
#[derive(Clone, Debug)]
pub struct Description {
    /// Each key.
    pub keys: Vec<KeyDescription>,
    /// Keys of which exactly one is given; empty where there is no such rule.
    pub one_of: Vec<&'static str>,
    is_open: bool,
    terms: Terms,
}

/// One key of an object.
#[derive(Clone, Debug)]
pub struct KeyDescription {
    /// The key.
    pub name: &'static str,
    /// What a form calls it.
    pub title: &'static str,
    /// What it is for, in a sentence or two.
    pub doc: &'static str,
    /// What it holds, such as "a string".
    pub wanted: String,
    /// What holds where it is absent.
    pub default: Option<Value>,
    /// Whether its absence is a fault.
    pub is_needed: bool,
    /// Its JSON Schema.
    pub schema: Value,
    /// The keys of the object that it is, or of the objects in its list, where they have named ones.
    pub inside: Option<Description>,
}

impl Description {
    /// Asks `read` for its keys.
    pub(crate) fn of<T>(
        terms: &Terms,
        unknown: Unknown,
        read: impl FnOnce(&mut Keys<'_>) -> Option<T>,
    ) -> Self {
        let is_open = unknown == Unknown::Kept;
        let mut description = Self { keys: Vec::new(), one_of: Vec::new(), is_open, terms: *terms };
        read(&mut Keys::described(&mut description));
        description
    }

    pub(super) fn add<R: Reader>(&mut self, key: &Key<R>) {
        let is_needed = matches!(key.absent, Absent::Fault(_) | Absent::FaultInside);
        let default = match key.absent {
            Absent::Default(value) => Some(value.value()),
            Absent::Nothing | Absent::Fault(_) | Absent::FaultInside => None,
        };
        let own = self.terms.schema(&key.reader);
        let own = if is_needed { own } else { nullable(own) };
        let mut schema = Map::new();
        schema.insert("title".to_owned(), key.title.into());
        if !key.doc.is_empty() {
            schema.insert("description".to_owned(), key.doc.into());
        }
        if let Value::Object(own) = own {
            schema.extend(own);
        }
        if let Some(default) = &default {
            schema.insert("default".to_owned(), default.clone());
        }
        self.keys.push(KeyDescription {
            name: key.name,
            title: key.title,
            doc: key.doc,
            wanted: key.reader.wanted(&Limits::DEFAULT),
            default,
            is_needed,
            schema: Value::Object(schema),
            inside: key.reader.inside(&self.terms),
        });
    }

    /// Returns the names of the keys.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }

    /// Returns the JSON Schema of some keys of the object, which replace those of another one.
    pub(crate) fn patch_schema(&self) -> Value {
        let mut schema = self.schema();
        remove(&mut schema, "required");
        for property in schema["properties"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            remove(property, "default");
        }
        schema
    }

    /// Returns the JSON Schema of the object.
    pub fn schema(&self) -> Value {
        let properties = self.keys.iter().map(|key| (key.name.to_owned(), key.schema.clone()));
        let needed: Vec<&str> = self.keys.iter().filter(|key| key.is_needed).map(|key| key.name).collect();
        let mut schema = json!({ "type": "object" });
        if !needed.is_empty() {
            schema["required"] = json!(needed);
        }
        schema["properties"] = Value::Object(properties.collect());
        schema["additionalProperties"] = json!(self.is_open);
        if !self.one_of.is_empty() {
            schema["oneOf"] = self.one_of.iter().map(|name| given(name)).collect();
        }
        schema
    }
}

/// Returns a reference to the component `name` of the API description.
pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Returns the schema of the component `name` with its description.
pub(crate) fn named(name: &str, description: &str, schema: Value) -> (String, Value) {
    let mut described = Map::from_iter([("description".to_owned(), description.into())]);
    if let Value::Object(schema) = schema {
        described.extend(schema);
    }
    (name.to_owned(), Value::Object(described))
}

/// Returns a schema of objects in which `name` is given: null counts as absent.
fn given(name: &str) -> Value {
    json!({ "required": [name], "properties": { name: { "not": { "type": "null" } } } })
}

/// Returns `schema` with null allowed.
pub(crate) fn nullable(mut schema: Value) -> Value {
    if schema.get("$ref").is_some() {
        return json!({ "anyOf": [schema, { "type": "null" }] });
    }
    match &mut schema["type"] {
        Value::String(one) if one == "null" => {}
        Value::String(one) => schema["type"] = json!([one, "null"]),
        Value::Array(several) => several.push("null".into()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            // What has no type and no alternatives takes anything.
            remove(&mut schema, "type");
            if let Some(Value::Array(alternatives)) = schema.get_mut("anyOf") {
                alternatives.push(json!({ "type": "null" }));
            }
        }
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
    schema
}

/// Returns `schema` with templates allowed: strings that hold `${`.
fn or_template(mut schema: Value) -> Value {
    let template = json!({ "title": "Template", "type": "string", "pattern": "\\$\\{" });
    if let Some(Value::Array(alternatives)) = schema.get_mut("anyOf") {
        alternatives.push(template);
        return schema;
    }
    let is_plain_text = schema.get("type") == Some(&json!("string"))
        && ["pattern", "enum", "format", "maxLength"].iter().all(|rule| schema.get(rule).is_none());
    // What has to be a template says which.
    let is_template =
        schema.get("pattern").and_then(Value::as_str).is_some_and(|pattern| pattern.starts_with(r"^\$\{"));
    let takes_anything = schema.get("type").is_none() && schema.get("$ref").is_none();
    if is_plain_text || is_template || takes_anything {
        return schema;
    }
    json!({ "anyOf": [schema, template] })
}

fn remove(schema: &mut Value, key: &str) {
    if let Value::Object(map) = schema {
        map.remove(key);
    }
}
