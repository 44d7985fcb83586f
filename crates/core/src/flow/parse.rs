//! From a flow document to a [`Flow`], or to everything that is wrong with it.
//!
//! All faults are found in one pass, so that an editor can mark them all. Nothing is corrected on the way: a value out
//! of range is a fault, never another value. Unknown keys are kept on nodes, on edges and inside `flow_definition`,
//! where editors store their own, and refused at the top level and inside `retry`, where they can only be mistakes.

mod budget;
mod canvas;
mod definition;
mod edge;
mod node;
mod retry;
mod schemas;
mod sensitive;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock, OnceLock};

use serde_json::Value;

use crate::document::{Description, Fault, Faults, Keys, Place, Reading, Terms, Unknown, key};
use crate::form;
use crate::limits::Limits;

use super::graph;
use super::{Flow, Graph, Node, PlacedNode, Rules, STARTS_OTHERS};
use definition::DefinitionReader;
pub(super) use definition::{Parts, describe as describe_nodes};

impl Flow {
    /// Checks `document` and makes of it what runs.
    ///
    /// # Errors
    /// Every fault. Only where the document is too large or too deep, or has no usable list of nodes, what lies inside
    /// stays unchecked.
    pub fn parse(document: &Value, limits: &Limits) -> Result<Self, Vec<Fault>> {
        match parse(document, limits) {
            (Some(flow), faults) if faults.is_empty() => Ok(flow),
            (_, faults) => Err(faults),
        }
    }

    /// Describes the keys of a flow document: in `flow_definition` those of nodes and edges, without the keys that only some
    /// kinds of nodes have.
    pub fn describe() -> Description {
        Description::of(&Terms::DEFAULT, Unknown::Refused, read)
    }

    /// Returns the keys of a flow document; any other is a fault.
    pub fn keys() -> &'static [&'static str] {
        static KEYS: LazyLock<Vec<&str>> = LazyLock::new(|| Flow::describe().names());
        &KEYS
    }
}

impl PlacedNode {
    /// Reads the node called `id` out of a graph, and checks it within that graph. Faults of other nodes and of edges
    /// count for nothing. `None` where there is no node of that id.
    ///
    /// # Errors
    /// Every fault of the node and, where the graph cannot be read at all, of the graph. Pointers are as in a flow
    /// document: they begin with `/flow_definition`.
    pub fn parse(definition: &Value, id: &str, limits: &Limits) -> Result<Option<Self>, Vec<Fault>> {
        let mut reading = Reading::new(limits);
        let at = Place::root("/flow_definition");
        if is_too_deep(definition, &at, &mut reading) {
            return Err(reading.into_faults());
        }
        let parts = reading.value(&DefinitionReader::default(), definition, &at);
        let Some(mut parts) = parts else { return Err(reading.into_faults()) };
        if let Some(excess) = reading.excess() {
            return Err(vec![excess]);
        }
        graph::check(&parts, &mut reading.faults);
        let faults = of_nodes(reading.faults.into_all(), |at| parts.is_called(at, id));
        let Some(&at) = parts.places.get(id) else { return Ok(None) };
        match parts.drafts[at].node.take() {
            Some(node) if faults.is_empty() => Ok(Some(Self {
                node,
                index: graph::node_index(at),
                sources: parts.sources(at),
                incoming: parts.incoming(at),
                asked: parts.asked(at),
            })),
            _ => Err(faults),
        }
    }
}

/// Returns those faults that are of the nodes at the places that `is_meant` picks.
fn of_nodes(faults: Vec<Fault>, is_meant: impl Fn(usize) -> bool) -> Vec<Fault> {
    let is_of_node = |fault: &Fault| {
        let below = fault.pointer.strip_prefix("/flow_definition/nodes/");
        let place = below.and_then(|below| below.split('/').next()?.parse().ok());
        place.is_some_and(&is_meant)
    };
    faults.into_iter().filter(is_of_node).collect()
}

/// Makes of `document` what runs, as far as that is possible, and says everything that is wrong with it. A value that has
/// a fault counts as absent.
pub(super) fn parse(document: &Value, limits: &Limits) -> (Option<Flow>, Vec<Fault>) {
    let mut reading = Reading::new(limits);
    let flow = flow(document, &mut reading);
    (flow, reading.into_faults())
}

fn flow(document: &Value, reading: &mut Reading) -> Option<Flow> {
    let at = Place::root("");
    if is_too_deep(document, &at, reading) {
        return None;
    }
    let (settings::Read { settings, start_templates, .. }, parts) =
        reading.object(document, &at, Unknown::Refused, read)?;
    let parts = parts?;
    let definition = parts.definition.clone();
    let graph = graph::build(parts, &mut reading.faults);
    if let (Some(settings), Some(graph)) = (&settings, &graph)
        && settings.budget.is_some()
    {
        refuse_children(graph, &mut reading.faults);
    }
    if let Some(graph) = &graph {
        refuse_second_webhook(graph, &mut reading.faults);
        check_form(graph, &mut reading.faults);
    }
    let (settings, graph) = (settings?, graph?);
    let written = settings.sensitive.as_ref();
    let read = |written| Rules::read(written, &graph, &start_templates, &reading.limits, &mut reading.faults);
    let sensitive = written.map(read).map(Arc::new);
    Some(Flow { settings, definition, graph, sensitive, start_templates, trigger_fields: OnceLock::new() })
}

fn read(keys: &mut Keys<'_>) -> Option<(settings::Read, Option<Parts>)> {
    let settings = settings::read(keys);
    let reader = DefinitionReader { defaults: settings.defaults };
    let definition = key("flow_definition", "Definition", reader);
    let parts = keys.take(definition.needed("a flow").doc("The graph: `nodes` and `edges`."));
    Some((settings, parts))
}

/// Refuses nodes that start other executions: what those use would not count towards the budget of the flow.
fn refuse_children(graph: &Graph, faults: &mut Faults) {
    let starts = |node: &Node| node.kind.room().about().traits.starts_children;
    for (at, _) in graph.nodes.iter().enumerate().filter(|(_, node)| starts(node)) {
        faults.add(format!("/flow_definition/nodes/{at}"), STARTS_OTHERS);
    }
}

/// Refuses a second webhook: a flow has one path, which is its own while it is active.
fn refuse_second_webhook(graph: &Graph, faults: &mut Faults) {
    let mut all = graph.webhooks();
    let Some((_, first, _)) = all.next() else { return };
    for (at, _, _) in all {
        let message = format!(
            "node `{first}` already has a webhook, and a flow has one; make a further flow that starts this one"
        );
        faults.add(format!("/flow_definition/nodes/{at}/webhook"), message);
    }
}

/// Refuses what starts a flow with data that does not fit its form, a second form, and an example that does not fit.
fn check_form(graph: &Graph, faults: &mut Faults) {
    let triggers = || graph.nodes.iter().enumerate().map(|(at, node)| (at, &node.id, node.kind.room()));
    let Some((form_at, form_node, form)) =
        triggers().find_map(|(at, id, room)| Some((at, id, room.trigger_form()?)))
    else {
        return;
    };
    for (at, _, room) in triggers() {
        let starts = [
            ("schedule", room.schedule().is_some()),
            ("event", room.starting_event().is_some()),
            ("webhook", room.webhook().is_some()),
            ("form", room.trigger_form().is_some() && at != form_at),
        ];
        for (key, _) in starts.into_iter().filter(|(_, is_there)| *is_there) {
            let message = if key == "form" {
                format!("node `{form_node}` already has a form, and a flow has one")
            } else {
                format!(
                    "node `{form_node}` has a form, which the trigger data of `{key}` does not fit; make a further flow that starts \
                     this one"
                )
            };
            faults.add(format!("/flow_definition/nodes/{at}/{key}"), message);
        }
        for Fault { pointer, message } in
            room.trigger_example().and_then(|data| form::unfit(form, data)).into_iter().flatten()
        {
            let message = format!("the example does not fit the form: it {message}");
            faults.add(format!("/flow_definition/nodes/{at}/example{pointer}"), message);
        }
    }
}

/// Returns whether `value` is nested too deep, and says so.
fn is_too_deep(value: &Value, at: &Place<'_>, reading: &mut Reading) -> bool {
    let depth = reading.limits.json_depth_max;
    let is_too_deep = is_deeper_than(value, depth);
    if is_too_deep {
        reading.fault(at, format!("the document is nested more than {depth} deep"));
    }
    is_too_deep
}

/// Returns whether `value` is nested more than `depth` deep, without going deeper itself.
fn is_deeper_than(value: &Value, depth: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(items) => depth == 0 || items.iter().any(|item| is_deeper_than(item, depth - 1)),
        Value::Object(fields) => depth == 0 || fields.values().any(|field| is_deeper_than(field, depth - 1)),
    }
}
