//! Files of each source, and what becomes of them.

mod files;
mod folder;
mod hostile;

use std::fmt::Write as _;

use serde_json::Value;
use steadflow_core::flow::Flow;
use steadflow_core::limits::Limits;
use steadflow_import::{Imported, Kind};

/// Checks what always holds of what was made.
fn check(imported: &Imported) {
    for document in &imported.documents {
        let flow = document.value.get("flow").unwrap_or(&document.value);
        if let Err(faults) = Flow::parse(flow, &Limits::DEFAULT) {
            panic!("{faults:?} in {flow}");
        }
        for agent in document.value.get("agents").and_then(Value::as_array).into_iter().flatten() {
            let mut agent = agent.clone();
            agent.as_object_mut().expect("it has this form").remove("id");
            steadflow_core::agent::Agent::parse(&agent).expect("it has this form");
        }
    }
}

/// Returns what was made as a text: a line for each node and edge, then the report.
fn shown(imported: &Imported) -> String {
    let mut out = String::new();
    for document in &imported.documents {
        let flow = document.value.get("flow").unwrap_or(&document.value);
        let mut settings = flow.clone();
        settings.as_object_mut().expect("it has this form").remove("flow_definition");
        let _ = writeln!(out, "flow {settings}");
        graph(&flow["flow_definition"], "  ", &mut out);
        for agent in document.value.get("agents").and_then(Value::as_array).into_iter().flatten() {
            let _ = writeln!(out, "  agent {agent}");
        }
    }
    let report = &imported.report;
    let _ = writeln!(out, "{} nodes, {} mapped", report.nodes, report.mapped);
    for entry in &report.entries {
        let kind = match entry.kind {
            Kind::Listed => "listed",
            Kind::Note => "note",
        };
        let _ = writeln!(
            out,
            "{kind} {} {} ({}): {} {}",
            entry.pointer, entry.node, entry.thing, entry.what, entry.by_hand
        );
    }
    for secret in &report.secrets {
        let _ = writeln!(out, "secret {} {} ({})", secret.name, secret.pointer, secret.what);
    }
    out
}

fn graph(graph: &Value, indent: &str, out: &mut String) {
    for node in graph["nodes"].as_array().expect("it has this form") {
        let mut line = node.clone();
        let body = line.as_object_mut().expect("it has this form").remove("body");
        line.as_object_mut().expect("it has this form").remove("position");
        let _ = writeln!(out, "{indent}{line}");
        if let Some(body) = body {
            self::graph(&body, &format!("{indent}  "), out);
        }
    }
    for edge in graph["edges"].as_array().expect("it has this form") {
        let on = edge.get("on").map(|on| format!(" on {on}")).unwrap_or_default();
        let condition = edge.get("condition").map(|condition| format!(" if {condition}")).unwrap_or_default();
        let _ = writeln!(
            out,
            "{indent}{} -> {}{on}{condition}",
            edge["from"].as_str().expect("it has this form"),
            edge["to"].as_str().expect("it has this form")
        );
    }
}
