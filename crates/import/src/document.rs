//! From a draft to a document that is valid.
//!
//! The rules of documents are those of `core`, and this module knows none of them: it asks [`Flow::parse`], and where a node has a
//! fault, puts one in its place that fails by name. So what the translation of a source overlooked is listed, too, and cannot become a
//! document that is refused.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::flow::Flow;
use steadflow_core::limits::Limits;

use crate::Document;
use crate::credentials::has_mark;
use crate::error::ImportError;
use crate::graph::{Draft, failing};
use crate::report::{About, Report};
use crate::text::{self, cut};

/// How often faults are looked for. One in a node can hide others.
const ROUNDS_MAX: usize = 50;
const DEFINITION: &str = "/flow_definition";

/// Makes a document of `draft`.
///
/// # Errors
/// The draft has more nodes than a flow may have, or none.
pub(crate) fn finish(draft: Draft, report: &mut Report) -> Result<Document, ImportError> {
    let name = text::name(&draft.name, "Imported flow");
    let mut flow =
        text::object([("name", json!(name)), ("description", json!(cut_lines(&draft.description)))]);
    let tags: Vec<String> =
        draft.tags.iter().map(|tag| text::name(tag, "")).filter(|tag| !tag.is_empty()).take(50).collect();
    flow.insert("tags".to_owned(), json!(tags));
    flow.extend(draft.settings);
    let mut graph = draft.graph.into_value();
    fail_at_marks(&mut graph);
    flow.insert("flow_definition".to_owned(), graph);
    let (agents, refused): (Vec<Value>, Vec<Value>) = draft.agents.into_iter().partition(is_valid_agent);
    let mut value = match agents.is_empty() {
        true => Value::Object(flow),
        false => json!({ "flow": flow, "agents": agents }),
    };
    let refused: BTreeSet<&str> = refused.iter().filter_map(|agent| agent.get("id")?.as_str()).collect();
    refuse_agents(&mut value, &refused, report);
    repair(&mut value, report)?;
    Ok(Document { name, value })
}

/// Makes everything fail by name that a credential was left out of and that cannot use a secret.
fn fail_at_marks(graph: &mut Value) {
    for node in graph.get_mut("nodes").and_then(Value::as_array_mut).into_iter().flatten() {
        for (key, value) in node.as_object_mut().into_iter().flatten() {
            match (key.as_str(), &mut *value) {
                ("id" | "name" | "note" | "position", _) => {}
                ("body", value) => fail_at_marks(value),
                ("source", Value::String(source)) if has_mark(source) => {
                    let stop = "throw new Error('Not imported: a credential was left out of this code');\n";
                    source.insert_str(0, stop);
                }
                ("condition", Value::String(condition)) if has_mark(condition) => {
                    *condition = text::failing("a credential that was left out");
                }
                (_, value) => fail_in(value),
            }
        }
    }
}

fn fail_in(value: &mut Value) {
    match value {
        Value::String(text) if has_mark(text) => {
            *text = text::template(&text::failing("a credential that was left out"));
        }
        Value::Array(items) => items.iter_mut().for_each(fail_in),
        Value::Object(fields) => fields.values_mut().for_each(fail_in),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Repairs `value` until it has no faults.
fn repair(value: &mut Value, report: &mut Report) -> Result<(), ImportError> {
    for _ in 0..ROUNDS_MAX {
        let flow = if value.get("flow").is_some() { &value["flow"] } else { &*value };
        let Err(faults) = Flow::parse(flow, &Limits::DEFAULT) else { return Ok(()) };
        let faults: Vec<(String, String)> =
            faults.into_iter().map(|fault| (fault.pointer, fault.message)).collect();
        if !replace_faulty(value, &faults, report) {
            let (pointer, message) = faults.into_iter().next().unwrap_or_default();
            return Err(ImportError::shape(
                "",
                format!("no document can be made of it: {pointer}: {message}"),
            ));
        }
    }
    Err(ImportError::shape("", "no document can be made of it: it has too many faults"))
}

/// Replaces the nodes that `faults` are in, and returns whether anything was changed. Pointers are those of the flow.
pub(crate) fn replace_faulty(value: &mut Value, faults: &[(String, String)], report: &mut Report) -> bool {
    let has_agents = value.get("flow").is_some();
    let flow = if has_agents { &mut value["flow"] } else { value };
    let mut is_changed = false;
    let mut edges = BTreeSet::new();
    for (pointer, message) in faults {
        let pointer =
            pointer.strip_prefix("/flow").filter(|rest| rest.starts_with(DEFINITION)).unwrap_or(pointer);
        if let Some(place) = edge_of(pointer) {
            edges.insert(place);
        } else if let Some(place) = node_of(pointer, flow) {
            is_changed |= replace_node(flow, &place, message, report);
        } else if !pointer.starts_with(DEFINITION) {
            is_changed |= remove_setting(flow, pointer, message, report);
        }
    }
    for (graph, at) in edges.into_iter().rev() {
        let list = flow.pointer_mut(&graph).and_then(Value::as_array_mut);
        let Some(list) = list.filter(|list| at < list.len()) else { continue };
        let edge = list.remove(at);
        let what = format!(
            "the connection from `{}` to `{}` is not valid here",
            shown(&edge, "from"),
            shown(&edge, "to")
        );
        report.listed(&About::default(), "", "connection", &what, "Connect them in the studio.");
        is_changed = true;
    }
    is_changed
}

/// Returns the list and the place of the edge that a pointer leads to.
fn edge_of(pointer: &str) -> Option<(String, usize)> {
    let (graph, rest) = pointer.rsplit_once("/edges/")?;
    let at = rest.split('/').next()?.parse().ok()?;
    let is_graph = graph == DEFINITION || graph.ends_with("/body");
    is_graph.then(|| (format!("{graph}/edges"), at))
}

/// Returns the pointer of the innermost node around `pointer` that is none already which fails by name.
fn node_of(pointer: &str, flow: &Value) -> Option<String> {
    let parts: Vec<&str> = pointer.split('/').collect();
    let mut found = None;
    for end in (2..=parts.len()).rev() {
        let is_node =
            end >= 3 && parts[end - 2] == "nodes" && parts[end - 1].bytes().all(|byte| byte.is_ascii_digit());
        let candidate = parts[..end].join("/");
        let is_graph = is_node && (parts[end - 3] == "flow_definition" || parts[end - 3] == "body");
        if is_graph && flow.pointer(&candidate).is_some_and(|node| !is_failing(node)) {
            found = Some(candidate);
            break;
        }
    }
    found
}

fn is_failing(node: &Value) -> bool {
    node.get("action") == Some(&json!("fail")) && node.get("note").is_some()
}

fn replace_node(flow: &mut Value, pointer: &str, message: &str, report: &mut Report) -> bool {
    let Some(node) = flow.pointer_mut(pointer) else { return false };
    let id = node.get("id").and_then(Value::as_str).unwrap_or("node").to_owned();
    let name = shown(node, "name");
    let about = report.place(&id).cloned().unwrap_or_else(|| About::new("", name.as_str()));
    let by_hand = "Build this node in the studio.";
    let what = format!("it does not fit: {message}");
    report.listed(&about, "", "node", &what, by_hand);
    let mut other = failing(&id, &name, &format!("Not imported: `{}`: {what}", cut(&name, 80)), by_hand);
    for key in ["position", "join"] {
        if let Some(kept) = node.get(key) {
            other.insert(key.to_owned(), kept.clone());
        }
    }
    *node = Value::Object(other);
    // Its edges may ask for an answer that it does not give any more.
    let graph = pointer.rsplit_once("/nodes/").map_or("", |(graph, _)| graph);
    let edges = flow.pointer_mut(&format!("{graph}/edges")).and_then(Value::as_array_mut);
    for edge in edges.into_iter().flatten().filter_map(Value::as_object_mut) {
        if edge.get("from").and_then(Value::as_str) == Some(id.as_str()) {
            edge.remove("condition");
        }
    }
    true
}

fn remove_setting(flow: &mut Value, pointer: &str, message: &str, report: &mut Report) -> bool {
    let key = pointer.split('/').nth(1).unwrap_or_default();
    let Some(fields) = flow.as_object_mut() else { return false };
    if matches!(key, "" | "name") || fields.shift_remove(key).is_none() {
        return false;
    }
    report.listed(
        &About::default(),
        "",
        "setting",
        &format!("`{key}` does not fit: {message}"),
        "Set it in the studio.",
    );
    true
}

fn refuse_agents(value: &mut Value, refused: &BTreeSet<&str>, report: &mut Report) {
    if refused.is_empty() {
        return;
    }
    let nodes = value.pointer(if value.get("flow").is_some() {
        "/flow/flow_definition/nodes"
    } else {
        "/flow_definition/nodes"
    });
    let is_refused =
        |node: &Value| node.get("agent_id").and_then(Value::as_str).is_some_and(|id| refused.contains(id));
    let nodes = nodes.and_then(Value::as_array).into_iter().flatten().enumerate();
    let faults: Vec<(String, String)> = nodes
        .filter(|(_, node)| is_refused(node))
        .map(|(at, _)| {
            (format!("{DEFINITION}/nodes/{at}"), "its model cannot be read as an agent".to_owned())
        })
        .collect();
    replace_faulty(value, &faults, report);
}

fn is_valid_agent(agent: &Value) -> bool {
    let mut document: Map<String, Value> = agent.as_object().cloned().unwrap_or_default();
    document.shift_remove("id");
    Agent::parse(&Value::Object(document)).is_ok()
}

fn shown(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Returns a description of at most 10,000 characters.
fn cut_lines(text: &str) -> String {
    text.chars()
        .filter(|char| *char == '\n' || !steadflow_core::visible::is_hidden(*char))
        .take(9_000)
        .collect()
}
