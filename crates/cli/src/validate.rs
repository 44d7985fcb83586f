//! `steadflow validate`: prints all errors of all files, one per line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::document::{Document, fault_line, read_json};
use crate::output;

/// The exit status for invalid documents.
pub(crate) const INVALID: u8 = 2;

/// Checks `files`.
pub(crate) fn validate(files: &[PathBuf]) -> ExitCode {
    let mut is_valid = true;
    for path in files {
        match check(path) {
            Ok(summary) => output::line(summary),
            Err(lines) => {
                is_valid = false;
                lines.iter().for_each(output::line);
            }
        }
    }
    if is_valid { ExitCode::SUCCESS } else { ExitCode::from(INVALID) }
}

fn check(path: &Path) -> Result<String, Vec<String>> {
    let file = read_json(path).map_err(|line| vec![line])?;
    let document = Document::parse(&file).map_err(|faults| lines(path, &faults))?;
    let graph = &document.flow.graph;
    let (nodes, edges) = (output::count(graph.nodes.len(), "node"), output::count(graph.edges.len(), "edge"));
    Ok(format!("{}: valid, {nodes}, {edges}", path.display()))
}

/// Formats errors as lines.
pub(crate) fn lines(path: &Path, faults: &[steadflow_core::flow::Fault]) -> Vec<String> {
    faults.iter().map(|fault| fault_line(path, fault)).collect()
}
