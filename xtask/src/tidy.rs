//! The rules that no compiler knows. Each check gives its findings as sentences that say where and what.

mod build_code;
mod circles;
mod contributing;
mod dependencies;
mod docs;
mod handlers;
mod kinds;
mod limits;
mod sources;
mod threats;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Returns everything in the repository at `root` that breaks a rule.
pub(crate) fn findings(root: &Path) -> Result<Vec<String>> {
    let mut findings = dependencies::impurities_of_core(root)?;
    findings.extend(dependencies::wrong_arrows(root)?);
    findings.extend(build_code::unread_build_code(root)?);
    findings.extend(circles::circles(root)?);
    findings.extend(sources::untidy_files(root)?);
    findings.extend(handlers::handlers_without_permission(root)?);
    findings.extend(docs::undocumented_problems(root)?);
    findings.extend(docs::undocumented_settings(root)?);
    findings.extend(docs::broken_links(root)?);
    findings.extend(kinds::scattered_kinds(root)?);
    findings.extend(contributing::wrong_paths(root)?);
    findings.extend(limits::untested_limits(root)?);
    findings.extend(threats::untested_defences(root)?);
    Ok(findings)
}

/// Returns the files under `directory` that `wanted` accepts, in order. None where there is no such directory.
fn files(directory: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !directory.is_dir() {
        return Ok(found);
    }
    for entry in
        fs::read_dir(directory).with_context(|| format!("{} is not readable", directory.display()))?
    {
        let path = entry?.path();
        if path.is_dir() && !is_foreign(&path) {
            found.extend(files(&path, wanted)?);
        } else if path.is_file() && wanted(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a directory holds what others wrote or tools made.
fn is_foreign(directory: &Path) -> bool {
    let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with('.') || matches!(name, "target" | "node_modules" | "dist" | "data")
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| extensions.contains(&extension))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} is not readable", path.display()))
}

/// The path as people write it: from the root.
fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_is_tidy() {
        let findings = findings(crate::root().unwrap()).unwrap();

        assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    }
}
