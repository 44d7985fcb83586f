//! The schemas of a flow document, by the names that the description of the API has for them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::budget::read_budget;
use super::canvas::{CanvasReader, group, note};
use super::definition::{DefinitionReader, describe};
use super::sensitive::read_sensitive;
use super::{edge, read, retry};
use crate::condition;
use crate::document::{Description, Terms, Unknown, named};
use crate::flow::Flow;
use crate::node;

impl Flow {
    /// Returns the JSON Schemas (draft 2020-12) of a flow document and of its parts, by name. They refer to each other as
    /// components of an OpenAPI document.
    ///
    /// `FlowInput` is a whole document, and `FlowPatch` some keys of one.
    pub fn schemas() -> BTreeMap<String, Value> {
        let terms = &Terms::NAMED;
        let document = Description::of(terms, Unknown::Refused, read);
        let graph = DefinitionReader::default();
        let graph = Description::of(terms, Unknown::Kept, |keys| graph.keys(keys));
        let edge = Description::of(terms, Unknown::Kept, |keys| Some(edge::read(keys, None)));
        let retry = Description::of(terms, Unknown::Refused, retry::Given::read);
        let canvas = Description::of(terms, Unknown::Kept, CanvasReader::keys);
        let canvas_note = Description::of(terms, Unknown::Refused, note);
        let canvas_group = Description::of(terms, Unknown::Refused, group);
        let budget = Description::of(terms, Unknown::Refused, read_budget);
        let sensitive = Description::of(terms, Unknown::Refused, read_sensitive);
        let mut schemas = node::schemas();
        schemas.extend([
            named("FlowInput", "A flow document.", document.schema()),
            named("FlowPatch", FLOW_PATCH, document.patch_schema()),
            named("FlowDefinition", "The nodes and edges of a flow. Other keys are kept.", graph.schema()),
            named(node::SETTINGS, "What every node may have. Other keys are kept.", describe(terms).schema()),
            named("Edge", "A connection between two nodes. Other keys are kept.", edge.schema()),
            named("Canvas", "What the canvas shows beside nodes. Other keys are kept.", canvas.schema()),
            named("CanvasNote", "A note on the canvas.", canvas_note.schema()),
            named("CanvasGroup", "A frame around nodes on the canvas.", canvas_group.schema()),
            named("Budget", "What all calls of models may use together.", budget.schema()),
            named("SensitiveData", "What of the data of executions is sensitive.", sensitive.schema()),
            named("RetryPolicy", "When a failed node is retried.", retry.schema()),
            named("Condition", "What must hold: an expression, or a comparison.", condition::schema()),
        ]);
        schemas
    }
}

const FLOW_PATCH: &str = "The keys of a flow document to change; the others stay. Null sets a key to its default. A changed document makes a new version.";
