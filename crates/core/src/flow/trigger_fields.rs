//! Which trigger data a flow reads, for the form that starts it.
//!
//! The type of a field follows from the flow's example and else from the use of the field. A use counts also behind nodes
//! that only hand a field on: where `history` returns `{"risk": "${trigger_data.risk}"}` and a condition compares
//! `history.risk` with 70, `risk` is a number.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use crate::expression::{Expression, Source, Step, Use, ValueType, json_text};
use crate::flow::{EdgeCondition, Flow, Graph, Node};
use crate::payload::Payload;
use crate::template::{Template, pointer_token};

/// Fields that are found at most; a form with more is of no use.
const FIELDS_MAX: usize = 500;
/// Bytes of an example that is looked through, once for each field.
const EXAMPLE_BYTES_MAX: usize = 64 * 1024;

/// A field of the trigger data that a flow reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerField {
    /// The way to it, such as `["vendor", "id"]`; never empty.
    pub path: Vec<String>,
    /// The type that its values have, or that the flow expects of them.
    pub value_type: ValueType,
    /// The names of the nodes that read it.
    pub used_by: Vec<Arc<str>>,
}

impl Flow {
    /// Returns the fields of the trigger data that it reads, in the order of its nodes, and those that only its example
    /// has: 500 at most, and none of an example of more than 64 KiB. Of fields inside each other the innermost count; what is read of a list is the list.
    ///
    /// They are found out once, in a time that grows with the document's length.
    pub fn trigger_fields(&self) -> &[TriggerField] {
        self.trigger_fields.get_or_init(|| trigger_fields(self))
    }
}

fn trigger_fields(flow: &Flow) -> Vec<TriggerField> {
    let mut fields = Fields::of(&flow.graph);
    fields.read_flow(flow);
    let example = flow.graph.trigger_example().filter(|example| example.len() <= EXAMPLE_BYTES_MAX);
    if let Some(example) = example {
        fields.add_example(example);
    }
    let Fields { mut found, places, .. } = fields;
    found.retain(|field| !has_inner(&places, &field.path));
    for field in &mut found {
        let by_example = example.and_then(|example| value_at(example, &field.path)).map(ValueType::of_json);
        field.value_type = by_example.unwrap_or(ValueType::Any).or(field.value_type);
    }
    found
}

/// Returns whether some path leads further than `path`; such paths follow it in their order.
fn has_inner(paths: &BTreeMap<Vec<String>, usize>, path: &[String]) -> bool {
    let mut behind = paths.range::<[String], _>((Bound::Excluded(path), Bound::Unbounded));
    behind.next().is_some_and(|(next, _)| next.starts_with(path))
}

fn value_at<'e>(example: &'e Payload, path: &[String]) -> Option<&'e str> {
    path.iter().try_fold(example.as_str(), |at, name| json_text::field(at, name))
}

struct Fields<'f> {
    outputs: BTreeMap<&'f str, Output<'f>>,
    found: Vec<TriggerField>,
    /// Where each path is in `found`.
    places: BTreeMap<Vec<String>, usize>,
    /// Whose names are in `used_by`, by place.
    readers: BTreeSet<(usize, Arc<str>)>,
    /// The ways through the trigger data that were followed, by node and pointer into its output.
    followed: BTreeMap<(&'f str, String), Option<Vec<Step>>>,
}

/// What a node returns.
enum Output<'f> {
    /// The trigger data.
    Trigger,
    /// What its template makes: the expressions that strings in it consist of, by pointer.
    Template(BTreeMap<&'f str, &'f Expression>),
    /// Something new.
    Other,
}

impl<'f> Output<'f> {
    fn of(node: &'f Node) -> Self {
        let room = node.kind.room();
        if room.about().traits.starts {
            return Self::Trigger;
        }
        room.output_template().map_or(Self::Other, |template| Self::Template(template.wholes().collect()))
    }
}

impl<'f> Fields<'f> {
    fn of(graph: &'f Graph) -> Self {
        let outputs = graph.nodes.iter().map(|node| (node.id.as_str(), Output::of(node)));
        Self {
            outputs: outputs.collect(),
            found: Vec::new(),
            places: BTreeMap::new(),
            readers: BTreeSet::new(),
            followed: BTreeMap::new(),
        }
    }

    fn read_flow(&mut self, flow: &Flow) {
        for (_, node) in flow.graph.all_nodes("") {
            let room = node.kind.room();
            let compared = room.conditions().into_iter().flat_map(|condition| condition.uses());
            let read =
                room.expressions().into_iter().flat_map(|(_, expression)| expression.uses(ValueType::Any));
            compared.chain(read).for_each(|found| self.add(&found, Some(node)));
        }
        let mut graphs = vec![&flow.graph];
        while let Some(graph) = graphs.pop() {
            graphs.extend(graph.nodes.iter().filter_map(|node| node.body.as_ref()).map(|body| &body.graph));
            for edge in &graph.edges {
                if let Some(EdgeCondition::Holds(condition)) = &edge.condition {
                    condition.uses().iter().for_each(|found| self.add(found, None));
                }
            }
        }
        let templates = &flow.start_templates;
        let read = [&templates.context_id, &templates.concurrency_key, &templates.priority];
        for (_, expression) in read.into_iter().flatten().flat_map(Template::expressions) {
            expression.uses(ValueType::Any).iter().for_each(|found| self.add(found, None));
        }
    }

    fn add(&mut self, found: &Use, reader: Option<&Node>) {
        let source = found.path.source();
        let Some(steps) = self.trigger_path(source) else { return };
        let names = steps.iter().map_while(|step| match step {
            Step::Field(name) => Some(name.clone()),
            Step::Entry(_) => None,
        });
        let path: Vec<String> = names.collect();
        if path.is_empty() {
            return;
        }
        let value_type = if path.len() < steps.len() { ValueType::Json } else { found.expected };
        let reader = reader.filter(|_| self.is_trigger_data(source));
        let Some(at) = self.place(path) else { return };
        let field = &mut self.found[at];
        field.value_type = field.value_type.or(value_type);
        if let Some(node) = reader
            && self.readers.insert((at, Arc::clone(&node.name)))
        {
            field.used_by.push(Arc::clone(&node.name));
        }
    }

    /// Returns the place of a field in `found`, where it is added unless it is there. `None` if there are too many.
    fn place(&mut self, path: Vec<String>) -> Option<usize> {
        if let Some(at) = self.places.get(&path) {
            return Some(*at);
        }
        let at = self.found.len();
        if at == FIELDS_MAX {
            return None;
        }
        self.places.insert(path.clone(), at);
        self.found.push(TriggerField { path, value_type: ValueType::Any, used_by: Vec::new() });
        Some(at)
    }

    fn add_example(&mut self, example: &Payload) {
        for (name, _) in json_text::entries(example.as_str()) {
            self.place(vec![name.into_owned()]);
        }
    }

    /// Returns whether a path with this source names the trigger data, itself or as the output of a trigger.
    fn is_trigger_data(&self, source: Source<'_>) -> bool {
        match source {
            Source::TriggerData(_) => true,
            Source::Output(id, _) => matches!(self.outputs.get(id.as_str()), Some(Output::Trigger)),
            Source::Item(_) | Source::Other => false,
        }
    }

    /// Returns the way through the trigger data to the value at `source`, if it comes from there unchanged.
    fn trigger_path(&mut self, source: Source<'_>) -> Option<Vec<Step>> {
        match source {
            Source::TriggerData(steps) => Some(steps.to_vec()),
            Source::Output(id, steps) => {
                let steps = match steps {
                    [Step::Field(name), rest @ ..] if name == "output" => rest,
                    steps => steps,
                };
                self.handed_on(id.as_str(), steps)
            }
            Source::Item(_) | Source::Other => None,
        }
    }

    /// Follows `steps` through the output of a node.
    fn handed_on(&mut self, id: &str, steps: &[Step]) -> Option<Vec<Step>> {
        let (&id, output) = self.outputs.get_key_value(id)?;
        let wholes = match output {
            Output::Trigger => return Some(steps.to_vec()),
            Output::Template(wholes) => wholes,
            Output::Other => return None,
        };
        let mut pointer = String::new();
        let mut rest = steps;
        let expression = loop {
            if let Some(expression) = wholes.get(pointer.as_str()) {
                break *expression;
            }
            let (first, behind) = rest.split_first()?;
            pointer.push_str(&token(first));
            rest = behind;
        };
        let mut path = self.followed(id, pointer, expression)?;
        path.extend_from_slice(rest);
        Some(path)
    }

    /// Returns the way through the trigger data to what `expression` reads, which is at `pointer` in the output of a node.
    fn followed(&mut self, id: &'f str, pointer: String, expression: &Expression) -> Option<Vec<Step>> {
        let place = (id, pointer);
        if let Some(known) = self.followed.get(&place) {
            return known.clone();
        }
        // Nodes of an old document may read each other in a circle.
        self.followed.insert(place.clone(), None);
        let path = only_path(expression).and_then(|only| self.trigger_path(only.path.source()));
        self.followed.insert(place, path.clone());
        path
    }
}

/// Returns what an expression reads that is only a path.
fn only_path(expression: &Expression) -> Option<Use> {
    if expression.is_path() { expression.uses(ValueType::Any).pop() } else { None }
}

fn token(step: &Step) -> String {
    match step {
        Step::Field(name) => format!("/{}", pointer_token(name)),
        Step::Entry(index) => format!("/{index}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::limits::Limits;

    #[test]
    fn types_follow_from_the_use_of_a_field() {
        let fields = fields_of(&json!([
            { "id": "score", "name": "Score vendor", "type": "action", "action": "transform",
              "input": { "vendor": "${trigger_data.vendor_id}", "tags": "${trigger_data.tags[0]}" } },
            { "id": "check", "type": "condition",
              "condition": "trigger_data.amount > 100 and trigger_data['region'] == 'EU'" },
            { "id": "old", "type": "condition",
              "condition": { "type": "equals", "field": "trigger_data['is-old']", "value": true } },
            { "id": "same", "type": "condition",
              "condition": { "type": "equals", "field": "trigger_data.vendor_id", "value": "${trigger_data.owner}" } },
            { "id": "asked", "type": "condition", "condition": "trigger_data.urgent" },
            { "id": "which", "type": "switch", "cases": [
                { "name": "far", "condition": "trigger_data.km > 9" }, { "name": "soon", "condition": "trigger_data.is_late" },
            ] },
        ]));

        insta::assert_snapshot!(fields, @r#"
        vendor_id Any ["Score vendor", "same"]
        tags Json ["Score vendor"]
        amount Number ["check"]
        region Text ["check"]
        is-old Boolean ["old"]
        owner Any ["same"]
        urgent Boolean ["asked"]
        km Number ["which"]
        is_late Boolean ["which"]
        reference Any []
        "#);
    }

    #[test]
    fn a_use_behind_nodes_that_hand_a_field_on_counts() {
        let fields = fields_of(&json!([
            { "id": "start", "type": "trigger" },
            { "id": "history", "type": "action", "action": "echo", "input": { "found": ["${start.vendor}"] } },
            { "id": "again", "type": "action", "action": "transform", "input": "${nodes.history.output.found[0].risk}" },
            { "id": "changed", "type": "action", "action": "transform", "input": "${start.vendor.name | upper}" },
            { "id": "short", "type": "action", "action": "transform", "input": "${history.output.found[0].size}" },
            { "id": "risky", "type": "condition", "condition": "again > 70 and changed == 1" },
        ]));

        insta::assert_snapshot!(fields, @r#"
        vendor.risk Number []
        vendor.name Text ["changed"]
        vendor.size Any []
        reference Any []
        "#);
    }

    #[test]
    fn a_use_by_an_edge_counts() {
        let document = json!({ "name": "F", "flow_definition": {
            "nodes": [{ "id": "a", "type": "merge" }, { "id": "b", "type": "merge" }],
            "edges": [{ "from": "a", "to": "b", "condition": "trigger_data.amount > 5" }],
        } });

        let flow = Flow::parse(&document, &Limits::DEFAULT).unwrap();
        let fields = flow.trigger_fields();

        assert_eq!((&*fields[0].path, fields[0].value_type), (&["amount".to_owned()][..], ValueType::Number));
    }

    #[test]
    fn the_example_has_the_last_word_and_fields_of_its_own() {
        let fields = fields_of(&json!([
            { "id": "start", "type": "trigger", "example": { "code": "007", "items": [1], "note": null } },
            { "id": "check", "type": "condition", "condition": "trigger_data.code > 5 and trigger_data.note == 'x'" },
        ]));

        insta::assert_snapshot!(fields, @r#"
        code Text ["check"]
        note Text ["check"]
        reference Any []
        items Json []
        "#);
    }

    #[test]
    fn of_fields_inside_each_other_the_innermost_count() {
        let fields = fields_of(&json!([
            { "id": "a", "type": "action", "action": "transform",
              "input": ["${trigger_data.vendor}", "${trigger_data.vendor.id}", "${trigger_data}"] },
        ]));

        insta::assert_snapshot!(fields, @r#"
        vendor.id Any ["a"]
        reference Any []
        "#);
    }

    #[test]
    fn nodes_of_an_old_document_that_read_each_other_lead_nowhere() {
        let transform = |id: &str, reads: &str| json!({ "id": id, "type": "action", "action": "transform", "input": reads });
        let document = json!({ "name": "F", "flow_definition": { "nodes": [
            transform("a", "${b.x}"), transform("b", "${nodes.a.output.y}"), transform("c", "${trigger_data.z}"),
        ] } });

        let restored = Flow::restore(&Payload::from_value(&document), &Limits::DEFAULT).unwrap();

        let paths: Vec<&[String]> = restored.flow.trigger_fields().iter().map(|field| &*field.path).collect();
        assert_eq!(paths, [["z"]]);
    }

    #[test]
    fn a_long_chain_hands_a_field_on() {
        let node = |at: usize| {
            let input = if at == 0 { "${trigger_data.x}".to_owned() } else { format!("${{n{}}}", at - 1) };
            json!({ "id": format!("n{at}"), "type": "action", "action": "transform", "input": input })
        };
        let mut nodes: Vec<Value> = (0..500).map(node).collect();
        nodes.push(json!({ "id": "check", "type": "condition", "condition": "n499 > 5" }));

        let fields = fields_of(&Value::from(nodes));

        assert_eq!(fields, "x Number [\"n0\"]\nreference Any []");
    }

    #[test]
    fn a_form_has_a_number_of_fields_and_a_large_example_adds_none() {
        let reads = |count: usize| {
            let texts: Vec<String> = (0..count).map(|at| format!("${{trigger_data.f{at}}}")).collect();
            json!([{ "id": "a", "type": "action", "action": "transform", "input": texts }])
        };
        let example = |bytes: usize| {
            let example = json!({ "text": "x".repeat(bytes - r#"{"text":""}"#.len()) });
            json!([{ "id": "start", "type": "trigger", "example": example }])
        };

        assert_eq!(fields_of(&reads(FIELDS_MAX - 1)).lines().count(), FIELDS_MAX);
        assert_eq!(fields_of(&reads(FIELDS_MAX + 1)).lines().count(), FIELDS_MAX);
        assert_eq!(fields_of(&example(EXAMPLE_BYTES_MAX)), "reference Any []\ntext Text []");
        assert_eq!(fields_of(&example(EXAMPLE_BYTES_MAX + 1)), "reference Any []");
    }

    /// Returns a line for each field.
    fn fields_of(nodes: &Value) -> String {
        let ids = nodes.as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap());
        let ids: Vec<&str> = ids.collect();
        let edges = ids.windows(2).map(|pair| json!({ "from": pair[0], "to": pair[1] }));
        let edges: Vec<Value> = edges.collect();
        let document = json!({
            "name": "Review", "flow_definition": { "nodes": nodes, "edges": edges },
            "context_id_template": "${trigger_data.reference}",
        });
        let flow = Flow::parse(&document, &Limits::DEFAULT).unwrap();
        let line = |field: &TriggerField| {
            format!("{} {:?} {:?}", field.path.join("."), field.value_type, field.used_by)
        };
        flow.trigger_fields().iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
