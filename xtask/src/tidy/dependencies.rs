//! Which crate may build on which: dependencies point downwards only, and core stays pure.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{files, read, shown};

/// What core must not have anywhere below it: clocks to wait for, databases, sockets, chance.
const IMPURE: [&str; 7] = ["tokio", "sqlx", "rusqlite", "rand", "axum", "hyper", "reqwest"];

/// Which of our crates each may build on. A new arrow needs an ADR.
const ARROWS: [(&str, &[&str]); 18] = [
    ("steadflow-any-json", &[]),
    ("steadflow-core", &[]),
    ("steadflow-store", &["steadflow-core"]),
    ("steadflow-store-sqlite", &["steadflow-core", "steadflow-store"]),
    ("steadflow-store-postgres", &["steadflow-core", "steadflow-store"]),
    ("steadflow-blobs", &["steadflow-core", "steadflow-store"]),
    ("steadflow-import", &["steadflow-core"]),
    ("steadflow-runtime", &["steadflow-core", "steadflow-store"]),
    ("steadflow-access", &["steadflow-core", "steadflow-store", "steadflow-nodes"]),
    ("steadflow-sandbox", &[]),
    ("steadflow-nodes", &["steadflow-core", "steadflow-sandbox"]),
    ("steadflow-telemetry", &["steadflow-core", "steadflow-runtime"]),
    (
        "steadflow-api",
        &["steadflow-core", "steadflow-store", "steadflow-runtime", "steadflow-nodes", "steadflow-access"],
    ),
    (
        "steadflow-cli",
        &[
            "steadflow-core",
            "steadflow-store",
            "steadflow-store-sqlite",
            "steadflow-store-postgres",
            "steadflow-blobs",
            "steadflow-import",
            "steadflow-runtime",
            "steadflow-nodes",
            "steadflow-sandbox",
            "steadflow-access",
            "steadflow-api",
            "steadflow-telemetry",
        ],
    ),
    ("steadflow-blackbox", &[]),
    ("steadflow-guards", &[]),
    ("steadflow-sim", &["steadflow-core", "steadflow-store", "steadflow-runtime"]),
    ("xtask", &[]),
];

/// Finds crates below core that could wait, ask the time, or draw lots.
pub(super) fn impurities_of_core(root: &Path) -> Result<Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--package", "steadflow-core", "--edges", "normal", "--prefix", "none"])
        .current_dir(root)
        .output()
        .context("cargo tree cannot be run")?;
    ensure!(output.status.success(), "cargo tree failed: {}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout);
    let found = IMPURE.iter().filter(|name| tree.lines().any(|line| line.split(' ').next() == Some(name)));
    Ok(found.map(|name| format!("crates/core: `{name}` is in its tree; core is pure")).collect())
}

/// Finds dependencies among our crates that point the wrong way. Tests may build on what they like.
pub(super) fn wrong_arrows(root: &Path) -> Result<Vec<String>> {
    let is_manifest = |path: &Path| path.ends_with("Cargo.toml");
    let mut manifests = files(&root.join("crates"), &is_manifest)?;
    manifests.push(root.join("xtask/Cargo.toml"));
    let mut findings = Vec::new();
    for path in manifests {
        let place = shown(root, &path);
        let manifest: toml::Table = toml::from_str(&read(&path)?).with_context(|| place.clone())?;
        let name = manifest["package"]["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            findings.push(format!("{place}: `{name}` has no place in {}", file!()));
            continue;
        };
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table).into_iter().flatten();
        let ours = dependencies.map(|(name, _)| name).filter(|name| name.starts_with("steadflow-"));
        let wrong = ours.filter(|name| !allowed.contains(&name.as_str()));
        findings.extend(wrong.map(|other| format!("{place}: `{name}` must not build on `{other}`")));
    }
    Ok(findings)
}
