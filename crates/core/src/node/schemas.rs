//! The schemas of nodes, by the names that the description of the API has for them: one for each kind.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::CATALOGUE;
use super::catalogue::{ACTION, Entry, NamedBy};
use crate::document::{Terms, reference};

/// The name of the schema of the keys that every node may have.
pub(crate) const SETTINGS: &str = "NodeSettings";

/// The name of the schema of all actions.
const ACTIONS: &str = "ActionNode";

/// Returns the schema `Node`, and those that it refers to but [`SETTINGS`].
pub(crate) fn schemas() -> BTreeMap<String, Value> {
    let kinds = CATALOGUE.iter().map(|entry| (component(entry), kind(entry)));
    let types = CATALOGUE.iter().map(|entry| match entry.about.named_by {
        NamedBy::Type => (entry.about.name, component(entry)),
        NamedBy::Action => (ACTION, ACTIONS.to_owned()),
    });
    let choices = [("Node".to_owned(), one_of("A node.", "type", types)), (ACTIONS.to_owned(), action())];
    kinds.chain(choices).collect()
}

fn action() -> Value {
    let actions = CATALOGUE.iter().filter(|entry| entry.about.named_by == NamedBy::Action);
    let names = actions.flat_map(|entry| entry.about.names().map(|name| (name, component(entry))));
    let mut action = one_of("A node that is an action.", "action", names);
    action["type"] = json!("object");
    action["required"] = json!(["type"]);
    action["properties"] = json!({ "type": { "type": "string", "enum": [ACTION] } });
    action["additionalProperties"] = json!(true);
    action
}

fn kind(entry: &Entry) -> Value {
    json!({
        "title": entry.about.title,
        "description": entry.about.description,
        "allOf": [reference(SETTINGS), entry.schema(&Terms::NAMED)],
    })
}

/// Returns the schema of values of several shapes, which differ in the value of `tag`.
fn one_of(description: &str, tag: &str, shapes: impl Iterator<Item = (&'static str, String)>) -> Value {
    let mut references: Vec<Value> = Vec::new();
    let mut mapping = Map::new();
    for (value, name) in shapes {
        let reference = reference(&name);
        mapping.insert(value.to_owned(), reference["$ref"].clone());
        if !references.contains(&reference) {
            references.push(reference);
        }
    }
    json!({
        "description": description,
        "oneOf": references,
        "discriminator": { "propertyName": tag, "mapping": mapping },
    })
}

/// Returns the name of the schema of a kind: `HttpRequestNode` of `http_request`.
fn component(entry: &Entry) -> String {
    let words = entry.about.name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.chain([String::from("Node")]).collect()
}
