//! `steadflow validate`: prints all errors of all files, one per line.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use steadflow_core::flow::Fault;
use steadflow_core::payload::Payload;

use crate::document::{Document, LoneAgent, is_agent};
use crate::output;
use crate::source::Source;

/// The exit status for invalid documents.
pub(crate) const INVALID: u8 = 2;

/// Checks `files`.
pub(crate) async fn validate(files: &[PathBuf], as_json: bool) -> ExitCode {
    let (mut is_valid, mut all) = (true, Vec::new());
    for path in files {
        let (lines, shown) = match Source::read(path) {
            Ok(file) => {
                let checked = check(&file).await;
                (checked.lines(&file), checked.to_value(&file))
            }
            Err(line) => {
                let error = json!({ "line": null, "pointer": "", "message": line });
                (vec![line], json!({ "file": path, "valid": false, "errors": [error], "warnings": [] }))
            }
        };
        is_valid &= shown["valid"] == true;
        if as_json {
            all.push(shown);
        } else {
            lines.iter().for_each(output::line);
        }
    }
    if as_json {
        output::payload(&Payload::from_value(&Value::Array(all)));
    }
    if is_valid { ExitCode::SUCCESS } else { ExitCode::from(INVALID) }
}

/// What was found in a file.
#[derive(Default)]
struct Checked {
    errors: Vec<Fault>,
    warnings: Vec<Fault>,
    /// What it has, if it is valid.
    has: String,
}

async fn check(file: &Source) -> Checked {
    if is_agent(&file.value) {
        return match LoneAgent::parse(&file.value) {
            Ok(agent) => {
                Checked { has: output::count(agent.agent.skills.len(), "skill"), ..Checked::default() }
            }
            Err(errors) => Checked { errors, ..Checked::default() },
        };
    }
    let document = match Document::parse(&file.value) {
        Ok(document) => document,
        Err(errors) => return Checked { errors, ..Checked::default() },
    };
    let unchecked = |message| vec![Fault { pointer: String::new(), message }];
    let errors = document.code_faults().await.unwrap_or_else(unchecked);
    let graph = &document.flow.graph;
    let (nodes, edges) = (output::count(graph.nodes.len(), "node"), output::count(graph.edges.len(), "edge"));
    let warnings = document.flow.warnings();
    let warnings = warnings.iter().map(|warning| document.warning(warning)).collect();
    Checked { errors, warnings, has: format!("{nodes}, {edges}") }
}

impl Checked {
    fn lines(&self, file: &Source) -> Vec<String> {
        if !self.errors.is_empty() {
            return file.lines(&self.errors);
        }
        let mut lines = file.lines(&self.warnings);
        lines.push(format!("{}: valid, {}", file.path.display(), self.has));
        lines
    }

    fn to_value(&self, file: &Source) -> Value {
        let shown = |faults: &[Fault]| faults.iter().map(|fault| file.value_of(fault)).collect::<Vec<_>>();
        json!({
            "file": file.path,
            "valid": self.errors.is_empty(),
            "errors": shown(&self.errors),
            "warnings": shown(&self.warnings),
        })
    }
}
