//! Chores of the repository: `cargo xtask tidy` checks the rules that no compiler knows.

mod ages;
mod release;
mod tidy;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

const USAGE: &str = "\
usage: cargo xtask <chore>

  tidy                  Check the rules that no compiler knows; exit 1 if one is broken
  ages                  List the locked crates that are younger than a week; exit 1 if there are any (needs the network)
  release-notes <tag>   Print what CHANGELOG.md says of a version; exit 1 if tag, version and changelog disagree";

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => report(&tidy::findings(root()?)?),
        ["ages"] => report(&ages::findings(root()?)?),
        ["release-notes", tag] => release_notes(tag),
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

fn report(findings: &[String]) -> Result<ExitCode> {
    for finding in findings {
        eprintln!("{finding}");
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn release_notes(tag: &str) -> Result<ExitCode> {
    std::io::stdout().write_all(release::notes(root()?, tag)?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The directory that holds the workspace.
fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")
}
