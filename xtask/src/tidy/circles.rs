//! Modules at the root of a crate build on each other in one direction, so that each can be read, and replaced, by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::sources::{is_test, without_tests};
use super::{files, has_extension, read, shown};

/// The circles that there are. This list only ever gets shorter.
const KNOWN: [(&str, &[&str]); 4] = [
    ("crates/core", &["expression", "failure", "scope"]),
    ("crates/nodes", &["action", "agent", "nodes"]),
    ("crates/sim", &["clients", "world"]),
    ("crates/store-sqlite", &["history", "job", "log", "writer"]),
];

/// Which modules each module names.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Finds circles that are not known, and known ones that are gone.
pub(super) fn circles(root: &Path) -> Result<Vec<String>> {
    let mut found = BTreeSet::new();
    let mut findings = Vec::new();
    for manifest in files(&root.join("crates"), &|path| path.ends_with("Cargo.toml"))? {
        let directory = manifest.parent().unwrap_or(root);
        let place = shown(root, directory);
        let uses = uses(&directory.join("src"))?;
        for circle in circles_in(&uses) {
            if !is_known(&place, &circle) {
                findings.push(format!("{place}: modules form a circle: {}", arrows(&uses, &circle)));
            }
            found.insert((place.clone(), circle));
        }
    }
    let is_gone = |(place, circle): &(&str, &[&str])| !found.contains(&((*place).to_owned(), set(circle)));
    let gone = KNOWN.iter().copied().filter(is_gone);
    findings.extend(gone.map(|(place, circle)| {
        format!("{place}: {circle:?} are no such circle any more; mend the list in {}", file!())
    }));
    Ok(findings)
}

fn set(modules: &[&str]) -> BTreeSet<String> {
    modules.iter().copied().map(str::to_owned).collect()
}

fn is_known(place: &str, circle: &BTreeSet<String>) -> bool {
    KNOWN.iter().any(|(known, modules)| *known == place && set(modules) == *circle)
}

/// Says who uses whom within a circle: `app → feed, feed → app`.
fn arrows(uses: &Uses, circle: &BTreeSet<String>) -> String {
    let within = |from: &String| {
        let used = uses.get(from).into_iter().flatten().filter(|to| circle.contains(*to));
        used.map(|to| format!("{from} → {to}")).collect::<Vec<_>>()
    };
    circle.iter().flat_map(within).collect::<Vec<_>>().join(", ")
}

/// Reads which modules at the root of the crate in `source` name which others. Its root file names them all, and is left out.
fn uses(source: &Path) -> Result<Uses> {
    let mut uses = Uses::new();
    for path in files(source, &|path| has_extension(path, &["rs"]) && !is_test(path))? {
        let within = path.strip_prefix(source).unwrap_or(&path).with_extension("");
        let Some(module) = within.iter().next().and_then(|name| name.to_str()) else { continue };
        if !matches!(module, "lib" | "main") {
            let text = read(&path)?;
            uses.entry(module.to_owned()).or_default().extend(names(without_tests(&text)));
        }
    }
    let modules: BTreeSet<String> = uses.keys().cloned().collect();
    for (module, used) in &mut uses {
        used.retain(|name| name != module && modules.contains(name));
    }
    Ok(uses)
}

/// The first names of all paths that begin at the crate's root: `a` of `crate::a::B`, `a` and `b` of `crate::{a, b::C}`.
///
/// Of a group in a group it may return a name of the inner one as well, which is a type more often than a module.
fn names(code: &str) -> BTreeSet<String> {
    let lines: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = lines.join("\n");
    let paths = code.split("crate::").skip(1).flat_map(|path| match path.strip_prefix('{') {
        Some(group) => group.split('}').next().unwrap_or_default().split(',').collect(),
        None => vec![path],
    });
    paths.map(first_word).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn first_word(path: &str) -> &str {
    let path = path.trim_start();
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    &path[..end]
}

/// Returns the largest sets of modules of which each reaches each other.
fn circles_in(uses: &Uses) -> BTreeSet<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        uses.keys().map(|module| (module, reached_from(uses, module))).collect();
    let circle = |module: &String| -> BTreeSet<String> {
        let returns = |other: &&&String| reached[**other].contains(module);
        reached[module].iter().filter(returns).map(|other| (*other).clone()).collect()
    };
    uses.keys().map(circle).filter(|circle| !circle.is_empty()).collect()
}

/// Returns what `module` builds on, directly or through others; itself only if it is part of a circle.
fn reached_from<'a>(uses: &'a Uses, module: &String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&String> = uses[module].iter().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(&uses[next]);
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(arrows: &[(&str, &[&str])]) -> Uses {
        arrows.iter().map(|(from, to)| ((*from).to_owned(), set(to))).collect()
    }

    #[test]
    fn circle_is_found_whatever_hangs_on_it() {
        let uses = graph(&[
            ("a", &["b"]),
            ("b", &["c"]),
            ("c", &["b", "d"]),
            ("d", &[]),
            ("e", &["a", "f"]),
            ("f", &["e"]),
        ]);

        let circles = circles_in(&uses);

        assert_eq!(circles, BTreeSet::from([set(&["b", "c"]), set(&["e", "f"])]));
        assert_eq!(arrows(&uses, &set(&["b", "c"])), "b → c, c → b");
    }

    #[test]
    fn order_without_circles_is_fine() {
        assert!(circles_in(&graph(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])).is_empty());
    }

    #[test]
    fn names_are_read_from_uses_and_paths() {
        let code = "//! [`crate::a`]\nuse crate::b::B;\nuse crate::{\n    c,\n    d::D,\n};\nfn f(_: crate::e::E, _: &str) {}\n";

        assert_eq!(names(code), set(&["b", "c", "d", "e"]));
    }
}
