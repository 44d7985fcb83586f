//! What nodes there are, for forms and for people: names, explanations and JSON Schemas (draft 2020-12).
//!
//! The schemas describe the document before its templates are resolved: where a number or an object may come from a
//! template, a string is allowed too only if the node accepts one. What counts in the end is [`Flow::parse`]; each
//! example here is a node that it accepts.
//!
//! [`Flow::parse`]: crate::flow::Flow::parse

mod actions;
mod common;
mod types;

use serde::Serialize;
use serde_json::Value;

/// Every node type and action that this version runs.
#[derive(Clone, Debug, Serialize)]
pub struct NodeTypes {
    /// The schema of the keys that every node may have.
    pub common: Value,
    /// The types; an action node has one entry for each action.
    pub types: Vec<NodeType>,
}

/// One node type, or one action of the type `action`.
#[derive(Clone, Debug, Serialize)]
pub struct NodeType {
    /// The document's `type`.
    #[serde(rename = "type")]
    pub type_name: &'static str,
    /// The document's `action`, where the type is `action`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'static str>,
    /// Other names of the same action.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub aliases: &'static [&'static str],
    /// What a palette shows.
    pub title: &'static str,
    /// What it does, in one or two sentences.
    pub description: &'static str,
    /// The schema of the keys of its own, `type` and `action` included.
    pub schema: Value,
    /// The schema of `input`, where it takes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// The schema of its output.
    pub output: Value,
    /// A node as it would stand in a document.
    pub example: Value,
}

/// Returns every node type and action that this version runs, in the order of a palette.
pub fn node_types() -> NodeTypes {
    NodeTypes { common: common::schema(), types: types::all().into_iter().chain(actions::all()).collect() }
}

/// The dialect of all schemas.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::flow::Flow;
    use crate::limits::Limits;

    use super::{NodeType, node_types};

    #[test]
    fn every_example_is_accepted() {
        let nodes: Vec<Value> = node_types().types.into_iter().map(|entry| entry.example).collect();
        let document = json!({ "name": "All of them", "flow_definition": { "nodes": nodes } });

        let flow = Flow::parse(&document, &Limits::DEFAULT).unwrap_or_else(|faults| panic!("{faults:?}"));

        assert_eq!(flow.graph.nodes.len(), 10);
    }

    #[test]
    fn every_property_is_explained() {
        let all = node_types();
        let schemas =
            all.types.iter().flat_map(|entry| [Some(&entry.schema), entry.input.as_ref()]).flatten();

        for schema in schemas.chain([&all.common]) {
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                let is_fixed = property.get("const").is_some();
                assert!(
                    is_fixed || (property["title"].is_string() && property["description"].is_string()),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn the_palette_is_complete() {
        let names: Vec<String> = node_types().types.iter().map(shown).collect();

        insta::assert_snapshot!(names.join("\n"), @"
        trigger: Trigger
        agent: Agent
        condition: Condition
        delay: Delay
        parallel: Parallel
        merge: Merge
        action http_request: HTTP request
        action transform: Transform
        action echo: Echo
        action fail: Fail
        ");
    }

    fn shown(entry: &NodeType) -> String {
        let action = entry.action.map_or_else(String::new, |action| format!(" {action}"));
        format!("{}{action}: {}", entry.type_name, entry.title)
    }
}
