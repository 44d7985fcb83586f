//! What nodes there are, for forms and for people: names, explanations and JSON Schemas (draft 2020-12).
//!
//! The schemas describe the document before its templates are resolved. What counts in the end is [`Flow::parse`], which
//! reads by the same table of keys; what only it can check are expressions, and how nodes and edges fit together.
//!
//! [`Flow::parse`]: super::Flow::parse

use serde_json::Value;

use super::parse::describe_nodes;
use crate::document::Terms;
use crate::node::{CATALOGUE, Entry, NodeType, in_dialect};

/// Every node type and action that this version runs.
#[derive(Clone, Debug)]
pub struct NodeTypes {
    /// The schema of the keys that every node may have.
    pub common: Value,
    /// The types; an action node has one entry for each action.
    pub types: Vec<NodeType>,
}

/// Returns every node type and action that this version runs, in the order of a palette.
pub fn node_types() -> NodeTypes {
    NodeTypes {
        common: in_dialect(describe_nodes(&Terms::DEFAULT).schema()),
        types: CATALOGUE.iter().map(Entry::node_type).collect(),
    }
}
