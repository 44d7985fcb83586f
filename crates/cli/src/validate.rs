//! `steadflow validate`: prints all errors of all files, one per line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use steadflow_core::flow::Fault;

use crate::document::{Document, fault_line, read_json};
use crate::output;

/// The exit status for invalid documents.
pub(crate) const INVALID: u8 = 2;

/// Checks `files`.
pub(crate) async fn validate(files: &[PathBuf]) -> ExitCode {
    let mut is_valid = true;
    for path in files {
        match check(path).await {
            Ok(lines) => lines.iter().for_each(output::line),
            Err(lines) => {
                is_valid = false;
                lines.iter().for_each(output::line);
            }
        }
    }
    if is_valid { ExitCode::SUCCESS } else { ExitCode::from(INVALID) }
}

/// Returns what to print of a valid file: its warnings, and what it has.
async fn check(path: &Path) -> Result<Vec<String>, Vec<String>> {
    let file = read_json(path).map_err(|line| vec![line])?;
    let document = Document::parse(&file).map_err(|faults| lines(path, &faults))?;
    let faults =
        document.code_faults().await.map_err(|reason| vec![format!("{}: {reason}", path.display())])?;
    if !faults.is_empty() {
        return Err(lines(path, &faults));
    }
    let graph = &document.flow.graph;
    let (nodes, edges) = (output::count(graph.nodes.len(), "node"), output::count(graph.edges.len(), "edge"));
    let warnings = document.flow.warnings();
    let mut lines: Vec<String> =
        warnings.iter().map(|warning| document.warning_line(path, warning)).collect();
    lines.push(format!("{}: valid, {nodes}, {edges}", path.display()));
    Ok(lines)
}

/// Formats errors as lines.
pub(crate) fn lines(path: &Path, faults: &[Fault]) -> Vec<String> {
    faults.iter().map(|fault| fault_line(path, fault)).collect()
}
