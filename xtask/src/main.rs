//! Chores of the repository: `cargo xtask tidy` checks the rules that no compiler knows.

mod tidy;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

const USAGE: &str = "\
usage: cargo xtask <chore>

  tidy   Check the rules that no compiler knows; exit 1 if one is broken";

fn main() -> Result<ExitCode> {
    let chore = std::env::args().nth(1).unwrap_or_default();
    if chore != "tidy" {
        eprintln!("{USAGE}");
        return Ok(ExitCode::from(2));
    }
    let findings = tidy::findings(root()?)?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The directory that holds the workspace.
fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")
}
