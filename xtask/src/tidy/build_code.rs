//! Which dependencies run code while they are built: build scripts and procedural macros. `xtask/build-code.txt` lists those that
//! somebody has read; one that is new is a finding, because it runs on each machine that builds, before any test.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::read;

const LIST: &str = "xtask/build-code.txt";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    source: Option<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
}

/// Finds dependencies with code that nobody has looked at, and entries of the list that no dependency has.
pub(super) fn unread_build_code(root: &Path) -> Result<Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Of one platform, so that the list is the same everywhere.
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version=1", "--all-features"])
        .arg("--filter-platform=x86_64-unknown-linux-gnu")
        .current_dir(root)
        .output()
        .context("cargo metadata cannot be run")?;
    ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("cargo metadata is not readable")?;
    Ok(compared(&listed(&read(&root.join(LIST))?), &built(&metadata)))
}

/// Returns what runs code while it is built, as lines of the list.
fn built(metadata: &Metadata) -> BTreeSet<String> {
    let used: BTreeSet<&str> = metadata.resolve.nodes.iter().map(|node| node.id.as_str()).collect();
    let foreign = metadata.packages.iter().filter(|package| package.source.is_some());
    let mut lines = BTreeSet::new();
    for package in foreign.filter(|package| used.contains(package.id.as_str())) {
        let kinds = package.targets.iter().flat_map(|target| &target.kind);
        lines.extend(kinds.filter(|kind| ["custom-build", "proc-macro"].contains(&kind.as_str())).map(
            |kind| {
                let what = if kind == "custom-build" { "build script" } else { "macro" };
                format!("{}: {what}", package.name)
            },
        ));
    }
    lines
}

fn listed(list: &str) -> BTreeSet<String> {
    let entries = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    entries.map(str::to_owned).collect()
}

fn compared(listed: &BTreeSet<String>, built: &BTreeSet<String>) -> Vec<String> {
    let new = built.difference(listed).map(|line| {
        format!("{LIST}: `{line}` is not in it. It runs on each machine that builds: read its code, then add the line")
    });
    let old =
        listed.difference(built).map(|line| format!("{LIST}: `{line}` is no longer built; remove the line"));
    new.chain(old).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_is_new_and_entries_that_are_old_are_found() {
        let metadata = r#"{
            "packages": [
                { "id": "a", "name": "a", "source": "registry", "targets": [{ "kind": ["lib"] }, { "kind": ["custom-build"] }] },
                { "id": "b", "name": "b", "source": "registry", "targets": [{ "kind": ["proc-macro"] }] },
                { "id": "c", "name": "c", "source": "registry", "targets": [{ "kind": ["custom-build"] }] },
                { "id": "d", "name": "ours", "source": null, "targets": [{ "kind": ["custom-build"] }] }
            ],
            "resolve": { "nodes": [{ "id": "a" }, { "id": "b" }, { "id": "d" }] }
        }"#;
        let built = built(&serde_json::from_str(metadata).unwrap());

        assert_eq!(
            compared(&listed("# A remark.\na: build script\nb: macro\n"), &built),
            Vec::<String>::new()
        );
        let findings = compared(&listed("a: macro\nb: macro\n"), &built);
        assert!(findings[0].contains("`a: build script` is not in it"), "{findings:?}");
        assert!(findings[1].contains("`a: macro` is no longer built"), "{findings:?}");
    }
}
