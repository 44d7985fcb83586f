//! Kinds of nodes as answers show them.

use serde::Serialize;
use serde_json::Value;
use steadflow_core::flow::NodeTypes;
use steadflow_core::node::{NodeType, Repeats, Traits};
use utoipa::ToSchema;

use crate::documents::{JsonSchema, Node};

/// What nodes there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NodeTypes)]
pub(crate) struct NodeTypesView {
    /// The keys that every node may have.
    #[schema(value_type = JsonSchema)]
    common: Value,
    /// The kinds of nodes in the order of a palette. Each action is a kind.
    types: Vec<NodeTypeView>,
}

impl From<NodeTypes> for NodeTypesView {
    fn from(NodeTypes { common, types }: NodeTypes) -> Self {
        Self { common, types: types.into_iter().map(Into::into).collect() }
    }
}

/// A kind of node.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NodeType)]
struct NodeTypeView {
    /// The `type` of its nodes.
    #[serde(rename = "type")]
    type_name: &'static str,
    /// The `action` of its nodes, if their type is `action`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    action: Option<&'static str>,
    /// Other names of the same action.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    aliases: &'static [&'static str],
    /// Its name for people.
    title: &'static str,
    /// What it does, in one or two sentences.
    description: &'static str,
    traits: TraitsView,
    /// Where edges can start: `completed`, `error`, and the results that they can ask for.
    ports: Vec<&'static str>,
    /// The keys that only this kind has, and those that name it.
    #[schema(value_type = JsonSchema)]
    schema: Value,
    /// Its output.
    #[schema(value_type = JsonSchema)]
    output: Value,
    /// A valid node of this kind.
    #[schema(value_type = Node)]
    example: Value,
}

impl From<NodeType> for NodeTypeView {
    fn from(kind: NodeType) -> Self {
        let NodeType {
            type_name,
            action,
            aliases,
            title,
            description,
            traits,
            ports,
            schema,
            output,
            example,
        } = kind;
        let traits = traits.into();
        Self { type_name, action, aliases, title, description, traits, ports, schema, output, example }
    }
}

/// What is true of all nodes of a kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NodeTraits)]
struct TraitsView {
    /// The flow starts at it; no edge leads to it.
    starts: bool,
    /// It has attempts, so that retries apply to it.
    takes_attempts: bool,
    /// Its attempts call something, so that they can take long.
    makes_calls: bool,
    /// Its output is what reaches it along its edges.
    passes_through: bool,
    /// Its output is its `input`.
    returns_input: bool,
    /// Its edges can ask for true or false.
    answers: bool,
    /// Its edges can ask for one of its cases, or for `default`.
    has_cases: bool,
    /// A person decides: its edges can ask for `approved`, `rejected` and `timed_out`. It does not take over the retry
    /// settings of the flow.
    asks_people: bool,
    /// It waits for an event. It does not take over the retry settings of the flow.
    awaits_events: bool,
    /// Its attempts start child executions. It does not take over the retry settings of the flow: what fails there is
    /// retried there.
    starts_children: bool,
    /// For what it repeats its `body`; null where it has none.
    repeats: Option<RepeatsView>,
}

/// For what a node repeats its body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Repeats)]
#[serde(rename_all = "snake_case")]
enum RepeatsView {
    /// For each item of a list, which the body reads as `item`.
    Items,
    /// Until a condition holds; the body reads the result of the iteration before as `last`.
    Iterations,
}

impl From<Traits> for TraitsView {
    fn from(traits: Traits) -> Self {
        let Traits {
            starts,
            takes_attempts,
            makes_calls,
            passes_through,
            returns_input,
            answers,
            has_cases,
            asks_people,
            awaits_events,
            starts_children,
            repeats,
        } = traits;
        let repeats = repeats.map(|repeats| match repeats {
            Repeats::Items => RepeatsView::Items,
            Repeats::Iterations => RepeatsView::Iterations,
        });
        Self {
            starts,
            takes_attempts,
            makes_calls,
            passes_through,
            returns_input,
            answers,
            has_cases,
            asks_people,
            awaits_events,
            starts_children,
            repeats,
        }
    }
}
